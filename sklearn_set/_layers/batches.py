"""From the rows of X to feature-major batches, and back."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse

from sklearn_set._kernels.builds import _fast
from sklearn_set._utils.buffers import Buffer
from sklearn_set._utils.checks import checked_csr, require_shape
from sklearn_set._utils.mapped import is_mapped
from sklearn_set._utils.thread_chooser import on_fastest_threads

# Predictions are made in batches: so many bytes of the widest layer's activations as
# fit in the L2 cache, in whole blocks of registers, and at most PREDICT_ROWS rows. A
# layer so wide that a block has more than PREDICT_VALUES activations gets fewer rows,
# but as many as keep the activations below the number of connections.
PREDICT_BYTES = 3 << 18
PREDICT_BLOCK = 64
PREDICT_ROWS = 512
PREDICT_VALUES = 1 << 24


class ByFeature(NamedTuple):
    """The non-zeros of a batch, by feature."""

    present: np.ndarray  # int32 (n_present,), ascending: features that occur
    starts: np.ndarray  # int32 (n_present + 1,), first non-zero of each
    samples: np.ndarray  # int32 (n_nonzeros,)
    values: np.ndarray  # (n_nonzeros,)


class BySample(NamedTuple):
    """The non-zeros of a batch, by sample."""

    starts: np.ndarray  # int32 (batch + 1,), first non-zero of each
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
        Returns `ByFeature`; called by the backward pass.
    """

    def __init__(self, shape, by_sample, list_by_feature):
        self.shape = shape
        self.by_sample = by_sample
        self._list = list_by_feature

    @property
    def values(self):
        """The non-zeros, in the order of `by_sample`; a view."""
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
            The output array.
        n_threads : int
            Threads to use.
        """
        require_shape("The batch", out, (self.n_features, selected.size))
        self._dense(selected, out, n_threads)

    def dense_batch(self, selected, n_threads):
        """Return ``X[selected].T`` as a new array."""
        out = np.empty((self.n_features, selected.size), dtype=self.dtype)
        self._dense(selected, out, n_threads)
        return out


class DenseRows(_Rows):
    """Rows of a dense X.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        In any memory layout.
    max_batch : int
        The largest batch size.
    """

    def __init__(self, X, max_batch):
        super().__init__(X, max_batch)
        self._X = X
        self._buffer = None

    def batch(self, selected, n_threads):
        """Return ``X[selected].T``, overwritten by the next batch."""
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
        Checked in full here: a wrong index would be a memory error.
    max_batch : int
        The largest batch size.
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
        """Allocate arrays for the largest number of non-zeros that a batch can have."""
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
        """Return the non-zeros of ``X[selected].T``, overwritten by the next batch."""
        if self._by_sample is None:
            self._allocate()
        by_sample = self._by_sample
        _fast.load_nonzeros(*self._arrays, selected, *by_sample)
        by_sample = by_sample._replace(starts=by_sample.starts[: selected.size + 1])
        shape = self.n_features, selected.size
        return SparseBatch(shape, by_sample, self._list_by_feature)

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
        by_feature = self._by_feature
        n_present = _fast.list_by_feature(
            *by_sample, self._counts, self._marks, *by_feature
        )
        return by_feature._replace(present=by_feature.present[:n_present])

    def _dense(self, selected, out, n_threads):
        _fast.load_csr(*self._arrays, selected, out)


def as_rows(X, max_batch):
    """Return the loader for a validated X, dense or CSR."""
    return (SparseRows if issparse(X) else DenseRows)(X, max_batch)


def in_row_order(X):
    """Return X, or a copy in C order if it is dense and in another order.

    Batches are random rows: in Fortran order, as from MATLAB or pandas, each number of
    a row would take a memory access to another cache line, in each epoch. A
    memory-mapped X stays as it is, as it may be larger than the memory.
    """
    return X if issparse(X) or is_mapped(X) else np.ascontiguousarray(X)


def predict_batch_size(n_units, itemsize, n_connections=0):
    """Return how many rows to predict at a time.

    Parameters
    ----------
    n_units : sequence of int
        Sizes of the layers whose activations are held.
    itemsize : int
        Bytes of one activation.
    n_connections : int, default=0
        Of the whole model.

    Returns
    -------
    batch_size : int
        Rows; their results do not depend on it, except that blocks of a few rows differ
        by rounding.
    """
    widest = max(n_units)
    rows = min(PREDICT_BYTES // (widest * itemsize), PREDICT_ROWS)
    rows = max(rows // PREDICT_BLOCK, 1) * PREDICT_BLOCK
    # Beyond all caches, each connection reads a whole cache line, which has the
    # activations of several rows: eight rows take about three times as long as one.
    return min(rows, max(PREDICT_VALUES // widest, n_connections // sum(n_units), 1))


def map_batches(function, n_samples, batch_size, layers=(), name=None):
    """Apply a function to all rows, in batches, on as many threads as are fastest.

    Parameters
    ----------
    function : callable
        Takes the numbers of the rows; the batch is the last axis of what it returns.
    n_samples : int
        How many rows there are.
    batch_size : int
        Rows at a time.
    layers, name
        As for `on_fastest_threads`.

    Returns
    -------
    result : ndarray of shape (n_samples, ...)
    """
    parts = map_blocks(function, n_samples, batch_size, layers, name)
    return stack_batches(parts, n_samples)


def map_blocks(function, n_samples, batch_size, layers=(), name=None):
    """Iterate over what `map_batches` stacks; each may be overwritten by the next."""
    n_batches = -(-n_samples // batch_size)
    size = min(batch_size, n_samples)
    with on_fastest_threads(function, layers, size, n_batches, name) as function:
        for rows in row_batches(n_samples, batch_size):
            yield function(rows)


def row_batches(n_samples, batch_size):
    """Iterate over the numbers of all rows, in batches."""
    # Not by gen_batches: it inspects its arguments for longer than one row takes.
    for start in range(0, n_samples, batch_size):
        yield np.arange(start, min(start + batch_size, n_samples))


def stack_batches(parts, n_samples):
    """Copy the results of batches to one array, by rows.

    Parameters
    ----------
    parts : iterable of ndarray of shape (..., batch)
        The results; each may be overwritten by the next one.
    n_samples : int
        How many rows there are.

    Returns
    -------
    result : ndarray of shape (n_samples, ...)
    """
    result, start = None, 0
    for part in parts:
        if result is None:
            result = np.empty((n_samples, *part.shape[:-1]), dtype=part.dtype)
        stop = start + part.shape[-1]
        result[start:stop] = part.T
        start = stop
    return result
