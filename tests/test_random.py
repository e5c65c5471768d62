"""Random places and random graphs: exact counts, uniform by statistical tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare, kstest

from sklearn_set._layers.positions import draw_positions
from sklearn_set._layers.sizes import erdos_renyi_n_connections
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._utils.random import spawn_generators


@given(st.integers(1, 2000), st.data())
def test_places_are_distinct_sorted_and_in_range(n_positions, data):
    n_draws = data.draw(st.integers(0, n_positions))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    places = draw_positions(n_positions, n_draws, rng)
    assert places.size == n_draws
    assert np.all(np.diff(places) > 0)
    assert n_draws == 0 or 0 <= places[0] <= places[-1] < n_positions


@pytest.mark.parametrize("n_draws", [1, 3, 5, 6, 9])
def test_every_set_of_places_is_equally_likely(n_draws, rng):
    """All subsets of 10 places: a chi-squared test over the subsets themselves."""
    n_trials = 20_000
    codes = [
        int((1 << draw_positions(10, n_draws, rng)).sum()) for _ in range(n_trials)
    ]
    counts = np.bincount(codes, minlength=1 << 10)
    possible = [c for c in range(1 << 10) if c.bit_count() == n_draws]
    assert counts[possible].sum() == n_trials
    assert chisquare(counts[possible]).pvalue > 1e-3


def test_places_of_a_huge_layer_are_uniform(rng):
    places = draw_positions(600_000 * 600_000, 100_000, rng)
    assert kstest(places / 600_000**2, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    "n_in, n_out, epsilon, expected",
    [
        (784, 1000, 20, 35_680),
        (1000, 1000, 20, 40_000),
        (1000, 10, 20, 10_000),  # no more than all
        (10, 20, 0.55, 16),  # rounded, half to even
    ],
)
def test_number_of_links(n_in, n_out, epsilon, expected, rng):
    assert erdos_renyi_n_connections(n_in, n_out, epsilon) == expected
    layer = SparseLayer.random(n_in, n_out, expected, rng, np.float32)
    assert layer.n_connections == layer.coef.nnz == expected
    assert layer.coef.has_canonical_format
    layer.coef.check_format(full_check=True)


def test_degrees_of_a_random_layer_are_binomial(rng):
    """In- and out-degrees together: hypergeometric, here as good as binomial."""
    n_in, n_out, n_links = 3000, 2000, 60_000
    layer = SparseLayer.random(n_in, n_out, n_links, rng, np.float64)
    for axis, n_other in ((0, n_in), (1, n_out)):
        degrees = np.diff(layer.coef.tocsc().indptr if axis == 0 else layer.coef.indptr)
        p = n_links / (n_in * n_out)
        assert abs(degrees.mean() - n_other * p) < 1e-9
        variance = n_other * p * (1 - p)
        assert degrees.var() == pytest.approx(variance, rel=0.12)


def test_each_place_of_a_random_layer_is_equally_likely(rng):
    n_trials, hits = 4000, np.zeros((6, 7))
    for _ in range(n_trials):
        layer = SparseLayer.random(6, 7, 10, rng, np.float64)
        hits[layer.coef.tocoo().coords] += 1
    assert hits.sum() == 10 * n_trials
    # Counts are a little less spread than multinomial, which makes the test stricter.
    assert chisquare(hits.ravel()).pvalue > 1e-3
    assert binomtest(int(hits[0, 0]), n_trials, 10 / 42).pvalue > 1e-4


def test_too_many_or_no_links_are_refused():
    with pytest.raises(ValueError, match=r"epsilon=2000 .* more than .* Lower epsilon"):
        erdos_renyi_n_connections(1_000_000, 1_000_000, 2000)
    with pytest.raises(ValueError, match=r"epsilon=0\.01 .* Raise epsilon"):
        erdos_renyi_n_connections(4, 3, 0.01)


def test_generators_are_independent_of_each_other():
    first = spawn_generators(np.random.RandomState(0), 2)
    again = spawn_generators(np.random.RandomState(0), 2)
    first[0].random(100)  # drawing from one leaves the other alone
    assert first[1].random() == again[1].random()
    assert first[1].random() != again[0].random()
