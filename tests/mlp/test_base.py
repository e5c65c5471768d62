"""What the classifier and the regressor share."""

import copy
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import sklearn
from helpers.perceptrons import (
    DATA,
    SMALL_DATA,
    X_digits,
    X_iris,
    assert_close_weights,
    assert_same_model,
    both_perceptrons,
    dense_weights,
    make_classifier,
    make_model,
    make_small_model,
    y_digits,
    y_iris,
)
from helpers.versions import needs_routed_scores
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_validate
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier, SETMLPRegressor
from sklearn_set._layers.lazy_updates import LazyUpdates
from sklearn_set._mlp import learner

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_attributes(dtype, digits):
    X, _, y, _ = digits
    X = (16 * X).astype(dtype)
    clf = make_classifier(learning_rate_init=0.0001).fit(X, y)
    kept = np.float32 if dtype == np.float32 else np.float64
    sizes = [64, 40, 30, 10]
    n_connections = [5 * (a + b) for a, b in pairwise(sizes)]
    n_connections[2] = 200  # 5 x 40 of 300
    for coef, shape, n in zip(clf.coefs_, pairwise(sizes), n_connections, strict=True):
        assert isinstance(coef, csr_array)
        assert coef.shape == shape
        assert coef.nnz == n
        assert coef.dtype == kept
    assert [len(b) for b in clf.intercepts_] == sizes[1:]
    assert {b.dtype for b in clf.intercepts_} == {np.dtype(kept)}
    assert clf.n_connections_ == sum(n_connections)
    dense = sum(a * b for a, b in pairwise(sizes))
    assert clf.density_ == clf.n_connections_ / dense
    assert clf.n_layers_ == 4 and clf.n_outputs_ == 10 and clf.n_iter_ == 10
    assert clf.t_ == 10 * len(X)
    assert len(clf.loss_curve_) == 10
    assert clf.loss_ == clf.loss_curve_[-1]
    assert clf.best_loss_ == min(clf.loss_curve_)
    assert clf.predict_proba(X).dtype == kept


def test_coefs_share_memory_with_the_network(digits):
    """Predictions use the arrays of the attributes, not copies of them."""
    X, _, y, _ = digits
    clf = make_classifier().fit(X, y)
    for coef, bias in zip(clf.coefs_, clf.intercepts_, strict=True):
        coef.data[:], bias[:] = 0, 0
    assert_allclose(clf.predict_proba(X), 0.1)


def test_no_hidden_layer_gives_a_sparse_linear_model(digits):
    X, X_test, y, y_test = digits
    clf = make_classifier(hidden_layer_sizes=(), epsilon=4, zeta=0.1, max_iter=60).fit(
        X, y
    )
    assert len(clf.coefs_) == 1
    assert clf.score(X_test, y_test) > 0.85


@both_perceptrons
def test_feature_importances_are_input_strengths(Estimator):
    X, y = DATA[Estimator]
    model = make_model(Estimator).fit(X, y)
    strength = abs(model.coefs_[0].toarray()).sum(axis=1)
    assert_allclose(model.feature_importances_, strength / strength.sum())
    assert "feature_importances_" not in vars(model)


def test_select_from_model_and_rfe_find_the_useful_features():
    X, y = make_regression(1000, 30, n_informative=5, random_state=0)
    useful = {
        tuple(np.flatnonzero(abs(Ridge().fit(X, y).coef_) > 1)),
    }
    reg = make_model(SETMLPRegressor, max_iter=60, alpha=1.0)
    for selector in (
        SelectFromModel(reg, max_features=5, threshold=-np.inf),
        RFE(reg, n_features_to_select=5, step=5),
    ):
        selector.fit(X, y / y.std())
        assert {tuple(np.flatnonzero(selector.get_support()))} == useful


@needs_routed_scores
@both_perceptrons
def test_metadata_routing(Estimator):
    X, y = DATA[Estimator]
    with sklearn.config_context(enable_metadata_routing=True):
        model = make_model(Estimator, max_iter=2).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        weights = np.ones(len(y))
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model)
        pipeline.fit(X, y, sample_weight=weights)
        result = cross_validate(
            pipeline, X, y, cv=2, params={"sample_weight": weights}, error_score="raise"
        )
        assert len(result["test_score"]) == 2
        model = make_model(Estimator, max_iter=2, early_stopping=True)
        model.set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X[:50], y_val=y[:50])
        assert len(pipeline[-1].validation_scores_) == 2


# -- training ------------------------------------------------------------------


def test_shuffle(digits):
    X, _, y, _ = digits
    a, b = (
        make_classifier(shuffle=False).fit(X, y),
        make_classifier(shuffle=False).fit(X, y),
    )
    assert_same_model(a, b)
    assert a.loss_ != make_classifier(shuffle=True).fit(X, y).loss_


def test_alpha_shrinks_the_weights(digits):
    X, _, y, _ = digits
    norms = []
    for alpha in (0, 1, 10):
        clf = make_classifier(alpha=alpha).fit(X, y)
        norms.append(sum(np.square(coef.data).sum() for coef in clf.coefs_))
    assert norms[0] > norms[1] > norms[2]


def test_max_iter_warns_in_fit_only(digits):
    X, _, y, _ = digits
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        make_classifier(max_iter=2).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        make_classifier(max_iter=1).partial_fit(X, y, classes=range(10))


@pytest.mark.parametrize(
    "solver, schedule",
    [
        ("sgd", "constant"),
        ("sgd", "invscaling"),
        ("sgd", "adaptive"),
        ("adam", "constant"),  # scikit-learn's adam has no schedule
    ],
)
def test_a_dense_network_follows_scikit_learn(solver, schedule, monkeypatch):
    """From the same weights, in the same order, with one rate, to 1e-6."""
    monkeypatch.setattr(
        learner, "rate_factors", lambda layers, solver: [1.0] * len(layers)
    )
    options = {
        "hidden_layer_sizes": (12, 7), "activation": "tanh", "alpha": 0.1,
        "solver": solver, "learning_rate": schedule, "learning_rate_init": 0.02,
        "max_iter": 1, "batch_size": 16, "shuffle": False, "tol": 0.02,
        "n_iter_no_change": 2, "warm_start": True, "random_state": 0,
    }  # fmt: skip
    for Ours, Theirs in (
        (SETMLPClassifier, MLPClassifier),
        (SETMLPRegressor, MLPRegressor),
    ):
        X, y = SMALL_DATA[Ours]
        order = np.random.default_rng(0).permutation(len(y))
        X, y = X[order], y[order]
        ours = Ours(epsilon=None, evolution="fixed", **options).fit(X, y)
        theirs = Theirs(**options).fit(X, y)
        assert ours.density_ == 1
        theirs.coefs_ = dense_weights(ours)
        theirs.intercepts_ = [bias.copy() for bias in ours.intercepts_]
        state = ours._training_state  # theirs starts anew with each fit
        state["learner"], state["history"]["best_loss"] = None, np.inf
        state["n_samples"] = 0
        theirs.best_loss_, theirs._no_improvement_count, theirs.t_ = np.inf, 0, 0
        for model in (ours, theirs):
            model.set_params(max_iter=30).fit(X, y)
        assert ours.n_iter_ == theirs.n_iter_
        assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_[1:], rtol=1e-6)
        for a, b in zip(dense_weights(ours), theirs.coefs_, strict=True):
            assert_allclose(a, b, rtol=1e-6, atol=1e-9)


def test_partial_fit_continues_as_fit_does(digits):
    X, _, y, _ = digits
    whole = make_classifier(max_iter=6).fit(X, y)
    parts = make_classifier()
    for _ in range(6):
        parts.partial_fit(X, y, classes=range(10))
    assert_same_model(whole, parts)
    assert parts.loss_curve_ == whole.loss_curve_


def test_warm_start_continues_training(digits):
    X, _, y, _ = digits
    whole = make_classifier(max_iter=6).fit(X, y)
    warm = make_classifier(max_iter=3, warm_start=True).fit(X, y).fit(X, y)
    assert_same_model(whole, warm)
    assert warm.n_iter_ == 3 and warm.t_ == whole.t_
    cold = make_classifier(max_iter=3).fit(X, y).fit(X, y)
    assert_same_model(cold, make_classifier(max_iter=3).fit(X, y))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_training_continues_in_the_first_dtype(dtype, digits):
    X, _, y, _ = digits
    clf = make_classifier().fit(X.astype(dtype), y)
    clf.partial_fit(X.astype(np.float64), y)
    assert {coef.dtype for coef in clf.coefs_} == {np.dtype(dtype)}


# -- weights of samples --------------------------------------------------------


@both_perceptrons
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_sample_weights_are_repetitions_in_full_batches(Estimator, solver, rng):
    X, y = SMALL_DATA[Estimator]
    weights = rng.integers(0, 4, size=len(y))
    options = {"batch_size": 10_000, "solver": solver, "alpha": 0.1}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="batch_size=10000 is larger")
        weighted = make_small_model(Estimator, **options).fit(
            X, y, sample_weight=weights
        )
        repeated = make_small_model(Estimator, **options).fit(
            X.repeat(weights, axis=0), y.repeat(weights)
        )
    assert_close_weights(weighted, repeated, rtol=1e-5)
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_)


@both_perceptrons
def test_weight_0_leaves_a_sample_out_bit_for_bit(Estimator):
    X, y = SMALL_DATA[Estimator]
    used = np.arange(len(y)) % 3 > 0
    a = make_small_model(Estimator).fit(X, y, sample_weight=used.astype(float))
    b = make_small_model(Estimator).fit(
        X[used], y[used], sample_weight=np.ones(used.sum())
    )
    for x, z in zip(dense_weights(a), dense_weights(b), strict=True):
        assert_array_equal(x, z)
    assert a.t_ == b.t_ == 8 * used.sum()


def fit_in_pieces(model, X, y, weights):
    """Fit to three pieces, twice."""
    more = {"classes": np.unique(y)} if isinstance(model, SETMLPClassifier) else {}
    for _ in range(2):
        for piece in np.array_split(np.arange(len(y)), 3):
            w = None if weights is None else weights[piece]
            model.partial_fit(X[piece], y[piece], w, **more)
    return model


def fit_at_once(model, X, y, weights):
    return model.fit(X, y, weights)


@both_perceptrons
@pytest.mark.parametrize("fit", [fit_at_once, fit_in_pieces])
@pytest.mark.parametrize("solver", ["sgd", "adamw"])
@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_a_common_factor_of_the_weights_has_no_effect(
    Estimator, fit, solver, make, rng
):
    X, y = SMALL_DATA[Estimator]
    X, weights = make(X), rng.random(len(y))
    weights[::7] = 0

    def fitted(weights):
        return fit(make_small_model(Estimator, solver=solver, alpha=3), X, y, weights)

    plain, weighted = fitted(None), fitted(weights)
    assert not np.allclose(plain.intercepts_[0], weighted.intercepts_[0])
    for factor in (1 / len(y), 7.0, 1e-30, 1e-308, 1e308):
        assert_close_weights(plain, fitted(np.full(len(y), factor)), rtol=1e-7)
        assert_close_weights(weighted, fitted(factor * weights), rtol=1e-7)


@both_perceptrons
@pytest.mark.parametrize("factor", [1e-30, 1e-60, 1e60, 1e308])
def test_weights_beyond_float32(Estimator, factor):
    X, y = SMALL_DATA[Estimator]
    X = X.astype(np.float32)
    plain = make_small_model(Estimator).fit(X, y)
    scaled = make_small_model(Estimator, early_stopping=True)
    scaled.fit(X, y, np.full(len(y), factor), X_val=X, y_val=y,
               sample_weight_val=np.full(len(y), factor))  # fmt: skip
    assert scaled.validation_scores_[-1] == pytest.approx(plain.score(X, y), rel=0.1)
    assert scaled.coefs_[0].dtype == np.float32


@pytest.mark.parametrize("size", [12, 32])
def test_the_penalty_of_a_step_does_not_depend_on_the_number_of_samples(size):
    """Twice the same samples are the same batch, if it holds all of them."""
    X, y = X_iris[:: 150 // size][:size], y_iris[:: 150 // size][:size]
    options = {"alpha": 10, "batch_size": 64}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="batch_size=64 is larger")
        once = make_small_model(SETMLPClassifier, **options).fit(X, y)
        twice = make_small_model(SETMLPClassifier, **options).fit(
            np.tile(X, (2, 1)), np.tile(y, 2)
        )
    assert_close_weights(once, twice, rtol=1e-6)


def test_the_penalty_of_a_sparse_batch_does_not_depend_on_its_weights(monkeypatch, rng):
    """So that steps without gradient are the same map, and stay pending."""
    changes = []
    change = LazyUpdates._change
    monkeypatch.setattr(
        LazyUpdates, "_change", lambda self, step: changes.append(change(self, step))
    )
    X, options = csr_array(X_digits), {"solver": "sgd", "batch_size": 599, "zeta": 0}
    make_model(SETMLPClassifier, max_iter=3, **options).fit(
        X, y_digits, rng.random(len(y_digits))
    )
    assert len(changes) == 1


@both_perceptrons
def test_weights_of_single_samples_compare_nothing(Estimator):
    X, y = SMALL_DATA[Estimator]
    message = "in batches of one sample they have no effect"
    with pytest.warns(UserWarning, match=message):
        make_small_model(Estimator, batch_size=1, max_iter=1).fit(X, y, y + 1)
    more = {"classes": [0, 1, 2]} if Estimator is SETMLPClassifier else {}
    with pytest.warns(UserWarning, match=message):
        make_small_model(Estimator).partial_fit(X[:1], y[:1], [2.0], **more)


@both_perceptrons
@pytest.mark.parametrize(
    "weights, message",
    [
        (-1.0, "[Nn]egative values in data passed to `sample_weight`"),
        (0.0, "[Ss]ample weights must contain at least one non-zero number"),
        (np.nan, "sample_weight contains NaN"),
    ],
)
def test_bad_sample_weights(Estimator, weights, message):
    X, y = SMALL_DATA[Estimator]
    sample_weight = np.ones(len(y)) if weights else np.zeros(len(y))
    sample_weight[0] = weights
    more = {"classes": [0, 1, 2]} if Estimator is SETMLPClassifier else {}
    with pytest.raises(ValueError, match=message):
        Estimator().fit(X, y, sample_weight=sample_weight)
    with pytest.raises(ValueError, match=message):
        Estimator().partial_fit(X, y, sample_weight=sample_weight, **more)
    with pytest.raises(ValueError, match="sample_weight.shape"):
        Estimator().fit(X, y, sample_weight=np.ones(3))


# -- predictions ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_do_not_depend_on_the_batch(dtype, digits):
    X, X_test, y, _ = digits
    clf = make_classifier().fit(X.astype(dtype), y)
    whole = clf.predict_proba(X_test)
    assert whole.flags.c_contiguous
    for n in (1, 3, 40):
        parts = [clf.predict_proba(X_test[i : i + n]) for i in range(0, 120, n)]
        assert_array_equal(np.concatenate(parts)[:120], whole[:120])


def test_predict_is_safe_in_several_threads(digits):
    X, X_test, y, _ = digits
    clf = make_classifier().fit(X, y)
    whole = clf.predict_proba(X_test)
    with ThreadPoolExecutor(4) as pool:
        for proba in pool.map(lambda _: clf.predict_proba(X_test), range(40)):
            assert_array_equal(proba, whole)


@both_perceptrons
def test_fits_in_several_threads_are_those_of_one(Estimator):
    """They train at the same time, without the GIL in the kernels."""
    X, y = SMALL_DATA[Estimator]

    def fit(seed):
        model = make_small_model(Estimator, random_state=seed, max_iter=20)
        return model.fit(X, y).coefs_

    expected = [fit(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for weights, others in zip(expected, pool.map(fit, range(8)), strict=True):
            for one, other in zip(weights, others, strict=True):
                assert_array_equal(one.indices, other.indices)
                assert_array_equal(one.data, other.data)


@pytest.mark.parametrize("activation", ["relu", "tanh", ["srelu", "gelu"]])
def test_predictions_are_those_of_the_trained_activations(activation):
    """Parameters that are set after `fit` matter to the next one only."""
    for Estimator, (X, y) in SMALL_DATA.items():
        model = make_small_model(Estimator, activation=activation).fit(X, y)
        names = [activation] * 2 if isinstance(activation, str) else activation
        assert model.activations_ == names
        before = model.predict(X)
        model.set_params(activation="elu")
        assert_array_equal(model.predict(X), before)


def test_predictions_are_those_of_the_trained_loss():
    X, y = SMALL_DATA[SETMLPRegressor]
    model = make_small_model(SETMLPRegressor, loss="poisson").fit(X, y)
    before = model.predict(X)
    model.set_params(loss="squared_error")
    assert_array_equal(model.predict(X), before)


@both_perceptrons
def test_predictions_do_not_depend_on_parameters_set_after_fit(Estimator):
    """All parameters, so that a new one cannot be forgotten."""
    X, y = SMALL_DATA[Estimator]
    model = make_small_model(Estimator).fit(X, y)
    before = model.predict(X)
    for name in model.get_params():
        changed = copy.copy(model)
        setattr(changed, name, "not valid")
        assert_array_equal(changed.predict(X), before)
