"""Losses and their output activations."""

import numpy as np
import pytest

from sklearn_set._mlp.losses import LOSSES


@pytest.mark.parametrize("loss", sorted(LOSSES.keys() - {"poisson"}))
def test_gradient_of_extreme_sums_is_finite(loss):
    z = np.array([[1e4, -1e4], [-1e4, 1e4]])
    y = np.array([[False, False], [True, True]])
    if loss not in ("softmax", "logistic"):
        y = y.astype(float)
    assert np.isfinite(LOSSES[loss].gradient(z, y)).all()
    assert np.isfinite(z).all()
