"""PyTorch with CSR weights."""

import warnings

import torch
from torch import nn

from rivals.torch_base import TorchNet, is_dense, sparse_weight


class CSRLinear(nn.Module):
    """A fixed random sparse layer; activations are feature-major, (n_units, batch)."""

    def __init__(self, n_in, n_out, n_connections):
        super().__init__()
        dense = nn.Linear(n_in, n_out)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            weight = sparse_weight(dense, n_connections).to_sparse_csr()
        self.shape = n_out, n_in
        self.register_buffer("indptr", weight.crow_indices())
        self.register_buffer("indices", weight.col_indices())
        self.values = nn.Parameter(weight.values().clone())
        self.bias = nn.Parameter(dense.bias.detach().clone()[:, None])

    def forward(self, x):
        weight = torch.sparse_csr_tensor(
            self.indptr, self.indices, self.values, self.shape, check_invariants=False
        )
        return torch.sparse.mm(weight, x) + self.bias


class FeatureMajor(nn.Sequential):
    """Layers on feature-major activations: a CSR product then needs no copy."""

    def forward(self, x):
        return super().forward(x.T.contiguous()).T


class DenseFeatureMajor(nn.Linear):
    """A dense layer on feature-major activations."""

    def forward(self, x):
        return torch.addmm(self.bias[:, None], self.weight, x)


class TorchCSR(TorchNet):
    """CSR weights with a fixed random topology.

    The parameter is the vector of values, from which each step makes a CSR tensor
    without a copy. With ``torch.sparse.mm`` its gradient is sparse, too. The optimizer
    gets a dense vector, and can be the fused one with momentum. With a CSR tensor as
    the parameter the steps would be slower, and with ``W @ x`` instead of
    ``torch.sparse.mm`` the gradient would have the size of the dense matrix.
    """

    def layer(self, n_in, n_out, n_connections):
        if is_dense(n_in, n_out, n_connections):
            return DenseFeatureMajor(n_in, n_out)
        return CSRLinear(n_in, n_out, n_connections)

    def stack(self, layers):
        return FeatureMajor(*super().stack(layers))
