"""The evolution step: what is dropped, what grows, what never changes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from scipy.stats import chisquare

from sklearn_set._connectivity import SparseLayer
from sklearn_set.evolution import MAX_DENSITY, SET, Occasion

zetas = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.99])


def occasion(zeta, rng, number=1, progress=0.0, signals=None):
    return Occasion(zeta, number, progress, rng, signals)


def paper_survivors(weights, zeta):
    """A direct reading: sort each sign by magnitude, drop the first part of each."""
    dropped = {k for k, w in enumerate(weights) if w == 0}
    for sign in (1, -1):
        own = [k for k, w in enumerate(weights) if sign * w > 0]
        own.sort(key=lambda k: abs(weights[k]))
        dropped.update(own[: int(zeta * len(own))])
    return [k not in dropped for k in range(len(weights))]


@given(
    arrays(np.float64, st.integers(0, 60), elements=st.floats(-1, 1), unique=True),
    zetas,
)
def test_survivors_are_those_of_the_paper(weights, zeta):
    assert_array_equal(SET().survivors(weights, zeta), paper_survivors(weights, zeta))


@given(arrays(np.float32, st.integers(0, 60), elements=st.integers(-3, 3)), zetas)
def test_ties_do_not_change_how_many_are_dropped(weights, zeta):
    keep = SET().survivors(weights, zeta).astype(bool)
    for sign in (1, -1):
        own = sign * weights > 0
        assert np.sum(own & ~keep) == int(zeta * own.sum())
        if (own & keep).any() and (own & ~keep).any():
            magnitudes = abs(weights)
            assert magnitudes[own & ~keep].max() <= magnitudes[own & keep].min()
    assert not keep[weights == 0].any()


def evolved(n_in, n_out, n_links, zeta, rng, n_states=2):
    """A random layer before and after one step, as dense arrays and the layer."""
    layer = SparseLayer.random(n_in, n_out, n_links, rng, np.float64)
    layer.links.weights[:] = rng.standard_normal(n_links)
    layer.prepare(rng.standard_normal((n_states, n_links)))
    before = layer.coef.copy(), layer.links.state.copy()
    SET().evolve([layer], occasion(zeta, rng))
    return before, layer


@given(st.integers(1, 12), st.integers(1, 12), zetas, st.data())
def test_invariants(n_in, n_out, zeta, data):
    n_links = data.draw(st.integers(1, n_in * n_out))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    (old, old_state), layer = evolved(n_in, n_out, n_links, zeta, rng)
    new, state = layer.coef, layer.links.state
    new.check_format(full_check=True)
    assert new.nnz == n_links == np.unique(new.tocoo().coords, axis=1).shape[1]
    assert np.all(np.diff(new.indices[new.indptr[0] : new.indptr[1]]) > 0)
    if n_links > MAX_DENSITY * n_in * n_out:
        assert_array_equal(new.toarray(), old.toarray())
        return
    keep = SET().survivors(old.data, zeta).astype(bool)
    survivors = new.data != 0
    # Survivors keep place, value and state; new links start at 0 in all of them.
    coords = np.array(old.tocoo().coords)[:, keep]
    assert_array_equal(np.array(new.tocoo().coords)[:, survivors], coords)
    assert_array_equal(new.data[survivors], old.data[keep])
    assert_array_equal(state[:, survivors], old_state[:, keep])
    assert not state[:, ~survivors].any()


def test_links_regrow_uniformly_in_the_empty_places(rng):
    """Among them the places that have just been emptied."""
    weights = np.array([5.0, -5.0, 0.1, -0.1])
    hits = np.zeros((3, 4))
    for _ in range(6000):
        layer = SparseLayer.random(3, 4, 4, np.random.default_rng(1), np.float64)
        layer.links.weights[:] = weights
        SET().evolve([layer], occasion(0.5, rng))
        hits[layer.coef.tocoo().coords] += layer.coef.data == 0
    layer = SparseLayer.random(3, 4, 4, np.random.default_rng(1), np.float64)
    layer.links.weights[:] = weights
    survivors = abs(layer.coef.toarray()) == 5.0
    assert survivors.sum() == 2 and not hits[survivors].any()
    assert chisquare(hits[~survivors]).pvalue > 1e-3


def test_zeta_0_and_nearly_dense_layers_are_left_alone(rng):
    for n_links, zeta in ((30, 0.0), (85, 0.3)):
        (old, _), layer = evolved(10, 10, n_links, zeta, rng)
        assert (layer.coef != old).nnz == 0


def test_nan_weights_neither_crash_nor_vanish():
    weights = np.array([np.nan, 1.0, -1.0, np.inf])
    assert_array_equal(SET().survivors(weights, 0.5), [1, 0, 1, 1])


def test_evolution_repeats_with_its_seed():
    coefs = []
    for _ in range(2):
        rng = np.random.default_rng(5)
        _, layer = evolved(40, 50, 300, 0.3, rng)
        coefs.append(layer.coef.toarray())
    assert_array_equal(*coefs)
