"""The dense network of the experiment on CIFAR-10, in PyTorch."""

from itertools import pairwise

import numpy as np
import torch
from cifar10_networks import DROPOUT, HIDDEN, MOMENTUM
from images import augment
from torch import nn
from torch.nn.functional import cross_entropy

BATCH_TO_PREDICT = 1000


class SReLU(nn.Module):
    """Piecewise linear with two learned thresholds and two learned outer slopes."""

    def __init__(self, n_units):
        super().__init__()
        first = torch.tensor([0.0, 0.2, 1.0, 1.0])  # as ours
        self.pieces = nn.Parameter(first[:, None].repeat(1, n_units))

    def forward(self, x):
        left, left_slope, right, right_slope = self.pieces
        outside = left_slope * (x - left).clamp(max=0)
        return x.clamp(left, right) + outside + right_slope * (x - right).clamp(min=0)


def layers(n_in):
    """Iterate over the layers of the network."""
    for size, next_size in pairwise((n_in, *HIDDEN)):
        linear = nn.Linear(size, next_size)
        nn.init.kaiming_uniform_(linear.weight, nonlinearity="relu")
        yield from (linear, SReLU(next_size), nn.Dropout(DROPOUT))
    yield nn.Linear(HIDDEN[-1], 10)


def parameter_groups(model, weight_decay):
    """Return the parameters: the weights decay, the others do not."""
    groups = {weight_decay: [], 0.0: []}
    for name, parameter in model.named_parameters():
        decay = weight_decay if name.endswith("weight") else 0.0
        groups[decay].append(parameter)
    return [{"params": p, "weight_decay": decay} for decay, p in groups.items()]


class TorchDense:
    """``nn.Linear`` layers with SReLU and dropout; SGD with weight decay."""

    def __init__(self, X, y, arguments):
        torch.manual_seed(arguments.seed)
        self.X, self.y = X, torch.from_numpy(y).long()
        self.batch = arguments.batch_size
        self.rng = np.random.default_rng(arguments.seed)
        self.model = nn.Sequential(*layers(X.shape[1]))
        self.optimizer = torch.optim.SGD(
            parameter_groups(self.model, arguments.alpha / self.batch),
            lr=arguments.rate,
            momentum=MOMENTUM,
            fused=True,
        )

    def epoch(self):
        """Train for one epoch."""
        self.model.train()
        for rows in torch.randperm(len(self.X)).split(self.batch):
            X = torch.from_numpy(augment(self.X[rows.numpy()], self.rng))
            self.optimizer.zero_grad()
            cross_entropy(self.model(X), self.y[rows]).backward()
            self.optimizer.step()

    def score(self, X, y):
        """Return the accuracy."""
        self.model.eval()
        with torch.no_grad():
            batches = torch.from_numpy(X).split(BATCH_TO_PREDICT)
            found = torch.cat([self.model(batch).argmax(dim=1) for batch in batches])
        return float(np.mean(found.numpy() == y))

    def n_weights(self):
        """Return the number of weights, without biases."""
        return sum(m.weight.numel() for m in self.model if isinstance(m, nn.Linear))
