"""Losses and their output activations."""

import numpy as np
import pytest
from helpers.networks import LOSS_DEFINITIONS, N_UNITS, differences, make_targets
from numpy.testing import assert_allclose

from sklearn_set import SETMLPRegressor
from sklearn_set._mlp.losses import LOSSES, Huber, Quantile


@pytest.mark.parametrize("loss", sorted(LOSSES.keys() - {"poisson"}))
def test_gradient_of_extreme_sums_is_finite(loss):
    z = np.array([[1e4, -1e4], [-1e4, 1e4]])
    y = np.array([[False, False], [True, True]])
    if loss not in ("softmax", "logistic"):
        y = y.astype(float)
    assert np.isfinite(LOSSES[loss]().gradient(z, y)).all()
    assert np.isfinite(z).all()


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_losses_and_gradients_by_their_definitions(loss, rng):
    z, y = rng.standard_normal((N_UNITS[-1], 6)), make_targets(loss, 6, rng)

    def losses():
        p = z.copy()
        LOSSES[loss]().activate(p)
        return LOSS_DEFINITIONS[loss](p, y).sum(axis=0)

    expected = losses()
    gradient = differences(lambda: losses().sum(), z.reshape(-1)).reshape(z.shape)
    assert_allclose(LOSSES[loss]().gradient(z, y), expected, rtol=1e-10)
    assert_allclose(z, gradient, rtol=1e-6, atol=1e-8)


def test_probabilities_of_softmax_add_up_to_1(rng):
    z = 100 * rng.standard_normal((5, 40))
    LOSSES["softmax"].activate(z)
    assert_allclose(z.sum(axis=0), 1) and np.all(z >= 0)


def test_parameters_of_losses_come_from_the_estimator():
    estimator = SETMLPRegressor(quantile=0.25, huber_delta=3)
    assert LOSSES["quantile"].from_estimator(estimator).quantile == 0.25
    assert LOSSES["huber"].from_estimator(estimator).delta == 3.0
    assert type(LOSSES["poisson"].from_estimator(estimator)) is LOSSES["poisson"]


def test_the_pinball_loss_of_both_sides():
    z, y = np.array([[3.0, 1.0, 2.0]]), np.full((1, 3), 2.0)
    assert_allclose(Quantile(0.9).gradient(z, y), [0.1, 0.9, 0])
    assert_allclose(z, [[0.1, -0.9, 0]])


def test_the_huber_loss_within_and_beyond_its_delta():
    z, y = np.array([[0.5, 5.0, -5.0]]), np.zeros((1, 3))
    assert_allclose(Huber(2.0).gradient(z, y), [0.125, 8, 8])
    assert_allclose(z, [[0.5, 2, -2]])
