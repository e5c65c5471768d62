"""Settings and data that several test files share."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# `python -m pytest` puts the root on sys.path, where the uncompiled package lies.
TESTS = Path(__file__).resolve().parent
sys.path[:] = [path for path in sys.path if Path(path or os.getcwd()) != TESTS.parent]

# The modules in tests/helpers are imported as helpers.<name>.
sys.path.append(str(TESTS))
pytest.register_assert_rewrite("helpers")

settings.register_profile("suite", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("suite")


@pytest.fixture
def rng():
    """A new generator for each test."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def digits():
    """scikit-learn's digits in [0, 1], split: X_train, X_test, y_train, y_test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16, y, random_state=0)


@pytest.fixture
def two_threads(monkeypatch):
    """Let kernels start two threads, on a machine with one core too."""
    from threadpoolctl import threadpool_limits

    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with threadpool_limits(limits=2, user_api="openmp"):
        yield


@pytest.fixture
def one_thread(monkeypatch):
    """Keep kernels on one thread."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="openmp"):
        yield
