"""Fits whose workers are killed at random moments: a script, which a test runs.

``OMP_NUM_THREADS=1 python tests/helpers/killed_workers.py --kills 20`` kills 20 workers
by SIGKILL, and compares the model with that of an undisturbed fit. POSIX only.
"""

import argparse
import os
import random
import signal
import threading
import time
import warnings

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

from sklearn_set.dask import DaskSETMLPClassifier

N_PARTITIONS, N_ROWS, N_FEATURES = 4, 200, 50


def block(i):
    """Make the rows of a partition, on the worker."""
    rng = np.random.default_rng(i)
    y = rng.integers(3, size=N_ROWS)
    return (rng.random((N_ROWS, N_FEATURES)) + y[:, None] / 3).astype(np.float32), y


def data():
    """Return X and y, which can be computed again."""
    blocks = [dask.delayed(block)(i) for i in range(N_PARTITIONS)]
    X = [da.from_delayed(b[0], (N_ROWS, N_FEATURES), dtype="float32") for b in blocks]
    y = [da.from_delayed(b[1], (N_ROWS,), dtype=int) for b in blocks]
    return da.concatenate(X), da.concatenate(y)


class Killer(threading.Thread):
    """Kills a worker, again and again, until it is stopped.

    Parameters
    ----------
    cluster : LocalCluster
        Whose nannies start new workers.
    n_kills : int
        At most so many.
    longest : float
        Longest time between two kills, in seconds.
    """

    def __init__(self, cluster, n_kills, longest):
        super().__init__(daemon=True)
        self._cluster = cluster
        self._most = n_kills
        self._longest = longest
        self._ends = threading.Event()
        self.n_kills = 0

    def run(self):
        """Kill."""
        rng = random.Random(0)
        while self.n_kills < self._most:
            if self._ends.wait(rng.uniform(0, self._longest)):
                return
            # A nanny gives up if its worker dies before it has started.
            known = self._cluster.scheduler.workers
            nannies = self._cluster.workers.values()
            started = [n.pid for n in nannies if n.worker_address in known and n.pid]
            if started:
                try:
                    os.kill(rng.choice(started), signal.SIGKILL)
                    self.n_kills += 1
                except ProcessLookupError:
                    pass

    def stop(self):
        """Kill no more."""
        self._ends.set()
        self.join()


def fit(client):
    """Fit the same model."""
    model = DaskSETMLPClassifier(
        (30,), epsilon=5, max_iter=12, batch_size=20, rounds_per_epoch=3,
        evolve_every="7 steps", random_state=0, client=client,
    )  # fmt: skip
    return model.fit(*data())


def fits_with_kills(cluster, client, n_kills, longest):
    """Return the undisturbed model, the others, and the number of kills."""
    expected, models, total = fit(client), [], 0
    while total < n_kills:
        killer = Killer(cluster, n_kills - total, longest)
        killer.start()
        try:
            models.append(fit(client))
        finally:
            killer.stop()
        total += killer.n_kills
    return expected, models, total


def main():
    """Kill workers, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--longest", type=float, default=2.0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    dask.config.set(
        {
            "distributed.logging.distributed": "critical",
            # LocalCluster gives up a worker that takes longer to start again.
            "distributed.deploy.lost-worker-timeout": "300s",
        }
    )
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        begin = time.perf_counter()
        expected, models, n = fits_with_kills(
            cluster, client, arguments.kills, arguments.longest
        )
        same = [
            all(
                np.array_equal(a.data, b.data) and np.array_equal(a.indices, b.indices)
                for a, b in zip(expected.coefs_, model.coefs_, strict=True)
            )
            for model in models
        ]
        print(
            f"{n} workers killed in {len(models)} fits, "
            f"{time.perf_counter() - begin:.0f} s: {sum(same)} models are the same"
        )
    return 0 if all(same) else 1


if __name__ == "__main__":
    raise SystemExit(main())
