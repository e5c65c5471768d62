"""What `sklearn_set.inspection` says of graphs that are known."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.stats import binom, chisquare
from sklearn.pipeline import make_pipeline

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set.inspection import (
    clustering,
    degrees,
    fit_power_law,
    idle_units,
    input_strength,
    path_lengths,
    surviving_connections,
    topology_distance,
    weight_matrices,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def links(coef):
    """Where the links are, those of weight 0 included."""
    pattern = np.zeros(coef.shape, dtype=bool)
    pattern[coef.tocoo().coords] = True
    return pattern


def network(sizes=(60, 40), **parameters):
    settings = {"epsilon": 5, "max_iter": 3, "random_state": 0}
    return SETMLPClassifier(sizes, **settings | parameters)


def handmade(*dense):
    """A fitted model with the given weight matrices."""
    sizes = [W.shape[1] for W in dense[:-1]]
    n_out = dense[-1].shape[1]
    X, y = np.eye(dense[0].shape[0]), np.arange(dense[0].shape[0]) % 2
    y = y if n_out == 1 else np.eye(n_out, dtype=int)[y]
    model = SETMLPClassifier(sizes, max_iter=1, epsilon=1, random_state=0).fit(X, y)
    model.coefs_ = [csr_array(W.astype(float)) for W in dense]
    return model


# -- layers ----------------------------------------------------------------------


def test_degrees_count_links(digits):
    X, _, y, _ = digits
    clf = network().fit(X, y)
    for layer, coef in zip(degrees(clf), clf.coefs_, strict=True):
        assert_array_equal(layer.out_degree, links(coef).sum(axis=1))
        assert_array_equal(layer.in_degree, links(coef).sum(axis=0))
    rbm = SETRBM(30, n_iter=1, random_state=0).fit(X)
    (layer,) = degrees(rbm)
    assert layer.out_degree.shape == (64,) and layer.in_degree.shape == (30,)
    assert layer.out_degree.sum() == layer.in_degree.sum() == rbm.n_connections_


def test_degrees_of_a_random_graph_are_binomial(digits):
    """Of a graph that has not evolved; the units' counts against their chances."""
    X, _, y, _ = digits
    clf = network((4000,), epsilon=10, max_iter=1).fit(X, y)
    n_links = clf.coefs_[0].nnz
    counts = np.bincount(degrees(clf)[0].in_degree, minlength=65)
    chances = binom.pmf(np.arange(65), 64, n_links / (64 * 4000))
    used = 4000 * chances >= 5
    observed = np.append(counts[used], counts[~used].sum())
    expected = 4000 * np.append(chances[used], chances[~used].sum())
    assert chisquare(observed, expected).pvalue > 1e-3


def test_evolution_spreads_the_degrees(digits):
    """The strong features gain links, so that degrees leave the binomial."""
    X, _, y, _ = digits
    spread = []
    for rule in ("fixed", "set"):
        clf = network((300,), max_iter=40, evolution=rule).fit(X, y)
        spread.append(degrees(clf)[0].out_degree.std())
    assert spread[1] > 1.5 * spread[0]


def test_input_strength_is_what_importances_are_made_of(digits):
    X, _, y, _ = digits
    clf = network().fit(X, y)
    strength = input_strength(clf)
    assert_allclose(strength, np.abs(clf.coefs_[0].toarray()).sum(axis=1))
    assert_allclose(strength / strength.sum(), clf.feature_importances_)
    assert input_strength(SETRBM(5, n_iter=1).fit(X)).shape == (64,)


def test_weight_matrices(digits):
    X, _, y, _ = digits
    regressor = SETMLPRegressor(hidden_layer_sizes=(9,), max_iter=1).fit(X, y)
    assert [W.shape for W in weight_matrices(regressor)] == [(64, 9), (9, 1)]
    rbm = SETRBM(5, n_iter=1).fit(X)
    assert_array_equal(weight_matrices(rbm)[0].toarray(), rbm.components_.toarray().T)


# -- power law -------------------------------------------------------------------


def power_law(exponent, n, rng):
    """Draw from the discrete law on 1, 2, ..., by inverting its distribution."""
    values = np.arange(1, 2_000_000)
    shares = values**-exponent
    return rng.choice(values, n, p=shares / shares.sum())


@pytest.mark.parametrize("exponent", [2.0, 2.5, 3.2])
def test_power_law_recovers_the_exponent(exponent, rng):
    pytest.importorskip("igraph")
    fit = fit_power_law(power_law(exponent, 5000, rng), x_min=1)
    assert abs(fit.exponent - exponent) < 0.1
    assert fit.p_value > 0.1 and fit.x_min == 1 and fit.n_units == 5000


def test_power_law_is_repeatable(rng):
    pytest.importorskip("igraph")
    degrees = power_law(2.5, 200, rng)
    first, again, other = (fit_power_law(degrees, 1, random_state=s) for s in (0, 0, 1))
    assert first == again
    assert first.exponent == other.exponent and first.p_value != other.p_value


def test_power_law_is_refused_for_a_random_graph(rng):
    pytest.importorskip("igraph")
    fit = fit_power_law(rng.binomial(1000, 0.02, size=2000), x_min=10)
    assert fit.p_value < 0.01


@pytest.mark.parametrize("values", [[], [0, 0], [[1, 2], [3, 4]]])
def test_power_law_of_nothing(values):
    pytest.importorskip("igraph")
    with pytest.raises(ValueError, match="degrees must be"):
        fit_power_law(values)


# -- the whole graph ---------------------------------------------------------------


def test_path_lengths_of_a_chain():
    """Two features, one unit, one output: a star of three arms."""
    model = handmade(np.ones((2, 1)), np.ones((1, 1)))
    paths = path_lengths(model, random_state=0)
    assert_array_equal(paths.lengths, [1, 2])
    assert_array_equal(paths.counts, [6, 6])
    assert paths.mean == 1.5 and paths.connected == 1


def test_path_lengths_of_two_islands():
    model = handmade(np.eye(2), np.array([[1.0], [0.0]]))
    paths = path_lengths(model, random_state=0)
    # input 0 - hidden 0 - output, and input 1 - hidden 1
    assert_array_equal(paths.counts, [6, 2])
    assert paths.connected == 8 / 20


def test_clustering_counts_squares():
    complete = handmade(np.ones((3, 4)), np.ones((4, 1)))
    assert 0.5 < clustering(complete, random_state=0) <= 1
    ring = np.array([[1.0, 1, 0], [0, 1, 1], [1, 0, 1]])  # a ring of six
    no_square = handmade(ring, np.array([[1.0], [0], [0]]))
    assert clustering(no_square, random_state=0) == 0
    pair = handmade(np.array([[1.0, 0], [0, 0]]), np.array([[0.0], [1.0]]))
    assert np.isnan(clustering(pair))


def test_clustering_of_a_random_graph_is_its_density(digits):
    X, _, _, _ = digits
    rbm = SETRBM(400, density=0.1, n_iter=0, random_state=0).fit(X)
    assert clustering(rbm, 40_000, random_state=0) == pytest.approx(0.1, abs=0.02)


# -- distances ---------------------------------------------------------------------


def test_distance_to_itself_is_0(digits):
    X, _, y, _ = digits
    clf = network().fit(X, y)
    assert_array_equal(topology_distance(clf, clf), [0, 0, 0])


def test_distance_does_not_see_the_order_of_units(digits, rng):
    X, _, y, _ = digits
    clf = network().fit(X, y)
    other = copy.deepcopy(clf)
    first, second = rng.permutation(60), rng.permutation(40)
    a, b, c = clf.coefs_
    other.coefs_ = [csr_array(W) for W in (a[:, first], b[first][:, second], c[second])]
    assert_allclose(topology_distance(clf, other), 0, atol=1e-6)


def test_distance_against_the_definition(rng):
    """Two units a layer: both matchings by hand."""
    A = np.array([[1.0, 0], [1, 1], [0, 1]])  # {0, 1} and {1, 2}
    B = np.array([[0.0, 1], [0, 0], [1, 1]])  # {2} and {0, 2}
    # {0,1} to {2}: 1, to {0,2}: 2/3; {1,2} to {2}: 1/2, to {0,2}: 2/3.
    last = np.ones((2, 1))
    distance = topology_distance(handmade(A, last), handmade(B, last))
    assert_allclose(distance, [(2 / 3 + 1 / 2) / 2, 0])


def test_independent_graphs_are_far_apart():
    """784 units, 0.6 % of the places linked: as large as the published networks."""
    a, b = (
        SETRBM(784, density=0.006, n_iter=0, random_state=seed).fit(np.zeros((2, 784)))
        for seed in (0, 1)
    )
    # The published definition, read naively, gives 0.82 to 0.83 for such graphs.
    assert topology_distance(a, b)[0] == pytest.approx(0.825, abs=0.02)


def naive_distance(A, B):
    """Of two layers: the definition, with sets."""
    units = [[set(np.flatnonzero(column)) for column in W.T] for W in (A, B)]
    costs = [
        [len(own ^ other) / max(len(own | other), 1) for other in units[1]]
        for own in units[0]
    ]
    costs = np.array(costs)
    return costs[linear_sum_assignment(costs)].mean()


@pytest.mark.parametrize("seed", range(3))
def test_distance_against_a_naive_twin(seed):
    rng = np.random.default_rng(seed)
    A, B = (rng.random((2, 30, 20)) < 0.15).astype(float)
    last = np.ones((20, 1))
    distance = topology_distance(handmade(A, last), handmade(B, last))
    assert_allclose(distance, [naive_distance(A, B), 0])


def test_only_our_models_have_layers():
    with pytest.raises(TypeError, match=r"got a Pipeline. Pass the step"):
        weight_matrices(make_pipeline(network()))


def test_distance_of_other_sizes(digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match="a and b must have the same layers"):
        topology_distance(network().fit(X, y), network((60,)).fit(X, y))


@pytest.mark.parametrize("make", [network, lambda **p: SETRBM(30, random_state=0, **p)])
def test_surviving_links(make, digits):
    X, _, y, _ = digits
    fixed = make(evolution="fixed").fit(X, y)
    assert_array_equal(surviving_connections(fixed)[:1], 1)
    evolved = make().fit(X, y)
    shares = surviving_connections(evolved)
    assert 0 < shares[0] < 1
    assert_array_equal(
        surviving_connections(evolved, since=evolved), np.ones(len(shares))
    )
    # The first graph, drawn again, is what an untrained model has.
    expected = [
        (links(a) & links(b)).sum() / b.nnz
        for a, b in zip(*map(weight_matrices, (evolved, fixed)), strict=True)
    ]
    assert_allclose(shares, expected)


def test_first_graph_needs_a_seed(digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match="random_state is an integer.*as since"):
        surviving_connections(network(random_state=None).fit(X, y))
    rbm = SETRBM(60, n_iter=1, random_state=0)
    pretrained = network(init=rbm).fit(X, y)
    with pytest.raises(ValueError, match="first layer came from init.*as since"):
        surviving_connections(pretrained)


# -- units -------------------------------------------------------------------------


def test_idle_units(digits):
    W = np.array([[1.0, 0, 1, -1], [1, 0, 1, -1]])
    V = np.array([[1.0], [1], [0], [1]])
    model = handmade(W, V)
    model.intercepts_ = [np.zeros(4), np.zeros(1)]
    (layer,) = idle_units(model)
    assert_array_equal(layer.dead, [False, True, True, False])
    assert layer.silent is None
    X = np.array([[1.0, 1.0], [2.0, 0.5]])
    (layer,) = idle_units(model, X)  # relu: the last never rises above 0
    assert_array_equal(layer.silent, [False, True, False, True])
    assert_array_equal(idle_units(model, csr_array(X))[0].silent, layer.silent)


def test_idle_units_of_many_samples_and_of_a_machine(digits):
    X, _, y, _ = digits
    clf = network().fit(X, y)
    layers = idle_units(clf, np.tile(X, (2, 1)))
    assert [layer.silent.shape for layer in layers] == [(60,), (40,)]
    rbm = SETRBM(30, n_iter=1, random_state=0).fit(X)
    (layer,) = idle_units(rbm, X)
    assert layer.dead.shape == layer.silent.shape == (30,) and not layer.dead.any()
