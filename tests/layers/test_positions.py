"""Random positions: distinct, sorted, uniform by statistical tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from sklearn_set._layers.positions import draw_positions


@given(st.integers(1, 2000), st.data())
def test_positions_are_distinct_sorted_and_in_range(n_positions, data):
    n_draws = data.draw(st.integers(0, n_positions))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    positions = draw_positions(n_positions, n_draws, rng)
    assert positions.size == n_draws
    assert np.all(np.diff(positions) > 0)
    assert n_draws == 0 or 0 <= positions[0] <= positions[-1] < n_positions


@pytest.mark.parametrize("n_draws", [1, 3, 5, 6, 9])
def test_every_set_of_positions_is_equally_likely(n_draws, rng):
    """All subsets of 10 positions: a chi-squared test over the subsets themselves."""
    n_trials = 20_000
    codes = [
        int((1 << draw_positions(10, n_draws, rng)).sum()) for _ in range(n_trials)
    ]
    counts = np.bincount(codes, minlength=1 << 10)
    possible = [c for c in range(1 << 10) if c.bit_count() == n_draws]
    assert counts[possible].sum() == n_trials
    assert chisquare(counts[possible]).pvalue > 1e-3


def test_positions_in_a_huge_layer_are_uniform(rng):
    positions = draw_positions(600_000 * 600_000, 100_000, rng)
    assert kstest(positions / 600_000**2, "uniform").pvalue > 1e-3
