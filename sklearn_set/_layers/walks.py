"""Positions at the ends of short paths, drawn by random walks over the connections."""

import numpy as np
from scipy.sparse import csr_array

from sklearn_set._layers.positions import draw_positions, free_ranks

# Walks for each connection that is still missing, how many there are at least, and how
# often that is repeated.
WALKS_PER_NEW, MIN_WALKS, MAX_ROUNDS = 3, 64, 4


class Walks:
    """Random walks of three steps: to a target, back to a source, and to a target.

    The first connection is any of those that stay, each step any connection of the unit
    that was reached. So a position (i, j) is reached in proportion to the sum, over the
    paths from i by target b and source a to j, of 1 / (degree of b times degree of a).

    Parameters
    ----------
    layer : SparseLayer
        The layer.
    kept : ndarray of shape (n_connections,), dtype uint8
        1 for the connections that stay.

    Attributes
    ----------
    taken : ndarray of shape (n_kept,), dtype int64
        The positions of the connections that stay, ascending.
    """

    def __init__(self, layer, kept):
        indptr, targets, *_ = layer.connections
        n_before = np.append(0, kept.cumsum(dtype=np.int32))
        self._of_source = n_before[indptr]  # where the connections of a source begin
        self._targets = targets[kept.view(bool)]
        n_kept = self._targets.size
        self._sources = np.repeat(
            np.arange(layer.n_in, dtype=np.int32), np.diff(self._of_source)
        )
        self.taken = self._sources * np.int64(layer.n_out) + self._targets
        # Conversion to CSC sorts by target, in linear time.
        by_target = csr_array(
            (np.arange(n_kept, dtype=np.int32), self._targets, self._of_source),
            shape=(layer.n_in, layer.n_out),
        ).tocsc()
        self._by_target, self._of_target = by_target.data, by_target.indptr

    def ends(self, n, rng):
        """Return the first sources and the last targets of n walks, if any is kept."""
        first = rng.integers(self._targets.size, size=n)
        first.sort()  # so that they are read in the order of memory
        back = _draw_of(self._of_target, self._targets[first], rng)
        last = _draw_of(self._of_source, self._sources[self._by_target[back]], rng)
        return self._sources[first], self._targets[last]


def _draw_of(starts, units, rng):
    """Draw an entry of each of the units, whose entries begin at ``starts[unit]``."""
    first = starts[units]
    return first + (rng.random(units.size) * (starts[units + 1] - first)).astype(int)


def draw_by_walks(layer, kept, n_new, rng):
    """Draw free positions at the ends of walks; linear in the connections.

    Positions that are missing after four rounds of walks, as those of a network that
    falls into small parts, are drawn uniformly.

    Parameters
    ----------
    layer : SparseLayer
        As it was before.
    kept : ndarray of shape (n_connections,), dtype uint8
        1 for the connections that stay.
    n_new : int
        Number of new connections.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    positions : ndarray of shape (n_new,), dtype int64
        Ascending ranks among the positions that no kept connection takes.
    """
    walks, ranks = Walks(layer, kept), np.empty(0, dtype=np.int64)
    taken = walks.taken
    for _ in range(MAX_ROUNDS if taken.size else 0):
        missing = n_new - ranks.size
        if not missing:
            return ranks
        sources, targets = walks.ends(max(WALKS_PER_NEW * missing, MIN_WALKS), rng)
        ends = np.sort(sources * np.int64(layer.n_out) + targets)
        found = _without(free_ranks(ends, taken), ranks)
        ranks = np.sort(np.append(ranks, _first_distinct(found, missing, rng)))
    return _fill(ranks, n_new, layer.n_positions - taken.size, rng, layer.n_threads)


def _without(values, others):
    """Remove from an ascending array the values of another one."""
    if not others.size:
        return values
    index = np.searchsorted(others, values)
    return values[np.append(others, -1)[index] != values]


def _first_distinct(values, n, rng):
    """Return the first n distinct values of a random order of an ascending array.

    So they are as if drawn one by one, without those drawn before. All of the distinct
    values, if there are fewer.
    """
    if not n or not values.size:
        return values[:0]
    first = np.flatnonzero(np.diff(values, prepend=-1))
    places = np.minimum.reduceat(rng.random(values.size), first)
    chosen = np.argpartition(places, n - 1)[:n] if n < first.size else slice(None)
    return values[first[chosen]]


def _fill(ranks, n_new, n_empty, rng, n_threads):
    """Add ranks, drawn uniformly, until there are n_new."""
    others = draw_positions(n_empty, n_new, rng, n_threads)
    others = np.setdiff1d(others, ranks, assume_unique=True)
    return np.sort(np.append(ranks, rng.permutation(others)[: n_new - ranks.size]))
