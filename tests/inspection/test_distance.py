"""Distances between topologies."""

import copy

import numpy as np
import pytest
from helpers.inspected import classifier_from_weights, is_connected, make_classifier
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from sklearn_set import SETRBM
from sklearn_set.inspection import (
    surviving_connections,
    topology_distance,
    weight_matrices,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_distance_to_itself_is_0(digits):
    X, _, y, _ = digits
    clf = make_classifier().fit(X, y)
    assert_array_equal(topology_distance(clf, clf), [0, 0, 0])


def test_distance_does_not_depend_on_the_order_of_units(digits, rng):
    X, _, y, _ = digits
    clf = make_classifier().fit(X, y)
    other = copy.deepcopy(clf)
    first, second = rng.permutation(60), rng.permutation(40)
    a, b, c = clf.coefs_
    other.coefs_ = [csr_array(W) for W in (a[:, first], b[first][:, second], c[second])]
    assert_allclose(topology_distance(clf, other), 0, atol=1e-6)


def test_distance_against_the_definition(rng):
    """Two units per layer: both matchings by hand."""
    A = np.array([[1.0, 0], [1, 1], [0, 1]])  # {0, 1} and {1, 2}
    B = np.array([[0.0, 1], [0, 0], [1, 1]])  # {2} and {0, 2}
    # {0,1} to {2}: 1, to {0,2}: 2/3; {1,2} to {2}: 1/2, to {0,2}: 2/3.
    last = np.ones((2, 1))
    distance = topology_distance(
        classifier_from_weights(A, last), classifier_from_weights(B, last)
    )
    assert_allclose(distance, [(2 / 3 + 1 / 2) / 2, 0])


def naive_distance(A, B):
    """Compute the distance of two layers by its definition, with sets."""
    units = [[set(np.flatnonzero(column)) for column in W.T] for W in (A, B)]
    costs = [
        [len(unit ^ other) / max(len(unit | other), 1) for other in units[1]]
        for unit in units[0]
    ]
    costs = np.array(costs)
    return costs[linear_sum_assignment(costs)].mean()


@pytest.mark.parametrize("seed", range(3))
def test_distance_against_a_naive_twin(seed):
    rng = np.random.default_rng(seed)
    A, B = (rng.random((2, 30, 20)) < 0.15).astype(float)
    last = np.ones((20, 1))
    distance = topology_distance(
        classifier_from_weights(A, last), classifier_from_weights(B, last)
    )
    assert_allclose(distance, [naive_distance(A, B), 0])


def test_independent_graphs_are_far_apart():
    """784 units, with 0.6 % of all connections: as large as the published networks."""
    a, b = (
        SETRBM(784, density=0.006, n_iter=0, random_state=seed).fit(np.zeros((2, 784)))
        for seed in (0, 1)
    )
    # The published definition, read naively, gives 0.82 to 0.83 for such graphs.
    assert topology_distance(a, b)[0] == pytest.approx(0.825, abs=0.02)


def test_distance_of_other_sizes(digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match="a and b must have the same layers"):
        topology_distance(make_classifier().fit(X, y), make_classifier((60,)).fit(X, y))


# -- connections that are still present ----------------------------------------


@pytest.mark.parametrize(
    "make", [make_classifier, lambda **p: SETRBM(30, random_state=0, **p)]
)
def test_surviving_connections(make, digits):
    X, _, y, _ = digits
    fixed = make(evolution="fixed").fit(X, y)
    assert_array_equal(surviving_connections(fixed)[:1], 1)
    evolved = make().fit(X, y)
    fractions = surviving_connections(evolved)
    assert 0 < fractions[0] < 1
    assert_array_equal(
        surviving_connections(evolved, since=evolved), np.ones(len(fractions))
    )
    # The first graph, drawn again, is what an untrained model has.
    expected = [
        (is_connected(a) & is_connected(b)).sum() / b.nnz
        for a, b in zip(*map(weight_matrices, (evolved, fixed)), strict=True)
    ]
    assert_allclose(fractions, expected)


def test_the_initial_graph_needs_a_seed(digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match="random_state is an integer.*as since"):
        surviving_connections(make_classifier(random_state=None).fit(X, y))
    rbm = SETRBM(60, n_iter=1, random_state=0)
    pretrained = make_classifier(init=rbm).fit(X, y)
    with pytest.raises(ValueError, match="first layer came from init.*as since"):
        surviving_connections(pretrained)


@pytest.mark.parametrize("change", [{"epsilon": 7}, {"random_state": 1}])
def test_the_initial_graph_needs_the_parameters_of_the_fit(change, digits):
    X, _, y, _ = digits
    clf = make_classifier(max_iter=2).fit(X, y)
    expected = surviving_connections(clf)
    before = {name: getattr(clf, name) for name in change}
    with pytest.raises(ValueError, match=f"^{next(iter(change))} has been changed"):
        surviving_connections(clf.set_params(**change))
    assert_array_equal(surviving_connections(clf.set_params(**before)), expected)
