"""The distributions of a restricted Boltzmann model, against enumeration."""

import numpy as np
import pytest
from helpers.rbms import energies, joint_distribution, make_model, states
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import binomtest, chisquare, kstest, norm

from sklearn_set._rbm.partition_function import independent_samples
from sklearn_set._rbm.visible_units import VISIBLE_UNITS


@pytest.mark.parametrize("visible", VISIBLE_UNITS)
def test_free_energy_sums_over_the_hidden_states(visible, rng):
    model = make_model(4, 6, 12, rng, visible)
    v = rng.random((6, 9))
    expected = logsumexp(-energies(model, v, states(4)), axis=1)
    assert_allclose(model.negative_free_energy(v), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sampling_has_the_right_frequencies(dtype, rng):
    p = np.repeat(np.array([[0.0], [0.1], [0.5], [1.0]], dtype=dtype), 5000, axis=1)
    ones = make_model(4, 3, 5, rng).sample(p, rng)
    assert ones.dtype == dtype and set(np.unique(ones)) == {0.0, 1.0}
    assert ones[0].sum() == 0 and ones[3].sum() == 5000
    for row, probability in ((1, 0.1), (2, 0.5)):
        assert binomtest(int(ones[row].sum()), 5000, probability).pvalue > 1e-3


def test_samples_follow_the_distribution_of_the_model(rng):
    """All 64 visible states, against their exact probabilities."""
    model = make_model(4, 6, 14, rng)
    v, _, log_p = joint_distribution(model)
    p = np.exp(logsumexp(log_p, axis=1))
    drawn = independent_samples(model, np.zeros(6), 20_000, rng)
    for _ in range(60):
        drawn = model.gibbs(drawn, rng)
    codes = (1 << np.arange(6)) @ drawn.astype(int)
    counts = np.bincount(codes, minlength=64)
    assert_array_equal((1 << np.arange(6)) @ v, np.arange(64))
    assert chisquare(counts, 20_000 * p).pvalue > 1e-3


@pytest.mark.parametrize("std", [1.0, 2.0])
def test_gaussian_samples_follow_the_distribution_of_the_model(std, rng):
    model = make_model(3, 1, 3, rng, "gaussian", std=std)
    drawn = independent_samples(model, np.zeros(1), 5000, rng)
    for _ in range(60):
        drawn = model.gibbs(drawn, rng)
    h = states(3)
    inputs = model.layer.coef.toarray().T @ h
    log_w = model.hidden_bias @ h + model.visible.log_integral(
        inputs, model.visible_bias
    )
    probabilities = np.exp(log_w - logsumexp(log_w))
    means = (model.visible_bias[:, None] + std**2 * inputs)[0]

    def distribution(x):
        return norm.cdf(np.subtract.outer(x, means) / std) @ probabilities

    assert kstest(drawn[0], distribution).pvalue > 1e-3
