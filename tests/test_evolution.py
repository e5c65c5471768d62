"""Evolution rules: what is dropped, what grows, what does not change."""

import numpy as np
import pytest
from helpers.perceptrons import make_sparser_classifier, topology
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import chisquare
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_set import SETRBM, evolution
from sklearn_set._layers.batches import as_rows
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set.evolution import (
    MAX_DENSITY,
    SET,
    EvolutionContext,
    EvolutionRule,
    Fixed,
    ImportancePruning,
    RigL,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# -- SET -----------------------------------------------------------------------


def paper_prune(weights, zeta):
    """The rule as published: sort each sign by magnitude, drop the first part."""
    dropped = {k for k, w in enumerate(weights) if w == 0}
    for sign in (1, -1):
        same_sign = [k for k, w in enumerate(weights) if sign * w > 0]
        same_sign.sort(key=lambda k: abs(weights[k]))
        dropped.update(same_sign[: int(zeta * len(same_sign))])
    return [k not in dropped for k in range(len(weights))]


zetas = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.99])


@given(
    arrays(np.float64, st.integers(0, 60), elements=st.floats(-1, 1), unique=True),
    zetas,
)
def test_set_keeps_the_connections_of_the_paper(weights, zeta):
    assert_array_equal(SET().prune(weights, zeta), paper_prune(weights, zeta))


@given(arrays(np.float32, st.integers(0, 60), elements=st.integers(-3, 3)), zetas)
def test_ties_do_not_change_how_many_are_dropped(weights, zeta):
    kept = SET().prune(weights, zeta).astype(bool)
    for sign in (1, -1):
        same_sign = sign * weights > 0
        assert np.sum(same_sign & ~kept) == int(zeta * same_sign.sum())
        if (same_sign & kept).any() and (same_sign & ~kept).any():
            magnitudes = abs(weights)
            largest_dropped = magnitudes[same_sign & ~kept].max()
            assert largest_dropped <= magnitudes[same_sign & kept].min()
    assert not kept[weights == 0].any()


def test_nan_weights_do_not_crash_and_are_kept():
    weights = np.array([np.nan, 1.0, -1.0, np.inf])
    assert_array_equal(SET().prune(weights, 0.5), [1, 0, 1, 1])


def context(zeta, rng, number=1, progress=0.0, layer_gradients=None):
    return EvolutionContext(zeta, number, progress, rng, layer_gradients)


def evolved(n_in, n_out, n_connections, zeta, rng, n_states=2):
    """A random layer before and after one step, as dense arrays and the layer."""
    layer = SparseLayer.random(n_in, n_out, n_connections, rng, np.float64)
    layer.connections.weights[:] = rng.standard_normal(n_connections)
    layer.prepare(rng.standard_normal((n_states, n_connections)))
    before = layer.coef.copy(), layer.connections.state.copy()
    SET().evolve([layer], context(zeta, rng))
    return before, layer


@given(st.integers(1, 12), st.integers(1, 12), zetas, st.data())
def test_invariants_of_an_evolution(n_in, n_out, zeta, data):
    n_connections = data.draw(st.integers(1, n_in * n_out))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    (old, old_state), layer = evolved(n_in, n_out, n_connections, zeta, rng)
    new, state = layer.coef, layer.connections.state
    new.check_format(full_check=True)
    assert new.nnz == n_connections == np.unique(new.tocoo().coords, axis=1).shape[1]
    assert np.all(np.diff(new.indices[new.indptr[0] : new.indptr[1]]) > 0)
    if n_connections > MAX_DENSITY * n_in * n_out:
        assert_array_equal(new.toarray(), old.toarray())
        return
    kept = SET().prune(old.data, zeta).astype(bool)
    is_old = new.data != 0
    # Kept connections have their position, weight and state; new ones start at 0.
    coords = np.array(old.tocoo().coords)[:, kept]
    assert_array_equal(np.array(new.tocoo().coords)[:, is_old], coords)
    assert_array_equal(new.data[is_old], old.data[kept])
    assert_array_equal(state[:, is_old], old_state[:, kept])
    assert not state[:, ~is_old].any()


def test_connections_regrow_uniformly_at_the_empty_positions(rng):
    """Including the positions of the connections that are dropped."""
    weights = np.array([5.0, -5.0, 0.1, -0.1])
    hits = np.zeros((3, 4))
    for _ in range(6000):
        layer = SparseLayer.random(3, 4, 4, np.random.default_rng(1), np.float64)
        layer.connections.weights[:] = weights
        SET().evolve([layer], context(0.5, rng))
        hits[layer.coef.tocoo().coords] += layer.coef.data == 0
    layer = SparseLayer.random(3, 4, 4, np.random.default_rng(1), np.float64)
    layer.connections.weights[:] = weights
    is_kept = abs(layer.coef.toarray()) == 5.0
    assert is_kept.sum() == 2 and not hits[is_kept].any()
    assert chisquare(hits[~is_kept]).pvalue > 1e-3


def test_zeta_0_and_nearly_dense_layers_do_not_evolve(rng):
    for n_connections, zeta in ((30, 0.0), (85, 0.3)):
        (old, _), layer = evolved(10, 10, n_connections, zeta, rng)
        assert (layer.coef != old).nnz == 0


def test_evolution_is_repeatable():
    coefs = []
    for _ in range(2):
        rng = np.random.default_rng(5)
        _, layer = evolved(40, 50, 300, 0.3, rng)
        coefs.append(layer.coef.toarray())
    assert_array_equal(*coefs)


# -- other rules ---------------------------------------------------------------


@pytest.mark.parametrize("n_in, n_out", [(9, 7), (20, 3)])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_rigl_grows_where_the_gradient_is_largest(n_in, n_out, is_sparse, rng):
    """Against the dense gradient."""
    layer = SparseLayer.random(n_in, n_out, n_in * n_out // 3, rng, np.float64)
    layer.connections.weights[:] = rng.standard_normal(layer.n_connections)
    layer.prepare(np.ones((1, layer.n_connections)))
    old = layer.coef.copy()
    X = rng.standard_normal((5, n_in)) * (rng.random((5, n_in)) < 0.5)
    delta = rng.standard_normal((n_out, 5))
    rows = as_rows(csr_array(X) if is_sparse else X, 5)
    source = rows.batch(np.arange(5), 1)

    def layer_gradients():
        yield layer, source, delta

    RigL(annealed=False).evolve(
        [layer], context(0.4, rng, layer_gradients=layer_gradients)
    )
    n_new = int(0.4 * old.nnz)
    kept = abs(old.data) > np.sort(abs(old.data))[n_new - 1]
    taken = np.zeros(old.shape, dtype=bool)
    taken[tuple(c[kept] for c in old.tocoo().coords)] = True
    scores = np.where(taken, -1, abs(X.T @ delta.T))
    expected = taken.copy()
    expected.ravel()[np.argsort(-scores, axis=None)[:n_new]] = True
    grown = np.zeros(old.shape, dtype=bool)
    grown[layer.coef.tocoo().coords] = True
    assert_array_equal(grown, expected)
    assert layer.n_connections == old.nnz
    # New connections start with weight and state 0.
    new = ~taken[layer.coef.tocoo().coords]
    assert not layer.coef.data[new].any() and not layer.connections.state[0, new].any()


def test_rigl_scores_as_many_positions_as_it_grows(rng, monkeypatch):
    """Ten that are drawn for each new connection, and one that is drawn uniformly."""
    seen, score = [], evolution.position_gradients

    def noted(layer, kept, ranks, source, delta):
        seen.append(ranks.size)
        return score(layer, kept, ranks, source, delta)

    monkeypatch.setattr(evolution, "position_gradients", noted)
    layer = SparseLayer.random(300, 400, 900, rng, np.float32)
    layer.connections.weights[:] = rng.standard_normal(900)
    layer.prepare(np.zeros((0, 900), np.float32))
    x, delta = rng.random((300, 4), np.float32), rng.random((400, 4), np.float32)
    RigL().evolve(
        [layer], context(0.3, rng, layer_gradients=lambda: [(layer, x, delta)])
    )
    assert 270 <= seen[0] <= 11 * 270 and layer.n_connections == 900


def test_rigl_without_a_loss_is_refused(rng):
    layer = SparseLayer.random(5, 5, 10, rng, np.float64)
    with pytest.raises(ValueError, match="needs the gradient of a loss"):
        RigL().evolve([layer], context(0.3, rng))


@given(zetas, st.floats(0, 0.99))
def test_annealing_is_half_a_cosine(zeta, progress):
    evolution_context = context(zeta, None, progress=progress)
    expected = zeta * (1 + np.cos(np.pi * progress)) / 2
    assert SET(annealed=True).fraction(evolution_context) == pytest.approx(expected)
    assert RigL().fraction(evolution_context) == pytest.approx(expected)
    assert SET().fraction(evolution_context) == zeta


def test_pruning_disconnects_the_weakest_units(rng):
    layer = SparseLayer.random(30, 10, 150, rng, np.float64)
    layer.connections.weights[:] = rng.standard_normal(150)
    layer.prepare(rng.random((2, 150)))
    last = SparseLayer.random(10, 4, 20, rng, np.float64)
    old, old_last = layer.coef.copy(), last.coef.copy()
    rule = ImportancePruning(quantile=0.2, start=3, every=2)
    for number, pruned in ((1, 0), (2, 0), (3, 2), (4, 2), (5, 4)):
        rule.evolve([layer, last], context(0.3, rng, number))
        strength = abs(layer.coef).sum(axis=0)
        assert (strength == 0).sum() == pruned
    weakest = np.argsort(abs(old).sum(axis=0))[:4]
    assert_array_equal(np.sort(weakest), np.flatnonzero(strength == 0))
    alive = np.flatnonzero(strength)
    assert_array_equal(layer.coef.toarray()[:, alive], old.toarray()[:, alive])
    assert (last.coef != old_last).nnz == 0


def test_pruning_does_not_disconnect_all_units(rng):
    layer = SparseLayer.random(6, 3, 18, rng, np.float64)
    layer.connections.weights[:] = 1.0  # all of the same strength
    layer.prepare(np.zeros((0, 18)))
    ImportancePruning(start=1)._disconnect(layer)
    assert layer.n_connections == 18


@pytest.mark.parametrize(
    "parameter, value",
    [("quantile", 0.0), ("quantile", 1.5), ("start", 0), ("every", 0)],
)
def test_bad_parameters_of_pruning(parameter, value, digits):
    X, _, y, _ = digits
    rule = ImportancePruning(**{parameter: value})
    with pytest.raises(ValueError, match=parameter):
        make_sparser_classifier(evolution=rule).fit(X, y)


# -- through the estimator -----------------------------------------------------


def test_rules_by_name_and_by_object(digits):
    X, _, y, _ = digits
    for name, rule in (("set", SET()), ("rigl", RigL()), ("fixed", Fixed())):
        a = make_sparser_classifier(evolution=name).fit(X, y)
        b = make_sparser_classifier(evolution=[rule]).fit(X, y)
        assert_array_equal(a.coefs_[0].toarray(), b.coefs_[0].toarray())
    first = topology(make_sparser_classifier(max_iter=1).fit(X, y))
    assert topology(make_sparser_classifier(evolution="fixed").fit(X, y)) == first
    for name in ("set", "rigl"):
        assert topology(make_sparser_classifier(evolution=name).fit(X, y)) != first


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_rigl_learns(make, digits):
    X, X_test, y, y_test = digits
    for every in (1, "20 steps"):
        clf = make_sparser_classifier(
            evolution="rigl", evolve_every=every, max_iter=30, epsilon=8
        )
        clf.fit(make(X), y)
        assert clf.score(make(X_test), y_test) > 0.9
        first = make_sparser_classifier(max_iter=1, epsilon=8).fit(X, y)
        assert clf.n_connections_ == first.n_connections_


def test_a_user_defined_rule(digits):
    """A subclass that overrides `grow`, and prefers the first positions."""

    class FirstPositions(EvolutionRule):
        def grow(self, layer, kept, n_new, rng):
            return np.arange(n_new)

    X, _, y, _ = digits
    clf = make_sparser_classifier(evolution=FirstPositions()).fit(X, y)
    rows = clf.coefs_[0].indptr
    # The first two sources have most of their 30 connections.
    assert rows[2] - rows[0] > 50
    assert clf.score(X, y) > 0.3


def test_rules_can_be_searched_by_a_grid_search(digits):
    X, _, y, _ = digits
    rule = SET()
    clf = make_sparser_classifier(evolution=rule)
    assert clone(clf).evolution is not rule
    assert clf.set_params(evolution__annealed=True).evolution.annealed
    grid = {"evolution": ["fixed", SET(annealed=True)], "zeta": [0.2]}
    clf = make_sparser_classifier(max_iter=2)
    GridSearchCV(clf, grid, cv=2, error_score="raise").fit(X, y)


@pytest.mark.parametrize("bad", ["sets", SET, ["set", 3], [SET], "", 1.5, None])
def test_bad_rules(bad, digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match="evolution"):
        make_sparser_classifier(evolution=bad).fit(X, y)


class BadRule(SET):
    """Returns what it is given in place of one of its results."""

    def __init__(self, method=None, result=None):
        self.method, self.result = method, result
        super().__init__()

    def fraction(self, context):
        return self._or("fraction", super().fraction(context))

    def prune(self, weights, fraction, n_threads=1):
        return self._or("prune", super().prune(weights, fraction, n_threads))

    def grow(self, layer, kept, n_new, rng):
        return self._or("grow", super().grow(layer, kept, n_new, rng))

    def _or(self, method, good):
        return self.result(good) if method == self.method else good


BAD_RESULTS = [
    ("fraction", lambda fraction: 2),
    ("fraction", lambda fraction: 1.0),
    ("fraction", lambda fraction: -0.1),
    ("fraction", lambda fraction: np.nan),
    ("fraction", lambda fraction: None),
    ("fraction", lambda fraction: "0.3"),
    ("prune", lambda kept: None),
    ("prune", lambda kept: kept[:-10]),
    ("prune", lambda kept: 3 * kept),
    ("prune", lambda kept: np.flatnonzero(kept)),
    ("grow", lambda positions: None),
    ("grow", lambda positions: positions[::-1]),
    ("grow", lambda positions: np.repeat(positions, 2)),
    ("grow", lambda positions: positions - positions[-1]),
    ("grow", lambda positions: positions + (1 << 40)),
]


@pytest.mark.parametrize("method, result", BAD_RESULTS)
def test_bad_results_of_a_rule(method, result, digits):
    """The error names the method, and the model is as it was."""
    X, _, y, _ = digits
    clf = make_sparser_classifier(evolution=BadRule(method, result))
    with pytest.raises(ValueError, match=f"method '{method}' must return"):
        clf.fit(X, y)
    assert not hasattr(clf, "coefs_")
    rbm = SETRBM(20, evolution=BadRule(method, result), n_iter=2)
    with pytest.raises(ValueError, match=f"method '{method}' must return"):
        rbm.fit(X)


class Meddler:
    """A rule that writes to arrays that only `rewire` may change."""

    def __init__(self, meddle):
        self.meddle = meddle

    def evolve(self, layers, context):
        self.meddle(layers[0])


def eliminate_small(layer):
    layer.coef.data[: layer.n_connections // 2] = 0
    layer.coef.eliminate_zeros()


def set_targets(layer):
    layer.connections.targets[:] = 1 << 30


def drop_states(layer):
    layer.replace(layer.connections._replace(state=np.empty((0, layer.n_connections))))


def prepare_anew(layer):
    layer.prepare(np.empty((0, layer.n_connections)))


@pytest.mark.parametrize(
    "meddle", [eliminate_small, set_targets, drop_states, prepare_anew]
)
def test_rules_that_write_to_the_arrays_of_a_layer(meddle, digits):
    X, _, y, _ = digits
    clf = make_sparser_classifier(evolution=Meddler(meddle))
    with pytest.raises(ValueError, match="'rewire' only"):
        clf.fit(X, y)


def test_a_rule_gets_a_list_of_its_own(digits):
    X, _, y, _ = digits

    class Taker:
        def evolve(self, layers, context):
            layers.clear()

    clf = make_sparser_classifier(evolution=Taker()).fit(X, y)
    fixed = make_sparser_classifier(evolution="fixed").fit(X, y)
    assert_array_equal(clf.predict_proba(X), fixed.predict_proba(X))


def test_a_rule_may_write_to_the_weights_and_lose_all_connections(digits):
    X, _, y, _ = digits

    class Forget:
        def evolve(self, layers, context):
            for layer in layers:
                layer.connections.weights[:] *= 0.5
            layer.rewire(np.zeros(layer.n_connections, dtype=bool), [])

    clf = make_sparser_classifier(evolution=Forget()).fit(X, y)
    assert clf.coefs_[-1].nnz == 0 and clf.predict(X).shape == y.shape


def test_pruning_shrinks_the_network(digits):
    X, _, y, _ = digits
    pruning = ImportancePruning(quantile=0.3, start=2, every=2)
    full = make_sparser_classifier(max_iter=1).fit(X, y)
    clf = make_sparser_classifier(evolution=["set", pruning], max_iter=8).fit(X, y)
    assert clf.n_connections_ < 0.7 * full.n_connections_
    assert clf.n_connections_ == sum(coef.nnz for coef in clf.coefs_)
    assert clf.density_ == pytest.approx(
        full.density_ * clf.n_connections_ / full.n_connections_
    )
    assert clf.coefs_[-1].nnz == full.coefs_[-1].nnz
    clf.predict(X)


@pytest.mark.parametrize("base", [EvolutionRule, SET, RigL])
@pytest.mark.parametrize("bad", [2, 1, -0.1, np.nan, "half", None, 0.5j])
def test_the_fraction_of_a_rule_is_checked(base, bad, digits):
    """In dense networks, too, which do not evolve."""

    class Rule(base):
        def fraction(self, context):
            return bad

    clf = make_sparser_classifier(evolution=Rule())
    with pytest.raises(ValueError, match="'fraction' must return a number in .0, 1"):
        clf.fit(digits[0], digits[2])
    with pytest.raises(ValueError, match="'fraction' must return a number in .0, 1"):
        clf.set_params(epsilon=None).fit(digits[0], digits[2])
