"""Activations of the hidden units."""

import pickle

import numpy as np
import pytest
from helpers.networks import (
    ACTIVATION_DEFINITIONS,
    N_UNITS,
    assert_gradient,
    make_network,
    make_targets,
)
from helpers.perceptrons import X_digits, make_classifier, make_model, y_digits
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_set import SETMLPClassifier
from sklearn_set._mlp.activations import ACTIVATIONS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_srelu_gradient_in_all_pieces(rng):
    x, y = rng.standard_normal((N_UNITS[0], 40)), make_targets("softmax", 40, rng)
    network = make_network("srelu", "softmax", rng, batch=40)
    for values in network.parameters:
        values[:] = rng.standard_normal(values.shape)
        values[2, ::2] = values[0, ::2] + 1  # else t_r may lie below t_l
    assert_gradient(network, "softmax", x, y)


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
def test_networks_learn_with_each_activation(activation, digits):
    X, X_test, y, y_test = digits
    rate = 0.07 if activation == "logistic" else 0.007
    clf = make_classifier(
        activation=activation, learning_rate_init=rate, max_iter=40
    ).fit(X, y)
    assert clf.score(X_test, y_test) > 0.85


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_training_in_parts_and_pickling_with_each_activation(activation):
    """Partial fits continue training, and a copy predicts the same."""
    clf = make_model(SETMLPClassifier, activation=activation, max_iter=25)
    clf.fit(X_digits, y_digits)
    assert clf.score(X_digits, y_digits) > 0.9
    loaded = pickle.loads(pickle.dumps(clf))
    assert_array_equal(loaded.predict_proba(X_digits), clf.predict_proba(X_digits))
    parts = make_model(SETMLPClassifier, activation=activation)
    for _ in range(25):
        parts.partial_fit(X_digits, y_digits, classes=np.arange(10))
    assert_array_equal(parts.predict_proba(X_digits), clf.predict_proba(X_digits))


# -- functions -----------------------------------------------------------------


ALL = [(name, number) for name in sorted(ACTIVATIONS) for number in (1, 2)]
FUSED = [case for case in ALL if ACTIVATIONS[case[0]](case[1]).is_fused]


@pytest.mark.parametrize("name, number", FUSED)
def test_fused_activations_have_the_slope_of_their_definition(name, number):
    slope = ACTIVATIONS[name](number).negative_slope
    assert slope >= 0
    assert ACTIVATION_DEFINITIONS[name](-1.0, number - 1) == pytest.approx(-slope)


@pytest.mark.parametrize("dtype, rtol", [(np.float32, 2e-6), (np.float64, 1e-13)])
@pytest.mark.parametrize("name, number", sorted(set(ALL) - set(FUSED)))
def test_values_and_derivatives_by_their_definitions(name, number, dtype, rtol, rng):
    activation, z = ACTIVATIONS[name](number), 3 * rng.standard_normal((20, 30))
    z = z.astype(dtype)

    def definition(step=0.0):
        return ACTIVATION_DEFINITIONS[name](z.astype(np.float64) + step, number - 1)

    sums, out, gradient = z.copy(), np.empty_like(z), np.ones_like(z)
    parameters = activation.start(20, dtype)
    activation.forward(sums, out, parameters, n_threads=1)
    assert_allclose(out, definition(), rtol=rtol, atol=rtol)
    activation.backward(sums, gradient, parameters, n_threads=1)
    expected = (definition(1e-6) - definition(-1e-6)) / 2e-6
    assert_allclose(gradient, expected, rtol=1e-5, atol=1e-5)


def test_srelu_starts_as_a_leaky_relu():
    parameters = ACTIVATIONS["srelu"](1).start(3, np.float32)
    assert parameters.dtype == np.float32
    assert_allclose(parameters, np.repeat([[0], [0.2], [1], [1]], 3, axis=1))
