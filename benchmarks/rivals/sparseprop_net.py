"""SparseProp (Nikdan et al. 2023): sparse back-propagation with AVX2 kernels."""

from sparseprop.modules import SparseLinear
from torch import nn

from rivals.torch_base import TorchNet, is_dense, sparse_weight


class SparsepropNet(TorchNet):
    """Its ``SparseLinear`` over fixed random masks.

    Layers that are nearly dense stay ``nn.Linear``: its own
    ``swap_modules_with_sparse`` leaves what is less than 80 % sparse.
    """

    def layer(self, n_in, n_out, n_links):
        dense = nn.Linear(n_in, n_out)
        if is_dense(n_in, n_out, n_links):
            return dense
        weight = sparse_weight(dense, n_links)
        return SparseLinear(weight, nn.Parameter(dense.bias.detach().clone()))
