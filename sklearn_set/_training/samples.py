"""The training samples: their order in each epoch, and the data of a batch."""

import copy

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import gen_even_slices

from sklearn_set._layers.batches import as_rows


class Batches:
    """The batches of each epoch, as indices of samples.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), dtype intp
        The samples to train on.
    batch_size : int
        The largest number of samples in a batch.
    rng : numpy.random.Generator, default=None
        Shuffles the samples before each epoch; None keeps their order.
    even : bool, default=False
        Whether batches are of almost equal size, as in BernoulliRBM; otherwise all but
        the last one are full.
    selection : InputSelection, default=None
        Withholds some of the samples until it is over.
    """

    def __init__(self, samples, batch_size, rng=None, *, even=False, selection=None):
        self._all_samples = samples
        self.batch_size = min(batch_size, samples.size)
        self._rng = rng
        self._even = even
        self._selection = selection

    @property
    def _samples(self):
        if self._selection is None or self._selection.withheld.size == 0:
            return self._all_samples
        withheld = np.isin(self._all_samples, self._selection.withheld)
        return self._all_samples[~withheld]

    @property
    def n_batches(self):
        """Number of batches in an epoch over all samples, those withheld too."""
        return -(-self._all_samples.size // self.batch_size)

    def __iter__(self):
        order = self._samples.copy()
        if self._rng is not None:
            self._rng.shuffle(order)
        if self._even:
            slices = gen_even_slices(order.size, -(-order.size // self.batch_size))
            yield from (order[part] for part in slices)
        else:
            for start in range(0, order.size, self.batch_size):
                yield order[start : start + self.batch_size]

    def draw(self, rng):
        """Draw a random batch, independent of the order of the epoch."""
        samples = self._samples
        n = min(self.batch_size, samples.size)
        return rng.choice(samples, n, replace=False)


class LabelledSamples:
    """Features, targets and weights of samples, loaded batch by batch.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_features)
        Validated.
    targets : object
        What the loss compares the outputs with: ``targets.batch(indices)`` returns them
        for some samples, of shape (`targets.n_outputs`, batch).
    weights : ndarray of shape (n_samples,) or None
        None if each is 1.
    max_batch : int
        The largest batch size.
    transform : callable, default=None
        The user's ``transform(X_batch, rng)``.
    rng : numpy.random.Generator, default=None
        Passed to `transform`.
    """

    def __init__(self, X, targets, weights, max_batch, transform=None, rng=None):
        self.X = X
        self.n_features, self.n_outputs = X.shape[1], targets.n_outputs
        self.dtype = X.dtype
        self._targets = targets
        self._weights = weights
        self._rows = as_rows(X, max_batch)
        self.max_batch = max_batch
        self._transform = transform
        self._rng = rng

    def with_stream(self, rng):
        """Return the same samples, with another generator for the user's transform."""
        samples = copy.copy(self)
        samples._rng = rng
        return samples

    def batch(self, indices, n_threads, *, transformed=True):
        """Return features, targets (feature-major) and weights of some samples.

        Parameters
        ----------
        indices : ndarray of shape (batch,), dtype intp
            Which samples.
        n_threads : int
            Threads to use.
        transformed : bool, default=True
            Whether to apply the user's `transform`.

        Returns
        -------
        x : ndarray of shape (n_features, batch) or SparseBatch
            Overwritten by the next batch.
        targets : ndarray of shape (n_outputs, batch)
        weights : ndarray of shape (batch,) or None
        """
        weights = None if self._weights is None else self._weights[indices]
        x = self._features(indices, n_threads, transformed)
        return x, self._targets.batch(indices), weights

    def _features(self, indices, n_threads, transformed):
        if self._transform is None or not transformed:
            return self._rows.batch(indices, n_threads)
        X = self._transformed(self.X[indices])
        return as_rows(X, self.max_batch).batch(np.arange(indices.size), n_threads)

    def _transformed(self, X):
        """Apply the user's transform to some rows, and check the result."""
        new = self._transform(X, self._rng)
        is_array = (
            issparse(new) if issparse(X) else type(new) in (np.ndarray, np.matrix)
        )
        if not is_array or new.shape != X.shape or new.dtype.kind not in "biuf":
            raise ValueError(
                "batch_transform must return real numbers in the shape of its input, "
                f"sparse if its input is sparse; it got {_describe(X)} and returned "
                f"{_describe(new)}."
            )
        with np.errstate(over="ignore"):
            new = (new.tocsr() if issparse(X) else np.asarray(new)).astype(X.dtype)
        if not np.isfinite(new.data if issparse(X) else new).all():
            raise ValueError(
                "batch_transform returned values that are NaN, or infinite in "
                f"{X.dtype}."
            )
        return new


def _describe(X):
    shape, dtype = getattr(X, "shape", None), getattr(X, "dtype", None)
    return f"{type(X).__name__} of shape {shape} and dtype {dtype}"
