"""Dropout of inputs and hidden units."""

import numpy as np
import pytest
from helpers.networks import N_UNITS, assert_gradient, make_network, make_targets
from helpers.perceptrons import assert_close_weights, make_small_model
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sklearn_set import SETMLPClassifier
from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set._mlp.dropout import Dropout

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_dropout_drops_a_fraction_and_scales_the_rest(monkeypatch):
    from sklearn_set._mlp.dropout import Dropout

    rng = np.random.default_rng(0)
    dropout = Dropout([0.25, 0.5], rng)
    for dtype in (np.float32, np.float64):
        masks = []
        for _ in range(3):
            dropout.renew()
            values = [np.ones((200, 500), dtype=dtype) for _ in range(4)]
            for i, array in zip((0, 0, 1, 2), values, strict=True):
                dropout.apply(i, array, n_threads=2)
            assert_array_equal(values[0], values[1])  # the same again
            assert_array_equal(values[3], 1)  # the outputs stay
            for array, rate in zip(values[1:3], (0.25, 0.5), strict=True):
                assert set(np.unique(array)) == {0, dtype(1 / (1 - rate))}
                for share in ((array == 0).mean(), (array[:, 0] == 0).mean()):
                    assert abs(share - rate) < 5 * (rate * (1 - rate) / 200) ** 0.5
            masks.append(values[2] == 0)
        # Independent of each other, and of their neighbours.
        assert abs((masks[0] == masks[1]).mean() - 0.5) < 0.01
        assert abs((masks[0][1:] == masks[0][:-1]).mean() - 0.5) < 0.01
        assert abs((masks[0][:, 1:] == masks[0][:, :-1]).mean() - 0.5) < 0.01


def test_the_rate_of_the_inputs_can_be_reduced(rng):
    dropout = Dropout([0.5, 0.3], rng)
    dropout.reduce_for_inputs(0.2)
    dropout.renew()
    for i, rate in ((0, 0.1), (1, 0.3)):
        array = np.ones((200, 500))
        dropout.apply(i, array, n_threads=1)
        assert abs((array == 0).mean() - rate) < 0.01
        assert array.max() == pytest.approx(1 / (1 - rate))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradient_with_dropout_of_a_fixed_mask(activation, rng):
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets("softmax", 5, rng)
    dropout = Dropout([0.2, 0.5, 0.3], rng)
    dropout.renew()
    network = make_network(activation, "softmax", rng)
    assert_gradient(network, "softmax", x, y, dropout=dropout)


@pytest.mark.parametrize("sparse", [False, True])
def test_dropout_in_training_and_not_in_predictions(sparse, digits):
    X, X_test, y, y_test = digits
    X = csr_array(X) if sparse else X
    clf = make_small_model(
        SETMLPClassifier, dropout=[0.1, 0.3, 0.2], max_iter=30, epsilon=10
    )
    clf.set_params(hidden_layer_sizes=(100, 80)).fit(X, y)
    assert clf.score(X_test, y_test) > 0.93
    assert_array_equal(clf.predict_proba(X_test), clf.predict_proba(X_test))
    plain = make_small_model(SETMLPClassifier).fit(X, y)
    assert_close_weights(
        plain, make_small_model(SETMLPClassifier, dropout=0.0).fit(X, y)
    )
    for value in (0.1, [0.1, 0.0, 0.0]):
        other = make_small_model(SETMLPClassifier, dropout=value).fit(X, y)
        assert not np.array_equal(other.intercepts_[0], plain.intercepts_[0])
