"""SparseProp (Nikdan et al. 2023): sparse back-propagation with AVX2 kernels."""

from sparseprop.modules import SparseLinear
from torch import nn

from rivals.torch_base import TorchNet, is_dense, sparse_weight


class SparsepropNet(TorchNet):
    """Its ``SparseLinear`` with fixed random masks.

    Nearly dense layers remain ``nn.Linear``: its ``swap_modules_with_sparse`` does not
    replace layers that are less than 80 % sparse.
    """

    def layer(self, n_in, n_out, n_connections):
        dense = nn.Linear(n_in, n_out)
        if is_dense(n_in, n_out, n_connections):
            return dense
        weight = sparse_weight(dense, n_connections)
        return SparseLinear(weight, nn.Parameter(dense.bias.detach().clone()))
