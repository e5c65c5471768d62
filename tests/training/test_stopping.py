"""When training stops, and which weights are kept."""

import warnings

import numpy as np
import pytest
from helpers.perceptrons import (
    SMALL_DATA,
    assert_close_weights,
    both_perceptrons,
    make_classifier,
    make_small_model,
)
from helpers.rbms import make_rbm
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set._training.schedules import LEAST_RATE, Adaptive, Constant
from sklearn_set._training.state import TrainingState
from sklearn_set._training.stopping import StoppingRule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_converges_by_tol(digits, capsys):
    X, _, y, _ = digits
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        clf = make_classifier(
            max_iter=500, tol=0.5, n_iter_no_change=3, verbose=True
        ).fit(X, y)
    assert clf.n_iter_ < 500
    out = capsys.readouterr().out
    assert out.startswith("Iteration 1, loss = ")
    assert "did not improve more than tol=0.500000 for 3 consecutive epochs" in out


def test_cosine_runs_all_epochs_unless_it_stops_early(digits):
    X, _, y, _ = digits
    settings = {"max_iter": 9, "tol": 1e3, "n_iter_no_change": 1}
    clf = make_classifier(learning_rate="cosine", **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        assert clf.fit(X, y).n_iter_ == 9
        assert clf.set_params(early_stopping=True).fit(X, y).n_iter_ == 3


def test_n_iter_no_change_inf_never_stops_early(digits):
    X, _, y, _ = digits
    clf = make_classifier(max_iter=15, tol=1e3, n_iter_no_change=np.inf).fit(X, y)
    assert clf.n_iter_ == 15
    assert (
        make_classifier(max_iter=15, tol=1e3, n_iter_no_change=2).fit(X, y).n_iter_ == 4
    )


@both_perceptrons
def test_early_stopping_keeps_the_best_weights(Estimator):
    X, y = SMALL_DATA[Estimator]
    model = make_small_model(
        Estimator, early_stopping=True, max_iter=60, n_iter_no_change=5
    )
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    scores = model.validation_scores_
    assert len(scores) == len(model.loss_curve_) == model.n_iter_
    assert model.best_validation_score_ == max(scores)
    assert model.score(X[1::2], y[1::2]) == pytest.approx(max(scores))
    assert model.best_loss_ is None
    # As if training had stopped right after the best epoch.
    best = int(np.argmax(scores))
    again = make_small_model(Estimator, max_iter=best + 1).fit(X[::2], y[::2])
    assert_close_weights(model, again)


def test_early_stopping_restores_the_best_rbm(digits):
    X, _, _, _ = digits
    rbm = make_rbm(
        early_stopping=True, n_iter=200, n_iter_no_change=2, learning_rate=0.5,
        persistent=True,
    ).fit(X)  # fmt: skip
    assert 3 < rbm.n_iter_ < 200
    assert len(rbm.validation_scores_) == rbm.n_iter_
    assert rbm.best_validation_score_ == max(rbm.validation_scores_)
    best = int(np.argmax(rbm.validation_scores_))
    assert best < rbm.n_iter_ - 1
    shorter = make_rbm(
        early_stopping=True, n_iter=best + 1, learning_rate=0.5, persistent=True
    ).fit(X)
    for name in ("components_", "intercept_hidden_", "intercept_visible_"):
        a, b = getattr(rbm, name), getattr(shorter, name)
        assert_array_equal(
            a.toarray() if name == "components_" else a,
            b.toarray() if name == "components_" else b,
        )


@both_perceptrons
def test_warm_start_with_early_stopping(Estimator):
    X, y = SMALL_DATA[Estimator]
    model = make_small_model(Estimator, early_stopping=True, warm_start=True).fit(X, y)
    n_scores = len(model.validation_scores_)
    model.fit(X, y)
    assert len(model.validation_scores_) > n_scores
    assert model.best_validation_score_ == max(model.validation_scores_[n_scores:])


def make_estimator(Estimator, **parameters):
    if Estimator is SETRBM:
        names = {"max_iter": "n_iter"}
        return make_rbm(**{names.get(k, k): v for k, v in parameters.items()})
    return make_small_model(Estimator, **parameters)


@pytest.mark.parametrize("Estimator", [SETMLPClassifier, SETMLPRegressor, SETRBM])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_warm_fit_counts_anew(Estimator, early_stopping):
    """After a fit that stopped by itself, it runs as many epochs as that."""
    if Estimator is SETRBM and not early_stopping:
        pytest.skip("An RBM stops by itself with early stopping only.")
    X, y = SMALL_DATA.get(Estimator, (np.random.default_rng(0).random((60, 9)), None))
    model = make_estimator(
        Estimator, early_stopping=early_stopping, warm_start=True, max_iter=30,
        tol=1e3, n_iter_no_change=3,
    )  # fmt: skip
    n_epochs = [model.fit(X, y).n_iter_ for _ in range(3)]
    assert n_epochs == [n_epochs[0]] * 3 and n_epochs[0] >= 4


@pytest.mark.parametrize("Estimator", [SETMLPClassifier, SETRBM])
def test_a_warm_fit_on_harder_data_is_not_thrown_away(Estimator):
    """Its best score is its own, although that of the first fit was higher."""
    rng = np.random.default_rng(0)
    X, y = SMALL_DATA[SETMLPClassifier]
    X = (X > 0).astype(float)
    model = make_estimator(
        Estimator, early_stopping=True, warm_start=True, max_iter=6, n_iter_no_change=9
    ).fit(X, y)
    before = outputs(model, X)
    n_scores, best = len(model.validation_scores_), model.best_validation_score_
    model.fit((rng.random(X.shape) > 0.5).astype(float), rng.permutation(y))
    own = model.validation_scores_[n_scores:]
    assert max(own) < best and model.best_validation_score_ == max(own)
    assert (outputs(model, X) != before).any()


def outputs(model, X):
    """Return what a fitted model computes."""
    method = "transform" if isinstance(model, SETRBM) else "predict_proba"
    return getattr(model, method)(X)


# -- the rule ------------------------------------------------------------------


def test_epochs_in_a_row_without_improvement():
    rule, state = StoppingRule("loss", 0.0, 3), TrainingState({}, {})
    met = []
    for n in range(6):
        state.history.n_no_improvement = n
        met.append(rule.is_met(state, Constant(), 0.1))
    assert met == [False] * 4 + [True] * 2


def test_adaptive_rates_are_cut_until_they_are_too_small(capsys):
    rule = StoppingRule("validation_score", 0.5, 3, verbose=True)
    state = TrainingState({}, {})
    state.history.n_no_improvement = 4
    assert not rule.is_met(state, Adaptive(), 0.1)
    assert (state.n_cuts, state.history.n_no_improvement) == (1, 0)
    assert capsys.readouterr().out == (
        "Validation score did not improve more than tol=0.500000 for 3 consecutive "
        "epochs. Setting learning rate to 0.020000\n"
    )
    state.history.n_no_improvement = 4
    assert rule.is_met(state, Adaptive(), LEAST_RATE)
    assert state.n_cuts == 1
