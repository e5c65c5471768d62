"""Validation sets: given or held out, and how they are scored."""

import numpy as np
import pytest
from helpers.perceptrons import (
    SMALL_DATA,
    X_diabetes,
    X_iris,
    assert_close_weights,
    both_perceptrons,
    make_small_model,
    y_diabetes,
    y_iris,
)
from helpers.rbms import make_rbm
from numpy.testing import assert_array_equal
from sklearn.metrics import log_loss

from sklearn_set import SETMLPClassifier, SETMLPRegressor
from sklearn_set._training.validation_set import (
    TrainingData,
    ValidationScorer,
    hold_out,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@both_perceptrons
def test_early_stopping_sets_part_of_the_data_aside(Estimator):
    X, y = SMALL_DATA[Estimator]
    model = make_small_model(Estimator, early_stopping=True, validation_fraction=0.2)
    model.fit(X, y)
    n_val = int(np.ceil(0.2 * len(y)))
    assert model.t_ == model.n_iter_ * (len(y) - n_val)
    # The split is that of the seed, and of no other stream.
    assert_close_weights(model, make_small_model(Estimator, early_stopping=True,
                                     validation_fraction=0.2).fit(X, y))  # fmt: skip
    assert model.validation_scores_ is not None


def test_early_stopping_of_an_rbm_holds_samples_out(digits):
    """Held-out samples are not used at all, not even for the initial biases."""
    X, _, _, _ = digits
    rbm = make_rbm(early_stopping=True, n_iter=0).fit(X)
    whole = make_rbm(n_iter=0).fit(X)
    assert not np.array_equal(rbm.intercept_visible_, whole.intercept_visible_)
    assert rbm.validation_scores_ is None


@pytest.mark.parametrize(
    "scoring", [None, "loss", "neg_log_loss", lambda clf, X, y: clf.score(X, y) - 1]
)
def test_scoring(scoring):
    clf = make_small_model(SETMLPClassifier, early_stopping=True, scoring=scoring)
    clf.fit(X_iris, y_iris, X_val=X_iris, y_val=y_iris)
    now = {
        None: clf.score(X_iris, y_iris),
        "loss": -log_loss(y_iris, clf.predict_proba(X_iris)),
        "neg_log_loss": -log_loss(y_iris, clf.predict_proba(X_iris)),
    }.get(scoring, clf.score(X_iris, y_iris) - 1)
    assert clf.best_validation_score_ == pytest.approx(now)


def test_validation_weights_are_used():
    weights = (y_iris == 1).astype(float)
    clf = make_small_model(SETMLPClassifier, early_stopping=True, max_iter=1)
    clf.fit(X_iris, y_iris, X_val=X_iris, y_val=y_iris, sample_weight_val=weights)
    only = clf.score(X_iris[y_iris == 1], y_iris[y_iris == 1])
    assert clf.validation_scores_ == [pytest.approx(only)]


@both_perceptrons
def test_a_validation_set_is_scored_without_early_stopping_too(Estimator):
    X, y = SMALL_DATA[Estimator]
    plain = make_small_model(Estimator).fit(X, y)
    scored = make_small_model(Estimator).fit(X, y, X_val=X, y_val=y)
    assert_close_weights(plain, scored)
    assert plain.validation_scores_ is None and plain.best_validation_score_ is None
    assert len(scored.validation_scores_) == 8
    assert scored.validation_scores_[-1] == pytest.approx(scored.score(X, y))


@both_perceptrons
def test_bad_validation_sets(Estimator):
    X, y = SMALL_DATA[Estimator]
    for arguments, message in (
        ({"X_val": X}, "X_val is passed to fit without y_val"),
        ({"y_val": y}, "y_val is passed to fit without X_val"),
        ({"sample_weight_val": y}, "sample_weight_val is passed to fit without X_val"),
        ({"X_val": X[:, :2], "y_val": y}, "X has 2 features"),
        ({"X_val": X, "y_val": y[:-1]}, "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=message):
            make_small_model(Estimator).fit(X, y, **arguments)
    with pytest.raises(ValueError, match="The validation set is too small"):
        make_small_model(SETMLPRegressor, early_stopping=True).fit(
            X_diabetes[:3], y_diabetes[:3]
        )
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        more = {"classes": [0, 1, 2]} if Estimator is SETMLPClassifier else {}
        make_small_model(Estimator, early_stopping=True).partial_fit(X, y, **more)


@pytest.mark.parametrize(
    "Estimator, y, y_val",
    [
        (SETMLPClassifier, np.eye(3, dtype=int)[y_iris], y_iris),
        (
            SETMLPClassifier,
            np.eye(3, dtype=int)[y_iris],
            np.eye(2, dtype=int)[y_iris % 2],
        ),
        (SETMLPClassifier, y_iris, np.eye(3, dtype=int)[y_iris]),
        (SETMLPRegressor, X_iris[:, :2], X_iris[:, 0]),
        (SETMLPRegressor, X_iris[:, 0], X_iris[:, :2]),
    ],
    ids=["multiclass", "two labels", "multilabel", "one output", "two outputs"],
)
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_validation_targets_are_like_y(Estimator, y, y_val, scoring):
    """Before an epoch is lost."""
    model = make_small_model(Estimator, scoring=scoring)
    with pytest.raises(ValueError, match=r"y_val has the shape .* where y has"):
        model.fit(X_iris, y, X_val=X_iris, y_val=y_val)


def test_a_column_of_validation_targets():
    with pytest.warns(UserWarning, match="column-vector y"):
        clf = make_small_model(SETMLPClassifier).fit(
            X_iris, y_iris, X_val=X_iris, y_val=y_iris[:, None]
        )
    assert clf.validation_scores_[-1] == clf.score(X_iris, y_iris)


@both_perceptrons
def test_an_unknown_score_is_refused_without_a_validation_set(Estimator):
    model = make_small_model(Estimator, scoring="accurate")
    with pytest.raises(ValueError, match="scoring='accurate' is not known"):
        model.fit(*SMALL_DATA[Estimator])


# -- parts ---------------------------------------------------------------------


def test_held_out_samples_and_the_others_are_all_samples():
    samples, labels = np.arange(10, 110), np.repeat([0, 1], [80, 20])
    train, held_out = hold_out(samples, 0.2, 0, labels)
    assert_array_equal(np.sort(np.r_[train, held_out]), samples)
    assert len(held_out) == 20 and labels[held_out - 10].sum() == 4
    assert np.all(np.diff(train) > 0) and np.all(np.diff(held_out) > 0)
    assert_array_equal(hold_out(samples, 0.2, 0, labels)[1], held_out)
    assert not np.array_equal(hold_out(samples, 0.2, 1, labels)[1], held_out)


def test_callbacks_get_the_data_of_the_user_without_a_copy():
    X, y = X_iris.tolist(), y_iris
    data = TrainingData(X, y)
    all_rows = data.for_callbacks(np.arange(150), None)
    assert all_rows[0]() is X and all_rows[2] == {}
    indices, weights = np.array([3, 5]), np.arange(150.0)
    X_rows, y_rows, metadata = data.for_callbacks(indices, weights)
    assert_array_equal(X_rows(), X_iris[indices])
    assert_array_equal(y_rows(), y_iris[indices])
    assert_array_equal(metadata["sample_weight"], [3.0, 5.0])


def test_outputs_that_are_not_finite_score_nan():
    """scikit-learn's metrics would say "Input contains NaN", which is no remedy."""
    rng = np.random.default_rng(0)
    X, y = rng.random((30, 4)), rng.random(30)
    model = SETMLPRegressor(hidden_layer_sizes=(5,), activation="identity", max_iter=1)
    scorer = ValidationScorer(model.fit(X, y), X, y, None)
    assert np.isfinite(scorer.score(model))
    for coef in model.coefs_:
        coef.data[::2], coef.data[1::2] = 1e308, -1e308
    with np.errstate(all="ignore"):
        assert np.isnan(scorer.score(model))


def test_an_error_of_the_score_itself_is_raised():
    def score(estimator, X, y):
        raise ValueError("no score")

    X, y = np.eye(20), np.arange(20.0)
    model = SETMLPRegressor(scoring=score, early_stopping=True, max_iter=1)
    with pytest.raises(ValueError, match="no score"):
        model.fit(X, y)
