"""The learning rate of each layer."""

import numpy as np
import pytest
from helpers.perceptrons import X_digits, make_classifier, y_digits
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sklearn_set._layers.solvers import SGD, Adam
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._mlp import learner
from sklearn_set._mlp.learning_rates import fan_in_factor, rate_factors
from sklearn_set.evolution import EvolutionRule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def layer_of(n_incoming):
    """Return a layer of units with so many incoming connections each."""
    n_incoming = np.array(n_incoming)
    coef = np.arange(n_incoming.max())[:, None] < n_incoming
    return SparseLayer.from_coef(csr_array(coef.astype(float)))


@pytest.mark.parametrize(
    "n_incoming, factor",
    [
        ([20] * 10, 5),
        ([199, 201], 0.5),
        ([1] * 40, 100),
        ([19, 0, 0, 21], 5),
        ([1] * 50 + [50], 100 / 24.5),
    ],
    ids=["few", "many", "one", "units without any do not count", "one of many"],
)
def test_the_factor_is_100_by_the_connections_of_a_unit(n_incoming, factor):
    """Of a connection's unit, without itself, if few units have most of them."""
    assert fan_in_factor(np.array(n_incoming)) == pytest.approx(factor)


def test_a_layer_without_connections_has_a_factor():
    empty = SparseLayer.from_coef(csr_array((3, 4)))
    assert fan_in_factor(np.zeros(4, dtype=int)) == 100
    assert np.isfinite(rate_factors([empty, empty], SGD(0.1))).all()


@pytest.mark.parametrize("solver, width", [(SGD(0.1), 2.0), (Adam(0.1), 1.0)])
def test_rates_of_sgd_grow_with_the_root_of_the_width(solver, width):
    """In hidden layers, by their units that have connections."""
    layers = [layer_of([50] * 400 + [0] * 100), layer_of([200] * 400)]
    assert_allclose(rate_factors(layers, solver), [2 * width, 0.5])


class Concentrates(EvolutionRule):
    """Leaves the connections of every second target unit only."""

    def evolve(self, layers, context):
        layer = layers[0]
        kept = (layer.connections.targets % 2 == 0).astype(np.uint8)
        layer.rewire(kept, np.empty(0, dtype=np.int64))


def test_rates_follow_the_evolution(monkeypatch):
    """The factors are those of the connections as they are, from then on."""
    used = []

    def recorded(layers, solver):
        used.append(rate_factors(layers, solver))
        return used[-1]

    monkeypatch.setattr(learner, "rate_factors", recorded)
    clf = make_classifier(
        evolution=Concentrates(), evolve_every="2 steps", batch_size=100, max_iter=1,
        solver="adam",
    )  # fmt: skip
    clf.fit(X_digits[:300], y_digits[:300])
    assert len(used) == 2  # at the start, and after the evolution
    assert used[1][0] == fan_in_factor(np.bincount(clf.coefs_[0].indices))
    assert used[1][0] != used[0][0]


def after_a_step(rate):
    """Return a model after one step of SGD on all samples."""
    clf = make_classifier(
        learning_rate_init=rate, momentum=0, alpha=0.5, batch_size=200, max_iter=1
    )
    return clf.fit(X_digits[:200], y_digits[:200])


def test_a_step_moves_weights_by_the_rate_of_their_layer(monkeypatch):
    """And biases by the rate that is given."""
    start, scaled = after_a_step(1e-30), after_a_step(0.01)
    ones = [1.0] * len(start.coefs_)
    monkeypatch.setattr(learner, "rate_factors", lambda layers, solver: ones)
    plain = after_a_step(0.01)
    for old, new, other in zip(start.coefs_, scaled.coefs_, plain.coefs_, strict=True):
        step, expected = new.data - old.data, other.data - old.data
        factor = fan_in_factor(np.bincount(old.indices))
        if old is not start.coefs_[-1]:
            factor *= (old.shape[1] / 100) ** 0.5
        assert_allclose(step, factor * expected, rtol=1e-6, atol=1e-12)
    for new, other in zip(scaled.intercepts_, plain.intercepts_, strict=True):
        assert_array_equal(new, other)
        assert new.any()
