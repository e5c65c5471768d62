"""The same seed gives the same model, with any dtype and number of threads."""

import numpy as np
import pytest
from helpers.perceptrons import (
    DATA,
    assert_same_model,
    both_perceptrons,
    make_classifier,
    make_model,
    topology,
)
from helpers.rbms import assert_same_rbm, make_rbm
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone

from sklearn_set import SETRBM
from sklearn_set._rbm.visible_units import VISIBLE_UNITS
from sklearn_set._utils.thread_chooser import ThreadChooser
from sklearn_set._utils.threads import effective_n_threads

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_same_seed_same_model(digits):
    X, _, y, _ = digits
    assert_same_model(make_classifier().fit(X, y), make_classifier().fit(X, y))
    state = np.random.RandomState(3)
    a, b = (
        make_classifier(random_state=state).fit(X, y),
        make_classifier(random_state=state).fit(X, y),
    )
    assert topology(a) != topology(b)  # the state has moved on


def test_the_topology_depends_on_the_seed_and_not_on_the_data(digits):
    X, _, y, _ = digits
    a = make_classifier(zeta=0, max_iter=1).fit(X, y)
    b = make_classifier(zeta=0, max_iter=2, shuffle=False).fit(X[::-1], y[::-1])
    assert topology(a) == topology(b)
    assert topology(a) != topology(
        make_classifier(max_iter=1, random_state=1).fit(X, y)
    )


def test_both_dtypes_learn_the_same_classifier(digits):
    """The same seed in float32 and float64, as for MLPClassifier."""
    X, X_test, y, _ = digits
    clf64 = make_classifier(max_iter=3).fit(X, y)
    clf32 = make_classifier(max_iter=3).fit(X.astype(np.float32), y)
    proba = clf64.predict_proba(X_test)
    assert_allclose(clf32.predict_proba(X_test), proba, atol=1e-3)


def test_both_dtypes_learn_the_same_rbm(digits):
    """The same seed in float32 and float64, as for BernoulliRBM."""
    X, X_test, _, _ = digits
    rbm64, rbm32 = make_rbm().fit(X), make_rbm().fit(X.astype(np.float32))
    assert_array_equal(rbm64.components_.indices, rbm32.components_.indices)
    hidden = rbm64.transform(X_test)
    assert_allclose(rbm32.transform(X_test), hidden, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_and_two_threads_give_the_same_classifier_bit_for_bit(
    dtype, digits, request
):
    X, _, y, _ = digits
    clf = make_classifier(hidden_layer_sizes=(200, 100), epsilon=20, max_iter=4)
    request.getfixturevalue("one_thread")
    assert effective_n_threads() == 1
    one = clone(clf).fit(X.astype(dtype), y)
    one_proba = one.predict_proba(X)
    request.getfixturevalue("two_threads")
    assert effective_n_threads() == 2
    two = clone(clf).fit(X.astype(dtype), y)
    assert_same_model(one, two)
    assert_array_equal(one_proba, two.predict_proba(X))


def test_one_and_two_threads_remove_the_same_inputs(digits, request):
    models = []
    for fixture in ("one_thread", "two_threads"):
        request.getfixturevalue(fixture)
        clf = make_classifier(
            hidden_layer_sizes=(200, 100), epsilon=20, evolution="inputs", max_iter=8
        )
        models.append(clf.fit(digits[0], digits[2]))
    assert_same_model(*models)
    assert not models[0].feature_importances_.all()


@pytest.fixture
def alternating(two_threads, monkeypatch):
    """Let each batch run on another number of threads than the one before."""
    n_changes = []

    def tell(self, seconds, n_samples):
        self.n_threads = 3 - self.n_threads
        n_changes.append(self.n_threads)

    monkeypatch.setattr(ThreadChooser, "tell", tell)
    return n_changes


@both_perceptrons
@pytest.mark.parametrize("sparse", [False, True])
def test_the_number_of_threads_may_change_between_batches(Estimator, sparse, request):
    X, y = DATA[Estimator]
    X = csr_array(X) if sparse else X
    options = {
        "hidden_layer_sizes": (300, 200), "activation": ["srelu", "gelu"],
        "dropout": 0.1, "batch_size": 100, "max_iter": 2,
    }  # fmt: skip
    models, outputs = [], []
    for fixture in ("one_thread", "alternating"):
        n_changes = request.getfixturevalue(fixture)
        models.append(make_model(Estimator, **options).fit(X, y))
        outputs.append([models[-1]._outputs(X[:n]) for n in (1, 100, len(y))])
    assert_same_model(*models)
    for a, b in zip(*outputs, strict=True):
        assert_array_equal(a, b)
    assert {1, 2} == set(n_changes)


@pytest.mark.parametrize("visible", VISIBLE_UNITS)
def test_the_number_of_threads_may_change_between_batches_of_an_rbm(
    visible, digits, request
):
    X = digits[0].round()
    settings = {
        "n_components": 300, "epsilon": 20, "batch_size": 50, "visible": visible,
        "learning_rate": 0.01, "n_iter": 1,
    }  # fmt: skip
    models, outputs = [], []
    for fixture in ("one_thread", "alternating"):
        request.getfixturevalue(fixture)
        rbm = make_rbm(**settings).fit(X)
        models.append(rbm)
        samples = rbm.sample(20, n_steps=3), rbm.gibbs(X)
        scores = rbm.score_samples(X), rbm.log_partition(n_temperatures=5).value
        outputs.append([*samples, *scores])
    assert_same_rbm(*models)
    for a, b in zip(*outputs, strict=True):
        assert_array_equal(a, b)


@both_perceptrons
def test_one_and_two_threads_agree_with_all_options(Estimator, request):
    X, y = DATA[Estimator]
    options = {
        "hidden_layer_sizes": (300, 200), "activation": ["srelu", "gelu"],
        "dropout": [0.1, 0.3, 0.3], "evolution": "rigl", "batch_size": 100,
        "max_iter": 3,
    }  # fmt: skip
    models = []
    for fixture in ("one_thread", "two_threads"):
        request.getfixturevalue(fixture)
        models.append(make_model(Estimator, **options).fit(X, y))
    for a, b in zip(*(model.coefs_ for model in models), strict=True):
        assert_array_equal(a.toarray(), b.toarray())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_and_two_threads_give_the_same_rbm_bit_for_bit(dtype, digits, request):
    X, X_test, _, _ = digits
    X = X.astype(dtype)
    settings = {"n_components": 300, "epsilon": 20, "batch_size": 50}
    request.getfixturevalue("one_thread")
    one = make_rbm(**settings).fit(X)
    scores = one.score_samples(X_test)
    request.getfixturevalue("two_threads")
    two = make_rbm(**settings).fit(X)
    assert_same_rbm(one, two)
    assert_array_equal(scores, two.score_samples(X_test))


@pytest.mark.parametrize("visible", VISIBLE_UNITS)
def test_one_and_two_threads_give_the_same_likelihoods_bit_for_bit(
    visible, digits, request
):
    """The model is large enough for two threads."""
    X = digits[0].round()
    settings = {"n_components": 300, "epsilon": 20, "visible": visible}
    rbm = SETRBM(**settings, learning_rate=0.01, n_iter=2, random_state=0).fit(X)
    found = []
    for threads in ("one_thread", "two_threads"):
        request.getfixturevalue(threads)
        scores = rbm.score_samples(X)
        found.append((rbm.log_partition(n_temperatures=20), scores))
    assert found[0][0] == found[1][0]
    assert_array_equal(found[0][1], found[1][1])
