"""sparselab: dynamic sparse training for PyTorch on the CPU."""

import warnings

import sparselab
from torch import nn

from rivals.torch_base import TorchNet, is_dense


class SparselabNet(TorchNet):
    """Its ``SparseLinear`` and one ``SET`` update after each epoch.

    It draws each link on its own, so that a layer's number of links is right on the
    average only. ``SparseLinear`` picks the vectorized kernels itself. SET is its
    cheaper rule: RigL computes a dense gradient in addition. Nearly dense layers stay
    ``nn.Linear``, as its documentation advises below 50 % sparsity.
    """

    def prepare(self, X, y, hidden, batch, epsilon):
        super().prepare(X, y, hidden, batch, epsilon)
        # Its argument `sparsity` is informational: the layers know theirs.
        self.rule = sparselab.SET(sparsity=0.5, drop_fraction=0.3, update_freq=1)
        self.model.apply(self.rule)

    def layer(self, n_in, n_out, n_links):
        if is_dense(n_in, n_out, n_links):
            return nn.Linear(n_in, n_out)
        sparsity = 1 - n_links / (n_in * n_out)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            return sparselab.SparseLinear(n_in, n_out, sparsity=sparsity)

    def epoch(self):
        super().epoch()
        self.rule.step()
