"""The difference between two topologies."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from sklearn_set._training.estimator import SETEstimator
from sklearn_set._utils.types import Array
from sklearn_set.inspection._layers import pattern, weight_matrices


def _same_shapes(a, b, names):
    shapes = [[coef.shape for coef in coefs] for coefs in (a, b)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{names[0]} and {names[1]} must have the same layers, got {shapes[0]} and "
            f"{shapes[1]}."
        )


def topology_distance(a: SETEstimator, b: SETEstimator) -> Array:
    """Compute the Neural Network Sparse Topology Distance (NNSTD) of two models.

    The distance of two units is the fraction of their incoming connections that only
    one of them has. Layer by layer the units of both models are matched such that the
    sum of their distances is minimal, and the next layer is compared in this order (Liu
    et al. 2020, arXiv 2006.14085).

    Parameters
    ----------
    a, b : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted, with layers of the same sizes.

    Returns
    -------
    distances : ndarray of shape (n_layers,)
        Mean distance of the matched units of each layer, from 0 (the same graph up to
        the order of units) to 1 (no connection in common).

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
    for coef_a, coef_b in zip(*coefs, strict=True):
        costs = _unit_distances(pattern(coef_a), pattern(coef_b)[order])
        rows, order = linear_sum_assignment(costs)
        distances.append(costs[rows, order].mean())
    return np.array(distances)


def _unit_distances(pattern_a, pattern_b):
    """Return the distances of all pairs of target units of two layers."""
    common = (pattern_a.T @ pattern_b).toarray()
    either = pattern_a.sum(axis=0)[:, None] + pattern_b.sum(axis=0) - common
    return np.where(either > 0, 1 - common / np.maximum(either, 1), 0)


def surviving_connections(
    estimator: SETEstimator, since: SETEstimator | None = None
) -> Array:
    """Compute the fraction of earlier connections that are still present.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    since : estimator, default=None
        An earlier state of the model, such as a deep copy made between calls of
        `partial_fit`. None stands for the initial topology, which is drawn again; this
        needs a model whose `random_state` is an integer.

    Returns
    -------
    fractions : ndarray of shape (n_layers,)
        Connections of both, as a fraction of the earlier ones, in each layer.

    Raises
    ------
    ValueError
        If the layers are not of the same sizes, or the initial topology cannot be
        drawn.
    """
    now = weight_matrices(estimator)
    before = _initial_weights(estimator) if since is None else weight_matrices(since)
    _same_shapes(now, before, ("estimator", "since"))
    return np.array(
        [
            pattern(a).multiply(pattern(b)).nnz / max(b.nnz, 1)
            for a, b in zip(now, before, strict=True)
        ]
    )


def _initial_weights(estimator):
    """Draw the initial weight matrices of a fitted model again."""
    if not isinstance(estimator.random_state, int | np.integer):
        raise ValueError(
            "The initial topology is known only if random_state is an integer. Pass an "
            "earlier copy of the model as since."
        )
    now = estimator._topology_parameters()
    then = estimator._training_state.get("origin", now)
    changed = [name for name in now if now[name] != then[name]]
    if changed:
        raise ValueError(
            f"{', '.join(changed)} has been changed since the model was fitted: its "
            "initial topology cannot be drawn again. Pass an earlier copy of the model "
            "as since."
        )
    return weight_matrices(estimator._initial_model())
