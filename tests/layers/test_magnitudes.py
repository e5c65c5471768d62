"""Selection of the smallest weights of each sign, against sorting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_set._layers.magnitudes import larger_than_smallest, smallest_magnitudes

FRACTIONS = [0.0, 0.01, 0.3, 0.5, 0.99]


def naive_kept(weights, fraction):
    """Sort the weights of each sign; of the same magnitude the last ones stay."""
    kept = np.zeros(weights.size, dtype=np.uint8)
    for sign in (1, -1):
        indices = np.flatnonzero(sign * weights > 0)
        order = np.argsort(np.abs(weights[indices]), kind="stable")
        kept[indices[order[int(fraction * indices.size) :]]] = 1
    return kept


@given(
    st.integers(0, 300), st.sampled_from(FRACTIONS), st.integers(0, 999),
    st.sampled_from([np.float32, np.float64]), st.integers(1, 3), st.booleans(),
)  # fmt: skip
def test_kept_weights_against_sorting(n, fraction, seed, dtype, n_threads, has_ties):
    weights = np.random.default_rng(seed).standard_normal(n)
    weights = (weights.round(1) if has_ties else weights).astype(dtype)
    kept = larger_than_smallest(weights, fraction, n_threads)
    assert_array_equal(kept, naive_kept(weights, fraction))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-40, 1e-5, 1.0, 1e30])
def test_magnitudes_of_any_scale(scale, dtype, rng):
    """Including subnormal numbers."""
    weights = (scale * rng.standard_normal(5000)).astype(dtype)
    kept = larger_than_smallest(weights, 0.3)
    assert_array_equal(kept, naive_kept(weights, 0.3))


def test_bounds_are_the_bits_of_magnitudes():
    weights = np.array([1.0, 2.0, 3.0, 3.0, -5.0, -4.0, 0.0])
    bounds, n_spare = smallest_magnitudes(weights, 0.75)
    assert_array_equal(bounds.view(np.float64), [3.0, 4.0])
    assert n_spare == [1, 0]
    bounds, n_spare = smallest_magnitudes(weights[:1], 0.75)
    assert_array_equal(bounds, [0, 0])
    assert n_spare == [0, 0]
