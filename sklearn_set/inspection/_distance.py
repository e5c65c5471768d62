"""How much two topologies differ."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from sklearn_set.inspection._layers import pattern, weight_matrices


def _same_shapes(a, b, names):
    shapes = [[coef.shape for coef in coefs] for coefs in (a, b)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{names[0]} and {names[1]} must have the same layers, got {shapes[0]} and "
            f"{shapes[1]}."
        )


def topology_distance(a, b):
    """Compute the Neural Network Sparse Topology Distance (NNSTD) of two models.

    The distance of two units is the share of the links to units before them that only
    one of them has. Layer by layer the units of both models are matched such that the
    sum of their distances is least, and the next layer is compared in this order (Liu
    et al. 2020, arXiv 2006.14085).

    Parameters
    ----------
    a, b : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted, with layers of the same sizes.

    Returns
    -------
    distances : ndarray of shape (n_layers,)
        Mean distance of the matched units of each layer, from 0, the same graph up to
        the order of units, to 1, no link in common.

    Raises
    ------
    ValueError
        If the layers are not of the same sizes.

    Notes
    -----
    Time grows with the cube of the number of units in a layer, memory with its square.
    """
    coefs = weight_matrices(a), weight_matrices(b)
    _same_shapes(*coefs, ("a", "b"))
    order, distances = np.arange(coefs[0][0].shape[0]), []
    for own, other in zip(*coefs, strict=True):
        costs = _unit_distances(pattern(own), pattern(other)[order])
        rows, order = linear_sum_assignment(costs)
        distances.append(costs[rows, order].mean())
    return np.array(distances)


def _unit_distances(own, other):
    """Return the distances of all pairs of units that two layers lead to."""
    common = (own.T @ other).toarray()
    of_own, of_other = own.sum(axis=0), other.sum(axis=0)
    either = of_own[:, None] + of_other - common
    return np.where(either > 0, 1 - common / np.maximum(either, 1), 0)


def surviving_connections(estimator, since=None):
    """Compute the share of the links of each layer that were there before.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    since : estimator, default=None
        An earlier state of the model, such as a deep copy made between calls of
        `partial_fit`. None for the graph that it started with, which is drawn again;
        this needs a model whose `random_state` is an integer.

    Returns
    -------
    shares : ndarray of shape (n_layers,)
        Links of both, as a share of the earlier ones.

    Raises
    ------
    ValueError
        If the layers are not of the same sizes, or the first graph cannot be drawn.
    """
    now = weight_matrices(estimator)
    before = _first_graph(estimator) if since is None else weight_matrices(since)
    _same_shapes(now, before, ("estimator", "since"))
    return np.array(
        [
            pattern(a).multiply(pattern(b)).nnz / max(b.nnz, 1)
            for a, b in zip(now, before, strict=True)
        ]
    )


def _first_graph(estimator):
    """Draw the graph that a fitted model started with."""
    if not isinstance(estimator.random_state, int | np.integer):
        raise ValueError(
            "The first graph is known only if random_state is an integer. Pass a copy "
            "of the model, made before, as since."
        )
    return weight_matrices(estimator._initial_model())
