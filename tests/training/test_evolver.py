"""When models evolve, and what evolution does to them."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers.perceptrons import (
    make_classifier,
    make_sparser_classifier,
    positions,
    topology,
)
from helpers.rbms import make_rbm
from numpy.testing import assert_array_equal

from sklearn_set._mlp.network import Network
from sklearn_set._training.evolver import Evolver, Period
from sklearn_set._training.state import TrainingState
from sklearn_set.evolution import SET, EvolutionRule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_periods_are_epochs_or_steps():
    assert Period.parse(3) == (3, False)
    assert Period.parse("100 steps") == (100, True)
    assert Period.parse("auto") == (None, True)
    for bad in ("100", "0 steps", "-1 steps", "2 epochs", "steps", ""):
        with pytest.raises(ValueError, match="evolve_every must be .*'100 steps'"):
            Period.parse(bad)


class Counter(EvolutionRule):
    """Records when it is called."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def evolve(self, layers, context):
        self.seen.append((context.n_evolutions, context.progress))


def test_evolve_every(digits):
    X, _, y, _ = digits
    X, y = X[:100], y[:100]
    for every, numbers in ((1, 5), (2, 2), (5, 1), (6, 0), ("7 steps", 4)):
        rule = Counter()
        make_sparser_classifier(evolution=rule, evolve_every=every, batch_size=20).fit(
            X, y
        )
        assert [number for number, _ in rule.seen] == list(range(1, numbers + 1))
    rule = Counter()
    clf = make_sparser_classifier(evolution=rule, max_iter=4)
    clf.fit(X, y)
    assert [progress for _, progress in rule.seen] == [0.25, 0.5, 0.75]
    clf = make_sparser_classifier(evolution=rule, max_iter=4)
    for _ in range(6):
        clf.partial_fit(X, y, classes=np.arange(10))
    assert [progress for _, progress in rule.seen[3:]] == [0.25, 0.5, 0.75, 0.75, 0.75]
    assert [number for number, _ in rule.seen[3:]] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "n_batches, n", [(1, 100), (100, 100), (300, 300), (2**20, 1000)]
)
def test_auto_is_an_epoch_of_100_to_1000_steps(n_batches, n):
    rule, state, due = Counter(), TrainingState.start(0, ("topology",), ()), []
    learner = SimpleNamespace(
        layers=[], flush=lambda: None, follow_topology=lambda: None
    )
    evolver = Evolver(learner, [rule], Period.parse("auto"), 0.3, state, n_batches)
    for state.n_steps in range(2 * n + 50):
        evolver.begin_step()
        if len(rule.seen) > len(due):
            due.append(state.n_steps)
    assert due == [n, 2 * n]


def test_auto_counts_steps_over_epochs_and_calls(digits):
    X, y, rule = digits[0][:100], digits[2][:100], Counter()
    settings = {"evolution": rule, "evolve_every": "auto", "batch_size": 20}
    make_sparser_classifier(**settings, max_iter=50).fit(X, y)  # 250 steps
    assert [number for number, _ in rule.seen] == [1, 2]
    clf = make_sparser_classifier(**settings, max_iter=15, warm_start=True).fit(X, y)
    assert len(rule.seen) == 2
    clf.fit(X, y)
    assert len(rule.seen) == 3


def test_partial_fit_counts_steps_on(digits):
    """Evolution by steps continues over calls of partial_fit."""
    X, _, y, _ = digits
    whole = make_sparser_classifier(evolve_every="50 steps").fit(X, y)
    parts = make_sparser_classifier(evolve_every="50 steps")
    for _ in range(6):
        parts.partial_fit(X, y, classes=np.arange(10))
    assert topology(whole) == topology(parts)


# -- effects -------------------------------------------------------------------


def test_classifiers_evolve_between_epochs_with_constant_numbers_of_connections(digits):
    X, _, y, _ = digits
    clf = make_classifier(max_iter=1).fit(X, y)
    counts = [coef.nnz for coef in clf.coefs_]
    for _ in range(5):
        before = topology(clf)
        n_kept = [int(SET().prune(coef.data, 0.3).sum()) for coef in clf.coefs_]
        clf.partial_fit(X, y)
        assert [coef.nnz for coef in clf.coefs_] == counts
        for old, new, kept, n in zip(
            before, topology(clf), n_kept, counts, strict=True
        ):
            # Some dropped connections may regrow at their positions.
            assert 0.5 * n < kept <= len(old & new) < n


def test_rbms_evolve_between_epochs_with_a_constant_number_of_connections(digits):
    X, _, _, _ = digits
    rbm = make_rbm().partial_fit(X)
    old = set(zip(*rbm.components_.tocoo().coords, strict=True))
    rbm.partial_fit(X)
    new = set(zip(*rbm.components_.tocoo().coords, strict=True))
    assert len(new) == len(old) == 470
    assert 0.6 * 470 < len(new & old) < 0.9 * 470

    fixed = make_rbm(zeta=0).fit(X).components_
    first = make_rbm(zeta=0, n_iter=1).fit(X).components_
    assert_array_equal(fixed.indices, first.indices)
    assert_array_equal(fixed.indptr, first.indptr)


def test_zeta_0_keeps_the_topology(digits):
    X, _, y, _ = digits
    first = make_classifier(zeta=0, max_iter=1).fit(X, y)
    last = make_classifier(zeta=0, max_iter=20).fit(X, y)
    assert topology(first) == topology(last)


def weight_states(clf):
    """The solver's state of each layer's weights."""
    return clf._training_state["learner"]["arrays"][0]


def test_kept_connections_keep_weight_and_velocity_and_new_ones_start_at_0(
    digits, monkeypatch
):
    X, _, y, _ = digits
    clf = make_classifier(max_iter=3).fit(X, y)
    coefs = [coef.copy() for coef in clf.coefs_]
    velocities = [state[0].copy() for state in weight_states(clf)]
    assert all(np.any(velocity) for velocity in velocities)
    monkeypatch.setattr(Network, "learn", lambda *args: 0.0)  # evolution only
    clf.partial_fit(X, y)
    for old, velocity, new, state in zip(
        coefs, velocities, clf.coefs_, weight_states(clf), strict=True
    ):
        indices = {position: k for k, position in enumerate(positions(old))}
        n_kept = 0
        for k, position in enumerate(positions(new)):
            if new.data[k] == 0:
                assert state[0, k] == 0
            else:
                assert new.data[k] == old.data[indices[position]]
                assert state[0, k] == velocity[indices[position]]
                n_kept += 1
        assert n_kept == SET().prune(old.data, 0.3).sum()
