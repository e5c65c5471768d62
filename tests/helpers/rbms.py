"""Small restricted Boltzmann machines, and their distribution by enumeration."""

import numpy as np
from numpy.testing import assert_array_equal
from scipy.special import logsumexp

from sklearn_set import SETRBM
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._rbm.model import BoltzmannModel
from sklearn_set._rbm.partition_function import all_states
from sklearn_set._rbm.visible_units import VISIBLE_UNITS


def make_rbm(**parameters):
    """Return an estimator that is trained on `digits` in a moment."""
    settings = {"n_components": 30, "epsilon": 5, "n_iter": 3, "random_state": 0}
    return SETRBM(**settings | parameters)


def fit_binary_rbm(digits, **settings):
    """Return an estimator trained on the binarized digits."""
    X = (digits[0] > 0.5).astype(float)
    options = {"n_components": 12, "n_iter": 10, "random_state": 0}
    return SETRBM(**options | settings).fit(X)


def make_model(
    n_hidden, n_visible, n_connections, rng, visible="bernoulli", strength=1.0, std=1.0
):
    """Return a model with random connections, weights and biases."""
    layer = SparseLayer.random(n_hidden, n_visible, n_connections, rng, np.float64)
    layer.connections.weights[:] = strength * rng.standard_normal(n_connections)
    biases = rng.standard_normal(n_hidden), rng.standard_normal(n_visible)
    return BoltzmannModel(layer, *biases, VISIBLE_UNITS[visible](std))


def energies(model, v, h):
    """Return the energy of each state of v with each state of h, as defined."""
    W, b, c = model.layer.coef.toarray(), model.visible_bias, model.hidden_bias
    if model.visible.is_binary:
        visible_term = -(b @ v)[:, None]
    else:
        differences = (v - b[:, None]) / model.visible.std
        visible_term = 0.5 * np.square(differences).sum(axis=0)[:, None]
    return visible_term - (c @ h)[None, :] - v.T @ W.T @ h


def states(n):
    """Return all states of n binary units, (n, 2 ** n)."""
    return np.hstack(list(all_states(n, np.float64)))


def joint_distribution(model):
    """Return all states of v and of h of a binary model, and the logs of P(v, h)."""
    v, h = states(model.layer.n_out), states(model.layer.n_in)
    log_p = -energies(model, v, h)
    return v, h, log_p - logsumexp(log_p)


def assert_same_rbm(a, b):
    """The same connections, weights and biases, bit for bit."""
    for x, y in (
        (a.components_.indptr, b.components_.indptr),
        (a.components_.indices, b.components_.indices),
        (a.components_.data, b.components_.data),
        (a.intercept_hidden_, b.intercept_hidden_),
        (a.intercept_visible_, b.intercept_visible_),
    ):
        assert_array_equal(x, y)
