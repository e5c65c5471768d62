"""A cluster of processes, started once, and data in partitions."""

import numpy as np
import pytest

pytest.importorskip("distributed")

from helpers.clusters import workers


@pytest.fixture(scope="session")
def client():
    """A client of two processes."""
    with workers(2) as client:
        yield client


@pytest.fixture(scope="session")
def threads_client():
    """A client of one worker in this process, which starts at once."""
    with workers(1, processes=False) as client:
        yield client


@pytest.fixture(scope="session")
def small():
    """300 samples of 12 features in three classes, float32."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=300)
    X = rng.random((300, 12)) + 0.5 * np.eye(3)[y].repeat(4, axis=1)
    return (X / 1.5).astype(np.float32), y
