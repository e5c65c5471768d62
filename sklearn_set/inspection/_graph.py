"""The whole network as one undirected graph."""

from numbers import Integral

import numpy as np
from scipy.sparse import block_array, csr_array
from scipy.sparse.csgraph import shortest_path
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval

from sklearn_set._training.estimator import SETEstimator
from sklearn_set._utils.compat import checked_params
from sklearn_set._utils.types import RandomState
from sklearn_set.inspection._layers import pattern, weight_matrices

_COUNT = Interval(Integral, 1, None, closed="left")


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
        edges = pattern(coef)
        blocks[i][i + 1], blocks[i + 1][i] = edges, edges.T
    return csr_array(block_array(blocks))


@checked_params({"n_sources": [_COUNT], "random_state": ["random_state"]})
def path_lengths(
    estimator: SETEstimator, n_sources: int = 100, random_state: RandomState = None
) -> Bunch:
    """Measure the shortest paths from a sample of the units to all others.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    n_sources : int, default=100
        Number of units of any layer to start from; all units if there are fewer.

    random_state : int, RandomState instance or None, default=None
        Determines the choice of the units.

    Returns
    -------
    paths : Bunch
        ``lengths``, 1, 2, ...; ``counts``, the numbers of pairs with that distance;
        ``mean``, the mean distance of connected pairs; and ``connected``, the fraction
        of the pairs that are connected.
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


@checked_params({"n_samples": [_COUNT], "random_state": ["random_state"]})
def clustering(
    estimator: SETEstimator, n_samples: int = 10_000, random_state: RandomState = None
) -> Bunch:
    """Estimate the clustering of the graph of connections.

    As a layered network has no triangles, clustering is measured by squares: the
    fraction of the paths of three connections whose ends are connected (Robins and
    Alexander 2004, Computational and Mathematical Organization Theory 10:69).

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    n_samples : int, default=10000
        Number of paths in the sample.

    random_state : int, RandomState instance or None, default=None
        Determines the sample.

    Returns
    -------
    fraction : float
        About the density in a random graph; NaN if there is no such path.
    """
    graph = adjacency(estimator)
    rng = check_random_state(random_state)
    degree = np.diff(graph.indptr)
    middle = np.repeat(np.arange(graph.shape[0]), degree), graph.indices
    # The number of paths that an edge is in the middle of.
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
    while left.size:  # few draws return the excluded one
        offsets = (rng.random_sample(left.size) * degree[left]).astype(np.intp)
        found[left] = graph.indices[graph.indptr[units[left]] + offsets]
        left = left[found[left] == excluded[left]]
    return found
