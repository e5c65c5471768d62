"""Positions of a layer's matrix: random ones, and those that no connection takes."""

import numpy as np

from sklearn_set._kernels.builds import _fast

# Number of draws that are sorted at a time: they fit in the L1 cache.
DRAWS_PER_BLOCK = 1024


def _distinct(n_positions, n_draws, rng, n_threads):
    """Return the distinct values among independent draws of a position, ascending.

    The numbers of draws in each block of positions are multinomial; within its block a
    draw is uniform.
    """
    n_blocks = max(1, min(n_draws // DRAWS_PER_BLOCK, n_positions))
    limits = np.array([n_positions * b // n_blocks for b in range(n_blocks + 1)])
    probabilities = np.diff(limits) / n_positions
    counts = rng.multinomial(n_draws, probabilities / probabilities.sum())
    starts = np.append(0, counts.cumsum())
    positions = np.empty(n_draws, dtype=np.int64)
    n_distinct = np.empty(n_blocks, dtype=np.int64)
    longest = int(counts.max())
    buckets = np.empty((n_threads, longest + 1), dtype=np.int32)
    scratch = np.empty((n_threads, longest), dtype=np.int64)
    _fast.draw_blocks(
        int(rng.integers(1 << 63)), limits, starts, buckets, scratch, positions,
        n_distinct, n_threads,
    )  # fmt: skip
    new_starts = np.append(0, n_distinct.cumsum())
    out = np.empty(new_starts[-1], dtype=np.int64)
    _fast.pack_blocks(positions, starts, new_starts, out, n_threads)
    return out


def draw_positions(n_positions, n_draws, rng, n_threads=1):
    """Draw distinct positions uniformly, in time and memory linear in their number.

    The distinct values among enough independent draws are, given their number, a
    uniform sample without replacement, by symmetry; dropping a uniform part of them
    leaves a sample of the required size.

    Parameters
    ----------
    n_positions : int
        The positions are 0, ..., n_positions - 1.
    n_draws : int
        Number of positions to draw; at most `n_positions`.
    rng : numpy.random.Generator
        Source of randomness.
    n_threads : int, default=1
        Threads to use; they do not change the result.

    Returns
    -------
    positions : ndarray of shape (n_draws,), dtype int64
        In ascending order.
    """
    if 2 * n_draws > n_positions:  # fewer are not drawn: draw those instead
        taken = np.ones(n_positions, dtype=bool)
        empty = draw_positions(n_positions, n_positions - n_draws, rng, n_threads)
        taken[empty] = False
        return np.flatnonzero(taken)
    positions = np.empty(0, dtype=np.int64)
    while positions.size < n_draws:
        # So many draws that enough of them are distinct, with high probability.
        missing = (n_draws - positions.size) / (n_positions - positions.size)
        n_more = int(-n_positions * np.log1p(-missing) + 4 * np.sqrt(n_draws)) + 1
        more = _distinct(n_positions, n_more, rng, n_threads)
        positions = np.union1d(positions, more) if positions.size else more
    surplus = rng.choice(positions.size, positions.size - n_draws, replace=False)
    return np.delete(positions, surplus)


def kept_positions(layer, kept):
    """Return the positions of the connections that stay.

    Parameters
    ----------
    layer : SparseLayer
        The layer.
    kept : ndarray of shape (n_connections,), dtype uint8
        1 for the connections that stay.

    Returns
    -------
    positions : ndarray of shape (n_kept,), dtype int64
        Source times `n_out` plus target, ascending.
    """
    indptr, targets, *_ = layer.connections
    indices = np.flatnonzero(kept)
    rows = np.repeat(np.arange(layer.n_in), np.diff(indptr))[indices]
    return rows * layer.n_out + targets[indices]


def free_ranks(positions, taken):
    """Return the ranks of positions among the free ones, without those taken.

    Parameters
    ----------
    positions, taken : ndarray, dtype int64
        Ascending.

    Returns
    -------
    ranks : ndarray of shape (at most n_positions,), dtype int64
    """
    n_taken_before = np.searchsorted(taken, positions)
    is_free = np.append(taken, -1)[n_taken_before] != positions
    return (positions - n_taken_before)[is_free]


def sorted_distinct(*values):
    """Return the distinct values of integer arrays in ascending order.

    NumPy's `unique` and `union1d` hash them, which takes ten times as long.
    """
    values = np.sort(np.concatenate(values))
    is_first = np.ones(values.size, dtype=bool)
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    return values[is_first]
