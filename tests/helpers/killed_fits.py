"""Fits that are killed at random moments and resumed: a script, which a test runs.

``OMP_NUM_THREADS=1 python tests/helpers/killed_fits.py --kills 50`` kills 50 processes
for each family, by SIGKILL, and compares each model that is completed with that of an
uninterrupted fit. It uses fork: POSIX only.
"""

import argparse
import math
import os
import random
import signal
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from sklearn_set import SETRBM, SETMLPClassifier
from sklearn_set.callbacks import Checkpoint

rng = np.random.default_rng(0)
X, y = rng.random((100, 100), dtype=np.float32), rng.integers(3, size=100)

ESTIMATORS = {
    "perceptron": SETMLPClassifier(
        (500, 200), max_iter=20, n_iter_no_change=20, early_stopping=True, dropout=0.1,
        random_state=0,
    ),
    "RBM": SETRBM(
        500, epsilon=50, n_iter=20, persistent=True, momentum=0.5, sparsity_target=0.1,
        n_iter_no_change=20, early_stopping=True, random_state=0,
    ),
}  # fmt: skip


def learned(model):
    """Return the bytes of weights, biases and curves of a fitted model."""
    if isinstance(model, SETRBM):
        coefs, curve = [model.components_], model.pseudo_likelihoods_
        biases = [model.intercept_hidden_, model.intercept_visible_]
    else:
        coefs, biases, curve = model.coefs_, model.intercepts_, model.loss_curve_
    arrays = [a for coef in coefs for a in (coef.indptr, coef.indices, coef.data)]
    arrays += [*biases, np.array(curve), np.array(model.validation_scores_)]
    return b"".join(array.tobytes() for array in arrays)


def wait(pid, delay):
    """Wait for a process, which is killed after a delay; return its status."""
    end = time.perf_counter() + (math.inf if delay is None else delay)
    while time.perf_counter() < end:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(1e-3)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def fit_in_child(estimator, folder, delay=None):
    """Fit in a forked process, and kill it after a delay; return what it has learned.

    None if it did not come to the end.
    """
    result = folder / "result"
    pid = os.fork()
    if pid == 0:
        estimator.set_callbacks(Checkpoint(folder / "checkpoint"))
        (folder / "result.part").write_bytes(learned(estimator.fit(X, y)))
        os.replace(folder / "result.part", result)
        os._exit(0)
    status = wait(pid, delay)
    if status not in (0, signal.SIGKILL):
        raise RuntimeError("The fit that resumes failed.")
    if not result.exists():
        return None
    content = result.read_bytes()
    result.unlink()
    return content


def kill_fits(estimator, n_kills, folder):
    """Return how many of the killed fits had saved something, and how many ended."""
    begin = time.perf_counter()
    expected = fit_in_child(estimator, folder)
    seconds = time.perf_counter() - begin
    n_resumed = n_ended = 0
    for _ in range(n_kills):
        n_resumed += (folder / "checkpoint").exists()
        found = fit_in_child(estimator, folder, random.uniform(0, seconds / 2))
        n_ended += found is not None
        assert found in (None, expected)
    assert fit_in_child(estimator, folder) == expected
    assert not list(folder.iterdir())
    return n_resumed, n_ended


def main():
    """Kill the fits of both families."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    warnings.simplefilter("ignore")
    n_kills = parser.parse_args().kills
    for name, estimator in ESTIMATORS.items():
        with tempfile.TemporaryDirectory() as folder:
            n_resumed, n_ended = kill_fits(estimator, n_kills, Path(folder))
        print(f"{name}: {n_kills} killed, {n_resumed} resumed, {n_ended} had ended")


if __name__ == "__main__":
    main()
