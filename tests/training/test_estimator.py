"""Working copies, publication, and pickles of all estimators."""

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from helpers.perceptrons import (
    DATA,
    assert_same_model,
    both_perceptrons,
    make_classifier,
    make_model,
)
from helpers.rbms import assert_same_rbm, make_rbm
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone

from sklearn_set import SETMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@both_perceptrons
def test_fitted_if_there_are_weights(Estimator):
    from sklearn.utils.validation import _is_fitted

    model = make_model(Estimator, max_iter=1)
    assert not _is_fitted(model)
    assert _is_fitted(model.fit(*DATA[Estimator]))
    assert not _is_fitted(clone(model))


X = np.random.default_rng(0).random((20, 5))


Y = np.arange(20) % 3


def mlp(**parameters):
    return SETMLPClassifier(**{"max_iter": 2} | parameters)


def test_refused_labels_change_nothing():
    """Neither the number of features nor any other attribute."""
    clf = mlp(hidden_layer_sizes=(30, 40)).fit(X, Y)
    before, expected = dict(vars(clf)), clf.predict_proba(X)
    X_wide = csr_array(np.random.default_rng(0).random((20, 20_000)))
    with pytest.raises(ValueError, match="at least two classes"):
        clf.fit(X_wide, 0 * Y)
    assert vars(clf) == before
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_a_first_partial_fit_that_fails_changes_nothing(digits):
    X, _, y, _ = digits
    clf = make_classifier()
    with pytest.raises(ValueError, match="at least two classes"):
        clf.partial_fit(X, y, classes=[0])
    with pytest.raises(ValueError, match="classes not in"):
        clf.partial_fit(X, y, classes=[0, 1])
    clf.partial_fit(X, y, classes=np.arange(10))
    assert_array_equal(clf.classes_, np.arange(10))


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@both_perceptrons
def test_memory_is_free_without_the_garbage_collector(Estimator, call):
    """No reference cycle keeps the weights alive."""
    X, y = DATA[Estimator]
    model = make_model(Estimator, max_iter=3)
    if call == "partial_fit" and Estimator is SETMLPClassifier:
        model.partial_fit(X, y, classes=np.unique(y))
    gc.disable()
    try:
        weights = getattr(model, call)(X, y).coefs_[0].data
        while weights.base is not None:
            weights = weights.base
        alive = weakref.ref(weights)
        del model, weights
        assert alive() is None
    finally:
        gc.enable()


# -- pickles -------------------------------------------------------------------


@pytest.mark.parametrize("dump", ["pickle", "joblib", "mmap"])
def test_a_loaded_classifier_predicts_and_continues(dump, digits, tmp_path):
    X, X_test, y, _ = digits
    clf = make_classifier(warm_start=True).fit(X, y)
    if dump == "pickle":
        loaded = pickle.loads(pickle.dumps(clf))
    else:
        joblib.dump(clf, tmp_path / "model")
        mode = "r" if dump == "mmap" else None
        loaded = joblib.load(tmp_path / "model", mmap_mode=mode)
    assert_array_equal(clf.predict_proba(X_test), loaded.predict_proba(X_test))
    assert_same_model(clf.partial_fit(X, y), loaded.partial_fit(X, y))


@pytest.mark.parametrize("dump", ["pickle", "joblib", "mmap"])
def test_a_loaded_rbm_transforms_and_continues(dump, digits, tmp_path):
    X, X_test, _, _ = digits
    rbm = make_rbm().fit(X)
    if dump == "pickle":
        loaded = pickle.loads(pickle.dumps(rbm))
    else:
        joblib.dump(rbm, tmp_path / "model")
        mode = "r" if dump == "mmap" else None
        loaded = joblib.load(tmp_path / "model", mmap_mode=mode)
    assert_array_equal(rbm.transform(X_test), loaded.transform(X_test))
    assert_same_rbm(rbm.partial_fit(X), loaded.partial_fit(X))


@both_perceptrons
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pickles_hold_little_besides_the_connections(Estimator, dtype):
    X, y = DATA[Estimator]
    model = make_model(
        Estimator, hidden_layer_sizes=(2000, 2000), epsilon=20, max_iter=2
    )
    model.fit(X.astype(dtype), y)
    bytes_per_connection = len(pickle.dumps(model)) / model.n_connections_
    assert bytes_per_connection < np.dtype(dtype).itemsize + 4 + 1
    model.partial_fit(X, y)  # which keeps the solver's state
    bytes_with_state = len(pickle.dumps(model)) / model.n_connections_
    assert bytes_with_state > 3 * np.dtype(dtype).itemsize + 4


@both_perceptrons
def test_memory_mapped_models_predict_in_threads(Estimator, tmp_path):
    X, y = DATA[Estimator]
    model = make_model(Estimator).fit(X, y)
    joblib.dump(model, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    expected = model.predict(X)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: mapped.predict(X), range(16)):
            assert_array_equal(got, expected)
