"""The training loop: with a small learner, and interrupts and divergence of models."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.perceptrons import (
    X_diabetes,
    make_classifier,
    make_small_model,
    y_diabetes,
)
from helpers.rbms import make_rbm
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from sklearn_set import SETMLPRegressor
from sklearn_set._mlp.network import Network
from sklearn_set._rbm.contrastive_divergence import ContrastiveDivergence
from sklearn_set._training.evolver import Evolver, Period
from sklearn_set._training.learner import Learner
from sklearn_set._training.loop import TrainingLoop
from sklearn_set._training.samples import Batches
from sklearn_set._training.schedules import LEAST_RATE, Adaptive, Constant, Cosine
from sklearn_set._training.state import TrainingState
from sklearn_set._training.stopping import StoppingRule
from sklearn_set.evolution import Fixed

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

VALUES = np.linspace(1, 3, 20)

# -- a small learner -----------------------------------------------------------


class MeanLearner(Learner):
    """Learns the mean of numbers by gradient steps on the squared error."""

    def __init__(self):
        self.solver = SimpleNamespace(learning_rate=None)
        self.mean, self.rates, self.n_batches = np.zeros(1), [], 0

    def begin_epoch(self):
        self.rates.append(self.solver.learning_rate)

    def learn(self, indices):
        self.n_batches += 1
        error = self.mean - VALUES[indices].mean()
        self.mean -= self.solver.learning_rate * error

    def end_epoch(self):
        loss = 0.5 * np.square(self.mean - VALUES).mean()
        self.diverged = not np.isfinite(loss)
        return {"loss": loss}

    def arrays(self):
        yield self.mean

    def snapshot(self):
        return self.mean.copy()

    def restore(self, snapshot):
        self.mean = snapshot

    def state(self):
        return {"n_batches": self.n_batches}


def make_state():
    state = TrainingState.start(0, ("topology", "shuffle"), ())
    state.history.best_loss = np.inf
    return state


def make_loop(learner, state, *, schedule=None, rule=None, **options):
    """Return a loop over four batches an epoch, without a stopping rule."""
    settings = {"learning_rate": 0.1, "stopping": StoppingRule(None, 0, np.inf)}
    return TrainingLoop(
        learner,
        Batches(np.arange(VALUES.size), 5, state.streams["shuffle"]),
        state,
        evolver=Evolver(learner, [rule or Fixed()], Period(1, False), 0.3, state),
        schedule=schedule or Constant(),
        **settings | options,
    )


def test_the_loss_falls_and_everything_is_counted():
    learner, state = MeanLearner(), make_state()
    assert make_loop(learner, state).run(6)
    losses = state.history.curves["loss"]
    assert len(losses) == 6 and np.all(np.diff(losses) < 0)
    assert_allclose(learner.mean, VALUES.mean(), rtol=0.1)
    assert (state.n_iter, state.n_epochs, state.n_steps) == (6, 6, 24)
    assert state.n_samples == 6 * VALUES.size
    assert state.n_evolutions == 5  # between the epochs
    assert state.learner == {"n_batches": 24}
    assert learner.rates == [0.1] * 6


def test_a_second_run_continues_and_counts_its_epochs():
    learner, state = MeanLearner(), make_state()
    loop = make_loop(learner, state)
    loop.run(2)
    loop.run(3)
    whole = MeanLearner()
    make_loop(whole, make_state()).run(5)
    assert_array_equal(learner.mean, whole.mean)
    assert (state.n_iter, state.n_epochs, state.n_evolutions) == (3, 5, 4)


def test_partial_fits_continue_the_planned_epochs():
    learner, state = MeanLearner(), make_state()
    for _ in range(6):
        make_loop(learner, state, schedule=Cosine()).run(1, n_planned=4)
        assert state.n_iter == 1
    fractions = np.array([0, 0.25, 0.5, 0.75, 0.75, 0.75])
    assert_allclose(learner.rates, 0.05 * (1 + np.cos(np.pi * fractions)))
    assert (state.n_epochs, state.n_steps, state.n_evolutions) == (6, 24, 5)


def test_rules_get_the_layers_after_a_flush():
    events = []

    class Rule:
        def evolve(self, layers, context):
            events.append((layers, context.n_evolutions, context.progress))

    learner = MeanLearner()
    layer = SimpleNamespace(
        n_states=1, n_threads=1, check=lambda n: events.append(("check", n))
    )
    learner.layers = [layer]
    learner.flush = lambda: events.append("flush")
    make_loop(learner, make_state(), rule=Rule()).run(2)
    # At the end of an epoch, before an evolution, and at the end of training.
    # What a rule of the user's leaves behind is checked.
    evolution = ([layer], 1, 0.5)
    assert events == ["flush", "flush", evolution, ("check", 1), "flush", "flush"]


def test_the_stopping_rule_stops():
    learner, state = MeanLearner(), make_state()
    loop = make_loop(learner, state, stopping=StoppingRule("loss", 10.0, 2))
    assert not loop.run(100)
    assert state.n_iter == 4  # one improvement on infinity, and then three without
    assert state.history.best_loss == min(state.history.curves["loss"])


def test_adaptive_cuts_the_rate_instead_of_stopping():
    learner, state = MeanLearner(), make_state()
    stopping = StoppingRule("loss", 10.0, 2)
    make_loop(learner, state, schedule=Adaptive(), stopping=stopping).run(9)
    assert_allclose(learner.rates, [0.1] * 4 + [0.02] * 3 + [0.004] * 2)
    assert state.n_cuts == 2
    loop = make_loop(learner, state, schedule=Adaptive(), stopping=stopping)
    assert not loop.run(1000)
    assert learner.rates[-1] <= LEAST_RATE < learner.rates[-4]


@pytest.mark.parametrize("n_iter_no_change, n_iter", [(1, 4), (np.inf, 6)])
def test_early_stopping_restores_the_best_snapshot(n_iter_no_change, n_iter):
    learner, state = MeanLearner(), make_state()
    scores, means = iter([1.0, 3.0, 3.0, 2.5, 1.0, 0.0]), []

    def score():
        means.append(learner.mean.copy())
        return next(scores)

    make_loop(
        learner, state, validation_score=score,
        stopping=StoppingRule("validation_score", 0.1, n_iter_no_change),
    ).run(6)  # fmt: skip
    assert state.n_iter == n_iter
    assert_array_equal(learner.mean, means[1])
    assert state.history.validation_scores[:4] == [1.0, 3.0, 3.0, 2.5]
    assert state.history.best_validation_score == 3.0


def test_scores_without_early_stopping_do_not_restore():
    learner, state = MeanLearner(), make_state()
    scores = [3.0, 2.0, 1.0]
    loop = make_loop(learner, state, validation_score=iter(scores).__next__)
    assert loop.run(3)
    other = MeanLearner()
    make_loop(other, make_state()).run(3)
    assert_array_equal(learner.mean, other.mean)
    assert state.history.validation_scores == scores


class InterruptedLearner(MeanLearner):
    """Is interrupted in the seventh batch, the third one of the second epoch."""

    def learn(self, indices):
        if self.n_batches == 6:
            self.n_batches += 1
            raise KeyboardInterrupt
        super().learn(indices)


def test_an_interrupt_ends_training_with_a_usable_state():
    learner, state = InterruptedLearner(), make_state()
    loop = make_loop(learner, state)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        assert not loop.run(10)
    assert (state.n_iter, state.n_epochs, state.n_steps) == (1, 1, 6)
    assert len(state.history.curves["loss"]) == 1
    assert state.learner == {"n_batches": 7}
    assert loop.run(3)
    assert len(state.history.curves["loss"]) == 4
    assert_allclose(learner.mean, VALUES.mean(), rtol=0.2)


def test_an_interrupt_with_early_stopping_restores_the_best_snapshot():
    learner, state = InterruptedLearner(), make_state()
    loop = make_loop(
        learner, state, validation_score=lambda: 1.0,
        stopping=StoppingRule("validation_score", 0.0, 3),
    )  # fmt: skip
    with pytest.warns(UserWarning, match="interrupted"):
        loop.run(10)
    first = MeanLearner()
    make_loop(first, make_state()).run(1)
    assert_array_equal(learner.mean, first.mean)


class DivergentLearner(MeanLearner):
    """Diverges in the third epoch."""

    def learn(self, indices):
        super().learn(indices)
        if self.n_batches > 8:
            self.mean[:] = np.nan


def test_divergence_raises_with_the_remedy():
    learner, state = DivergentLearner(), make_state()
    loop = make_loop(learner, state, remedy="Lower the rate.")
    with pytest.raises(ValueError, match="Training diverged.* Lower the rate."):
        loop.run(10)
    assert state.n_iter == 3


def test_divergence_of_the_loss_alone_raises():
    """The weights may be finite again, or finite but too large for the loss."""
    learner, state = MeanLearner(), make_state()
    learner.mean[:] = 1e200  # whose square overflows
    with np.errstate(over="ignore"):
        with pytest.raises(ValueError, match="Training diverged"):
            make_loop(learner, state, learning_rate=1e-3).run(5)
    assert state.n_iter == 1


@pytest.mark.parametrize(("rate", "grows"), [(3.0, True), (2.05, False)])
def test_a_loss_that_grows_by_far_is_a_warning(rate, grows):
    """Each step multiplies the error by 1 - rate."""
    loop = make_loop(MeanLearner(), make_state(), learning_rate=rate, remedy="Slower.")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loop.run(3)
    found = [str(w.message) for w in caught if "the loss has grown" in str(w.message)]
    assert len(found) == grows
    assert all(message.endswith("Slower.") for message in found)


def test_a_growing_loss_is_a_warning_with_early_stopping_too():
    loop = make_loop(
        MeanLearner(), make_state(), learning_rate=3.0, remedy="Slower.",
        validation_score=lambda: 0.0, stopping=StoppingRule("validation_score", 0.0, 9),
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="grown.*Slower. The best weights are"):
        loop.run(3)


def test_divergence_with_early_stopping_restores_and_warns():
    learner, state = DivergentLearner(), make_state()
    loop = make_loop(
        learner, state, validation_score=lambda: float(learner.mean[0]),
        stopping=StoppingRule("validation_score", 0.0, 3),
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="diverged.*best weights are restored"):
        assert not loop.run(10)
    best = MeanLearner()
    make_loop(best, make_state()).run(2)
    assert_array_equal(learner.mean, best.mean)
    assert np.isnan(state.history.validation_scores[-1])


class Callbacks:
    """Records the epochs; stops after some of them."""

    def __init__(self, stop_after):
        self.stop_after, self.events = stop_after, []

    def begin_epoch(self):
        self.events.append("begin")

    def end_epoch(self, fitted_attributes):
        self.events.append(fitted_attributes())
        return len(self.events) == 2 * self.stop_after


@pytest.mark.parametrize("stop_after, n_iter", [(2, 2), (9, 3)])
def test_callbacks_get_each_epoch_and_can_stop(stop_after, n_iter):
    learner, state = MeanLearner(), make_state()
    callbacks = Callbacks(stop_after)
    loop = make_loop(
        learner, state, callbacks=callbacks, fitted_attributes=lambda: state.n_iter
    )
    assert loop.run(3) == (stop_after > 3)
    assert state.n_iter == n_iter
    expected = [event for n in range(1, n_iter + 1) for event in ("begin", n)]
    assert callbacks.events == expected


def test_a_report_is_printed_after_each_epoch(capsys):
    def report(n_iter, metrics, seconds):
        assert seconds >= 0
        return f"{n_iter}: {metrics['loss']:.3f}"

    state = make_state()
    make_loop(
        MeanLearner(), state, report=report, validation_score=lambda: 0.5
    ).run(2)  # fmt: skip
    losses = state.history.curves["loss"]
    expected = [
        line
        for n, loss in enumerate(losses, start=1)
        for line in (f"{n}: {loss:.3f}", "Validation score: 0.500000")
    ]
    assert capsys.readouterr().out.splitlines() == expected


# -- interrupts and divergence of models ---------------------------------------


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
