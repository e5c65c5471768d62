"""What the loss compares the outputs with, made for each batch when it is taken.

For all samples at once a classifier would have as many targets as samples times
classes. A kind of targets has `n_outputs` and ``batch(indices)``, which returns an
array of shape (n_outputs, batch).
"""

import numpy as np
from scipy.sparse import issparse


class ClassTargets:
    """One class of each sample, as its number.

    Parameters
    ----------
    numbers : ndarray of shape (n_samples,), dtype int
        Of the classes, from 0.
    n_classes : int
        With one or two classes there is one output, which is true for class 1.
    """

    def __init__(self, numbers, n_classes):
        self.n_outputs = n_classes if n_classes > 2 else 1
        self._numbers = numbers

    def batch(self, indices):
        """Return where the classes of some samples are, dtype bool."""
        numbers = self._numbers[indices]
        if self.n_outputs == 1:
            return (numbers == 1)[np.newaxis]
        is_class = np.zeros((indices.size, self.n_outputs), dtype=bool)
        is_class[np.arange(indices.size), numbers] = True
        return is_class.T


class LabelTargets:
    """Any number of labels of each sample.

    Parameters
    ----------
    y : {ndarray, csr_array} of shape (n_samples, n_labels)
        Not 0 where a label holds.
    """

    def __init__(self, y):
        self.n_outputs = y.shape[1]
        self._y = y

    def batch(self, indices):
        """Return where the labels of some samples hold, dtype bool."""
        rows = self._y[indices]
        if not issparse(rows):
            return (rows != 0).T
        holds = np.zeros(rows.shape, dtype=bool)
        samples = np.repeat(np.arange(indices.size), np.diff(rows.indptr))
        is_stored = rows.data != 0
        holds[samples[is_stored], rows.indices[is_stored]] = True
        return holds.T


class NumberTargets:
    """One or several numbers of each sample.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or {ndarray, csr_array} of shape \
            (n_samples, n_outputs)
        The numbers.
    dtype : dtype
        Of the model.
    """

    def __init__(self, y, dtype):
        self._y = y if y.ndim == 2 else y.reshape(-1, 1)
        self._dtype = dtype
        self.n_outputs = self._y.shape[1]

    def batch(self, indices):
        """Return the numbers of some samples."""
        rows = self._y[indices]
        rows = rows.toarray() if issparse(rows) else rows
        return rows.astype(self._dtype, copy=False).T
