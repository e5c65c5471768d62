"""From the rows of X to feature-major batches, and back."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import gen_batches

from sklearn_set import _fast

# Predictions go through the units in pieces of at most so many bytes and rows.
PREDICT_BYTES = 1 << 26
PREDICT_ROWS = 512


class _Rows:
    """Rows of X, to be loaded in batches of any order."""

    def __init__(self, X):
        self.n_samples, self.n_features = X.shape
        self.dtype = X.dtype

    def take(self, selected, n_threads):
        """Return ``X[selected].T``, dense."""
        out = np.empty((self.n_features, selected.size), dtype=self.dtype)
        self.load(selected, out, n_threads)
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
        X.check_format(full_check=True)
        index = np.result_type(X.indices, X.indptr)
        self._arrays = (
            X.data,
            X.indices.astype(index, copy=False),
            X.indptr.astype(index, copy=False),
        )

    def load(self, selected, out, n_threads):
        """Write ``X[selected].T`` to `out`, as `DenseRows.load` does."""
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
    batches = (
        np.arange(b.start, b.stop) for b in gen_batches(rows.n_samples, batch_size)
    )
    results = [function(rows.take(batch, n_threads)).T for batch in batches]
    return np.concatenate(results)
