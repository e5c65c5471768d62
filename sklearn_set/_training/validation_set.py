"""Validation sets: given by the user or held out, and how they are scored."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing


class GivenValidationSet(NamedTuple):
    """The validation set that a user passes to `fit`, if any."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None

    def check(self):
        """Raise ValueError unless X and y are given together."""
        if (self.X is None) != (self.y is None):
            given, missing = (
                ("X_val", "y_val") if self.y is None else ("y_val", "X_val")
            )
            raise ValueError(f"{given} is passed to fit without {missing}. Pass both.")
        if self.X is None and self.sample_weight is not None:
            raise ValueError(
                "sample_weight_val is passed to fit without X_val and y_val."
            )


class TrainingData:
    """The data as the user passed them to `fit`, for callbacks and scorers.

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

    def rows(self, indices):
        """Return X and y of some samples."""
        return _safe_indexing(self._X, indices), self._y[indices]

    def for_callbacks(self, indices, sample_weight):
        """Return what callbacks see of some samples, to be computed on request.

        Parameters
        ----------
        indices : ndarray of shape (n_selected,)
            Which samples.
        sample_weight : ndarray of shape (n_samples,) or None
            The weights that the user gave.

        Returns
        -------
        X, y : callable
            Return the rows.
        metadata : dict
            The weights, if any.
        """

        def X():
            all_rows = indices.size == self._y.shape[0]
            return self._X if all_rows else _safe_indexing(self._X, indices)

        metadata = {}
        if sample_weight is not None:
            metadata["sample_weight"] = sample_weight[indices]
        return X, lambda: self._y[indices], metadata


def hold_out(samples, fraction, seed, stratify=None):
    """Split samples at random into those to train on and those to validate on.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        Indices.
    fraction : float
        Of the samples, to validate on.
    seed : int
        Determines the split.
    stratify : ndarray of shape (n_samples,), default=None
        Labels whose proportions both parts have.

    Returns
    -------
    train, validation : ndarray
        Indices, ascending.
    """
    train, validation = train_test_split(
        samples, test_size=fraction, random_state=seed, stratify=stratify
    )
    return np.sort(train), np.sort(validation)


class ValidationScorer:
    """Scores an estimator on the validation set.

    Parameters
    ----------
    estimator : estimator
        Its parameter `scoring` says how.
    X, y, sample_weight
        The validation set, as a user would pass it to `score`.
    """

    def __init__(self, estimator, X, y, sample_weight):
        self._X = X
        self._y = y
        self._sample_weight = sample_weight
        self._is_loss = estimator.scoring == "loss"
        self._scorer = None
        if not self._is_loss:
            self._scorer = check_scoring(estimator, estimator.scoring)

    def score(self, estimator):
        """Return the score of the estimator as it is now; greater is better.

        NaN if the estimator's outputs are not finite, which metrics refuse.
        """
        if self._is_loss:
            return -estimator._mean_loss(self._X, self._y, self._sample_weight)
        weights = self._sample_weight
        options = {} if weights is None else {"sample_weight": weights}
        try:
            score = self._scorer(estimator, self._X, self._y, **options)
        except ValueError:
            if np.isfinite(estimator._outputs(self._X)).all():
                raise
            return np.nan
        if not isinstance(score, Real) and np.shape(score) != ():
            score = None  # float() takes arrays of one element, too
        try:
            return float(score)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"scoring={estimator.scoring!r} must return a number. {error}"
            ) from error
