"""Simulated data of which it is known which features are relevant.

All other features are independent and normally distributed. Two classes depend on the
relevant ones, which are at random positions.
"""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import make_classification

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


def clusters(n_samples, n_features, seed=0):
    """Return classes of 16 clusters each, around random corners of a cube, as madelon.

    A relevant feature has little effect alone: each side of it has corners of both
    classes.
    """
    X, y = make_classification(
        n_samples, n_features, n_informative=N_RELEVANT, n_redundant=0,
        n_clusters_per_class=16, shuffle=False, random_state=seed,
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(n_samples), rng.permutation(n_features)
    X = X.astype(np.float32)[rows][:, columns]
    return Simulation(X, y[rows], np.flatnonzero(columns < N_RELEVANT))
