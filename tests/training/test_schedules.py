"""Learning-rate schedules."""

import re

import numpy as np
import pytest
from helpers.perceptrons import X_iris, make_small_model, y_iris
from helpers.rbms import make_rbm
from numpy.testing import assert_allclose

from sklearn_set import SETMLPClassifier
from sklearn_set._training.loop import TrainingLoop
from sklearn_set._training.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    InvScaling,
    TrainingProgress,
)
from sklearn_set.evolution import SET

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Rates:
    """Records the learning rate of each epoch."""

    def __init__(self, monkeypatch):
        self.seen, run_epoch = [], TrainingLoop._run_epoch

        def noted(loop, rate, progress):
            self.seen.append(rate)
            return run_epoch(loop, rate, progress)

        monkeypatch.setattr(TrainingLoop, "_run_epoch", noted)


def test_cosine(monkeypatch):
    rates = Rates(monkeypatch)
    make_small_model(SETMLPClassifier, learning_rate="cosine", max_iter=4).fit(
        X_iris, y_iris
    )
    expected = 0.0005 * (1 + np.cos(np.pi * np.arange(4) / 4))
    assert_allclose(rates.seen, expected)
    clf = make_small_model(SETMLPClassifier, learning_rate="cosine", max_iter=4)
    for _ in range(6):  # continues at the last rate
        clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])
    assert_allclose(rates.seen[4:], [*expected, expected[-1], expected[-1]])


def test_invscaling_counts_samples(monkeypatch):
    rates = Rates(monkeypatch)
    make_small_model(
        SETMLPClassifier, learning_rate="invscaling", power_t=0.3, max_iter=3
    ).fit(X_iris, y_iris)
    assert_allclose(rates.seen, 0.001 / np.array([1, 151**0.3, 301**0.3]))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_adaptive_ends_when_the_rate_is_too_small(early_stopping, capsys, monkeypatch):
    rates = Rates(monkeypatch)
    clf = make_small_model(
        SETMLPClassifier, learning_rate="adaptive", tol=10.0, n_iter_no_change=2,
        max_iter=100, verbose=True, early_stopping=early_stopping,
    ).fit(X_iris, y_iris)  # fmt: skip
    assert clf.n_iter_ < 100
    assert rates.seen[-1] <= 1e-6 < rates.seen[-4]
    out = capsys.readouterr().out
    what = "Validation score" if early_stopping else "Training loss"
    assert (
        f"{what} did not improve more than tol=10.000000 for 2 consecutive epochs. "
        "Setting learning rate to 0.000200\n"
    ) in out
    assert out.endswith("Learning rate too small. Stopping.\n")
    assert len(re.findall("Validation score: ", out)) == early_stopping * clf.n_iter_


def test_cosine_schedule_of_an_rbm_ends_with_small_steps(digits):
    X, _, _, _ = digits
    seen = []

    class Watch(SET):
        def evolve(self, layers, context):
            seen.append(layers[0].connections.weights.copy())

    settings = {"n_iter": 6, "evolution": Watch(), "learning_rate_schedule": "cosine"}
    last = make_rbm(**settings).fit(X).components_.data
    moves = [np.abs(b - a).mean() for a, b in zip(seen, [*seen[1:], last], strict=True)]
    assert moves[-1] < 0.3 * moves[0]


# -- factors -------------------------------------------------------------------


def progress(epoch=0, n_epochs=10, n_samples=0, n_cuts=0):
    return TrainingProgress(epoch, n_epochs, n_samples, n_cuts)


def test_factors_of_the_initial_rate():
    assert Constant().factor(progress(5)) == 1
    assert Adaptive().factor(progress(n_cuts=2)) == pytest.approx(1 / 25)
    assert InvScaling(0.5).factor(progress()) == 1
    assert InvScaling(0.5).factor(progress(n_samples=99)) == pytest.approx(0.1)
    assert InvScaling(10**7).factor(progress(n_samples=99)) == 0
    assert InvScaling(1e308).factor(progress(n_samples=99)) == 0
    assert Cosine().factor(progress()) == 1
    assert Cosine().factor(progress(5)) == pytest.approx(0.5)
    assert Cosine().factor(progress(9)) == pytest.approx(0.0245, abs=1e-4)


def test_the_fraction_of_the_training_stays_below_1():
    fractions = [progress(epoch, 4).fraction for epoch in range(6)]
    assert fractions == [0, 0.25, 0.5, 0.75, 0.75, 0.75]


def test_adaptive_counts_over_calls_of_partial_fit(monkeypatch):
    rates = Rates(monkeypatch)
    clf = make_small_model(
        SETMLPClassifier, learning_rate="adaptive", tol=10.0, n_iter_no_change=2
    )
    for _ in range(8):
        clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])
    assert_allclose(rates.seen, 0.001 / np.array([1, 1, 1, 1, 5, 5, 5, 25]))


def test_only_adaptive_cuts_the_rate():
    names = {name for name, schedule in SCHEDULES.items() if schedule.is_cut}
    assert names == {"adaptive"}
