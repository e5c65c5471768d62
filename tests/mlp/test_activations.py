"""Activations of the hidden units."""

import pickle

import numpy as np
import pytest
from helpers.networks import N_UNITS, assert_gradient, make_network, make_targets
from helpers.perceptrons import X_digits, make_classifier, make_model, y_digits
from numpy.testing import assert_array_equal

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
    rate = 0.5 if activation == "logistic" else 0.05
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
