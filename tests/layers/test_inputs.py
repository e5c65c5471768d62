"""The sources of a layer: their strengths, and new positions of some of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare

from sklearn_set._layers.inputs import (
    draw_positions_of,
    of_sources,
    source_strengths,
)
from sklearn_set._layers.positions import draw_positions
from sklearn_set._layers.sparse_layer import SparseLayer


def make_layer(n_in, n_out, n_connections, rng):
    layer = SparseLayer.random(n_in, n_out, n_connections, rng, np.float64)
    layer.connections.weights[:] = rng.standard_normal(n_connections)
    return layer


@st.composite
def layers(draw):
    """A random layer, chosen sources, kept connections, and a generator."""
    n_in, n_out = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    layer = make_layer(n_in, n_out, draw(st.integers(1, n_in * n_out)), rng)
    chosen = rng.random(n_in) < draw(st.sampled_from([0.0, 0.5, 1.0]))
    kept = rng.random(layer.n_connections) < draw(st.sampled_from([0.0, 0.5, 1.0]))
    return layer, chosen, kept.astype(np.uint8), rng


def empty_positions_of(layer, chosen, kept):
    """Return the ranks of chosen sources, among the positions that none keeps."""
    is_empty = np.ones((layer.n_in, layer.n_out), dtype=bool)
    is_empty[tuple(c[kept == 1] for c in layer.coef.tocoo().coords)] = False
    return np.flatnonzero(chosen[np.nonzero(is_empty)[0]])


@given(layers())
def test_strengths_and_connections_of_sources(drawn):
    layer, chosen, _, _ = drawn
    weights = layer.coef.toarray()
    assert_allclose(source_strengths(layer), abs(weights).sum(axis=1), atol=1e-12)
    assert_array_equal(of_sources(layer, chosen), chosen[layer.coef.tocoo().coords[0]])


@given(layers(), st.integers(0, 150))
def test_positions_are_distinct_ascending_and_of_chosen_sources(drawn, n_new):
    layer, chosen, kept, rng = drawn
    possible = empty_positions_of(layer, chosen, kept)
    positions = draw_positions_of(layer, chosen, kept, n_new, rng)
    assert positions.dtype == np.int64
    assert positions.size == min(n_new, possible.size)
    assert np.all(np.diff(positions) > 0)
    assert np.isin(positions, possible).all()


@given(layers(), st.integers(0, 1000))
def test_all_sources_have_the_positions_of_the_layer(drawn, seed):
    """Those that SET draws, with the same generator."""
    layer, chosen, kept, _ = drawn
    n_empty = layer.n_positions - int(kept.sum())
    n_new, everything = n_empty // 3, np.ones_like(chosen)
    found, expected = (
        draw_positions_of(layer, everything, kept, n_new, np.random.default_rng(seed)),
        draw_positions(n_empty, n_new, np.random.default_rng(seed)),
    )
    assert_array_equal(found, expected)


def test_every_set_of_positions_is_equally_likely(rng):
    """The pairs of the empty positions of two of three sources."""
    layer = make_layer(3, 4, 5, np.random.default_rng(3))
    chosen, kept = np.array([True, False, True]), np.array([1, 1, 0, 1, 0], np.uint8)
    possible = empty_positions_of(layer, chosen, kept)
    n_pairs = possible.size * (possible.size - 1) // 2
    pairs = [tuple(draw_positions_of(layer, chosen, kept, 2, rng)) for _ in range(4000)]
    counts = np.unique(pairs, axis=0, return_counts=True)[1]
    assert counts.size == n_pairs > 3
    assert chisquare(counts).pvalue > 1e-3
