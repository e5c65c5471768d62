"""How the parameters of the perceptrons are read."""

import numpy as np
import pytest
from helpers.perceptrons import (
    X_digits,
    assert_same_model,
    make_classifier,
    make_model,
    y_digits,
)

from sklearn_set import SETMLPClassifier
from sklearn_set._mlp.settings import checked_batch_size

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_one_activation_for_each_layer():
    clf = make_model(SETMLPClassifier, activation=["srelu", "tanh"])
    clf.fit(X_digits, y_digits)
    shapes = [values.shape for values in clf.activation_parameters_]
    assert shapes == [(4, 40), (0, 30)]
    t_l, a_l, t_r, a_r = clf.activation_parameters_[0]
    assert all(np.ptp(values) > 0 for values in (t_l, a_l, t_r, a_r))  # learned


@pytest.mark.parametrize(
    "activation", ["sinus", ["relu"], ["relu", "relu", "relu"], ["relu", 3], []]
)
def test_bad_activations(activation):
    with pytest.raises(ValueError, match="activation"):
        make_model(SETMLPClassifier, activation=activation).fit(X_digits, y_digits)


@pytest.mark.parametrize("dropout", [1.0, -0.1, [0.1], [0.1, 0.2, 1.5], ["a", 0, 0]])
def test_bad_dropout(dropout):
    with pytest.raises(ValueError, match="dropout"):
        make_model(SETMLPClassifier, dropout=dropout).fit(X_digits, y_digits)


def test_dropout_depends_on_the_number_of_samples():
    for n, dropout in ((499, 0.0), (500, [0.5, 0.3, 0.3])):
        X, y = X_digits[:n], y_digits[:n]
        auto = make_classifier(dropout="auto", max_iter=2).fit(X, y)
        given = make_classifier(dropout=dropout, max_iter=2).fit(X, y)
        assert_same_model(auto, given)


@pytest.mark.parametrize(
    "n_samples, size",
    [(1, 1), (32, 32), (33, 8), (64, 8), (100, 12), (255, 31), (256, 32), (10**6, 32)],
)
def test_a_batch_is_an_eighth_of_the_samples(n_samples, size):
    assert checked_batch_size("auto", n_samples, incremental=False) == size


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_sizes_may_be_numpy_integers(dtype, digits):
    """Without overflow where they are added and multiplied."""
    X, _, y, _ = digits
    sizes = np.array([200, 100], dtype=dtype)
    clf = make_classifier(hidden_layer_sizes=sizes, batch_size=dtype(50)).fit(X, y)
    assert_same_model(clf, make_classifier(hidden_layer_sizes=(200, 100)).fit(X, y))
