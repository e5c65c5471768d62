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
    """What `fit` was called with, to take rows from.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        With its feature names, if it has any.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels or values, validated.
    """

    def __init__(self, X, y):
        self._X = X
        self._y = y

    def rows(self, selected):
        """Return X and y of some samples."""
        return _safe_indexing(self._X, selected), self._y[selected]

    def lazily(self, selected, weights):
        """Return what callbacks get to see of some samples.

        Parameters
        ----------
        selected : ndarray of shape (n_selected,)
            Which samples.
        weights : ndarray of shape (n_samples,) or None
            Those that the user gave.

        Returns
        -------
        X, y : callable
            Return the rows, if somebody calls.
        metadata : dict
            The weights, if any.
        """

        def X():
            everything = selected.size == self._y.shape[0]
            return self._X if everything else _safe_indexing(self._X, selected)

        metadata = {} if weights is None else {"sample_weight": weights[selected]}
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
