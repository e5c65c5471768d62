"""Weights, early stopping, schedules, dropout, batch_transform: fit's other options."""

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.class_weight import compute_class_weight

from sklearn_set import SETMLPClassifier, SETMLPRegressor
from sklearn_set._layers.batches import as_rows
from sklearn_set._training.evolver import Period
from sklearn_set._training.loop import TrainingLoop

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_iris, y_iris = load_iris(return_X_y=True)
X_iris = (X_iris - X_iris.mean(axis=0)) / X_iris.std(axis=0)
X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
X_diabetes, y_diabetes = X_diabetes / X_diabetes.std(), y_diabetes / 100
DATA = {SETMLPClassifier: (X_iris, y_iris), SETMLPRegressor: (X_diabetes, y_diabetes)}
both = pytest.mark.parametrize("Estimator", DATA, ids=lambda cls: cls.__name__)


def small(Estimator, **parameters):
    settings = {
        "hidden_layer_sizes": (20, 15),
        "epsilon": 5,
        "max_iter": 8,
        "learning_rate_init": 0.01,
        "random_state": 0,
    }
    return Estimator(**settings | parameters)


def weights_of(model):
    return [coef.toarray() for coef in model.coefs_]


def assert_close_models(a, b, rtol=1e-9):
    for x, y in zip(weights_of(a), weights_of(b), strict=True):
        assert_allclose(x, y, rtol=rtol, atol=1e-12)


# -- sample and class weights -----------------------------------------------------


@both
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_weights_are_repetitions_in_full_batches(Estimator, solver, rng):
    X, y = DATA[Estimator]
    weights = rng.integers(0, 4, size=len(y))
    options = {"batch_size": 10_000, "solver": solver, "alpha": 0.1}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="batch_size=10000 is larger")
        weighted = small(Estimator, **options).fit(X, y, sample_weight=weights)
        repeated = small(Estimator, **options).fit(
            X.repeat(weights, axis=0), y.repeat(weights)
        )
    assert_close_models(weighted, repeated, rtol=1e-5)
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_)


@both
def test_weight_0_is_absence_bit_for_bit(Estimator):
    X, y = DATA[Estimator]
    used = np.arange(len(y)) % 3 > 0
    a = small(Estimator).fit(X, y, sample_weight=used.astype(float))
    b = small(Estimator).fit(X[used], y[used], sample_weight=np.ones(used.sum()))
    for x, z in zip(weights_of(a), weights_of(b), strict=True):
        assert_array_equal(x, z)
    assert a.t_ == b.t_ == 8 * used.sum()


@both
def test_weights_of_1_change_rounding_at_most(Estimator):
    X, y = DATA[Estimator]
    plain = small(Estimator).fit(X, y)
    assert_close_models(plain, small(Estimator).fit(X, y, np.ones(len(y))))
    scaled = small(Estimator, alpha=0).fit(X, y, np.full(len(y), 7.0))
    assert_close_models(small(Estimator, alpha=0).fit(X, y), scaled)


@both
@pytest.mark.parametrize(
    "weights, message",
    [
        (-1.0, "[Nn]egative values in data passed to `sample_weight`"),
        (0.0, "[Ss]ample weights must contain at least one non-zero number"),
        (np.nan, "sample_weight contains NaN"),
    ],
)
def test_bad_weights(Estimator, weights, message):
    X, y = DATA[Estimator]
    own = np.ones(len(y)) if weights else np.zeros(len(y))
    own[0] = weights
    more = {"classes": [0, 1, 2]} if Estimator is SETMLPClassifier else {}
    with pytest.raises(ValueError, match=message):
        Estimator().fit(X, y, sample_weight=own)
    with pytest.raises(ValueError, match=message):
        Estimator().partial_fit(X, y, sample_weight=own, **more)
    with pytest.raises(ValueError, match="sample_weight.shape"):
        Estimator().fit(X, y, sample_weight=np.ones(3))


def test_class_weights_multiply_sample_weights(rng):
    own = rng.random(150)
    given = {0: 1.0, 1: 3.0, 2: 0.5}
    a = small(SETMLPClassifier, class_weight=given).fit(X_iris, y_iris, own)
    products = own * np.array([1.0, 3.0, 0.5])[y_iris]
    b = small(SETMLPClassifier).fit(X_iris, y_iris, products)
    assert_close_models(a, b)
    without = small(SETMLPClassifier, class_weight=given).fit(X_iris, y_iris)
    assert_close_models(
        without, small(SETMLPClassifier).fit(X_iris, y_iris, products / own)
    )


@pytest.mark.parametrize("labels", [np.arange(3), np.array(["a", "b", "c"])])
def test_balanced_gives_classes_the_same_weight(labels):
    rows = np.r_[0:50, 50:60, 100:130]
    X, y = X_iris[rows], labels[y_iris[rows]]
    values = compute_class_weight("balanced", classes=labels, y=y)
    a = small(SETMLPClassifier, class_weight="balanced").fit(X, y)
    b = small(SETMLPClassifier).fit(X, y, values[np.searchsorted(labels, y)])
    assert_close_models(a, b)
    # Weights count as repetitions do.
    own = np.where(y == labels[0], 2.0, 1.0)
    c = small(SETMLPClassifier, class_weight="balanced", alpha=0).fit(X, y, own)
    values = compute_class_weight(
        "balanced", classes=labels, y=np.r_[y, y[y == labels[0]]]
    )
    d = small(SETMLPClassifier, alpha=0).fit(
        X, y, own * values[np.searchsorted(labels, y)]
    )
    assert_close_models(c, d)


def test_balance_helps_the_rare_class(rng):
    X = np.r_[rng.normal(0, 1, (950, 5)), rng.normal(1, 1, (50, 5))]
    y = np.r_[np.zeros(950), np.ones(50)]
    recall = [
        small(SETMLPClassifier, class_weight=weight).fit(X, y).predict(X)[y == 1].mean()
        for weight in (None, "balanced")
    ]
    assert recall[0] + 0.2 < recall[1]


def test_balanced_needs_all_data():
    clf = SETMLPClassifier(class_weight="balanced")
    with pytest.raises(ValueError, match="class_weight='balanced' is not supported by"):
        clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])


# -- early stopping -----------------------------------------------------------------


@both
def test_early_stopping_keeps_the_best_weights(Estimator):
    X, y = DATA[Estimator]
    model = small(Estimator, early_stopping=True, max_iter=60, n_iter_no_change=5)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    scores = model.validation_scores_
    assert len(scores) == len(model.loss_curve_) == model.n_iter_
    assert model.best_validation_score_ == max(scores)
    assert model.score(X[1::2], y[1::2]) == pytest.approx(max(scores))
    assert model.best_loss_ is None
    # As if training had stopped right after the best epoch.
    best = int(np.argmax(scores))
    again = small(Estimator, max_iter=best + 1).fit(X[::2], y[::2])
    assert_close_models(model, again)


@both
def test_early_stopping_sets_part_of_the_data_aside(Estimator):
    X, y = DATA[Estimator]
    model = small(Estimator, early_stopping=True, validation_fraction=0.2)
    model.fit(X, y)
    n_val = int(np.ceil(0.2 * len(y)))
    assert model.t_ == model.n_iter_ * (len(y) - n_val)
    # The split is that of the seed, and of no other stream.
    assert_close_models(model, small(Estimator, early_stopping=True,
                                     validation_fraction=0.2).fit(X, y))  # fmt: skip
    assert model.validation_scores_ is not None


@pytest.mark.parametrize(
    "scoring", [None, "loss", "neg_log_loss", lambda clf, X, y: clf.score(X, y) - 1]
)
def test_scoring(scoring):
    clf = small(SETMLPClassifier, early_stopping=True, scoring=scoring)
    clf.fit(X_iris, y_iris, X_val=X_iris, y_val=y_iris)
    now = {
        None: clf.score(X_iris, y_iris),
        "loss": -log_loss(y_iris, clf.predict_proba(X_iris)),
        "neg_log_loss": -log_loss(y_iris, clf.predict_proba(X_iris)),
    }.get(scoring, clf.score(X_iris, y_iris) - 1)
    assert clf.best_validation_score_ == pytest.approx(now)


def test_validation_weights_count():
    weights = (y_iris == 1).astype(float)
    clf = small(SETMLPClassifier, early_stopping=True, max_iter=1)
    clf.fit(X_iris, y_iris, X_val=X_iris, y_val=y_iris, sample_weight_val=weights)
    only = clf.score(X_iris[y_iris == 1], y_iris[y_iris == 1])
    assert clf.validation_scores_ == [pytest.approx(only)]


@both
def test_a_validation_set_is_scored_without_early_stopping_too(Estimator):
    X, y = DATA[Estimator]
    plain = small(Estimator).fit(X, y)
    scored = small(Estimator).fit(X, y, X_val=X, y_val=y)
    assert_close_models(plain, scored)
    assert plain.validation_scores_ is None and plain.best_validation_score_ is None
    assert len(scored.validation_scores_) == 8
    assert scored.validation_scores_[-1] == pytest.approx(scored.score(X, y))


@both
def test_bad_validation_sets(Estimator):
    X, y = DATA[Estimator]
    for arguments, message in (
        ({"X_val": X}, "X_val is passed to fit without y_val"),
        ({"y_val": y}, "y_val is passed to fit without X_val"),
        ({"sample_weight_val": y}, "sample_weight_val is passed to fit without X_val"),
        ({"X_val": X[:, :2], "y_val": y}, "X has 2 features"),
        ({"X_val": X, "y_val": y[:-1]}, "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=message):
            small(Estimator).fit(X, y, **arguments)
    with pytest.raises(ValueError, match="The validation set is too small"):
        small(SETMLPRegressor, early_stopping=True).fit(X_diabetes[:3], y_diabetes[:3])
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        more = {"classes": [0, 1, 2]} if Estimator is SETMLPClassifier else {}
        small(Estimator, early_stopping=True).partial_fit(X, y, **more)


def test_unknown_labels_in_the_validation_set():
    with pytest.raises(ValueError, match="`y_val` has classes not in `y`, .9."):
        small(SETMLPClassifier).fit(X_iris, y_iris, X_val=X_iris, y_val=y_iris * 0 + 9)


def test_stratified_split_needs_two_of_each_class():
    with pytest.raises(ValueError, match="least populated class"):
        SETMLPClassifier(early_stopping=True).fit(X_iris[:51], y_iris[:51])


def test_string_labels_and_names_with_early_stopping():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X_iris, columns=list("abcd"))
    labels = np.array(["x", "y", "z"], dtype=object)[y_iris]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = small(SETMLPClassifier, early_stopping=True).fit(frame, labels)
        clf.fit(frame, labels, X_val=frame, y_val=labels)
    assert np.isfinite(clf.validation_scores_).all()


@both
def test_warm_start_with_early_stopping(Estimator):
    X, y = DATA[Estimator]
    model = small(Estimator, early_stopping=True, warm_start=True).fit(X, y)
    n_scores, best = len(model.validation_scores_), model.best_validation_score_
    model.fit(X, y)
    assert len(model.validation_scores_) > n_scores
    assert model.best_validation_score_ >= best


def test_divergence_with_early_stopping_brings_the_best_weights_back():
    reg = small(
        SETMLPRegressor, activation="identity", solver="sgd", learning_rate_init=1.0,
        early_stopping=True, max_iter=200,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="diverged.*best weights are restored"):
        reg.fit(X_diabetes * 10, y_diabetes)
    assert np.isnan(reg.validation_scores_[-1])
    assert np.isfinite(reg.predict(X_diabetes)).all()


# -- learning rates -----------------------------------------------------------------


@pytest.mark.parametrize(
    "solver, schedule",
    [
        ("sgd", "constant"),
        ("sgd", "invscaling"),
        ("sgd", "adaptive"),
        ("adam", "constant"),  # scikit-learn's adam has no schedule
    ],
)
def test_a_dense_net_follows_scikit_learn(solver, schedule):
    """From the same weights, in the same order of samples, to 1e-6."""
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
        X, y = DATA[Ours]
        order = np.random.default_rng(0).permutation(len(y))
        X, y = X[order], y[order]
        ours = Ours(epsilon=None, evolution="fixed", **options).fit(X, y)
        theirs = Theirs(**options).fit(X, y)
        assert ours.density_ == 1
        theirs.coefs_ = weights_of(ours)
        theirs.intercepts_ = [bias.copy() for bias in ours.intercepts_]
        state = ours._training_state  # theirs starts anew with each fit
        state.learner, state.history.best_loss, state.n_samples = None, np.inf, 0
        theirs.best_loss_, theirs._no_improvement_count, theirs.t_ = np.inf, 0, 0
        for model in (ours, theirs):
            model.set_params(max_iter=30).fit(X, y)
        assert ours.n_iter_ == theirs.n_iter_
        assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_[1:], rtol=1e-6)
        for a, b in zip(weights_of(ours), theirs.coefs_, strict=True):
            assert_allclose(a, b, rtol=1e-6, atol=1e-9)


class Rates:
    """Notes the rate of each epoch."""

    def __init__(self, monkeypatch):
        self.seen, run_epoch = [], TrainingLoop._run_epoch

        def noted(loop, rate, progress):
            self.seen.append(rate)
            return run_epoch(loop, rate, progress)

        monkeypatch.setattr(TrainingLoop, "_run_epoch", noted)


def test_cosine(monkeypatch):
    rates = Rates(monkeypatch)
    small(SETMLPClassifier, learning_rate="cosine", max_iter=4).fit(X_iris, y_iris)
    expected = 0.005 * (1 + np.cos(np.pi * np.arange(4) / 4))
    assert_allclose(rates.seen, expected)
    clf = small(SETMLPClassifier, learning_rate="cosine", max_iter=4)
    for _ in range(6):  # goes on at the last rate
        clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])
    assert_allclose(rates.seen[4:], [*expected, expected[-1], expected[-1]])


def test_invscaling_counts_samples(monkeypatch):
    rates = Rates(monkeypatch)
    small(SETMLPClassifier, learning_rate="invscaling", power_t=0.3, max_iter=3).fit(
        X_iris, y_iris
    )
    assert_allclose(rates.seen, 0.01 / np.array([1, 151**0.3, 301**0.3]))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_adaptive_ends_when_the_rate_is_too_small(early_stopping, capsys, monkeypatch):
    rates = Rates(monkeypatch)
    clf = small(
        SETMLPClassifier, learning_rate="adaptive", tol=10.0, n_iter_no_change=2,
        max_iter=100, verbose=True, early_stopping=early_stopping,
    ).fit(X_iris, y_iris)  # fmt: skip
    assert clf.n_iter_ < 100
    assert rates.seen[-1] <= 1e-6 < rates.seen[-4]
    out = capsys.readouterr().out
    what = "Validation score" if early_stopping else "Training loss"
    assert (
        f"{what} did not improve more than tol=10.000000 for 2 consecutive epochs. "
        "Setting learning rate to 0.002000\n"
    ) in out
    assert out.endswith("Learning rate too small. Stopping.\n")
    assert len(re.findall("Validation score: ", out)) == early_stopping * clf.n_iter_


def test_another_solver_starts_without_the_state_of_the_last():
    clf = small(SETMLPClassifier, solver="sgd", warm_start=True).fit(X_iris, y_iris)
    clf.set_params(solver="rmsprop").fit(X_iris, y_iris)  # velocities may be negative
    assert np.isfinite(clf.loss_)


# -- dropout and batch_transform ------------------------------------------------------


def test_dropout_drops_its_share_and_scales_the_rest(monkeypatch):
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


@pytest.mark.parametrize("sparse", [False, True])
def test_dropout_trains_and_predicts_without(sparse, digits):
    X, X_test, y, y_test = digits
    X = csr_array(X) if sparse else X
    clf = small(SETMLPClassifier, dropout=[0.1, 0.3, 0.2], max_iter=30, epsilon=10)
    clf.set_params(hidden_layer_sizes=(100, 80)).fit(X, y)
    assert clf.score(X_test, y_test) > 0.93
    assert_array_equal(clf.predict_proba(X_test), clf.predict_proba(X_test))
    plain = small(SETMLPClassifier).fit(X, y)
    assert_close_models(plain, small(SETMLPClassifier, dropout=0.0).fit(X, y))
    for value in (0.1, [0.1, 0.0, 0.0]):
        other = small(SETMLPClassifier, dropout=value).fit(X, y)
        assert not np.array_equal(other.intercepts_[0], plain.intercepts_[0])


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_batch_transform_sees_each_batch(make):
    seen = []

    def note(X, rng):
        seen.append(X.shape)
        assert rng.random() < 1
        return X

    X = make(X_iris)
    plain = small(SETMLPClassifier, batch_size=40).fit(X, y_iris)
    clf = small(SETMLPClassifier, batch_size=40, batch_transform=note).fit(X, y_iris)
    assert_close_models(plain, clf)
    assert seen == [(40, 4), (40, 4), (40, 4), (30, 4)] * 8


def test_batch_transform_augments_and_leaves_X_alone():
    X = X_iris.copy()

    def noise(X, rng):
        X += rng.normal(0, 0.1, X.shape)
        return X

    models = [
        small(SETMLPClassifier, batch_transform=noise).fit(X, y_iris) for _ in range(2)
    ]
    assert_array_equal(X, X_iris)
    assert_close_models(*models)  # the generator is that of random_state
    assert not np.allclose(
        models[0].intercepts_[0], small(SETMLPClassifier).fit(X, y_iris).intercepts_[0]
    )


@pytest.mark.parametrize(
    "bad, message",
    [
        (
            lambda X, rng: X[:, :2],
            r"ndarray of shape \(32, 4\) and returned ndarray of",
        ),
        (lambda X, rng: None, "returned NoneType of shape None"),
        (lambda X, rng: X * np.nan, "batch_transform returned NaN"),
        (lambda X, rng: csr_array(X), "sparse if they are"),
    ],
)
def test_batch_transform_is_checked(bad, message):
    with pytest.raises(ValueError, match=message):
        small(SETMLPClassifier, batch_transform=bad).fit(X_iris, y_iris)


def test_rows_are_loaded_alike_after_a_transform(rng):
    X = rng.random((50, 7)).astype(np.float32)
    rows = as_rows(X, 50)
    assert_array_equal(rows.batch(np.arange(5), 1), X[:5].T)


# -- evolve_every ---------------------------------------------------------------------


def test_period():
    assert Period.parse(3) == (3, False)
    assert Period.parse("100 steps") == (100, True)
    for bad in ("100", "0 steps", "-1 steps", "2 epochs", "steps", ""):
        with pytest.raises(ValueError, match="evolve_every must be .*'100 steps'"):
            Period.parse(bad)
