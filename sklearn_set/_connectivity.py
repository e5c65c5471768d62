"""One sparse layer: its links, and what belongs to each link.

Links are stored by source: the CSR arrays of the (n_in, n_out) weight matrix. The
matrix that users see (`SparseLayer.coef`) is a view of the same arrays.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from sklearn_set._batches import SparseBatch
from sklearn_set._builds import _fast
from sklearn_set._deferred import DeferredSteps
from sklearn_set._memory import aligned_empty
from sklearn_set._random import draw_places
from sklearn_set._validation import checked_coef, require_shape

# Links from which on a layer scatters small batches: its weights, looked up in another
# order than the stored one, would take longer than the little that is done with each.
HUGE = 1 << 16
# Sums that the sources of such a layer scatter to, for as many threads.
N_PARTS = 4
# Bytes of a row of a batch up to which that holds: a cache line.
NARROW_BYTES = 64


class Links(NamedTuple):
    """The arrays of a layer's links; replaced as a whole, never one by one."""

    indptr: np.ndarray  # int32 (n_in + 1,)
    targets: np.ndarray  # int32 (n_links,), ascending in each row
    weights: np.ndarray  # (n_links,)
    state: np.ndarray  # (n_states, n_links), the solver's


class SparseLayer:
    """Links from `n_in` source units to `n_out` target units.

    Parameters
    ----------
    links : Links
        The arrays, which the layer changes in place; indices within range.
    n_out : int
        Number of target units.
    n_threads : int, default=1
        Threads for each kernel.
    """

    def __init__(self, links, n_out, n_threads=1):
        self.n_out = n_out
        self.n_threads = n_threads
        self._learns = False
        self._room = None
        self._coef = None
        self.replace(links)

    @classmethod
    def random(cls, n_in, n_out, n_links, rng, dtype, n_threads=1):
        """Return a layer with `n_links` links of weight 0 at random places."""
        nothing = Links(
            np.zeros(n_in + 1, dtype=np.int32),
            np.empty(0, dtype=np.int32),
            np.empty(0, dtype=dtype),
            np.empty((0, 0), dtype=dtype),
        )
        layer = cls(nothing, n_out, n_threads)
        places = draw_places(n_in * n_out, n_links, rng, n_threads)
        layer.rewire(np.empty(0, dtype=np.uint8), places)
        return layer

    @classmethod
    def from_coef(cls, coef, n_threads=1):
        """Return a layer over a weight matrix, sharing its arrays where it can.

        Parameters
        ----------
        coef : csr_array of shape (n_in, n_out)
            Checked in full: it may come from a file or from a user's hand.
        n_threads : int, default=1
            Threads for each kernel.

        Returns
        -------
        layer : SparseLayer

        Raises
        ------
        ValueError
            If the matrix has an index out of range or too many links.
        """
        coef = checked_coef(coef)
        links = Links(
            np.ascontiguousarray(coef.indptr, dtype=np.int32),
            np.ascontiguousarray(coef.indices, dtype=np.int32),
            np.ascontiguousarray(coef.data),
            np.empty((0, coef.nnz), dtype=coef.dtype),
        )
        return cls(links, coef.shape[1], n_threads)

    def replace(self, links):
        """Take over other links between the same units; arguments as for the class."""
        self.links = links
        self._by_target = self._in_order = None
        self._squares = None
        self._deferred = None
        if self._coef is not None:
            indptr, targets, weights, _ = links
            self._coef.indptr, self._coef.indices = indptr, targets
            self._coef.data = weights

    @property
    def n_in(self):
        """Number of source units."""
        return self.links.indptr.size - 1

    @property
    def n_links(self):
        """Number of links."""
        return self.links.targets.size

    @property
    def n_places(self):
        """Number of links of the dense layer."""
        return self.n_in * self.n_out

    @property
    def dtype(self):
        """Dtype of the weights."""
        return self.links.weights.dtype

    @property
    def coef(self):
        """The weights as a csr_array of shape (n_in, n_out), a view.

        It follows the layer when that evolves: whoever holds it does not keep the old
        arrays.
        """
        if self._coef is None:
            indptr, targets, weights, _ = self.links
            self._coef = csr_array(
                (weights, targets, indptr), shape=(self.n_in, self.n_out)
            )
            self._coef.has_canonical_format = True
        return self._coef

    def prepare(self, state):
        """Make ready to learn and to evolve.

        Parameters
        ----------
        state : ndarray of shape (n_states, n_links)
            The solver's, changed in place from now on.
        """
        require_shape("The solver's state", state, (len(state), self.n_links))
        self._learns = True
        weights = np.require(self.links.weights, requirements="W")
        self.replace(self.links._replace(weights=weights, state=state))

    def by_target(self):
        """Return the links listed by target.

        Returns
        -------
        indptr : ndarray of shape (n_out + 1,), dtype int32
        sources : ndarray of shape (n_links,), dtype int32
        links : ndarray of shape (n_links,), dtype int32
            Positions of the links in the arrays by source.
        """
        if self._by_target is None:
            indptr = np.empty(self.n_out + 1, dtype=np.int32)
            sources = np.empty(self.n_links, dtype=np.int32)
            links = np.empty(self.n_links, dtype=np.int32)
            _fast.transpose_index(
                self.links.indptr, self.links.targets, indptr, sources, links,
                self.n_threads,
            )  # fmt: skip
            self._by_target = indptr, sources, links
        return self._by_target

    def to_targets(self, x, bias, out, slope=1.0, logistic=False):
        """Write ``f(W.T @ x + bias)`` to `out`.

        A layer gathers at each target, through an index by target. To build that is
        not worth while for a few rows to predict, nor is it used for small batches in
        a layer of many links: those are scattered from the sources. With many links
        their sums differ from the gathered ones by rounding.

        Parameters
        ----------
        x : ndarray of shape (n_in, batch) or SparseBatch
            Activations of the sources.
        bias : ndarray of shape (n_out,)
            Added to each target.
        out : ndarray of shape (n_out, batch)
            What is written.
        slope : float, default=1.0
            ``f(z) = max(z, 0) + slope * min(z, 0)``.
        logistic : bool, default=False
            Whether to go on with ``1 / (1 + exp(-f))``; not for a SparseBatch.
        """
        require_shape("The batch", out, (self.n_out, x.shape[1]))
        require_shape("The bias", bias, (self.n_out,))
        self._require_sources(x)
        if isinstance(x, SparseBatch):
            self._from_nonzeros(x, bias, out, slope)
        elif self._scatters(x):
            self._scatter(x, bias, out, slope, logistic)
        else:
            indptr, sources, links, weights = self._to_gather()
            _fast.gather(
                x, indptr, sources, links, weights, bias, slope, out, self.n_threads,
                logistic,
            )  # fmt: skip

    def _to_gather(self):
        """Return the links by target, with their weights, for the forward pass.

        Where the weights do not change they are put in this order too, which saves
        looking each of them up.
        """
        if self._learns:
            return *self.by_target(), self.links.weights
        if self._in_order is None:
            indptr, sources, links = self.by_target()
            self._in_order = indptr, sources, None, self.links.weights[links]
            self._by_target = None
        return self._in_order

    def _require_sources(self, x):
        if x.shape[0] != self.n_in:
            raise ValueError(
                f"The batch has {x.shape[0]} features where the layer has {self.n_in} "
                "sources: model and data do not fit each other. Fit it again."
            )

    def _scatters(self, x):
        is_narrow = x.shape[1] * self.dtype.itemsize <= NARROW_BYTES
        has_index = self._learns or self._in_order is not None
        return is_narrow and (self.n_links >= HUGE or not has_index)

    def _scatter(self, x, bias, out, slope, logistic):
        n_parts = N_PARTS if self.n_links >= HUGE else 1
        parts = self._scratch((n_parts - 1, *out.shape))
        indptr, targets, weights, _ = self.links
        _fast.scatter(
            x, indptr, targets, weights, bias, slope, parts, out, self.n_threads,
            logistic,
        )  # fmt: skip

    def _scratch(self, shape):
        """Return room for a kernel, kept for the next batch."""
        size = math.prod(shape)
        if self._room is None or self._room.size < size:
            self._room = aligned_empty(size, self.dtype)
        return self._room[:size].reshape(shape)

    def _from_nonzeros(self, x, bias, out, slope):
        shape = self.n_threads, min(_fast.LINE, x.shape[1]), self.n_out
        indptr, targets, weights, state = self.links
        owed = ()
        if self._deferred is not None:
            owed = state, *self._deferred.owed(x.by_feature.present)
        _fast.forward_nonzeros(
            *x.by_sample, indptr, targets, weights, bias, slope, self._scratch(shape),
            out, self.n_threads, *owed,
        )  # fmt: skip

    def to_sources(self, x, bias, out, logistic=False):
        """Write ``W @ x + bias`` to `out`.

        Parameters
        ----------
        x : ndarray of shape (n_out, batch)
            Activations of the targets.
        bias : ndarray of shape (n_in,)
            Added to each source.
        out : ndarray of shape (n_in, batch)
            What is written.
        logistic : bool, default=False
            Whether to go on with ``1 / (1 + exp(-z))``.
        """
        indptr, targets, weights, _ = self.links
        require_shape("The batch", x, (self.n_out, x.shape[1]))
        require_shape("The batch", out, (self.n_in, x.shape[1]))
        require_shape("The bias", bias, (self.n_in,))
        _fast.gather(
            x, indptr, targets, None, weights, bias, 1.0, out, self.n_threads, logistic
        )

    def learn(self, x, delta, step, slope=1.0, *, sums=None, less=None, measures=True):
        """Move every link by one step of the solver, in place.

        Parameters
        ----------
        x : ndarray of shape (n_in, batch) or SparseBatch
            Activations of the sources.
        delta : ndarray of shape (n_out, batch)
            The loss's gradient at the targets.
        step : ndarray of shape (1,), dtype STEP_DTYPE
            The solver's coefficients.
        slope : float, default=1.0
            Of the activation f that made `x`, below 0.
        sums : ndarray of shape (n_in,), default=None
            If given, the loss's gradient at the sources, ``f'(x) * (W @ delta)``, takes
            the place of `x`, and this gets its sum over the batch. Not for a
            SparseBatch, nor with `less`.
        less : (ndarray, ndarray), default=None
            Like `x` and `delta`, samples that subtract from the gradient.
        measures : bool, default=True
            Whether to sum the squared weights.

        Returns
        -------
        squares : float
            The sum of the squared weights as they were before the step, if measured, or
            else 0. Sources that are absent from a SparseBatch count as when they were
            last present.
        """
        require_shape("The batch", delta, (self.n_out, x.shape[1]))
        self._require_sources(x)
        if isinstance(x, SparseBatch):
            return self._learn_nonzeros(x, delta, step, measures)
        if measures and self._squares is None:
            self._squares = np.zeros(self.n_in)
        less_x, less_delta = less or (None, None)
        if less is not None:
            require_shape("The batch", less_x, x.shape)
            require_shape("The batch", less_delta, delta.shape)
            sums = None
        if sums is not None:
            require_shape("The sums", sums, (self.n_in,))
        return _fast.backward(
            x, delta, *self.links, step, slope, sums,
            self._squares if measures else None,
            self._scratch((self.n_threads, x.shape[1])), self.n_threads, less_x,
            less_delta,
        )  # fmt: skip

    def _learn_nonzeros(self, x, delta, step, measures):
        if self._deferred is None:
            self._deferred = DeferredSteps(self.links, self.n_threads)
        self._deferred.start(step)
        _fast.backward_nonzeros(
            *x.by_feature, delta, *self.links, step, *self._deferred.owed(),
            self._deferred.squares, self.n_threads,
        )  # fmt: skip
        self._deferred.finish()
        return self._deferred.squares.sum() if measures else 0.0

    def settle(self):
        """Make up for the steps that a sparse X let the layer put off."""
        if self._deferred is not None:
            self._deferred.settle()

    def rewire(self, keep, places):
        """Drop links and grow new ones.

        Parameters
        ----------
        keep : ndarray of shape (n_links,), dtype uint8
            1 for the links that survive, with their weight and state.
        places : ndarray of shape (n_new,), dtype int64
            Ascending ranks among the places, row by row, that no survivor takes. Weight
            and state of the new links start at 0.
        """
        old = self.links
        self._by_target = None  # makes room
        kept_before = np.zeros(self.n_in + 1, dtype=np.int32)
        _fast.count_kept(old.indptr, keep, kept_before[1:], self.n_threads)
        kept_before.cumsum(dtype=np.int32, out=kept_before)
        n_links = int(kept_before[-1]) + places.size
        new = Links(
            np.empty_like(old.indptr),
            np.empty(n_links, dtype=np.int32),
            np.empty(n_links, dtype=self.dtype),
            np.empty((old.state.shape[0], n_links), dtype=self.dtype),
        )
        _fast.rewire(*old, keep, kept_before, places, self.n_out, *new, self.n_threads)
        self.replace(new)
