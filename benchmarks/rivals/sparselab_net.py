"""sparselab: dynamic sparse training for PyTorch on the CPU."""

import warnings

import sparselab
from torch import nn

from rivals.torch_base import TorchNet, is_dense


class SparselabNet(TorchNet):
    """Its ``SparseLinear`` and one ``SET`` update after each epoch.

    It draws each connection independently: the number of a layer's connections is right
    on average. ``SparseLinear`` selects the vectorized kernels. SET is its cheaper
    rule, as RigL also computes a dense gradient. Nearly dense layers remain
    ``nn.Linear``, as its documentation advises below 50 % sparsity.
    """

    def prepare(self, X, y, hidden, batch, epsilon):
        super().prepare(X, y, hidden, batch, epsilon)
        # The argument `sparsity` has no effect: each layer stores its sparsity.
        self.rule = sparselab.SET(sparsity=0.5, drop_fraction=0.3, update_freq=1)
        self.model.apply(self.rule)

    def layer(self, n_in, n_out, n_connections):
        if is_dense(n_in, n_out, n_connections):
            return nn.Linear(n_in, n_out)
        sparsity = 1 - n_connections / (n_in * n_out)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            return sparselab.SparseLinear(n_in, n_out, sparsity=sparsity)

    def epoch(self):
        super().epoch()
        self.rule.step()
