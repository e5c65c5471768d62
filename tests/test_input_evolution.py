"""InputEvolution: which inputs lose their connections, and which samples judge it."""

from itertools import pairwise

import numpy as np
import pytest
from helpers.perceptrons import (
    PLAIN,
    assert_same_model,
    make_sparser_classifier,
    topology,
)
from helpers.rbms import assert_same_rbm, make_rbm
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sklearn_set import SETMLPClassifier, SETMLPRegressor
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._mlp.network import Network
from sklearn_set._training.input_selection import InputSelection
from sklearn_set._training.samples import Batches
from sklearn_set.evolution import (
    EvolutionContext,
    ImportancePruning,
    InputEvolution,
    n_withheld,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def draw_xor(n_samples, n_features, seed):
    """Draw classes that depend on the first four features, on none of them alone."""
    X = np.random.default_rng(seed).standard_normal((n_samples, n_features))
    return X, (X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] > 0).astype(int)


X, y = draw_xor(600, 40, seed=0)


def make(**parameters):
    """Return a classifier whose inputs are judged before the epochs 3 to 7 of 12."""
    return make_sparser_classifier(
        **{"evolution": "inputs", "max_iter": 12, "epsilon": 3} | parameters
    )


def n_outgoing(model):
    """Return the number of connections of each input."""
    return np.diff(model.coefs_[0].indptr)


class Watched(InputEvolution):
    """Records the inputs that may have connections, and the connections they have."""

    seen = ()

    def evolve(self, layers, context):
        super().evolve(layers, context)
        n_outgoing = np.diff(layers[0].connections.indptr)
        living = context.selection.living.copy()
        self.seen = [*self.seen, (living, n_outgoing, context.selection.is_over)]


# -- removed inputs ------------------------------------------------------------


@pytest.mark.parametrize("as_X", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("dropout", [0.0, "auto"])
def test_removed_inputs_have_no_connections_any_more(as_X, dropout):
    rule, data = Watched(), (as_X(X), y)
    clf = make(evolution=rule, dropout=dropout, warm_start=True).fit(*data)
    for (before, _, _), (living, n, is_over) in pairwise(rule.seen):
        assert not n[~living].any() and n[living].any()
        assert is_over or not (living & ~before).any()
    living, _, is_over = rule.seen[-1]
    assert is_over and 4 <= living.sum() < 40
    for train in (clf.fit, clf.partial_fit, clf.partial_fit):
        train(*data)
        assert not n_outgoing(clf)[~living].any()
        assert n_outgoing(clf)[living].any()
        assert not clf.feature_importances_[~living].any()
    assert clf.coefs_[0].nnz == 3 * (40 + 30)  # as at the beginning


@pytest.mark.parametrize("sizes", [(30, 20), (), (25,)])
@pytest.mark.parametrize("Estimator", [SETMLPClassifier, SETMLPRegressor])
@pytest.mark.parametrize("window", [{}, {"start": 0.5, "end": 0.5}, {"end": 0.15}])
def test_the_given_number_of_inputs_stays(sizes, Estimator, window):
    rule = InputEvolution(n_inputs=7, **window)
    settings = {"epsilon": 2, "max_iter": 12, "random_state": 0, "evolution": rule}
    model = Estimator(hidden_layer_sizes=sizes, **PLAIN | settings).fit(X, y)
    assert np.count_nonzero(n_outgoing(model)) <= 7
    assert model._training_state["selection"]["living"].sum() == 7
    model.fit(X[:50], y[:50])  # few samples, which are enough as none judge
    assert model._training_state["selection"]["living"].sum() == 7


def test_more_inputs_than_there_are_all_stay():
    rule = InputEvolution(n_inputs=100)
    assert_same_model(make(evolution=rule).fit(X, y), make(evolution="set").fit(X, y))


def evolve(layer, selection, rng, progress=0.6, zeta=0.3):
    rule = InputEvolution(n_inputs=3)
    context = EvolutionContext(zeta, 1, progress, rng, selection=selection)
    rule.evolve([layer], context)


@pytest.mark.parametrize("zeta", [0.0, 0.3])
def test_connections_without_positions_come_back_when_there_are_some(zeta, rng):
    layer, selection = SparseLayer.random(10, 6, 40, rng, float), InputSelection()
    layer.connections.weights[:] = np.repeat(
        np.arange(1, 11) + rng.random(10), np.diff(layer.connections.indptr)
    )
    layer.prepare(np.zeros((1, 40)))
    evolve(layer, selection, rng, zeta=zeta)
    assert selection.living.sum() == 3 and selection.is_over
    assert layer.n_connections == 18 and selection.n_missing == 22
    evolve(layer, selection, rng, zeta=zeta)
    assert layer.n_connections == 18 and selection.n_missing == 22
    selection.living[:] = True
    evolve(layer, selection, rng, zeta=zeta)
    assert layer.n_connections == 40 and selection.n_missing == 0


# -- where it is SET -----------------------------------------------------------


def test_few_samples_evolve_as_with_set_bit_for_bit():
    assert_same_model(
        make().fit(X[:499], y[:499]), make(evolution="set").fit(X[:499], y[:499])
    )
    assert topology(make().fit(X, y)) != topology(make(evolution="set").fit(X, y))


def test_partial_fit_evolves_as_with_set_bit_for_bit():
    models = make(), make(evolution="set")
    for _ in range(8):
        for model in models:
            model.partial_fit(X, y, classes=[0, 1])
    assert_same_model(*models)


def test_rbms_evolve_as_with_set_bit_for_bit(digits):
    """Their samples are not withheld."""
    rbms = [make_rbm(evolution=name, n_iter=4) for name in ("inputs", "set")]
    assert_same_rbm(*(rbm.fit(digits[0]) for rbm in rbms))


# -- withheld samples ----------------------------------------------------------


def samples_of_epochs(monkeypatch):
    """Return a list that is filled with the samples of each epoch."""
    epochs, iterate = [], Batches.__iter__

    def noted(batches):
        order = list(iterate(batches))
        epochs.append(np.sort(np.concatenate(order)))
        return iter(order)

    monkeypatch.setattr(Batches, "__iter__", noted)
    return epochs


@pytest.mark.parametrize("early_stopping", [False, True])
def test_withheld_samples_are_trained_on_when_the_selection_is_over(
    early_stopping, monkeypatch
):
    """A tenth of those that count; neither of weight 0 nor of the validation set."""
    epochs, weights = samples_of_epochs(monkeypatch), np.ones(600)
    weights[::15] = 0
    clf = make(early_stopping=early_stopping, warm_start=True, n_iter_no_change=99)
    clf.fit(X, y, weights)
    n_used = 504 if early_stopping else 560
    n_first = n_used - n_used // 10
    assert [order.size for order in epochs] == [n_first] * 6 + [n_used] * 6
    for order in epochs[:6]:
        assert_array_equal(order, epochs[0])
    assert weights[epochs[-1]].all() and np.isin(epochs[0], epochs[-1]).all()
    assert clf.t_ == 6 * (n_first + n_used)
    clf.fit(X, y, weights)
    assert [order.size for order in epochs[12:]] == [n_used] * 12


def test_how_many_samples_are_withheld():
    counts = [InputEvolution().n_withheld(n) for n in (100, 499, 500, 1234)]
    assert counts == [0, 0, 50, 123]
    assert InputEvolution(validation_fraction=0.5).n_withheld(100) == 50
    assert InputEvolution(n_inputs=3).n_withheld(10_000) == 0
    assert n_withheld(ImportancePruning(), 10_000) == 0
    assert n_withheld(object(), 10_000) == 0


BAD = [
    {"n_inputs": 0}, {"n_inputs": 2.5}, {"step": 0.0}, {"step": 1}, {"step": "a"},
    {"validation_fraction": 0}, {"validation_fraction": 1.0}, {"end": 1.5},
    {"start": -0.1}, {"start": 0.6}, {"start": None},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=str)
@pytest.mark.parametrize("n_samples", [60, 600])
def test_bad_parameters_are_refused_before_training(bad, n_samples, monkeypatch):
    monkeypatch.delattr(Network, "learn")
    clf = make(evolution=["set", InputEvolution(**bad)])
    with pytest.raises((ValueError, TypeError), match=next(iter(bad))):
        clf.fit(X[:n_samples], y[:n_samples])
    with pytest.raises((ValueError, TypeError), match=next(iter(bad))):
        clf.partial_fit(X[:n_samples], y[:n_samples], classes=[0, 1])


# -- with other rules, and what it is for --------------------------------------


def test_in_a_list_of_rules():
    pruning = ImportancePruning(quantile=0.3, start=2, every=3)
    clf = make(evolution=["rigl", InputEvolution(n_inputs=20), pruning]).fit(X, y)
    living = clf._training_state["selection"]["living"]
    assert living.sum() == 20 and not n_outgoing(clf)[~living].any()
    assert (abs(clf.coefs_[0]).sum(axis=0) == 0).sum() >= 9  # units that are pruned
    assert clf.score(X, y) > 0.6


def test_it_finds_the_relevant_inputs_of_a_simulation():
    """And predicts better than the network that keeps them all."""
    X, y = draw_xor(1500, 100, seed=1)
    scores = []
    for evolution in ("inputs", "fixed"):
        clf = SETMLPClassifier((100,), evolution=evolution, random_state=0)
        scores.append(clf.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]))
        if evolution == "inputs":
            importances = clf.feature_importances_
    assert set(np.argsort(importances)[-4:]) == {0, 1, 2, 3}
    assert np.mean(importances == 0) > 0.5
    assert scores[0] > scores[1] + 0.1
