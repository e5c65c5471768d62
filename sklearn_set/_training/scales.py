"""Whether the data are on a scale that a network can learn from."""

import math

import numpy as np
from scipy.sparse import issparse

from sklearn_set._utils.warnings import warn

# So many rows and columns, evenly spaced, are compared.
MAX_ROWS, MAX_COLUMNS = 512, 1024
# Least number of values of a column, in either set, for it to count.
MIN_VALUES = 10
# Factor between the magnitudes of a column that is plainly on another scale.
FACTOR = 3.0
# So many rows are looked at for large values.
FEW_ROWS = 64
# Root mean square from which on values are plainly not scaled.
LARGE = 20.0


def warn_of_large_values(name, values, remedy):
    """Warn if the root mean square of values is large.

    Parameters
    ----------
    name : str
        What the user calls them.
    values : {ndarray, csr_array} of shape (n_samples, ...)
        Validated; some of the rows are looked at.
    remedy : str
        What to do.
    """
    rows = _spaced(values.shape[0], FEW_ROWS)
    if issparse(values):
        squares = [np.square(values[rows].data, dtype=float).sum()]
    else:  # row by row, as rows may be long and on a disk
        squares = [np.square(values[i], dtype=float).sum() for i in rows]
    mean_square = sum(squares) / max(rows.size * math.prod(values.shape[1:]), 1)
    if mean_square > LARGE**2:
        warn(
            f"The values of {name} are large, with a root mean square of "
            f"{math.sqrt(mean_square):.2g}: training may fail. {remedy}"
        )


def warn_of_other_scale(X, X_val):
    """Warn if most features of a validation set are on another scale.

    The geometric mean of the magnitudes of a column, zeros left out, is compared: it
    hardly depends on outliers, nor on how many values are 0.

    Parameters
    ----------
    X, X_val : {ndarray, csr_array} of shape (n_samples, n_features)
        Validated.
    """
    (counts, means), (counts_val, means_val) = _magnitudes(X), _magnitudes(X_val)
    enough = np.minimum(counts, counts_val) >= MIN_VALUES
    if not enough.any():
        return
    factor = np.exp(np.median(np.abs(means - means_val)[enough]))
    if factor > FACTOR:
        warn(
            "The features of X_val are on another scale than those of X: their "
            f"magnitudes differ by a factor of {factor:.2g} in the median. Transform "
            "X_val as X. A Pipeline does so if metadata routing is enabled and it is "
            'created with transform_input=["X_val"].'
        )


def _magnitudes(X):
    """Return the number of non-zeros of some columns, and the mean log of each."""
    X = X[_spaced(X.shape[0], MAX_ROWS)]
    columns = _spaced(X.shape[1], MAX_COLUMNS)
    if issparse(X):
        X = X[:, columns].tocoo()
        values, column = X.data, X.col
    else:
        column = np.tile(np.arange(columns.size), X.shape[0])
        values = X[:, columns].ravel()
    column, values = column[values != 0], np.abs(values[values != 0])
    counts = np.bincount(column, minlength=columns.size)
    sums = np.bincount(column, np.log(values), minlength=columns.size)
    return counts, sums / np.maximum(counts, 1)


def _spaced(n, most):
    """Return at most so many of n indices, evenly spaced."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(int)
