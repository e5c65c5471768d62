"""The loss's gradient at positions without a connection."""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.batches import SparseBatch


def position_gradients(layer, kept, ranks, source, delta):
    """Compute the loss's gradient for connections that do not exist.

    Parameters
    ----------
    layer : SparseLayer
        The layer, as it was before.
    kept : ndarray of shape (n_connections,), dtype uint8
        1 for the connections that stay.
    ranks : ndarray of shape (n_positions,), dtype int64
        Positions, as ascending ranks among those that no kept connection takes.
    source : ndarray of shape (n_in, batch) or SparseBatch
        Activations before the layer.
    delta : ndarray of shape (n_out, batch)
        The loss's gradient after it.

    Returns
    -------
    gradients : ndarray of shape (n_positions,)
    """
    sources, targets = locate(layer, kept, ranks)
    out = np.empty(ranks.size, dtype=layer.dtype)
    if not isinstance(source, SparseBatch):
        _fast.position_gradients(source, delta, sources, targets, out, layer.n_threads)
        return out
    present, *nonzeros = source.by_feature
    rows = np.full(layer.n_in, -1, dtype=np.int32)
    rows[present] = np.arange(present.size)
    _fast.position_gradients_nonzeros(
        *nonzeros, delta, rows[sources], targets, out, layer.n_threads
    )
    return out


def locate(layer, kept, ranks):
    """Convert ranks among the free positions to sources and targets."""
    indptr, targets, *_ = layer.connections
    indices = np.flatnonzero(kept)
    rows = np.repeat(np.arange(layer.n_in), np.diff(indptr))[indices]
    empty_before = rows * layer.n_out + targets[indices] - np.arange(indices.size)
    positions = ranks + np.searchsorted(empty_before, ranks, side="right")
    sources, targets = np.divmod(positions, layer.n_out)
    return sources.astype(np.int32), targets.astype(np.int32)
