"""One sparse layer: its connections, and what belongs to each of them.

Connections are stored by source unit: the CSR arrays of the (n_in, n_out) weight
matrix. The matrix that users see (`SparseLayer.coef`) is a view of the same arrays.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.batches import SparseBatch
from sklearn_set._layers.lazy_updates import LazyUpdates
from sklearn_set._layers.positions import draw_positions
from sklearn_set._utils.buffers import Scratch
from sklearn_set._utils.checks import (
    MAX_CONNECTIONS,
    are_canonical,
    checked_coef,
    checked_kept,
    checked_positions,
    require_shape,
)

# A layer of at least so many connections scatters small batches: to look up its weights
# in the order of the targets would take longer than the arithmetic.
MANY_CONNECTIONS = 1 << 16
# Number of partial sums that it scatters to, and so its maximum number of threads.
N_PARTS = 4
# A batch is small if the activations of a unit take at most a cache line.
SMALL_BATCH_BYTES = 64


class Connections(NamedTuple):
    """The arrays of a layer's connections; always replaced together."""

    indptr: np.ndarray  # int32 (n_in + 1,)
    targets: np.ndarray  # int32 (n_connections,), ascending in each row
    weights: np.ndarray  # (n_connections,)
    state: np.ndarray  # (n_states, n_connections), the solver's


class _Derived:
    """The connections, and what has been computed from them, if anything."""

    def __init__(self, connections):
        self.connections = connections
        self.by_target = None  # the index by target
        self.in_target_order = None  # the same, with weights that do not change
        self.coef = None
        self.lazy_updates = None
        self.squared_norms = None


class SparseLayer:
    """Weighted connections from `n_in` source units to `n_out` target units.

    Parameters
    ----------
    connections : Connections
        The arrays, which the layer changes in place; indices within range.
    n_out : int
        Number of target units.
    n_threads : int, default=1
        Threads for each kernel.
    """

    def __init__(self, connections, n_out, n_threads=1):
        self._n_out = n_out
        self._n_threads = n_threads
        self._is_trained = False
        self.scratch = Scratch()  # layers of which one is used at a time may share it
        self._derived = _Derived(connections)

    @classmethod
    def random(cls, n_in, n_out, n_connections, rng, dtype, n_threads=1):
        """Return a layer with `n_connections` weights of 0 at random positions."""
        empty = Connections(
            np.zeros(n_in + 1, dtype=np.int32),
            np.empty(0, dtype=np.int32),
            np.empty(0, dtype=dtype),
            np.empty((0, 0), dtype=dtype),
        )
        layer = cls(empty, n_out, n_threads)
        positions = draw_positions(n_in * n_out, n_connections, rng, n_threads)
        layer.rewire(np.empty(0, dtype=np.uint8), positions)
        return layer

    @classmethod
    def from_coef(cls, coef, n_threads=1, copy=False):
        """Return a layer over a weight matrix.

        Parameters
        ----------
        coef : csr_array of shape (n_in, n_out)
            Checked in full: it may come from a file, or have been set by hand.
        n_threads : int, default=1
            Threads for each kernel.
        copy : bool, default=False
            Whether to copy the weights; otherwise they are shared where possible.

        Returns
        -------
        layer : SparseLayer

        Raises
        ------
        ValueError
            If the matrix has an index out of range or too many connections.
        """
        coef = checked_coef(coef)
        connections = Connections(
            np.ascontiguousarray(coef.indptr, dtype=np.int32),
            np.ascontiguousarray(coef.indices, dtype=np.int32),
            coef.data.copy() if copy else np.ascontiguousarray(coef.data),
            np.empty((0, coef.nnz), dtype=coef.dtype),
        )
        return cls(connections, coef.shape[1], n_threads)

    def replace(self, connections):
        """Take over other connections between the same units, in one step.

        Parameters
        ----------
        connections : Connections
            The arrays, of the same dtypes and with as many values of the solver's state
            for each connection as before. Checked in full, as those of a user's
            evolution rule may be anything.

        Raises
        ------
        ValueError
            If they are not; the layer then is as before.
        """
        self._check(connections, self.n_states)
        self._derived = _Derived(connections)

    def check(self, n_states):
        """Raise ValueError if the arrays have been changed to what no kernel can use.

        A rule may write to the weights in place. For all else there is `rewire`.

        Parameters
        ----------
        n_states : int
            Number of values that the solver keeps for each connection.
        """
        self._check(self.connections, n_states)

    def _check(self, connections, n_states):
        old, shape = self.connections, (self.n_in, self.n_out)
        if not (
            isinstance(connections, Connections)
            and all(isinstance(array, np.ndarray) for array in connections)
            and all(a.dtype == b.dtype for a, b in zip(connections, old, strict=True))
            and all(array.flags.c_contiguous for array in connections)
            and connections.state.shape == (n_states, connections.targets.size)
            and are_canonical(*connections[:3], shape)
        ):
            raise ValueError(
                f"An evolution rule left a layer of {shape[0]} times {shape[1]} units "
                "with arrays that are not those of its connections. Change connections "
                "by the layer's method 'rewire' only."
            )

    @property
    def connections(self):
        """The arrays of the connections."""
        return self._derived.connections

    @property
    def n_out(self):
        """Number of target units."""
        return self._n_out

    @property
    def n_threads(self):
        """Threads for each kernel; may be changed, which changes no result."""
        return self._n_threads

    @n_threads.setter
    def n_threads(self, n_threads):
        self._n_threads = n_threads
        if self._derived.lazy_updates is not None:
            self._derived.lazy_updates.n_threads = n_threads

    @property
    def n_in(self):
        """Number of source units."""
        return self.connections.indptr.size - 1

    @property
    def n_connections(self):
        """Number of connections."""
        return self.connections.targets.size

    @property
    def n_states(self):
        """Number of values that the solver keeps for each connection."""
        return self.connections.state.shape[0]

    @property
    def n_positions(self):
        """Number of connections of the dense layer."""
        return self.n_in * self.n_out

    @property
    def dtype(self):
        """Dtype of the weights."""
        return self.connections.weights.dtype

    @property
    def coef(self):
        """The weights as a csr_array of shape (n_in, n_out), a view of the arrays."""
        derived = self._derived
        if derived.coef is None:
            indptr, targets, weights, _ = derived.connections
            coef = csr_array((weights, targets, indptr), shape=(self.n_in, self.n_out))
            coef.has_canonical_format = True
            derived.coef = coef
        return derived.coef

    def prepare(self, state, last_lazy_step=None):
        """Get ready to be trained and to evolve.

        Parameters
        ----------
        state : ndarray of shape (n_states, n_connections)
            The solver's state, changed in place from now on.
        last_lazy_step : ndarray of shape (1,), dtype STEP_DTYPE, default=None
            What the property of this name returned when `state` was the layer's.
        """
        require_shape("The solver's state", state, (len(state), self.n_connections))
        self._is_trained = True
        weights = np.require(self.connections.weights, requirements="W")
        connections = self.connections._replace(weights=weights, state=state)
        self._derived = _Derived(connections)
        if last_lazy_step is not None:
            self._start_lazy_updates(last_lazy_step)

    @property
    def last_lazy_step(self):
        """The last of the lazy updates, with which a later call continues; or None."""
        lazy_updates = self._derived.lazy_updates
        return None if lazy_updates is None else lazy_updates.last

    def _start_lazy_updates(self, last=None):
        lazy_updates = LazyUpdates(self.connections, self.n_threads, last)
        self._derived.lazy_updates = lazy_updates

    # -- forward ----------------------------------------------------------

    def by_target(self):
        """Return the index of the connections by target unit.

        Returns
        -------
        indptr : ndarray of shape (n_out + 1,), dtype int32
        sources : ndarray of shape (n_connections,), dtype int32
        links : ndarray of shape (n_connections,), dtype int32
            Positions of the connections in the arrays by source.
        """
        derived = self._derived
        if derived.by_target is None:
            indptr = np.empty(self.n_out + 1, dtype=np.int32)
            sources = np.empty(self.n_connections, dtype=np.int32)
            links = np.empty(self.n_connections, dtype=np.int32)
            _fast.transpose_index(
                self.connections.indptr, self.connections.targets, indptr, sources,
                links, self.n_threads,
            )  # fmt: skip
            derived.by_target = indptr, sources, links
        return derived.by_target

    def take_index(self, index):
        """Use what `by_target` returned for the same connections, if it was called."""
        self._derived.by_target = index

    @property
    def index(self):
        """The index by target, if it has been built, or else None."""
        return self._derived.by_target

    def forward(self, x, bias, out, negative_slope=1.0, logistic=False):
        """Write ``f(W.T @ x + bias)`` to `out`.

        The sums are gathered at each target, through the index by target, with two
        exceptions. The index is not worth building to predict a few rows, and in a
        layer of many connections it is not used for small batches: these are scattered
        from the sources. With many connections the results differ by rounding.

        Parameters
        ----------
        x : ndarray of shape (n_in, batch) or SparseBatch
            Activations of the sources.
        bias : ndarray of shape (n_out,)
            Added to each target.
        out : ndarray of shape (n_out, batch)
            The output array.
        negative_slope : float, default=1.0
            ``f(z) = max(z, 0) + negative_slope * min(z, 0)``.
        logistic : bool, default=False
            Whether to apply ``1 / (1 + exp(-f))`` to that; not for a SparseBatch.
        """
        require_shape("The batch", out, (self.n_out, x.shape[1]))
        require_shape("The bias", bias, (self.n_out,))
        self._require_sources(x)
        if isinstance(x, SparseBatch):
            self._forward_nonzeros(x, bias, out, negative_slope)
        elif self._scatters(x):
            self._scatter(x, bias, out, negative_slope, logistic)
        else:
            indptr, sources, links, weights = self._to_gather()
            _fast.gather(
                x, indptr, sources, links, weights, bias, negative_slope, out,
                self.n_threads, logistic,
            )  # fmt: skip

    def _to_gather(self):
        """Return the index by target, with the weights.

        Weights that do not change are copied to the order of the index, which saves
        looking up each of them.
        """
        if self._is_trained:
            return *self.by_target(), self.connections.weights
        derived = self._derived
        if derived.in_target_order is None:
            indptr, sources, links = self.by_target()
            weights = self.connections.weights[links]
            derived.in_target_order = indptr, sources, None, weights
            derived.by_target = None
        return derived.in_target_order

    def _require_sources(self, x):
        if x.shape[0] != self.n_in:
            raise ValueError(
                f"The batch has {x.shape[0]} features where the layer has {self.n_in} "
                "sources: model and data do not fit each other. Fit it again."
            )

    def _scatters(self, x):
        is_small = x.shape[1] * self.dtype.itemsize <= SMALL_BATCH_BYTES
        has_index = self._is_trained or self._derived.in_target_order is not None
        return is_small and (self.n_connections >= MANY_CONNECTIONS or not has_index)

    def _scatter(self, x, bias, out, negative_slope, logistic):
        n_parts = N_PARTS if self.n_connections >= MANY_CONNECTIONS else 1
        parts = self.scratch.array((n_parts - 1, *out.shape), self.dtype)
        indptr, targets, weights, _ = self.connections
        _fast.scatter(
            x, indptr, targets, weights, bias, negative_slope, parts, out,
            self.n_threads, logistic,
        )  # fmt: skip

    def _forward_nonzeros(self, x, bias, out, negative_slope):
        shape = self.n_threads, min(_fast.LINE, x.shape[1]), self.n_out
        sums = self.scratch.array(shape, self.dtype)
        indptr, targets, weights, state = self.connections
        pending = ()
        lazy_updates = self._derived.lazy_updates
        if lazy_updates is not None:
            pending = state, *lazy_updates.pending(x.by_feature.present)
        _fast.forward_nonzeros(
            *x.by_sample, indptr, targets, weights, bias, negative_slope,
            sums, out, self.n_threads, *pending,
        )  # fmt: skip

    def transposed_forward(self, x, bias, out, logistic=False):
        """Write ``W @ x + bias`` to `out`.

        Parameters
        ----------
        x : ndarray of shape (n_out, batch)
            Activations of the targets.
        bias : ndarray of shape (n_in,)
            Added to each source.
        out : ndarray of shape (n_in, batch)
            The output array.
        logistic : bool, default=False
            Whether to apply ``1 / (1 + exp(-z))`` to that.
        """
        indptr, targets, weights, _ = self.connections
        require_shape("The batch", x, (self.n_out, x.shape[1]))
        require_shape("The batch", out, (self.n_in, x.shape[1]))
        require_shape("The bias", bias, (self.n_in,))
        _fast.gather(
            x, indptr, targets, None, weights, bias, 1.0, out, self.n_threads, logistic
        )

    # -- backward ---------------------------------------------------------

    def backward(
        self, x, delta, step, negative_slope=1.0, *, bias_gradient=None, negative=None,
        with_norms=True,
    ):  # fmt: skip
        """Move all weights by one step of the solver, in place.

        Parameters
        ----------
        x : ndarray of shape (n_in, batch) or SparseBatch
            Activations of the sources.
        delta : ndarray of shape (n_out, batch)
            The loss's gradient at the targets.
        step : ndarray of shape (1,), dtype STEP_DTYPE
            The solver's step.
        negative_slope : float, default=1.0
            Slope below 0 of the activation f that computed `x`.
        bias_gradient : ndarray of shape (n_in,), default=None
            If given, the loss's gradient at the sources, ``f'(x) * (W @ delta)``,
            replaces `x`, and its sum over the batch is written here. Not for a
            SparseBatch, nor with `negative`.
        negative : (ndarray, ndarray), default=None
            Like `x` and `delta`, samples that are subtracted from the gradient: the
            negative phase of contrastive divergence.
        with_norms : bool, default=True
            Whether to sum the squared weights.

        Returns
        -------
        squared_norm : float
            The sum of the squared weights as they were before the step, or 0 without
            `with_norms`. Sources that are absent from a SparseBatch count as when they
            were last present.
        """
        require_shape("The batch", delta, (self.n_out, x.shape[1]))
        self._require_sources(x)
        if isinstance(x, SparseBatch):
            return self._backward_nonzeros(x, delta, step, with_norms)
        negative_x, negative_delta = negative or (None, None)
        if negative is not None:
            require_shape("The batch", negative_x, x.shape)
            require_shape("The batch", negative_delta, delta.shape)
            bias_gradient = None
        if bias_gradient is not None:
            require_shape("The bias gradient", bias_gradient, (self.n_in,))
        row = self.scratch.array((self.n_threads, x.shape[1]), self.dtype)
        return _fast.backward(
            x, delta, *self.connections, step, negative_slope, bias_gradient,
            self._squared_norms() if with_norms else None, row,
            self.n_threads, negative_x, negative_delta,
        )  # fmt: skip

    def _squared_norms(self):
        """Return the array for the squared norms of the rows."""
        derived = self._derived
        if derived.squared_norms is None:
            derived.squared_norms = np.zeros(self.n_in)
        return derived.squared_norms

    def _backward_nonzeros(self, x, delta, step, with_norms):
        derived = self._derived
        if derived.lazy_updates is None:
            self._start_lazy_updates()
        lazy_updates = derived.lazy_updates
        lazy_updates.begin(step)
        _fast.backward_nonzeros(
            *x.by_feature, delta, *self.connections, step, *lazy_updates.pending(),
            lazy_updates.squared_norms, self.n_threads,
        )  # fmt: skip
        lazy_updates.end()
        return lazy_updates.squared_norms.sum() if with_norms else 0.0

    def flush(self):
        """Apply the pending lazy updates that batches of a sparse X leave behind."""
        if self._derived.lazy_updates is not None:
            self._derived.lazy_updates.flush()

    # -- evolution --------------------------------------------------------

    def rewire(self, kept, positions):
        """Drop connections and add new ones.

        Parameters
        ----------
        kept : ndarray of shape (n_connections,), dtype uint8 or bool
            1 for the connections that stay, with their weight and state.
        positions : ndarray of shape (n_new,), dtype int64
            The new connections, as ascending ranks among the positions that no kept
            connection takes, counted row by row. Their weight and state start at 0.

        Raises
        ------
        ValueError
            If either is something else; the layer then is as before.
        """
        old = self.connections
        kept = checked_kept(kept, self.n_connections)
        n_kept = int(np.count_nonzero(kept))
        positions = checked_positions(positions, self.n_positions - n_kept)
        if n_kept + positions.size > MAX_CONNECTIONS:
            raise ValueError(f"A layer has at most {MAX_CONNECTIONS} connections.")
        self._derived.by_target = None  # frees memory
        kept_before = np.zeros(self.n_in + 1, dtype=np.int32)
        _fast.count_kept(old.indptr, kept, kept_before[1:], self.n_threads)
        kept_before.cumsum(dtype=np.int32, out=kept_before)
        n_connections = int(kept_before[-1]) + positions.size
        new = Connections(
            np.empty_like(old.indptr),
            np.empty(n_connections, dtype=np.int32),
            np.empty(n_connections, dtype=self.dtype),
            np.empty((old.state.shape[0], n_connections), dtype=self.dtype),
        )
        _fast.rewire(
            *old, kept, kept_before, positions, self.n_out, *new, self.n_threads
        )
        self._derived = _Derived(new)
