"""The sources of a layer: their strengths, and positions that only some may take."""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.positions import draw_positions


def source_strengths(layer):
    """Return the sum of the magnitudes of each source's weights, (n_in,)."""
    indptr, _, weights, _ = layer.connections
    sums = np.append(0.0, np.abs(weights).cumsum(dtype=np.float64))
    return sums[indptr[1:]] - sums[indptr[:-1]]


def of_sources(layer, chosen):
    """Mark the connections of the chosen sources, (n_connections,), dtype bool."""
    return np.repeat(chosen, np.diff(layer.connections.indptr))


def draw_positions_of(layer, chosen, kept, n_new, rng):
    """Draw positions of new connections uniformly among the empty ones of some sources.

    Linear in the connections.

    Parameters
    ----------
    layer : SparseLayer
        As it was before.
    chosen : ndarray of shape (n_in,), dtype bool
        The sources that may have new connections.
    kept : ndarray of shape (n_connections,), dtype uint8
        1 for the connections that stay.
    n_new : int
        Number of new connections; fewer are drawn if there are not so many empty
        positions.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    positions : ndarray of shape (at most n_new,), dtype int64
        Ascending ranks among the positions that no kept connection takes.
    """
    n_kept = np.empty(layer.n_in, dtype=np.int32)
    _fast.count_kept(layer.connections.indptr, kept, n_kept, layer.n_threads)
    n_empty = layer.n_out - n_kept.astype(np.int64)
    ends_of_all = n_empty.cumsum()
    ends = np.where(chosen, n_empty, 0).cumsum()
    n_chosen = int(ends[-1])
    ranks = draw_positions(n_chosen, min(n_new, n_chosen), rng, layer.n_threads)
    sources = np.searchsorted(ends, ranks, side="right")
    # How many more empty positions there are before a source, with those not chosen.
    return ranks + (ends_of_all - ends)[sources]
