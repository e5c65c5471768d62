"""Does the number of threads that is found while batches run cost time?

Each case runs with one thread, with all, and with the number found automatically, by
turns in one process, while none or some other processes keep the cores busy::

    python benchmarks/threads.py [--neighbours 0 1 2 4] [--cases mlp-30000-32 ...]

Printed are seconds of a call (medians), and the median over the rounds of automatic
divided by the better one of the two others in the same round. The bar is 1.05.
"""

import argparse
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import product
from statistics import median

import numpy as np

from sklearn_set import SETRBM, SETMLPClassifier
from sklearn_set._utils import thread_chooser
from sklearn_set._utils.threads import effective_n_threads

BATCHES = (1, 8, 32, 128, 512)
# Connections of a layer, and its units.
LAYERS = {20: 10, 1000: 100, 30_000: 784, 100_000: 1000, 1_000_000: 3000}
ROWS_AT_ONCE = 1000
# Multiply-adds of one timed call of partial_fit, and the limits of its batches.
WORK, BATCHES_OF_CALL = 2e8, (4, 2000)
BAR = 1.05
AUTOMATIC = thread_chooser.candidates
MODES = {"one": lambda n: (1,), "all": lambda n: (n,), "automatic": AUTOMATIC}


def data(n_rows, n_features):
    """Return random rows in [0, 1] and ten random classes."""
    rng = np.random.default_rng(0)
    X = rng.random((n_rows, n_features), dtype=np.float32)
    return X, rng.integers(0, 10, n_rows)


def training(family, n_connections, batch):
    """Return a function without arguments that trains for one epoch."""
    units = LAYERS[n_connections]
    n_batches = int(np.clip(WORK / (6 * n_connections * batch), *BATCHES_OF_CALL))
    X, y = data(n_batches * batch, units)
    density = n_connections / units**2
    if family == "rbm":
        rbm = SETRBM(units, density=density, batch_size=batch, random_state=0)
        return lambda: rbm.partial_fit(X)
    clf = SETMLPClassifier(
        (units, units), density=density, batch_size=batch, evolution="set",
        max_iter=10**6, learning_rate="constant", random_state=0,
    )  # fmt: skip
    return lambda: clf.partial_fit(X, y, classes=np.arange(10))


def prediction(family, n_connections):
    """Return a function without arguments that predicts `ROWS_AT_ONCE` rows."""
    units = LAYERS[n_connections]
    X, y = data(ROWS_AT_ONCE, units)
    density = n_connections / units**2
    if family == "rbm":
        rbm = SETRBM(units, density=density, n_iter=1, random_state=0).fit(X)
        return lambda: rbm.transform(X)
    clf = SETMLPClassifier((units, units), density=density, max_iter=1, random_state=0)
    clf.fit(X, y)
    return lambda: clf.predict_proba(X)


def cases():
    """Return a function for each case, which prepares it."""
    found = {}
    for family, n in product(("mlp", "rbm"), LAYERS):
        for batch in BATCHES:
            found[f"{family}-{n}-{batch}"] = lambda a=(family, n, batch): training(*a)
        found[f"{family}-{n}-predict"] = lambda a=(family, n): prediction(*a)
    return found


@contextmanager
def neighbours(number):
    """Keep as many processes busy."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(number)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


class Mode:
    """One way to set the number of threads, with all it has found so far."""

    def __init__(self, name):
        self._candidates = MODES[name]
        self._idle = type(thread_chooser._idle)(list)

    def seconds_per_call(self, call, at_least):
        """Return the mean time of calls that take `at_least` seconds together."""
        thread_chooser.candidates = self._candidates
        thread_chooser._idle = self._idle
        n_calls, begin = 0, time.perf_counter()
        while time.perf_counter() < begin + at_least:
            call()
            n_calls += 1
        return (time.perf_counter() - begin) / n_calls


def rounds(call, seconds, n_rounds):
    """Return the times of each mode, a round being one of each, in turns."""
    modes = {name: Mode(name) for name in MODES}
    for mode in modes.values():
        mode.seconds_per_call(call, seconds)
    names, times = list(modes), {name: [] for name in modes}
    for k in range(n_rounds):
        for name in names[k % 3 :] + names[: k % 3]:
            times[name].append(modes[name].seconds_per_call(call, seconds))
    return times


def line(case, n_neighbours, times):
    """Format the times of one case."""
    one, every, found = (times[name] for name in MODES)
    ratios = [t / min(a, b) for t, a, b in zip(found, one, every, strict=True)]
    medians = " ".join(f"{median(times[name]):>10.5f}" for name in MODES)
    # The better one of two fixed numbers is also better by chance in each round.
    better = min(median(one), median(every))
    verdict = "met" if median(found) / better <= BAR else "MISSED"
    return (
        f"{case:<22} {n_neighbours:>10} {medians} {median(found) / better:>8.3f} "
        f"{median(ratios):>8.3f} {verdict}"
    )


def main():
    """Measure the chosen cases with each number of neighbours."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = cases()
    parser.add_argument("--cases", nargs="+", default=list(known), metavar="CASE")
    parser.add_argument("--neighbours", nargs="+", type=int, default=[0, 1, 2, 4])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    arguments = parser.parse_args()
    print(f"{effective_n_threads()} threads; seconds of a call")
    print(
        f"{'case':<22} {'neighbours':>10} {'one':>10} {'all':>10} {'automatic':>10} "
        f"{'ratio':>8} {'paired':>8}"
    )
    for name in arguments.cases:
        call = known[name]()
        for number in arguments.neighbours:
            with neighbours(number):
                times = rounds(call, arguments.seconds, arguments.rounds)
            print(line(name, number, times), flush=True)


if __name__ == "__main__":
    main()
