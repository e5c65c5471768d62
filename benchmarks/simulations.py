"""Simulated data of which it is known which features are relevant.

All features are independent and normally distributed, and two classes depend on the
relevant ones, which are at random positions.
"""

from typing import NamedTuple

import numpy as np

N_RELEVANT = 10


class Simulation(NamedTuple):
    """Rows of features, their classes, and the positions of the relevant features."""

    X: np.ndarray
    y: np.ndarray
    relevant: np.ndarray


def draw(n_samples, n_features, rng):
    """Return X in float32, and the positions of the relevant features."""
    X = rng.standard_normal((n_samples, n_features), dtype=np.float32)
    return X, rng.choice(n_features, N_RELEVANT, replace=False)


def additive(n_samples, n_features, seed=0):
    """Return classes by the sign of a sum: each relevant feature has an effect alone.

    The weights are 1 or -1, and the noise has a quarter of the sum's variance.
    """
    rng = np.random.default_rng(seed)
    X, relevant = draw(n_samples, n_features, rng)
    signs = rng.choice([-1, 1], size=N_RELEVANT)
    total = X[:, relevant] @ signs
    noise = rng.normal(scale=0.5 * N_RELEVANT**0.5, size=n_samples)
    return Simulation(X, (total + noise > 0).astype(int), relevant)


def products(n_samples, n_features, seed=0):
    """Return classes by the sign of a sum of products of pairs, as in XOR.

    No relevant feature has an effect alone: tests of single features cannot find it.
    """
    rng = np.random.default_rng(seed)
    X, relevant = draw(n_samples, n_features, rng)
    first, second = relevant.reshape(2, -1)
    total = (X[:, first] * X[:, second]).sum(axis=1)
    return Simulation(X, (total > 0).astype(int), relevant)
