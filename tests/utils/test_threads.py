"""How many threads the kernels may use: scikit-learn's convention."""

import os
import subprocess
import sys
from pathlib import Path

import helpers
import joblib
import pytest
from threadpoolctl import threadpool_limits

from sklearn_set._kernels.builds import _fast
from sklearn_set._utils.threads import effective_n_threads


def test_the_environment_decides(two_threads):
    assert effective_n_threads() == 2


def test_threadpoolctl_decides_below_the_number_of_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with threadpool_limits(limits=1, user_api="openmp"):
        assert effective_n_threads() == 1
    with threadpool_limits(limits=64, user_api="openmp"):
        assert effective_n_threads() == joblib.cpu_count(only_physical_cores=True)


def test_worker_processes_share_the_cores():
    """joblib gives each of its processes its part, and the kernels keep to it."""
    n_jobs = joblib.cpu_count()
    threads = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(effective_n_threads)() for _ in range(n_jobs)
    )
    assert threads == [1] * n_jobs


@pytest.mark.skipif(
    not (hasattr(os, "fork") and _fast.has_openmp()), reason="needs forks and threads"
)
def test_forked_processes_use_one_thread():
    """They would wait for ever for the threads that the fork has not copied."""
    result = subprocess.run(
        [sys.executable, Path(helpers.__file__).parent / "forked.py"],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "38 calls\n"
