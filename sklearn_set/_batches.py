"""From the rows of X to feature-major batches, and back."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import gen_batches

from sklearn_set import _fast
from sklearn_set._validation import checked_csr, require_shape

# Predictions go through the units in pieces of at most so many bytes and rows.
PREDICT_BYTES = 1 << 26
PREDICT_ROWS = 512


class _Rows:
    """Rows of X, to be loaded in batches of any order."""

    def __init__(self, X):
        self.n_samples, self.n_features = X.shape
        self.dtype = X.dtype

    def load(self, selected, out, n_threads):
        """Write ``X[selected].T`` to `out`.

        Parameters
        ----------
        selected : ndarray of shape (batch,), dtype intp
            The samples.
        out : ndarray of shape (n_features, batch)
            What is written.
        n_threads : int
            Threads to use.
        """
        require_shape("The batch", out, (self.n_features, selected.size))
        self._load(selected, out, n_threads)

    def take(self, selected, n_threads):
        """Return ``X[selected].T``, dense."""
        out = np.empty((self.n_features, selected.size), dtype=self.dtype)
        self._load(selected, out, n_threads)
        return out


class DenseRows(_Rows):
    """Rows of a dense X.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Of any memory layout.
    """

    def __init__(self, X):
        super().__init__(X)
        self._X = X

    def _load(self, selected, out, n_threads):
        _fast.load_dense(self._X, selected, out, n_threads)


class SparseRows(_Rows):
    """Rows of a sparse X.

    Parameters
    ----------
    X : csr_array or csr_matrix of shape (n_samples, n_features)
        Checked in full here: a wrong index would be written to.
    """

    def __init__(self, X):
        super().__init__(X)
        X = checked_csr("X", X)
        index = np.result_type(X.indices, X.indptr)
        self._arrays = (
            np.ascontiguousarray(X.data),
            np.ascontiguousarray(X.indices, dtype=index),
            np.ascontiguousarray(X.indptr, dtype=index),
        )

    def _load(self, selected, out, n_threads):
        _fast.load_csr(*self._arrays, selected, out)


def as_rows(X):
    """Return the loader for a validated X, dense or CSR."""
    return SparseRows(X) if issparse(X) else DenseRows(X)


def predict_batch_size(n_units, itemsize):
    """Return how many rows to predict at a time.

    Parameters
    ----------
    n_units : iterable of int
        Sizes of the layers whose activations are held.
    itemsize : int
        Bytes of one activation.

    Returns
    -------
    batch_size : int
        At least 1. A row's result does not depend on it.
    """
    return int(np.clip(PREDICT_BYTES // (sum(n_units) * itemsize), 1, PREDICT_ROWS))


def map_rows(function, rows, batch_size, n_threads):
    """Apply a function to all rows, in batches.

    Parameters
    ----------
    function : callable
        Takes an array of shape (n_features, batch); the batch is the last axis of what
        it returns.
    rows : DenseRows or SparseRows
        The data.
    batch_size : int
        Rows at a time.
    n_threads : int
        Threads to use.

    Returns
    -------
    result : ndarray of shape (n_samples, ...)
    """
    result = None
    for batch in gen_batches(rows.n_samples, batch_size):
        part = function(rows.take(np.arange(batch.start, batch.stop), n_threads))
        if result is None:
            result = np.empty((rows.n_samples, *part.shape[:-1]), dtype=part.dtype)
        result[batch] = part.T
    return result
