"""The training loop that all networks on PyTorch share."""

from itertools import chain, pairwise

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from rivals.base import Contestant, n_links


class TorchNet(Contestant):
    """Layers with ReLU between, cross entropy, SGD with Nesterov's momentum.

    The data are one preloaded tensor and batches are rows picked by index: no
    DataLoader, whose overhead would be the larger part. SGD is the fused one, which on
    a CPU is about twice as fast for a dense network. There is no weight decay, which
    only helps: this package and scikit-learn's do it.

    Parameters
    ----------
    torch_threads : int, default=None
        Threads for PyTorch's own operations; None leaves its default.
    """

    def __init__(self, torch_threads=None):
        if torch_threads:
            torch.set_num_threads(torch_threads)

    def layer(self, n_in, n_out, n_links):
        """Return one linear layer; a subclass makes it sparse."""
        return nn.Linear(n_in, n_out)

    def prepare(self, X, y, hidden, batch, epsilon):
        torch.manual_seed(0)
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y).long()
        self.batch = batch
        sizes = [X.shape[1], *hidden, int(y.max()) + 1]
        layers = [self.layer(a, b, n_links(a, b, epsilon)) for a, b in pairwise(sizes)]
        self.model = self.stack(layers)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=self.learning_rate,
            momentum=self.momentum,
            nesterov=True,
            fused=True,
        )

    def stack(self, layers):
        """Return the network over its layers."""
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


def sparse_weight(dense, n_links):
    """Return the weights of a ``nn.Linear`` with exactly `n_links` left, at random.

    Scaled by the links that a unit has instead of its inputs: signals would die.
    """
    weight = dense.weight.detach().flatten()
    mask = torch.zeros_like(weight)
    mask[torch.randperm(weight.numel())[:n_links]] = 1
    scale = (weight.numel() / n_links) ** 0.5
    return (scale * mask * weight).reshape(dense.weight.shape)


def is_dense(n_in, n_out, n_links):
    """Tell whether a layer is better left dense, as the sparse packages advise."""
    return n_links > 0.5 * n_in * n_out
