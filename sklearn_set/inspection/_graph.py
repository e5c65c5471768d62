"""The whole network as one graph, without directions."""

import numpy as np
from scipy.sparse import block_array, csr_array
from scipy.sparse.csgraph import shortest_path
from sklearn.utils import Bunch, check_random_state

from sklearn_set.inspection._layers import pattern, weight_matrices


def adjacency(estimator):
    """Return the adjacency matrix of all units, the input's first.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    Returns
    -------
    graph : csr_array of shape (n_units, n_units)
        Symmetric, with ones.
    """
    coefs = weight_matrices(estimator)
    n_layers = len(coefs) + 1
    blocks = [[None] * n_layers for _ in range(n_layers)]
    for i, coef in enumerate(coefs):
        links = pattern(coef)
        blocks[i][i + 1], blocks[i + 1][i] = links, links.T
    return csr_array(block_array(blocks))


def path_lengths(estimator, n_sources=100, random_state=None):
    """Measure the shortest paths from a sample of the units to all others.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    n_sources : int, default=100
        How many units to start from, of all layers; all if there are fewer.

    random_state : int, RandomState instance or None, default=None
        Chooses them.

    Returns
    -------
    paths : Bunch
        ``lengths``, 1, 2, ..., ``counts``, how many of the pairs have such a
        distance, ``mean``, the mean distance of connected pairs, and ``connected``,
        the share of the pairs that are connected.
    """
    graph = adjacency(estimator)
    n_units = graph.shape[0]
    rng = check_random_state(random_state)
    sources = rng.permutation(n_units)[:n_sources]
    distances = shortest_path(graph, directed=False, unweighted=True, indices=sources)
    others = distances[distances > 0]
    finite = others[np.isfinite(others)].astype(np.intp)
    counts = np.bincount(finite, minlength=2)[1:]
    return Bunch(
        lengths=np.arange(1, counts.size + 1),
        counts=counts,
        mean=float(finite.mean()) if finite.size else np.nan,
        connected=finite.size / max(others.size, 1),
    )


def clustering(estimator, n_samples=10_000, random_state=None):
    """Estimate how often neighbours share a second neighbour.

    Layers have no links within, so that there are no triangles; what takes their
    place are squares. This is the share of the paths of three links whose ends are
    linked too (Robins and Alexander 2004, Computational and Mathematical Organization
    Theory 10:69).

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    n_samples : int, default=10000
        Number of paths to look at.

    random_state : int, RandomState instance or None, default=None
        Chooses them.

    Returns
    -------
    share : float
        In a random graph about its density; NaN if there is no such path.
    """
    graph = adjacency(estimator)
    rng = check_random_state(random_state)
    degree = np.diff(graph.indptr)
    middle = np.repeat(np.arange(graph.shape[0]), degree), graph.indices
    # A link is in the middle of so many paths.
    weight = (degree[middle[0]] - 1.0) * (degree[middle[1]] - 1.0)
    if weight.sum() == 0:
        return np.nan
    chosen = rng.choice(weight.size, n_samples, p=weight / weight.sum())
    ends = [
        _other_neighbours(graph, side[chosen], other[chosen], rng)
        for side, other in (middle, middle[::-1])
    ]
    return float(np.mean(graph[ends[0], ends[1]] > 0))


def _other_neighbours(graph, units, excluded, rng):
    """Draw a neighbour of each unit, other than the excluded one."""
    degree = np.diff(graph.indptr)[units]
    found = np.empty(units.size, dtype=graph.indices.dtype)
    left = np.arange(units.size)
    while left.size:  # few draws hit the excluded one
        offsets = (rng.random_sample(left.size) * degree[left]).astype(np.intp)
        found[left] = graph.indices[graph.indptr[units[left]] + offsets]
        left = left[found[left] == excluded[left]]
    return found
