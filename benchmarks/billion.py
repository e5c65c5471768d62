"""Train one network with up to a billion connections, and print what it costs.

The default has 100 million hidden units and a billion connections in float32, for which
the machine needs 24 GB of memory and 9 GB of disk::

    python benchmarks/billion.py --folder FOLDER

It learns a task whose accuracy shows that it works: of 65,536 features, which are
standard normal, 2,048 are raised by 1 in each of four classes.
"""

import argparse
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from wide import BATCH, TimedSET, memory

from sklearn_set import SETMLPClassifier

N_FEATURES, N_CLASSES, N_RAISED = 65_536, 4, 2_048


def planted(n_samples, rng, raised):
    """Return rows and their classes."""
    y = np.arange(n_samples) % N_CLASSES
    X = rng.standard_normal((n_samples, N_FEATURES), dtype=np.float32)
    for row, features in zip(X, raised[y], strict=True):
        row[features] += 1
    return X, y


class Clock:
    """A batch_transform that changes nothing and records when each batch is loaded."""

    def __init__(self):
        self.times = []

    def __call__(self, X, rng):
        """Record the time."""
        self.times.append(time.perf_counter())
        return X


def build(arguments, clock):
    """Return an untrained network."""
    return SETMLPClassifier(
        (arguments.units,) * arguments.layers,
        epsilon=arguments.epsilon,
        evolution=TimedSET(),
        evolve_every=1,
        solver="sgd",
        alpha=0,
        dropout=0,
        batch_size=BATCH,
        batch_transform=clock,
        learning_rate="constant",
        learning_rate_init=arguments.rate,
        max_iter=arguments.epochs,
        random_state=0,
    )


def seconds(function, *args, **options):
    """Return what a function returns, and the seconds that it took."""
    start = time.perf_counter()
    result = function(*args, **options)
    return result, time.perf_counter() - start


def report(name, duration, n_connections):
    """Print a time, for each connection."""
    ns = duration / n_connections * 1e9
    print(f"{name}: {duration:.1f} s, {ns:.2f} ns per connection", flush=True)


def train(network, clock, X, y):
    """Train; print the times of the start, of steps and of evolutions; count."""
    before = memory("VmRSS")
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(X, y)
    n_connections = network.n_connections_
    print(f"{n_connections:,} connections, losses {np.round(network.loss_curve_, 3)}")
    report("start", clock.times[0] - start, n_connections)
    report("a step", np.median(np.diff(clock.times)), n_connections)
    report("evolution", np.mean(network.evolution.evolutions()), n_connections)
    peak = memory("VmHWM") - before
    print(f"peak: {peak / 1e9:.1f} GB, {peak / n_connections:.1f} bytes per connection")
    return n_connections


def store(network, folder, row, n_connections):
    """Save the network, load it as a memory map, and predict a row with either."""
    path = Path(folder) / "network.joblib"
    try:
        _, duration = seconds(joblib.dump, network, path)
        print(f"saved {path.stat().st_size / 1e9:.1f} GB in {duration:.1f} s")
        loaded, duration = seconds(joblib.load, path, mmap_mode="r")
        print(f"loaded in {duration:.1f} s")
        report("first row", seconds(loaded.predict, row)[1], n_connections)
        report("next row", seconds(loaded.predict, row)[1], n_connections)
    finally:
        path.unlink(missing_ok=True)


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=20_500_000, help="of each layer")
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--epsilon", type=float, default=5)
    parser.add_argument("--rate", type=float, default=0.0025, help="learning rate")
    parser.add_argument("--rows", type=int, default=300, help="for training")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--folder", default=".", help="for the saved network")
    return parser.parse_args()


def main():
    """Train, score, save and load."""
    arguments = parse()
    rng = np.random.default_rng(0)
    raised = rng.permutation(N_FEATURES)[: N_CLASSES * N_RAISED]
    raised = raised.reshape(N_CLASSES, N_RAISED)
    X, y = planted(arguments.rows, rng, raised)
    X_test, y_test = planted(200, rng, raised)
    clock = Clock()
    network = build(arguments, clock)
    n_connections = train(network, clock, X, y)
    network.set_params(batch_transform=None)
    accuracy, duration = seconds(network.score, X_test, y_test)
    report(f"accuracy {accuracy:.3f}, a row", duration / len(X_test), n_connections)
    store(network, arguments.folder, X_test[:1], n_connections)


if __name__ == "__main__":
    main()
