"""The base classes of contestants with scikit-learn's interface."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from rivals.base import Contestant


class EstimatorContestant(Contestant):
    """``partial_fit`` once per epoch; `estimator` builds the classifier."""

    def prepare(self, X, y, hidden, batch, epsilon):
        self.X, self.y, self.classes = X, y, np.unique(y)
        self.model = self.estimator(hidden, epsilon).set_params(
            batch_size=batch,
            learning_rate_init=self.learning_rate,
            momentum=self.momentum,
            random_state=0,
        )

    def epoch(self):
        self.model.partial_fit(self.X, self.y, classes=self.classes)

    def predict(self, X):
        return self.model.predict(X)


class WholeFit:
    """A whole ``fit`` of `max_iter` epochs is timed as one epoch."""

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
