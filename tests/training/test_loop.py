"""The training loop."""

import warnings

import numpy as np
import pytest
from helpers.perceptrons import (
    X_diabetes,
    make_classifier,
    make_small_model,
    y_diabetes,
)
from helpers.rbms import make_rbm
from sklearn.exceptions import ConvergenceWarning

from sklearn_set import SETMLPRegressor
from sklearn_set._mlp.network import Network
from sklearn_set._rbm.contrastive_divergence import ContrastiveDivergence

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_interrupted_classifier_keeps_what_was_learned(digits, monkeypatch):
    X, X_test, y, y_test = digits
    learn, calls = Network.learn, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 24 * 27 + 5:  # in the 25th epoch
            raise KeyboardInterrupt
        return learn(self, *args)

    monkeypatch.setattr(Network, "learn", interrupted)
    clf = make_classifier(max_iter=100)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf.fit(X, y)
    assert clf.n_iter_ == 24
    assert clf.score(X_test, y_test) > 0.9


def test_interrupt_in_the_first_epoch(digits, monkeypatch):
    """In a second fit, after one that diverged."""
    X, _, y, _ = digits
    clf = make_classifier(learning_rate_init=1e20, activation="identity")
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="diverged"):
        clf.fit(X, y)

    def interrupted(self, *args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Network, "learn", interrupted)
    with pytest.warns(UserWarning, match="interrupted") as record:
        clf.set_params(learning_rate_init=0.01).fit(X, y)
    assert record[0].filename == __file__  # the warning points at the user's line
    assert clf.n_iter_ == 0
    assert np.isfinite(clf.predict_proba(X)).all()


def test_interrupted_rbm_keeps_what_was_learned(digits, monkeypatch):
    X, X_test, _, _ = digits
    learn, calls = ContrastiveDivergence.learn, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 2 * 135 + 5:
            raise KeyboardInterrupt
        return learn(self, *args)

    monkeypatch.setattr(ContrastiveDivergence, "learn", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        rbm = make_rbm(n_iter=100).fit(X)
    assert rbm.n_iter_ == 2
    assert np.any(rbm.intercept_visible_)
    assert np.isfinite(rbm.transform(X_test)).all()


def test_divergence_of_a_classifier_raises(digits):
    X, _, y, _ = digits
    with np.errstate(all="ignore"):
        with pytest.raises(ValueError, match="Training diverged.*learning_rate_init"):
            make_classifier(learning_rate_init=1e20, activation="identity").fit(X, y)


def test_divergence_of_an_rbm_raises(digits):
    X, _, _, _ = digits
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="Training diverged.*learning_rate=1e"):
            make_rbm(learning_rate=1e300).fit(1e300 * X)


def test_divergence_with_early_stopping_restores_the_best_weights():
    reg = make_small_model(
        SETMLPRegressor, activation="identity", solver="sgd", learning_rate_init=1.0,
        early_stopping=True, max_iter=200,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="diverged.*best weights are restored"):
        reg.fit(X_diabetes * 10, y_diabetes)
    assert np.isnan(reg.validation_scores_[-1])
    assert np.isfinite(reg.predict(X_diabetes)).all()
