"""The loss's gradient at positions without a connection."""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.batches import SparseBatch
from sklearn_set._layers.positions import free_ranks, kept_positions, sorted_distinct


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


def draw_likely_positions(layer, kept, n_draws, source, delta, rng):
    """Draw free positions at which the gradient may be large.

    Source and target are drawn in proportion to the norms of their factors: by Cauchy
    and Schwarz the magnitude of ``source[i] @ delta[j]`` is at most the product.

    Parameters
    ----------
    layer, kept, source, delta
        As for `position_gradients`.
    n_draws : int
        Number of draws; positions that are drawn again or taken do not count.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ranks : ndarray of shape (at most n_draws,), dtype int64
        Ascending ranks among the positions that no kept connection takes.
    """
    sources = _draw(_norms(source), n_draws, rng)
    targets = _draw(np.linalg.norm(delta, axis=1), n_draws, rng)
    rng.shuffle(targets)  # independent of the sources
    positions = sorted_distinct(sources * np.int64(layer.n_out) + targets)
    return free_ranks(positions, kept_positions(layer, kept))


def _norms(source):
    """Return the norm of each source's activations, (n_in,)."""
    if not isinstance(source, SparseBatch):
        return np.linalg.norm(source, axis=1)
    present, starts, _, values = source.by_feature
    features = np.repeat(present, np.diff(starts[: present.size + 1]))
    squares = np.square(values[: features.size], dtype=float)
    return np.sqrt(np.bincount(features, squares, minlength=source.shape[0]))


def _draw(weights, n_draws, rng):
    """Draw indices in proportion to weights, or uniformly if all are 0; ascending.

    All numbers of draws at once: searching the sums of the weights for each draw would
    wait for memory at each step.
    """
    weights = weights.astype(float)
    total = weights.sum()
    shares = weights / total if total > 0 else np.full(weights.size, 1 / weights.size)
    indices = np.arange(weights.size, dtype=np.int32)
    return np.repeat(indices, rng.multinomial(n_draws, shares))


def locate(layer, kept, ranks):
    """Convert ranks among the free positions to sources and targets."""
    taken = kept_positions(layer, kept)
    empty_before = taken - np.arange(taken.size)
    positions = ranks + np.searchsorted(empty_before, ranks, side="right")
    sources, targets = np.divmod(positions, layer.n_out)
    return sources.astype(np.int32), targets.astype(np.int32)
