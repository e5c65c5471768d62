"""Random walks over the connections of a layer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import coo_array
from scipy.stats import chisquare

from sklearn_set._layers.position_gradients import locate
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._layers.walks import Walks, draw_by_walks


def layer_and_kept(n_in, n_out, n_connections, seed, fraction_kept=0.7):
    rng = np.random.default_rng(seed)
    layer = SparseLayer.random(n_in, n_out, n_connections, rng, np.float64)
    return layer, (rng.random(n_connections) < fraction_kept).astype(np.uint8)


def adjacency(layer, kept):
    """Return the dense matrix of the connections that stay."""
    coef = layer.coef.tocoo()
    return coo_array((kept, coef.coords), shape=coef.shape).toarray().astype(float)


def paths(connected):
    """Sum 1 / (degree of b x degree of a) over the paths i, b, a, j by two loops."""
    n_in, n_out = connected.shape
    sums = np.zeros((n_in, n_out))
    of_source, of_target = connected.sum(axis=1), connected.sum(axis=0)
    for b in range(n_out):
        for a in range(n_in):
            if connected[a, b]:
                step = np.outer(connected[:, b], connected[a])
                sums += step / (of_target[b] * of_source[a])
    return sums


def test_a_position_is_reached_in_proportion_to_its_short_paths(rng):
    layer, kept = layer_and_kept(6, 5, 14, seed=3)
    expected = paths(adjacency(layer, kept))
    n = 200_000
    found = np.zeros_like(expected)
    np.add.at(found, Walks(layer, kept).ends(n, rng), 1)
    assert_array_equal(found[expected == 0], 0)
    expected *= n / expected.sum()
    assert chisquare(found[expected > 0], expected[expected > 0]).pvalue > 0.001


def test_free_positions_are_drawn_in_proportion(rng):
    """One at a time, those that are taken left out."""
    layer, kept = layer_and_kept(5, 5, 10, seed=1)
    connected = adjacency(layer, kept)
    free = connected == 0
    expected = paths(connected)[free]
    n = 3000
    ranks = [draw_by_walks(layer, kept, 1, rng)[0] for _ in range(n)]
    found = np.bincount(ranks, minlength=free.sum())
    assert_array_equal(found[expected == 0], 0)
    expected *= n / expected.sum()
    assert chisquare(found[expected > 0], expected[expected > 0]).pvalue > 0.001


@given(
    st.integers(1, 9), st.integers(1, 9), st.floats(0, 1), st.integers(0, 1000),
    st.data(),
)  # fmt: skip
def test_as_many_distinct_free_positions_as_asked_for(
    n_in, n_out, fraction_kept, seed, data
):
    n_connections = data.draw(st.integers(1, n_in * n_out))
    layer, kept = layer_and_kept(n_in, n_out, n_connections, seed, fraction_kept)
    n_empty = n_in * n_out - int(kept.sum())
    n_new = data.draw(st.integers(0, n_empty))
    ranks = draw_by_walks(layer, kept, n_new, np.random.default_rng(seed))
    assert ranks.size == n_new
    assert (np.diff(ranks) > 0).all()
    assert not ranks.size or 0 <= ranks[0] <= ranks[-1] < n_empty
    assert_array_equal(adjacency(layer, kept)[locate(layer, kept, ranks)], 0)


@pytest.mark.parametrize("n_new", [3, 6])
def test_units_without_connections_get_none_while_paths_are_left(n_new, rng):
    """Two sources and four targets are connected, but for three positions."""
    connected = np.zeros((20, 20))
    connected[:2, :4] = [[1, 1, 1, 0], [1, 0, 0, 1]]
    layer = SparseLayer.from_coef(coo_array(connected).tocsr())
    kept = np.ones(layer.n_connections, dtype=np.uint8)
    sources, targets = locate(layer, kept, draw_by_walks(layer, kept, n_new, rng))
    within = (sources < 2) & (targets < 4)
    assert within.sum() == 3
