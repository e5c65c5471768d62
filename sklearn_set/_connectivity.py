"""One sparse layer: its links, and what belongs to each link.

Links are stored by source: the CSR arrays of the (n_in, n_out) weight matrix. The
matrix that users see (`SparseLayer.coef`) is a view of the same arrays.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from sklearn_set import _fast
from sklearn_set._random import draw_places
from sklearn_set._validation import MAX_LINKS, checked_coef, require_shape


class Links(NamedTuple):
    """The arrays of a layer's links; replaced as a whole, never one by one."""

    indptr: np.ndarray  # int32 (n_in + 1,)
    targets: np.ndarray  # int32 (n_links,), ascending in each row
    weights: np.ndarray  # (n_links,)
    state: np.ndarray  # (n_states, n_links), the solver's


def erdos_renyi_n_links(n_in, n_out, epsilon):
    """Count the links of a random layer (Mocanu et al. 2018, eq. 1).

    Parameters
    ----------
    n_in, n_out : int
        Number of units on either side.
    epsilon : float
        Sparsity parameter.

    Returns
    -------
    n_links : int
        ``min(round(epsilon * (n_in + n_out)), n_in * n_out)``.

    Raises
    ------
    ValueError
        If links could no longer be counted in 32 bits, or none is left.
    """
    if max(n_in, n_out) > MAX_LINKS:
        raise ValueError(
            f"A layer of {n_in} x {n_out} units is too large: at most {MAX_LINKS} on "
            "either side. Use fewer units."
        )
    n_links = round(min(epsilon * (n_in + n_out), n_in * n_out))
    if n_links > MAX_LINKS:
        raise ValueError(
            f"epsilon={epsilon} gives the layer of {n_in} x {n_out} units {n_links} "
            f"links, more than the {MAX_LINKS} a layer can hold. Lower epsilon or use "
            "fewer units."
        )
    if n_links == 0:
        raise ValueError(
            f"epsilon={epsilon} leaves the layer of {n_in} x {n_out} units without "
            "any link. Raise epsilon."
        )
    return n_links


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
        self._set(links)

    @classmethod
    def random(cls, n_in, n_out, n_links, rng, dtype):
        """Return a layer with `n_links` links of weight 0 at random places."""
        nothing = Links(
            np.zeros(n_in + 1, dtype=np.int32),
            np.empty(0, dtype=np.int32),
            np.empty(0, dtype=dtype),
            np.empty((0, 0), dtype=dtype),
        )
        layer = cls(nothing, n_out)
        places = draw_places(n_in * n_out, n_links, rng)
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

    def _set(self, links):
        self.links = links
        self._by_target = None
        self._squares = self._scratch = None

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
        """The weights as a csr_array of shape (n_in, n_out), a view."""
        indptr, targets, weights, _ = self.links
        coef = csr_array((weights, targets, indptr), shape=(self.n_in, self.n_out))
        coef.has_canonical_format = True
        return coef

    def prepare(self, state):
        """Make ready to learn and to evolve.

        Parameters
        ----------
        state : ndarray of shape (n_states, n_links)
            The solver's, changed in place from now on.
        """
        require_shape("The solver's state", state, (len(state), self.n_links))
        weights = np.require(self.links.weights, requirements="W")
        self._set(self.links._replace(weights=weights, state=state))

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
                self.links.indptr, self.links.targets, indptr, sources, links
            )
            self._by_target = indptr, sources, links
        return self._by_target

    def _require_shapes(self, at_sources, at_targets):
        batch = at_sources.shape[-1]
        require_shape("The batch", at_sources, (self.n_in, batch))
        require_shape("The batch", at_targets, (self.n_out, batch))

    def to_targets(self, x, bias, out):
        """Write ``W.T @ x + bias`` to `out`.

        Parameters
        ----------
        x : ndarray of shape (n_in, batch)
            Activations of the sources.
        bias : ndarray of shape (n_out,)
            Added to each target.
        out : ndarray of shape (n_out, batch)
            What is written.
        """
        indptr, sources, links = self.by_target()
        self._require_shapes(x, out)
        require_shape("The bias", bias, (self.n_out,))
        _fast.gather(
            x, indptr, sources, links, self.links.weights, bias, out, self.n_threads
        )

    def to_sources(self, x, bias, out):
        """Write ``W @ x + bias`` to `out`.

        Parameters
        ----------
        x : ndarray of shape (n_out, batch)
            Activations of the targets.
        bias : ndarray of shape (n_in,)
            Added to each source.
        out : ndarray of shape (n_in, batch)
            What is written.
        """
        indptr, targets, weights, _ = self.links
        self._require_shapes(out, x)
        require_shape("The bias", bias, (self.n_in,))
        _fast.gather(x, indptr, targets, None, weights, bias, out, self.n_threads)

    def learn(self, x, delta, signal, step):
        """Move every link by one step of the solver, in place.

        Parameters
        ----------
        x : ndarray of shape (n_in, batch)
            Activations of the sources.
        delta : ndarray of shape (n_out, batch)
            The loss's gradient at the targets.
        signal : ndarray of shape (n_in, batch) or None
            Gets the loss's gradient at the sources, ``W @ delta``.
        step : ndarray
            The solver's coefficients.

        Returns
        -------
        squares : float
            Sum of the squared weights as they were before the step.
        """
        indptr, targets, weights, state = self.links
        self._require_shapes(x, delta)
        if signal is not None:
            self._require_shapes(signal, delta)
        if self._scratch is None:
            longest = int(np.diff(indptr).max(initial=0)) + 1
            self._scratch = np.empty((self.n_threads, longest), dtype=self.dtype)
            self._squares = np.zeros(self.n_in)
        _fast.learn(
            x, delta, indptr, targets, weights, state, step, signal,
            self._squares, self._scratch, self.n_threads,
        )  # fmt: skip
        return self._squares.sum()

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
        n_links = int(np.count_nonzero(keep)) + places.size
        new = Links(
            np.empty_like(old.indptr),
            np.empty(n_links, dtype=np.int32),
            np.empty(n_links, dtype=self.dtype),
            np.empty((old.state.shape[0], n_links), dtype=self.dtype),
        )
        _fast.rewire(*old, keep, places, self.n_out, *new)
        self._set(new)
