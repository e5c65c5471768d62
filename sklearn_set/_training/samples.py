"""Epochs: batches of samples in order, one step each, and evolution when it is due."""

import numpy as np
from scipy.sparse import issparse

from sklearn_set._layers.batches import as_rows


class Samples:
    """Samples to learn from, loaded batch by batch.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_features)
        Validated.
    targets : ndarray of shape (n_samples, n_outputs)
        What the loss compares the outputs with.
    weights : ndarray of shape (n_samples,) or None
        None if each is 1.
    used : ndarray of shape (n_used,), dtype intp
        The samples to learn from; the others wait for validation, or weigh nothing.
    max_batch : int
        The largest batch to come.
    transform : callable, default=None
        The user's ``transform(X_batch, rng)``.
    rng : numpy.random.Generator, default=None
        Passed to `transform`.
    """

    def __init__(self, X, targets, weights, used, max_batch, transform=None, rng=None):
        self.used = used
        self.n_outputs = targets.shape[1]
        self._X = X
        self._targets = targets
        self._weights = weights
        self._rows = as_rows(X, max_batch)
        self._max_batch = max_batch
        self._transform = transform
        self._rng = rng

    def batch(self, selected, n_threads):
        """Return features, targets (feature-major) and weights of some samples.

        Parameters
        ----------
        selected : ndarray of shape (batch,), dtype intp
            Which samples.
        n_threads : int
            Threads to use.

        Returns
        -------
        x : ndarray of shape (n_features, batch) or SparseBatch
            Overwritten by the next batch.
        targets : ndarray of shape (n_outputs, batch)
        weights : ndarray of shape (batch,) or None
        """
        weights = None if self._weights is None else self._weights[selected]
        return self._x(selected, n_threads), self._targets[selected].T, weights

    def _x(self, selected, n_threads):
        if self._transform is None:
            return self._rows.batch(selected, n_threads)
        X = self._transformed(self._X[selected])
        return as_rows(X, self._max_batch).batch(np.arange(selected.size), n_threads)

    def _transformed(self, X):
        """Return the user's version of some rows, checked."""
        new = self._transform(X, self._rng)
        values = new.data if issparse(X) and issparse(new) else new
        if issparse(X) != issparse(new) or getattr(new, "shape", None) != X.shape:
            raise ValueError(
                "batch_transform must return as many rows and columns as it gets, "
                f"sparse if they are; it got {_describe(X)} and returned "
                f"{_describe(new)}."
            )
        if not np.isfinite(values).all():
            raise ValueError("batch_transform returned NaN or infinite values.")
        return new.tocsr().astype(X.dtype) if issparse(X) else new.astype(X.dtype)


def _describe(X):
    return f"{type(X).__name__} of shape {getattr(X, 'shape', None)}"


class Training:
    """A network, how it is trained, and on what.

    Parameters
    ----------
    network : Network
        Changed in place.
    solver : Solver
        Turns gradients into steps.
    samples : Samples
        What to learn from.
    batch_size : int
        Samples for each step.
    alpha : float
        Strength of the L2 penalty.
    dropout : Dropout
        Decides what to drop.
    evolver : Evolver
        Evolves the network between epochs or batches.
    shuffle_rng : numpy.random.Generator or None
        Draws the order of the samples; None keeps it.
    """

    def __init__(
        self, *, network, solver, samples, batch_size, alpha, dropout, evolver,
        shuffle_rng,
    ):  # fmt: skip
        self.network = network
        self.solver = solver
        self.samples = samples
        self._batch_size = batch_size
        self._alpha = alpha
        self._dropout = dropout
        self._evolver = evolver
        self._shuffle_rng = shuffle_rng

    def run_epoch(self, rate, progress):
        """Pass over the samples once.

        Parameters
        ----------
        rate : float
            The learning rate.
        progress : float
            Share of the training that is done, below 1.

        Returns
        -------
        loss : float
            Mean loss of the batches, before each one's step.
        """
        self.solver.learning_rate = rate
        self._evolver.begin_epoch(progress, self._signals)
        order = self.samples.used.copy()
        if self._shuffle_rng is not None:
            self._shuffle_rng.shuffle(order)
        total = weight = 0.0
        for start in range(0, order.size, self._batch_size):
            loss, own = self._step(order[start : start + self._batch_size])
            total += loss * own
            weight += own
        self.network.settle()
        self._evolver.end_epoch()
        return total / weight

    def _step(self, selected):
        """Learn from a batch; return its mean loss and its weight."""
        self._evolver.begin_batch()
        x, y, weights = self.samples.batch(selected, self.network.n_threads)
        self._dropout.renew()
        loss = self.network.learn(
            x, y, self.solver, self._alpha, weights, self._dropout
        )
        self._evolver.end_batch()
        return loss, selected.size if weights is None else weights.sum()

    def _signals(self):
        """Return what the gradients on a random batch consist of, layer by layer."""
        used = self.samples.used
        selected = self._evolver.rng.choice(used, self._batch_size, replace=False)
        batch = self.samples.batch(selected, self.network.n_threads)
        return self.network.signals(*batch)
