"""scikit-learn's dense multi-layer perceptron."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from rivals.base import Contestant


class SklearnMLP(Contestant):
    """``MLPClassifier.partial_fit`` once an epoch."""

    def prepare(self, X, y, hidden, batch, epsilon):
        self.X, self.y, self.classes = X, y, sorted(set(y.tolist()))
        self.model = MLPClassifier(
            hidden,
            solver="sgd",
            batch_size=batch,
            learning_rate_init=self.learning_rate,
            momentum=self.momentum,
            random_state=0,
        )

    def epoch(self):
        self.model.partial_fit(self.X, self.y, classes=self.classes)

    def predict(self, X):
        return self.model.predict(X)


class SklearnFit(SklearnMLP):
    """The whole of ``fit`` as one epoch, with the given number of epochs inside."""

    learning_rate = 0.1

    def __init__(self, max_iter):
        self.max_iter = max_iter

    def prepare(self, X, y, hidden, batch, epsilon):
        super().prepare(X, y, hidden, batch, epsilon)
        self.model.set_params(
            max_iter=self.max_iter, tol=0.0, n_iter_no_change=1_000_000
        )

    def epoch(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(self.X, self.y)
