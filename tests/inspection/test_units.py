"""Units that are idle."""

import numpy as np
import pytest
from helpers.inspected import classifier_from_weights, make_classifier
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sklearn_set import SETRBM
from sklearn_set.inspection import idle_units

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_idle_units(digits):
    W = np.array([[1.0, 0, 1, -1], [1, 0, 1, -1]])
    V = np.array([[1.0], [1], [0], [1]])
    model = classifier_from_weights(W, V)
    model.intercepts_ = [np.zeros(4), np.zeros(1)]
    (layer,) = idle_units(model)
    assert_array_equal(layer.dead, [False, True, True, False])
    assert layer.silent is None
    X = np.array([[1.0, 1.0], [2.0, 0.5]])
    (layer,) = idle_units(model, X)  # relu: the last never rises above 0
    assert_array_equal(layer.silent, [False, True, False, True])
    assert_array_equal(idle_units(model, csr_array(X))[0].silent, layer.silent)


def test_idle_units_of_many_samples_and_of_an_rbm(digits):
    X, _, y, _ = digits
    clf = make_classifier().fit(X, y)
    layers = idle_units(clf, np.tile(X, (2, 1)))
    assert [layer.silent.shape for layer in layers] == [(60,), (40,)]
    rbm = SETRBM(30, n_iter=1, random_state=0).fit(X)
    (layer,) = idle_units(rbm, X)
    assert layer.dead.shape == layer.silent.shape == (30,) and not layer.dead.any()
