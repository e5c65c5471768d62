"""Working copies, publication, and pickles of all estimators."""

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product

import joblib
import numpy as np
import pytest
from helpers.perceptrons import (
    DATA,
    assert_same_model,
    both_perceptrons,
    make_classifier,
    make_model,
    make_small_model,
)
from helpers.rbms import assert_same_rbm, make_rbm
from helpers.versions import needs_callbacks
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set._layers.solvers import Solver
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._rbm.learner import ContrastiveDivergenceLearner
from sklearn_set._utils.compat import HAS_CALLBACKS
from sklearn_set.evolution import EvolutionRule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@both_perceptrons
def test_fitted_if_there_are_weights(Estimator):
    from sklearn.utils.validation import _is_fitted

    model = make_model(Estimator, max_iter=1)
    assert not _is_fitted(model)
    assert _is_fitted(model.fit(*DATA[Estimator]))
    assert not _is_fitted(clone(model))


def test_refused_labels_change_nothing():
    """Neither the number of features nor any other attribute."""
    X, y = np.random.default_rng(0).random((20, 5)), np.arange(20) % 3
    clf = SETMLPClassifier((30, 40), max_iter=2).fit(X, y)
    before, expected = dict(vars(clf)), clf.predict_proba(X)
    X_wide = csr_array(np.random.default_rng(0).random((20, 20_000)))
    with pytest.raises(ValueError, match="Unknown label type"):
        clf.fit(X_wide, y + 0.5)
    assert vars(clf) == before
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_a_first_partial_fit_that_fails_changes_nothing(digits):
    X, _, y, _ = digits
    clf = make_classifier()
    with pytest.raises(ValueError, match="classes not in"):
        clf.partial_fit(X, y, classes=[0])
    with pytest.raises(ValueError, match="classes not in"):
        clf.partial_fit(X, y, classes=[0, 1])
    clf.partial_fit(X, y, classes=np.arange(10))
    assert_array_equal(clf.classes_, np.arange(10))


# -- failed fits ---------------------------------------------------------------

X_iris, y_iris = load_iris(return_X_y=True)
X_iris = X_iris / X_iris.max(axis=0)
X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
TRAINING_DATA = {
    SETMLPClassifier: (X_iris, y_iris),
    SETMLPRegressor: (X_diabetes / X_diabetes.std(), y_diabetes / 100),
    SETRBM: (X_iris, None),
}
all_estimators = pytest.mark.parametrize(
    "Estimator", TRAINING_DATA, ids=lambda cls: cls.__name__
)
CALLS = ["fit", "warm fit", "partial_fit"]
all_calls = pytest.mark.parametrize("call", CALLS)


class Failure(Exception):
    """What the tests raise in the middle of a call."""


def make_estimator(Estimator, **parameters):
    if Estimator is SETRBM:
        return SETRBM(8, epsilon=2, n_iter=4, random_state=0).set_params(**parameters)
    return make_small_model(Estimator, epsilon=2, max_iter=4, **parameters)


def train(model, call):
    """Call a method of training with the data of its estimator."""
    X, y = TRAINING_DATA[type(model)]
    if call == "partial_fit":
        classes = {"classes": [0, 1, 2]} if isinstance(model, SETMLPClassifier) else {}
        return model.partial_fit(X, y, **classes)
    return model.set_params(warm_start=call == "warm fit").fit(X, y)


def outputs(model):
    """Return what the fitted model computes."""
    X, _ = TRAINING_DATA[type(model)]
    for name in ("transform", "predict_proba", "predict"):
        if hasattr(model, name):
            return getattr(model, name)(X)


def hash_of_fitted_attributes(model):
    """Return a hash of all values that a call could change in place."""
    fitted = {k: v for k, v in vars(model).items() if model._is_fitted_attribute(k)}
    return joblib.hash(fitted)


def fail(*args, **kwargs):
    raise Failure


def fail_after(n_calls, function, error=Failure):
    """Return a function that raises an error in a later call."""
    n_left = [n_calls]

    def wrapper(*args, **kwargs):
        n_left[0] -= 1
        if n_left[0] < 0:
            raise error
        return function(*args, **kwargs)

    return wrapper


class FailingRule(EvolutionRule):
    evolve = fail


class FailingCallback:
    def setup(self, estimator, context):
        """Required by scikit-learn."""

    def teardown(self, estimator, context):
        """Required by scikit-learn."""

    def on_fit_task_begin(self, estimator, context):
        """Required by scikit-learn."""

    def on_fit_task_end(self, estimator, context):
        raise Failure


def fail_in_solver(model, monkeypatch):
    monkeypatch.setattr(Solver, "steps", fail_after(3, Solver.steps))


def fail_in_backward(model, monkeypatch):
    """In the middle of a step."""
    backward = fail_after(10, SparseLayer.backward)
    monkeypatch.setattr(SparseLayer, "backward", backward)


def fail_in_rule(model, monkeypatch):
    model.set_params(evolution=FailingRule())


def fail_in_rewire(model, monkeypatch):
    """In the middle of an evolution."""
    monkeypatch.setattr(SparseLayer, "rewire", fail)


def fail_in_callback(model, monkeypatch):
    model.set_callbacks(FailingCallback())


def fail_in_scorer(model, monkeypatch, error=Failure):
    model.set_params(early_stopping=True)
    if isinstance(model, SETRBM):
        score = fail_after(2, ContrastiveDivergenceLearner.score, error)
        monkeypatch.setattr(ContrastiveDivergenceLearner, "score", score)
    else:
        score = fail_after(2, type(model).score, error)
        model.set_params(scoring=lambda model, X, y: score(model, X, y))


def fail_in_batch_transform(model, monkeypatch):
    model.set_params(batch_transform=fail_after(2, lambda X, rng: X))


def diverge(model, monkeypatch):
    name = "learning_rate" if isinstance(model, SETRBM) else "learning_rate_init"
    model.set_params(**{name: 1e308})


FAILURES = {
    "in the solver": fail_in_solver,
    "in a step": fail_in_backward,
    "in a rule": fail_in_rule,
    "in an evolution": fail_in_rewire,
    "in a callback": fail_in_callback,
    "in the scorer": fail_in_scorer,
    "in batch_transform": fail_in_batch_transform,
    "divergence": diverge,
}


def can_fail(failure, Estimator, call):
    """Whether a call gets there: partial_fit has no callbacks and no early stopping."""
    if failure == "in a callback" and not HAS_CALLBACKS:
        return False
    if failure == "in batch_transform":
        return Estimator is not SETRBM
    return call != "partial_fit" or failure not in ("in a callback", "in the scorer")


failing_calls = pytest.mark.parametrize(
    "failure, Estimator, call",
    [case for case in product(FAILURES, TRAINING_DATA, CALLS) if can_fail(*case)],
)


@failing_calls
def test_a_failure_leaves_a_fitted_model_as_it_was(
    failure, Estimator, call, monkeypatch
):
    model = make_estimator(Estimator)
    train(model, "partial_fit" if call == "partial_fit" else "warm fit")
    expected = outputs(model)
    model.set_params(warm_start=call == "warm fit")
    with monkeypatch.context() as patch:
        FAILURES[failure](model, patch)
        before, content = dict(vars(model)), hash_of_fitted_attributes(model)
        with np.errstate(all="ignore"):
            with pytest.raises((Failure, ValueError)) as raised:
                train(model, call)
    assert raised.type is Failure or "diverged" in str(raised.value)
    assert list(vars(model)) == list(before)
    assert all(vars(model)[name] is value for name, value in before.items())
    assert hash_of_fitted_attributes(model) == content
    assert_array_equal(outputs(model), expected)


@failing_calls
def test_a_failure_in_the_first_call_leaves_the_estimator_unfitted(
    failure, Estimator, call, monkeypatch
):
    every = "2 steps" if call == "partial_fit" else 1  # evolution in the first epoch
    model = make_estimator(Estimator, warm_start=call == "warm fit", evolve_every=every)
    FAILURES[failure](model, monkeypatch)
    before = dict(vars(model))
    with np.errstate(all="ignore"), pytest.raises((Failure, ValueError)):
        train(model, call)
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


@all_estimators
def test_the_estimator_is_unchanged_until_the_fit_has_succeeded(Estimator, monkeypatch):
    model = train(make_estimator(Estimator), "fit")
    before, seen = dict(vars(model)), []
    steps = Solver.steps

    def watch(solver, *args, **options):
        seen.append(all(vars(model)[name] is value for name, value in before.items()))
        return steps(solver, *args, **options)

    monkeypatch.setattr(Solver, "steps", watch)
    train(model, "fit")
    assert len(seen) > 10 and all(seen)
    assert model._training_state is not before["_training_state"]


# -- interrupts ----------------------------------------------------------------


def weights_and_states(model):
    """Return each weight matrix with the solver's state of its weights."""
    arrays = model._training_state["learner"]["arrays"]
    if isinstance(model, SETRBM):
        return [(model.components_, arrays[0])]
    return list(zip(model.coefs_, arrays[0], strict=True))


def assert_consistent(model):
    """All arrays fit each other, and are finite."""
    for coef, state in weights_and_states(model):
        coef.check_format(full_check=True)
        assert coef.has_canonical_format
        assert state.shape[1] == coef.nnz
        assert np.isfinite(coef.data).all() and np.isfinite(state).all()
    n_connections = sum(coef.nnz for coef, _ in weights_and_states(model))
    assert model.n_connections_ == n_connections
    assert np.isfinite(outputs(model)).all()


INTERRUPTS = {
    "between batches": (Solver, "steps", 14),
    "in a step": (SparseLayer, "backward", 14),
    "between layers": (SparseLayer, "backward", 16),
    "in an evolution": (SparseLayer, "rewire", None),
}


@all_estimators
@all_calls
@pytest.mark.parametrize("as_X", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("moment", INTERRUPTS)
def test_an_interrupted_model_is_consistent_and_can_continue(
    moment, as_X, Estimator, call, monkeypatch
):
    X, y = TRAINING_DATA[Estimator]
    monkeypatch.setitem(TRAINING_DATA, Estimator, (as_X(X), y))
    model = make_estimator(Estimator, evolve_every="5 steps")
    train(model, "partial_fit" if call == "partial_fit" else "warm fit")
    owner, name, n_calls = INTERRUPTS[moment]
    if n_calls is None:  # the first layer evolves, the others do not; SETRBM has one
        n_calls = 0 if Estimator is SETRBM else 1
        n_calls += call == "fit" and len(model._weight_matrices())  # drawn at random
    elif call == "partial_fit":  # one epoch may have five batches
        n_calls = n_calls % 5
    interrupted = fail_after(n_calls, getattr(owner, name), KeyboardInterrupt)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            train(model, call)
    assert_consistent(model)
    n_epochs = model._training_state["n_epochs"]
    train(model, call)
    assert_consistent(model)
    if call != "fit":
        assert model._training_state["n_epochs"] > n_epochs


@both_perceptrons
def test_an_interrupted_model_has_no_pending_updates(Estimator, monkeypatch, rng):
    X = rng.standard_normal((200, 50)) * (rng.random((200, 50)) < 0.02)
    y = rng.integers(3, size=200)
    models = []
    for as_X in (np.asarray, csr_array):
        model = make_small_model(Estimator, solver="sgd", alpha=0.5)
        with monkeypatch.context() as patch:
            steps = fail_after(12, Solver.steps, KeyboardInterrupt)
            patch.setattr(Solver, "steps", steps)
            with pytest.warns(UserWarning, match="Training interrupted by user"):
                models.append(model.fit(as_X(X), y))
    assert_same_model(*models, rtol=1e-9)


@all_estimators
def test_an_interrupt_while_the_validation_set_is_scored(Estimator, monkeypatch):
    model = make_estimator(Estimator)
    fail_in_scorer(model, monkeypatch, error=KeyboardInterrupt)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        train(model, "fit")
    assert_consistent(model)
    *scores, last = model.validation_scores_
    assert len(scores) + 1 == model.n_iter_ == 3 and np.isnan(last)
    assert model.best_validation_score_ == max(scores)
    monkeypatch.undo()
    train(model.set_params(early_stopping=False), "warm fit")
    assert_consistent(model)


@all_estimators
def test_an_interrupt_outside_of_the_epochs_changes_nothing(Estimator, monkeypatch):
    model = train(make_estimator(Estimator), "fit")
    before, content = dict(vars(model)), hash_of_fitted_attributes(model)
    interrupted = fail_after(0, SparseLayer.rewire, KeyboardInterrupt)
    monkeypatch.setattr(SparseLayer, "rewire", interrupted)  # draws the connections
    with pytest.raises(KeyboardInterrupt):
        model.fit(*TRAINING_DATA[Estimator])
    assert vars(model) == before
    assert hash_of_fitted_attributes(model) == content


@all_estimators
def test_an_interrupt_in_the_first_fit_leaves_a_fitted_model(Estimator, monkeypatch):
    interrupted = fail_after(2, Solver.steps, KeyboardInterrupt)
    monkeypatch.setattr(Solver, "steps", interrupted)
    model = make_estimator(Estimator)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        train(model, "fit")
    check_is_fitted(model)
    assert model.n_iter_ == 0
    assert_consistent(model)


# -- attributes of earlier fits ------------------------------------------------


@all_estimators
def test_names_of_features_are_removed_by_a_fit_on_an_array(Estimator):
    pd = pytest.importorskip("pandas")
    X, y = TRAINING_DATA[Estimator]
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    model = make_estimator(Estimator).fit(frame, y)
    assert list(model.feature_names_in_) == list(frame.columns)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    outputs(model)
    model.fit(X[:, 1:], y)
    assert model.n_features_in_ == X.shape[1] - 1


def test_chains_are_removed_by_a_fit_without_them():
    rbm = train(make_estimator(SETRBM, persistent=True), "fit")
    assert hasattr(rbm, "h_samples_")
    train(rbm.set_params(persistent=False), "fit")
    assert not hasattr(rbm, "h_samples_")


@all_estimators
def test_validation_scores_are_reset_by_a_fit_without_early_stopping(Estimator):
    model = train(make_estimator(Estimator, early_stopping=True), "fit")
    assert len(model.validation_scores_) == model.n_iter_
    train(model.set_params(early_stopping=False), "fit")
    assert model.validation_scores_ is None and model.best_validation_score_ is None


@all_estimators
def test_a_second_fit_is_that_of_a_new_estimator(Estimator):
    model = train(train(make_estimator(Estimator), "fit"), "fit")
    other = train(make_estimator(Estimator), "fit")
    assert_array_equal(outputs(model), outputs(other))
    assert hash_of_fitted_attributes(model) == hash_of_fitted_attributes(other)


# -- memory and pickles --------------------------------------------------------


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


# -- changes between calls -----------------------------------------------------

CHANGES = [
    ("learning_rate_init", -1), ("learning_rate_init", np.nan), ("momentum", 1.5),
    ("zeta", -0.5), ("alpha", -1), ("batch_size", 0), ("solver", "sgdx"),
    ("hidden_layer_sizes", (20, 16)), ("hidden_layer_sizes", "20"),
    ("activation", "srelu"), ("dropout", 1.0), ("beta_1", 1.0), ("evolution", "sets"),
]  # fmt: skip
RBM_CHANGES = [
    ("cd_steps", 0), ("learning_rate", -1), ("momentum", 1.5), ("zeta", -0.5),
    ("alpha", -1), ("batch_size", 0), ("n_components", 9), ("visible", "gaussian"),
    ("sparsity_target", 2.0),
]  # fmt: skip


@all_estimators
@pytest.mark.parametrize("call", ["warm fit", "partial_fit"])
def test_bad_changes_between_calls_are_refused(Estimator, call):
    """By an error that names the parameter, and leaves the model as it is."""
    model = train(make_estimator(Estimator), "partial_fit")
    before = outputs(model)
    for name, value in RBM_CHANGES if Estimator is SETRBM else CHANGES:
        good = getattr(model, name)
        model.set_params(**{name: value})
        with pytest.raises(ValueError, match=name):
            train(model, call)
        model.set_params(**{name: good})
        assert_array_equal(outputs(model), before)


def test_validation_may_be_skipped():
    model = train(make_estimator(SETMLPRegressor), "partial_fit")
    model.set_params(power_t=-1)
    with config_context(skip_parameter_validation=True):
        train(model, "partial_fit")


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("evolution", ["fixed", "set"])
def test_sparse_data_continue_bit_for_bit(solver, evolution):
    """The lazy updates of a call of `partial_fit` round as those of one fit."""
    X = csr_array(X_iris * (np.random.default_rng(0).random(X_iris.shape) < 0.5))
    settings = {"solver": solver, "evolution": evolution}
    whole = make_estimator(SETMLPClassifier, **settings).fit(X, y_iris)
    parts = make_estimator(SETMLPClassifier, **settings)
    for _ in range(4):
        parts.partial_fit(X, y_iris, classes=[0, 1, 2])
    assert_same_model(whole, parts)
    assert whole.loss_curve_ == parts.loss_curve_


# -- fits within a fit ---------------------------------------------------------


class FitsAgain:
    """A callback that fits the estimator after an epoch."""

    def __init__(self, fit):
        self.fit = fit

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, **data):
        if context.task_name == "epoch":
            self.fit(estimator)


@needs_callbacks
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("Estimator", TRAINING_DATA)
def test_a_callback_cannot_fit_the_estimator(Estimator, method):
    X, y = TRAINING_DATA[Estimator]
    make = partial(make_model, Estimator, max_iter=2)
    if Estimator is SETRBM:
        make = partial(make_rbm, n_iter=2)
    model = make()
    before = dict(vars(model))
    again = FitsAgain(lambda estimator: getattr(estimator, method)(X, y))
    with pytest.raises(RuntimeError, match="Fit sklearn.base.clone"):
        model.set_callbacks(again).fit(X, y)
    vars(model).pop("_skl_callbacks", None)
    assert vars(model) == before
    in_callback = FitsAgain(lambda estimator: make().fit(X, y))
    assert model.set_callbacks(in_callback).fit(X, y).n_iter_
    model.set_callbacks().fit(X, y)  # and the next one may


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("Estimator", [SETMLPClassifier, SETMLPRegressor])
def test_a_scorer_cannot_fit_the_estimator(Estimator, method):
    X, y = TRAINING_DATA[Estimator]

    def fit_it(model, X_val, y_val):
        getattr(model, method)(X, y)

    def fit_clone(model, X_val, y_val):
        return clone(model).set_params(early_stopping=False).fit(X, y).score(X, y)

    model = make_model(Estimator, scoring=fit_it, early_stopping=True, max_iter=2)
    with pytest.raises(RuntimeError, match="its scorer or a callback fits it again"):
        model.fit(X, y)
    assert not hasattr(model, "n_iter_")
    assert model.set_params(scoring=fit_clone).fit(X, y).n_iter_
