"""Rows as the user gave them, for callbacks and scorers; scores on held-out ones."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing


class OwnValidation(NamedTuple):
    """The validation set that a user passes to `fit`, if any."""

    X: Any = None
    y: Any = None
    weights: Any = None

    def check(self):
        """Raise ValueError if X and y do not come together."""
        if (self.X is None) != (self.y is None):
            given, missing = (
                ("X_val", "y_val") if self.y is None else ("y_val", "X_val")
            )
            raise ValueError(f"{given} is passed to fit without {missing}. Pass both.")
        if self.X is None and self.weights is not None:
            raise ValueError(
                "sample_weight_val is passed to fit without X_val and y_val."
            )


class Data:
    """What `fit` was called with, validated, to take rows from.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        With its feature names, if it has any.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels or values.
    weights : ndarray of shape (n_samples,) or None
        Of the samples.
    """

    def __init__(self, X, y, weights):
        self._X = X
        self._y = y
        self._weights = weights

    def rows(self, selected):
        """Return X, y and weights of some samples."""
        weights = None if self._weights is None else self._weights[selected]
        return _safe_indexing(self._X, selected), self._y[selected], weights

    def lazily(self, selected, has_weights):
        """Return what callbacks get to see: functions for X and y, and metadata."""
        n_samples = self._y.shape[0]

        def X():
            if selected.size == n_samples:
                return self._X
            return _safe_indexing(self._X, selected)

        metadata = {}
        if has_weights:
            metadata["sample_weight"] = self._weights[selected]
        return X, lambda: self._y[selected], metadata


class Validation:
    """Scores an estimator on rows that it does not learn from.

    Parameters
    ----------
    estimator : estimator
        Whose parameter `scoring` says how.
    X, y, weights
        The rows, as the estimator's user would pass them.
    """

    def __init__(self, estimator, X, y, weights):
        self._X = X
        self._y = y
        self._weights = weights
        self._is_loss = estimator.scoring == "loss"
        self._scorer = None
        if not self._is_loss:
            self._scorer = check_scoring(estimator, estimator.scoring)

    def score(self, estimator):
        """Return how good the estimator is now; greater is better."""
        if self._is_loss:
            return -estimator._mean_loss(self._X, self._y, self._weights)
        options = {} if self._weights is None else {"sample_weight": self._weights}
        return float(self._scorer(estimator, self._X, self._y, **options))


def is_finite(arrays):
    """Whether all values of all arrays are finite."""
    return all(np.isfinite(array).all() for array in arrays)
