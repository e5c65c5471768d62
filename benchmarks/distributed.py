"""One model on several workers, and data larger than memory: all bars in one table::

    python benchmarks/distributed.py --data FOLDER            # all, on an idle machine
    python benchmarks/distributed.py accuracy --epochs 15 --rows 12000
    python benchmarks/distributed.py paper

The data are Fashion-MNIST's idx files. Processes have one thread each.
"""

import argparse
import contextlib
import math
import os
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# This file has the name of a package: look for that first.
sys.path.append(sys.path.pop(0))

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster
from fashion_mnist import load
from wide import memory

from sklearn_set import SETMLPClassifier
from sklearn_set.dask import DaskSETMLPClassifier

HIDDEN = (1000, 1000, 1000)
# Of the paper calculation: name, connections, samples of an epoch.
MODELS = [("small", 136_000, 60_000), ("medium", 6_300_000, 10**6),
          ("large", 63_000_000, 10**7)]  # fmt: skip
GBITS = 1, 10, 100
WORKERS = 1, 4, 16, 64, 256


class EpochTimes:
    """A callback that records when epochs end."""

    def setup(self, estimator, context):
        """Begin."""
        self.times = []

    def teardown(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context, **data):
        """Record the beginning of an epoch."""
        self.times.append(time.perf_counter())

    def on_fit_task_end(self, estimator, context, **data):
        """Do nothing."""

    @property
    def median(self):
        """Median seconds between the beginnings of epochs."""
        return float(np.median(np.diff(self.times[1:])))


@contextlib.contextmanager
def cluster(n, **options):
    """Start workers; yield their client."""
    with (
        LocalCluster(
            n_workers=n, threads_per_worker=1, dashboard_address=None,
            memory_limit=None, silence_logs=50, **options,
        ) as workers,
        Client(workers) as client,
    ):  # fmt: skip
        yield client


def fashion(arguments):
    """Return scaled training and test data."""
    X_train, y_train, X_test, y_test = load(arguments.data)
    mean, std = X_train.mean(axis=0), X_train.std(axis=0) + 1
    X_train, X_test = (X_train - mean) / std, (X_test - mean) / std
    rows = arguments.rows
    return X_train[:rows], y_train[:rows].astype(int), X_test, y_test


def divided(array, n_partitions):
    """Return a Dask array of so many partitions."""
    rows = -(-len(array) // n_partitions)
    return da.from_array(array, chunks=(rows, *array.shape[1:]))


def network(cls=SETMLPClassifier, **params):
    """Return a network 784-1000-1000-1000-10 as in fashion_mnist.py."""
    return cls(
        HIDDEN, evolution="set", evolve_every=1, solver="sgd", alpha=0.0075,
        dropout=[0.0, 0.2, 0.2, 0.2], batch_size=128, learning_rate_init=0.05,
        random_state=0, **params,
    )  # fmt: skip


def timed(estimator, *data):
    """Fit; return the median seconds of an epoch."""
    times = EpochTimes()
    estimator.set_callbacks(times).fit(*data)
    return times.median


def accuracy(arguments):
    """Compare the accuracy of one process with that of several partitions."""
    X, y, X_test, y_test = fashion(arguments)
    plain = network(max_iter=arguments.epochs).fit(X, y)
    expected = plain.score(X_test, y_test)
    yield "accuracy, one process", f"{expected:.2%}", ""
    bars = {2: 0.3, 8: 0.5}
    with cluster(2, processes=arguments.processes) as client:
        for n in bars:
            for rounds in arguments.rounds:
                model = network(
                    DaskSETMLPClassifier, max_iter=arguments.epochs,
                    rounds_per_epoch=rounds, client=client,
                ).fit(divided(X, n), divided(y, n))  # fmt: skip
                score = model.to_local().score(X_test, y_test)
                difference = 100 * (score - expected)
                yield (
                    f"accuracy, {n} partitions, {rounds} rounds an epoch",
                    f"{score:.2%} ({difference:+.2f} points)",
                    f"-{bars[n]} points",
                )


def speed(arguments):
    """Compare epochs of one process with those of two."""
    X, y, *_ = fashion(arguments)
    alone = timed(network(max_iter=4), X, y)
    yield "epoch, one process", f"{alone:.2f} s", ""
    bars = {1: 1.6, 8: 1.4}
    with cluster(2) as client:
        for rounds, bar in bars.items():
            model = network(
                DaskSETMLPClassifier, max_iter=4, rounds_per_epoch=rounds, client=client
            )
            seconds = timed(model, divided(X, 2), divided(y, 2))
            text = f"{seconds:.2f} s, {alone / seconds:.2f} times as fast"
            yield f"epoch, two processes, {rounds} rounds", text, f"{bar} times"


def overhead(arguments):
    """Measure a round that hardly trains."""
    X = np.random.default_rng(0).random((256, 784), dtype=np.float32)
    y = np.arange(256) % 10
    with cluster(2) as client:
        model = network(DaskSETMLPClassifier, max_iter=20, client=client)
        seconds = timed(model, divided(X, 2), divided(y, 2))
    alone = timed(network(max_iter=20), X[:128], y[:128])
    yield "overhead of a round", f"{1000 * (seconds - alone):.0f} ms", "50 ms"


def exchange(arguments):
    """Measure a round of a model with many connections, beyond training.

    At the end of an epoch the values also travel to the client and back.
    """
    n = arguments.connections
    units = 40_000 if n > 10**6 else 2000
    params = {
        "hidden_layer_sizes": (units, units), "epsilon": n / (5 * units),
        "evolution": "fixed", "max_iter": 4, "batch_size": 2, "random_state": 0,
        "dropout": 0, "tol": 0,
    }  # fmt: skip
    for solver in ("sgd", "adam"):
        for rounds in (1, 8):
            X = np.random.default_rng(0).random((4 * rounds, units), dtype=np.float32)
            y = np.arange(len(X)) % 2
            half = slice(2 * rounds)
            alone = timed(SETMLPClassifier(**params, solver=solver), X[half], y[half])
            with cluster(2) as client:
                model = DaskSETMLPClassifier(
                    **params, solver=solver, rounds_per_epoch=rounds, client=client
                )
                seconds = timed(model, divided(X, 2), divided(y, 2))
            sent = model.communication_
            size = (sent["value_bytes_up"] + sent["value_bytes_down"]) / sent["rounds"]
            text = f"{(seconds - alone) / rounds:.2f} s, {size / 2**20:.0f} MB"
            name = f"exchange of {model.n_connections_:,} connections, {solver}"
            yield f"{name}, {rounds} rounds", text, "3 s"


def mapped(arguments):
    """Measure the memory of a fit and a prediction on a file larger than memory."""
    n_features = 20_000
    n_rows = int(arguments.gigabytes * 1e9 / (4 * n_features))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "X.npy"
        X = np.lib.format.open_memmap(path, "w+", np.float32, (n_rows, n_features))
        del X  # a file with a hole: no disk space
        X = np.load(path, mmap_mode="r")
        y = np.arange(n_rows) % 2
        model = SETMLPClassifier((100,), max_iter=1, evolution="set", dropout=0)
        model.fit(X[:1000], y[:1000])
        before = memory("RssAnon")
        n = arguments.mapped_rows or n_rows
        peak = _peak(lambda: model.fit(X[:n], y[:n]))
        name = f"memory of fit, {arguments.gigabytes:g} GB mapped"
        yield name, f"{(peak - before) / 2**20:.0f} MB", "200 MB"


def _peak(function):
    """Return the largest memory of this process, without mapped files, meanwhile."""
    largest, ends = [0], threading.Event()

    def watch():
        while not ends.wait(0.05):
            largest[0] = max(largest[0], memory("RssAnon"))

    thread = threading.Thread(target=watch)
    thread.start()
    function()
    ends.set()
    thread.join()
    return largest[0]


def streamed(arguments):
    """Compare epochs on Zarr chunks that are read each time with those in memory."""
    rng, rows = np.random.default_rng(0), arguments.rows
    X = rng.random((rows, 784), dtype=np.float32)
    y = rng.integers(10, size=rows)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = f"{folder}/X.zarr"
        divided(X, 16).to_zarr(path, compute=True)
        X, y = da.from_zarr(path), divided(y, 16)
        with cluster(1) as client:
            seconds = [
                timed(
                    network(
                        DaskSETMLPClassifier, max_iter=4, n_replicas=1, persist=persist,
                        client=client,
                    ),
                    X, y,
                )
                for persist in (True, False)
            ]  # fmt: skip
    text = f"{seconds[0]:.2f} s, {seconds[1]:.2f} s: {seconds[1] / seconds[0]:.2f}"
    yield "epoch in memory, and from Zarr", text, "1.2 times"


def epoch_time(workers, connections, samples, gbits, measured, rounds=1):
    """Return the seconds of an epoch by the formula of the user guide."""
    per_connection, per_task, n_states = measured
    train = samples / workers * connections * per_connection
    values = 4 * connections * (1 + n_states)
    hops = 3 * math.ceil(math.log2(workers)) + 2 if workers > 1 else 0
    send = hops * values / (gbits * 1e9 / 8)
    return train + rounds * (send + 3 * workers * per_task)


def measured_kernels():
    """Return the seconds of a sample and connection, and of a task."""
    X = np.random.default_rng(0).random((2048, 784), dtype=np.float32)
    model = network(max_iter=4)
    begin = time.process_time()
    model.fit(X, np.arange(2048) % 10)
    seconds = (time.process_time() - begin) / 4
    with cluster(1, processes=False) as client:
        begin = time.process_time()  # of client, scheduler and worker together
        client.gather([client.submit(abs, i, pure=False) for i in range(500)])
        per_task = (time.process_time() - begin) / 500
    return seconds / 2048 / model.n_connections_, per_task, 1


def paper(arguments):
    """Compute the time of an epoch on many workers."""
    measured = measured_kernels()
    per_connection, per_task, _ = measured
    yield "time of a sample and connection", f"{1e9 * per_connection:.3f} ns", ""
    yield "time of a task", f"{1e3 * per_task:.2f} ms", ""
    for name, connections, samples in MODELS:
        for gbits in GBITS:
            times = [
                f"{epoch_time(w, connections, samples, gbits, measured):.3g}"
                for w in WORKERS
            ]
            text = " ".join(f"{t:>8}" for t in times)
            yield f"{name}, {gbits} Gbit/s, on {WORKERS} workers", text + " s", ""


class Sleeps:
    """A transform of batches that takes its time, as a slow model would."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __call__(self, X, rng):
        """Sleep."""
        time.sleep(self.seconds)
        return X


def delays(arguments):
    """Compare the formula with workers that sleep instead of computing."""
    n_batches, seconds = 64, arguments.delay
    X = np.random.default_rng(0).random((n_batches * 8, 20), dtype=np.float32)
    y, first = np.arange(len(X)) % 2, None
    for n in (1, 2, 4, 8, 16):
        with cluster(n, processes=False) as client:
            model = DaskSETMLPClassifier(
                (10,), max_iter=4, batch_size=8, evolution="fixed", client=client,
                batch_transform=Sleeps(seconds), random_state=0, tol=0,
            )  # fmt: skip
            measured = timed(model, divided(X, n), divided(y, n))
        first = measured if first is None else first
        expected = n_batches * seconds / n
        text = f"{measured:.2f} s, {expected:.2f} s of it asleep"
        yield f"epoch of {n} workers that sleep", text, ""


PARTS = {
    part.__name__: part
    for part in (
        speed, accuracy, overhead, exchange, mapped, streamed, paper, delays,
    )
}  # fmt: skip


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART",
                        help=f"of {', '.join(PARTS)}; all by default")  # fmt: skip
    parser.add_argument("--data", help="folder with the four idx files; else OpenML")
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--rounds", type=int, nargs="*", default=[1, 8])
    parser.add_argument("--connections", type=int, default=63_000_000)
    parser.add_argument("--gigabytes", type=float, default=50, help="of mapped rows")
    parser.add_argument("--mapped-rows", type=int, help="train on so many of them")
    parser.add_argument("--delay", type=float, default=0.05, help="of a batch, seconds")
    parser.add_argument("--folder", help="for temporary files")
    parser.add_argument("--threads", dest="processes", action="store_false",
                        help="train in this process, for the accuracy")  # fmt: skip
    return parser.parse_args()


def main():
    """Measure, and print a table."""
    arguments = parse()
    warnings.simplefilter("ignore")
    dask.config.set({"distributed.logging.distributed": "critical"})
    for name in arguments.parts:
        for what, value, bar in PARTS[name](arguments):
            print(f"{what:56} {value:44} {bar}", flush=True)


if __name__ == "__main__":
    main()
