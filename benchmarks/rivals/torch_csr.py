"""PyTorch with CSR weights."""

import warnings

import torch
from torch import nn

from rivals.torch_base import TorchNet, is_dense, sparse_weight


class CSRLinear(nn.Module):
    """A fixed random sparse layer; activations are feature-major, (n_units, batch)."""

    def __init__(self, n_in, n_out, n_links):
        super().__init__()
        dense = nn.Linear(n_in, n_out)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            weight = sparse_weight(dense, n_links).to_sparse_csr()
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
    """Layers on feature-major activations, for which a CSR product needs no copy."""

    def forward(self, x):
        return super().forward(x.T.contiguous()).T


class DenseFeatureMajor(nn.Linear):
    """A dense layer among them."""

    def forward(self, x):
        return torch.addmm(self.bias[:, None], self.weight, x)


class TorchCSR(TorchNet):
    """CSR weights with a random topology that stays fixed.

    The parameter is the vector of values, from which each step wraps a CSR tensor
    without a copy; its gradient is sparse then too, through ``torch.sparse.mm``. So
    the optimizer sees a dense vector and may be the fused one, with momentum. A CSR
    tensor as the parameter itself makes the steps slower, and ``W @ x`` instead of
    ``torch.sparse.mm`` a gradient of the dense matrix's size.
    """

    def layer(self, n_in, n_out, n_links):
        if is_dense(n_in, n_out, n_links):
            return DenseFeatureMajor(n_in, n_out)
        return CSRLinear(n_in, n_out, n_links)

    def stack(self, layers):
        return FeatureMajor(*super().stack(layers))
