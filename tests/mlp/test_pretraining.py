"""A first layer that is pretrained by a restricted Boltzmann machine."""

import numpy as np
import pytest
from helpers.perceptrons import PLAIN
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_set import SETRBM, SETMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**parameters):
    settings = {
        "hidden_layer_sizes": (100,), "learning_rate_init": 0.005, "max_iter": 20,
        "random_state": 0,
    }  # fmt: skip
    return SETMLPClassifier(**PLAIN | settings | parameters)


def pretrained(rbm, **parameters):
    settings = {"activation": "logistic", "hidden_layer_sizes": (50, 20)}
    return classifier(init=rbm, **settings | parameters)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_first_layer_is_that_of_the_rbm(dtype, digits):
    """Connections, weights and biases; the estimator itself does not change."""
    X, y = digits[0].astype(dtype), digits[2]
    rbm = SETRBM(n_components=50, epsilon=5, n_iter=5, random_state=0).fit(X)
    clf = pretrained(rbm, learning_rate_init=1e-12, max_iter=1, alpha=0).fit(X, y)
    assert_allclose(clf.coefs_[0].toarray(), rbm.components_.T.toarray(), atol=1e-8)
    assert_allclose(clf.intercepts_[0], rbm.intercept_hidden_, atol=1e-8)
    assert clf.coefs_[0].dtype == dtype
    assert [coef.nnz for coef in clf.coefs_] == [5 * (64 + 50), 50 * 20, 20 * 10]
    before = rbm.components_.data.copy()
    pretrained(rbm, max_iter=5).fit(X, y)
    assert_array_equal(rbm.components_.data, before)


def test_pretraining_is_part_of_fit(digits):
    """An estimator that is not fitted is cloned and fitted to the training rows."""
    X, _, y, _ = digits
    rbm = SETRBM(n_components=50, epsilon=5, n_iter=5, random_state=3)
    kept = y != 7
    weights = kept.astype(float)
    clf = pretrained(rbm, learning_rate_init=1e-12, max_iter=1, alpha=0)
    clf.fit(X, y, sample_weight=weights)
    assert not hasattr(rbm, "components_")
    expected = clone(rbm).fit(X[kept]).components_.T.toarray()
    assert_allclose(clf.coefs_[0].toarray(), expected, atol=1e-8)
    a, b = (
        pretrained(SETRBM(50), max_iter=1, random_state=0).fit(X, y) for _ in range(2)
    )
    assert_array_equal(a.coefs_[0].data, b.coefs_[0].data)


def test_pretrained_network_in_a_search(digits):
    X, X_test, y, y_test = digits
    rbm = SETRBM(n_components=50, epsilon=10, n_iter=10, random_state=0)
    pipeline = make_pipeline(MinMaxScaler(clip=True), pretrained(rbm))
    grid = [
        {"setmlpclassifier__init__epsilon": [5, 20]},
        {"setmlpclassifier__init": [FrozenEstimator(clone(rbm).fit(X)), "auto"]},
    ]
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.score(X_test, y_test) > 0.85


def test_bernoulli_rbm_as_init(digits):
    X, _, y, _ = digits
    rbm = BernoulliRBM(n_components=50, n_iter=2, random_state=0)
    clf = pretrained(rbm, max_iter=2).fit(X, y)
    assert clf.coefs_[0].nnz == 50 * 64


@pytest.mark.parametrize(
    "init, sizes, message",
    [
        (PCA(50), (50,), "init must be a name or a restricted Boltzmann machine"),
        (SETRBM(40), (50,), "init has 40 hidden units .* starts with 50"),
        (SETRBM(40), (), "needs a hidden layer"),
        (SETRBM(50).fit(np.eye(3)), (50,), "50 hidden units and 3 features"),
        (SETRBM(50, learning_rate=-1), (50,), "learning_rate"),
    ],
    ids=["PCA", "other size", "no layer", "other features", "bad parameter"],
)
def test_bad_init_estimators(init, sizes, message, digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match=message):
        classifier(init=init, hidden_layer_sizes=sizes).fit(X, y)
