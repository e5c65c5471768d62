"""From the rows of X to feature-major batches, and back."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse

from sklearn_set._kernels.builds import _fast
from sklearn_set._utils.buffers import Buffer
from sklearn_set._utils.checks import checked_csr, require_shape

# Predictions go through the units in pieces: of the widest layer as many bytes as stay
# in the second cache, in whole blocks of registers; enough rows for the links to be
# worth reading, and not so many that they take much memory.
PREDICT_BYTES = 3 << 18
PREDICT_BLOCK = 64
PREDICT_ROWS = 512


class ByFeature(NamedTuple):
    """The non-zeros of a batch, by feature."""

    present: np.ndarray  # int32 (n_present,), ascending: those not 0 throughout
    starts: np.ndarray  # int32 (n_present + 1,), of each one's non-zeros
    samples: np.ndarray  # int32 (n_nonzeros,)
    values: np.ndarray  # (n_nonzeros,)


class BySample(NamedTuple):
    """The non-zeros of a batch, by sample."""

    starts: np.ndarray  # int32 (batch + 1,), of each one's non-zeros
    features: np.ndarray  # int32 (n_nonzeros,)
    values: np.ndarray  # (n_nonzeros,)


class SparseBatch:
    """The non-zeros of a batch.

    Parameters
    ----------
    shape : (int, int)
        Number of features and samples.
    by_sample : BySample
        As loaded.
    list_by_feature : callable
        Returns `ByFeature`; only learning asks for it.
    """

    def __init__(self, shape, by_sample, list_by_feature):
        self.shape = shape
        self.by_sample = by_sample
        self._list = list_by_feature

    @property
    def values(self):
        """The non-zeros, in the order of `by_sample`; to be changed before others."""
        starts, _, values = self.by_sample
        return values[: starts[-1]]

    @cached_property
    def by_feature(self):
        """The same non-zeros, by feature."""
        return self._list(self.by_sample)


class _Rows:
    """Rows of X, to be loaded in batches of any order."""

    def __init__(self, X, max_batch):
        self.n_samples, self.n_features = X.shape
        self.dtype = X.dtype
        self.max_batch = max_batch

    def dense(self, selected, out, n_threads):
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
        self._dense(selected, out, n_threads)


class DenseRows(_Rows):
    """Rows of a dense X.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Of any memory layout.
    max_batch : int
        The largest batch to come.
    """

    def __init__(self, X, max_batch):
        super().__init__(X, max_batch)
        self._X = X
        self._buffer = None

    def batch(self, selected, n_threads):
        """Return ``X[selected].T``, which the next batch overwrites."""
        if self._buffer is None:
            self._buffer = Buffer(self.n_features, self.max_batch, self.dtype)
        out = self._buffer.view(selected.size)
        self._dense(selected, out, n_threads)
        return out

    def _dense(self, selected, out, n_threads):
        _fast.load_dense(self._X, selected, out, n_threads)


class SparseRows(_Rows):
    """Rows of a sparse X.

    Parameters
    ----------
    X : csr_array or csr_matrix of shape (n_samples, n_features)
        Checked in full here: a wrong index would be written to.
    max_batch : int
        The largest batch to come.
    """

    def __init__(self, X, max_batch):
        super().__init__(X, max_batch)
        X = checked_csr("X", X)
        index = np.result_type(X.indices, X.indptr)
        self._arrays = (
            np.ascontiguousarray(X.data),
            np.ascontiguousarray(X.indices, dtype=index),
            np.ascontiguousarray(X.indptr, dtype=index),
        )
        self._by_sample = self._by_feature = None

    def _allocate(self):
        """Allocate room for the batch with the most non-zeros there can be."""
        lengths = np.sort(np.diff(self._arrays[2]))
        most = int(lengths[-self.max_batch :].sum())
        if most > np.iinfo(np.int32).max:
            raise ValueError(
                f"A batch of {self.max_batch} samples of X may hold {most} non-zeros, "
                "more than can be counted in 32 bits. Lower batch_size."
            )
        self._by_sample = BySample(
            np.empty(self.max_batch + 1, dtype=np.int32),
            np.empty(most, dtype=np.int32),
            np.empty(most, dtype=self.dtype),
        )
        self._most = most

    def batch(self, selected, n_threads):
        """Return the non-zeros of ``X[selected].T``, which the next overwrite."""
        if self._by_sample is None:
            self._allocate()
        own = self._by_sample
        _fast.load_nonzeros(*self._arrays, selected, *own)
        own = own._replace(starts=own.starts[: selected.size + 1])
        shape = self.n_features, selected.size
        return SparseBatch(shape, own, self._list_by_feature)

    def _allocate_by_feature(self):
        n_present = min(self._most, self.n_features)
        self._counts = np.zeros(self.n_features, dtype=np.int32)
        self._marks = np.zeros(-(-self.n_features // 64), dtype=np.uint64)
        self._by_feature = ByFeature(
            np.empty(n_present, dtype=np.int32),
            np.empty(n_present + 1, dtype=np.int32),
            np.empty(self._most, dtype=np.int32),
            np.empty(self._most, dtype=self.dtype),
        )

    def _list_by_feature(self, by_sample):
        if self._by_feature is None:
            self._allocate_by_feature()
        own = self._by_feature
        n_present = _fast.list_by_feature(*by_sample, self._counts, self._marks, *own)
        return own._replace(present=own.present[:n_present])

    def _dense(self, selected, out, n_threads):
        _fast.load_csr(*self._arrays, selected, out)


def as_rows(X, max_batch):
    """Return the loader for a validated X, dense or CSR."""
    return (SparseRows if issparse(X) else DenseRows)(X, max_batch)


def in_row_order(X):
    """Return X, or a copy in C order if it is dense and in another.

    Batches are rows at random: in Fortran order, as MATLAB and pandas have it, each
    number of a row would fetch a cache line of its own, in each epoch anew.
    """
    return X if issparse(X) else np.ascontiguousarray(X)


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
        Rows; their results do not depend on it.
    """
    rows = min(PREDICT_BYTES // (max(n_units) * itemsize), PREDICT_ROWS)
    return max(rows // PREDICT_BLOCK, 1) * PREDICT_BLOCK


def map_batches(function, n_samples, batch_size):
    """Apply a function to all rows, in batches.

    Parameters
    ----------
    function : callable
        Takes the numbers of the rows; the batch is the last axis of what it returns.
    n_samples : int
        How many rows there are.
    batch_size : int
        Rows at a time.

    Returns
    -------
    result : ndarray of shape (n_samples, ...)
    """
    result = None
    # Not by gen_batches: it inspects its arguments for longer than one row takes.
    for start in range(0, n_samples, batch_size):
        stop = min(start + batch_size, n_samples)
        part = function(np.arange(start, stop))
        if result is None:
            result = np.empty((n_samples, *part.shape[:-1]), dtype=part.dtype)
        result[start:stop] = part.T
    return result
