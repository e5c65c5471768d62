"""Models whose arrays do not fit each other raise an error and do not crash."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from scipy.special import expit

from sklearn_set import SETRBM, SETMLPClassifier

X = np.random.default_rng(0).random((20, 5))
Y = np.arange(20) % 3


def mlp(**parameters):
    return SETMLPClassifier(**{"max_iter": 2} | parameters)


def cut_bias(clf):
    clf.intercepts_[0] = clf.intercepts_[0][:-1]


def set_csc(clf):
    clf.coefs_[0] = clf.coefs_[0].tocsc()


def set_dense(clf):
    clf.coefs_[0] = clf.coefs_[0].toarray()


def set_index(clf):
    clf.coefs_[1].indices[5] = 10_000


def swap_layers(clf):
    clf.coefs_[0], clf.coefs_[1] = clf.coefs_[1], clf.coefs_[0]


TAMPERED = [
    (set_index, X, "not a valid CSR matrix"),
    (set_csc, X, "must be csr_arrays"),
    (set_dense, X, "must be csr_arrays"),
    (swap_layers, X, "Fit it again|hidden_layer_sizes"),
    (cut_bias, X, "Fit it again"),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("tamper, data, message", TAMPERED)
def test_classifiers_with_unfit_arrays_raise(tamper, data, message):
    """An error, and no access out of bounds."""
    clf = mlp(hidden_layer_sizes=(30, 40)).fit(X, Y)
    tamper(clf)
    for call in (clf.predict, lambda X: clf.partial_fit(X, Y)):
        with pytest.raises(ValueError, match=message):
            call(data)


def test_rbm_with_unfit_arrays_raises():
    rbm = SETRBM(n_components=30, n_iter=1).fit(X)
    rbm.n_features_in_ = 20_000
    X_wide = csr_array(np.random.default_rng(0).random((20, 20_000)))
    for call in (rbm.transform, rbm.score_samples, rbm.partial_fit):
        with pytest.raises(ValueError, match="Fit it again"):
            call(X_wide)


def test_duplicate_connections_add_up():
    rbm = SETRBM(n_components=3, epsilon=2, n_iter=1, random_state=0).fit(X)
    components = rbm.components_
    components.indices[1] = components.indices[0]
    expected = expit(X @ components.toarray().T + rbm.intercept_hidden_)
    assert_allclose(rbm.transform(X), expected)
