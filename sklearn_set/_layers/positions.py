"""Random positions of a matrix: distinct, uniform, in time linear in their number."""

import numpy as np

from sklearn_set._kernels.builds import _fast

# Draws that are made, and sorted, at a time: they stay in the first cache.
DRAWS_PER_BLOCK = 1024


def _distinct(n_positions, n_draws, rng, n_threads):
    """Return the distinct values among independent draws of a place, ascending.

    How many of the draws fall in each block of places is multinomial; within its block
    each of them is uniform.
    """
    n_blocks = max(1, min(n_draws // DRAWS_PER_BLOCK, n_positions))
    limits = np.array([n_positions * b // n_blocks for b in range(n_blocks + 1)])
    share = np.diff(limits) / n_positions
    counts = rng.multinomial(n_draws, share / share.sum())
    starts = np.append(0, counts.cumsum())
    places = np.empty(n_draws, dtype=np.int64)
    n_distinct = np.empty(n_blocks, dtype=np.int64)
    longest = int(counts.max())
    _fast.draw_blocks(
        int(rng.integers(1 << 63)), limits, starts,
        np.empty((n_threads, longest + 1), dtype=np.int32),
        np.empty((n_threads, longest), dtype=np.int64), places, n_distinct, n_threads,
    )  # fmt: skip
    new_starts = np.append(0, n_distinct.cumsum())
    out = np.empty(new_starts[-1], dtype=np.int64)
    _fast.pack_blocks(places, starts, new_starts, out, n_threads)
    return out


def draw_positions(n_positions, n_draws, rng, n_threads=1):
    """Draw distinct places uniformly; memory and time go with the number of draws.

    The distinct values among enough independent draws are, given their number, a
    uniform sample without replacement (no place differs from another); dropping
    a uniform part of them leaves one of the size wanted.

    Parameters
    ----------
    n_positions : int
        The places are 0, ..., n_positions - 1.
    n_draws : int
        How many to draw; at most `n_positions`.
    rng : numpy.random.Generator
        Source of randomness.
    n_threads : int, default=1
        Threads to use; they do not change the result.

    Returns
    -------
    places : ndarray of shape (n_draws,), dtype int64
        In ascending order.
    """
    if 2 * n_draws > n_positions:  # fewer stay empty: draw those
        taken = np.ones(n_positions, dtype=bool)
        empty = draw_positions(n_positions, n_positions - n_draws, rng, n_threads)
        taken[empty] = False
        return np.flatnonzero(taken)
    places = np.empty(0, dtype=np.int64)
    while places.size < n_draws:
        # As many draws as leave enough distinct ones, but for bad luck.
        missing = (n_draws - places.size) / (n_positions - places.size)
        n_more = int(-n_positions * np.log1p(-missing) + 4 * np.sqrt(n_draws)) + 1
        more = _distinct(n_positions, n_more, rng, n_threads)
        places = np.union1d(places, more) if places.size else more
    surplus = rng.choice(places.size, places.size - n_draws, replace=False)
    return np.delete(places, surplus)
