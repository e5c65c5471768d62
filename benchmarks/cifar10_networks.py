"""The networks of the experiment on CIFAR-10: ours, PyTorch's and scikit-learn's.

All are trained by ``epoch()`` and tested by ``score(X, y)``.
"""

from importlib.util import find_spec

import numpy as np
from images import augment
from sklearn.neural_network import MLPClassifier

from sklearn_set import SETMLPClassifier

HIDDEN = (4000, 1000, 4000)
DROPOUT = 0.3
MOMENTUM = 0.9
CLASSES = np.arange(10)


class Sparse:
    """`SETMLPClassifier`.

    Parameters
    ----------
    X, y : ndarray
        The training data.
    arguments : argparse.Namespace
        Of the command line.
    """

    def __init__(self, X, y, arguments):
        fixed = arguments.topology == "fixed"
        self.X, self.y = X, y
        self.model = SETMLPClassifier(
            HIDDEN,
            activation=arguments.activation,
            epsilon=arguments.epsilon,
            zeta=arguments.zeta,
            evolve_every=1,
            evolution="fixed" if fixed else arguments.evolution,
            init=arguments.init,
            solver=arguments.solver,
            alpha=arguments.alpha,
            dropout=DROPOUT,
            batch_size=arguments.batch_size,
            learning_rate=arguments.schedule,
            learning_rate_init=arguments.rate,
            max_iter=arguments.epochs,
            momentum=MOMENTUM,
            nesterovs_momentum=arguments.nesterov,
            batch_transform=augment,
            random_state=arguments.seed,
        )

    def epoch(self):
        """Train for one epoch."""
        self.model.partial_fit(self.X, self.y, classes=CLASSES)

    def score(self, X, y):
        """Return the accuracy."""
        return self.model.score(X, y)

    def n_weights(self):
        """Return the number of weights, without biases."""
        return self.model.n_connections_


class SklearnDense:
    """`MLPClassifier`: relu, and no dropout."""

    def __init__(self, X, y, arguments):
        self.X, self.y = X, y
        self.batch = arguments.batch_size
        self.rng = np.random.default_rng(arguments.seed)
        self.model = MLPClassifier(
            HIDDEN,
            solver="sgd",
            alpha=arguments.alpha,
            batch_size=self.batch,
            learning_rate_init=arguments.rate,
            momentum=MOMENTUM,
            nesterovs_momentum=False,
            random_state=arguments.seed,
        )

    def epoch(self):
        """Train for one epoch."""
        order = self.rng.permutation(len(self.X))
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            X = augment(self.X[rows], self.rng)
            self.model.partial_fit(X, self.y[rows], classes=CLASSES)

    def score(self, X, y):
        """Return the accuracy."""
        return self.model.score(X, y)

    def n_weights(self):
        """Return the number of weights, without biases."""
        return sum(coef.size for coef in self.model.coefs_)


def dense(X, y, arguments):
    """Return the dense network: PyTorch's if it is installed, else scikit-learn's."""
    if find_spec("torch"):
        from cifar10_torch import TorchDense

        return TorchDense(X, y, arguments)
    print("PyTorch is not installed: MLPClassifier, which has no SReLU and no dropout.")
    return SklearnDense(X, y, arguments)


TOPOLOGIES = {"evolving": Sparse, "fixed": Sparse, "dense": dense}
