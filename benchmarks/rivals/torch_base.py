"""The training loop of all PyTorch networks."""

from itertools import chain, pairwise

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from rivals.base import Contestant, count_connections


class TorchNet(Contestant):
    """Layers with ReLU between them, cross entropy, SGD with Nesterov's momentum.

    The data are one preloaded tensor, and batches are rows selected by index: a
    DataLoader would take more time than the training. SGD is the fused one, which is
    about twice as fast on a CPU for a dense network. There is no weight decay, which
    saves time: this package and scikit-learn have it.

    Parameters
    ----------
    torch_threads : int, default=None
        Threads for PyTorch's operations; None for its default.
    """

    def __init__(self, torch_threads=None):
        if torch_threads:
            torch.set_num_threads(torch_threads)

    def layer(self, n_in, n_out, n_connections):
        """Return one linear layer; subclasses return a sparse one."""
        return nn.Linear(n_in, n_out)

    def prepare(self, X, y, hidden, batch, epsilon):
        torch.manual_seed(0)
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y).long()
        self.batch = batch
        sizes = [X.shape[1], *hidden, int(y.max()) + 1]
        layers = [
            self.layer(n_in, n_out, count_connections(n_in, n_out, epsilon))
            for n_in, n_out in pairwise(sizes)
        ]
        self.model = self.stack(layers)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=self.learning_rate,
            momentum=self.momentum,
            nesterov=True,
            fused=True,
        )

    def stack(self, layers):
        """Return the network of these layers."""
        with_relu = chain.from_iterable((layer, nn.ReLU()) for layer in layers)
        return nn.Sequential(*list(with_relu)[:-1])

    def epoch(self):
        for rows in torch.randperm(len(self.X)).split(self.batch):
            self.optimizer.zero_grad()
            loss = cross_entropy(self.model(self.X[rows]), self.y[rows])
            loss.backward()
            self.optimizer.step()

    def predict(self, X):
        with torch.no_grad():
            return self.model(torch.from_numpy(X)).argmax(dim=1).numpy()


def sparse_weight(dense, n_connections):
    """Return the weights of a ``nn.Linear``, all but `n_connections` random ones zero.

    They are scaled by the number of connections of a unit instead of the number of
    inputs: otherwise activations would vanish.
    """
    weight = dense.weight.detach().flatten()
    mask = torch.zeros_like(weight)
    mask[torch.randperm(weight.numel())[:n_connections]] = 1
    scale = (weight.numel() / n_connections) ** 0.5
    return (scale * mask * weight).reshape(dense.weight.shape)


def is_dense(n_in, n_out, n_connections):
    """Return whether a layer should remain dense, as the sparse packages advise."""
    return n_connections > 0.5 * n_in * n_out
