"""Measure one very wide net in a process of its own, and print it as JSON::

    python benchmarks/wide.py UNITS REPEATS

A fresh process, so that its peak of memory is this network's. Epochs and evolution are
told apart by a clock around `SET.evolve`, which runs for each layer between epochs.
"""

import json
import sys
import time
import warnings

import data
from sklearn.exceptions import ConvergenceWarning

from sklearn_set import SETMLPClassifier
from sklearn_set._evolution import SET

BATCH = 2
N_LAYERS = 4


def memory(field):
    """Return a field of this process's memory in bytes: VmRSS, or VmHWM, its peak."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(field))
    return int(line.split()[1]) * 1024


class Clock:
    """Stand in for `SET.evolve`, and note the time before and after each call."""

    def __init__(self):
        self.begins, self.ends = [], []
        self.held = None
        self._evolve, clock = SET.evolve, self

        def evolve(rule, *arguments, **options):
            return clock.call(rule, *arguments, **options)

        SET.evolve = evolve

    def call(self, *arguments, **options):
        """Evolve a layer; before the very first time, note the memory in use."""
        if self.held is None:
            self.held = memory("VmRSS")
        self.begins.append(time.perf_counter())
        result = self._evolve(*arguments, **options)
        self.ends.append(time.perf_counter())
        return result

    def evolutions(self):
        """Seconds of each evolution of the whole network."""
        spans = [e - b for b, e in zip(self.begins, self.ends, strict=True)]
        return [sum(spans[i : i + N_LAYERS]) for i in range(0, len(spans), N_LAYERS)]

    def epochs(self):
        """Seconds of each epoch between two evolutions."""
        begins, ends = self.begins[N_LAYERS::N_LAYERS], self.ends[N_LAYERS - 1 :]
        return [b - e for e, b in zip(ends[::N_LAYERS], begins, strict=False)]


def measure(units, repeats):
    """Train and return the costs by link; the first and last epochs are not timed."""
    X, y = data.wide()
    net = SETMLPClassifier(
        (units,) * 3,
        batch_size=BATCH,
        learning_rate_init=1e-4,
        max_iter=repeats + 2,
        tol=0.0,
        random_state=0,
    )
    before, clock = memory("VmRSS"), Clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(X, y)
    n_links, n_steps = net.n_connections_, -(-len(X) // BATCH)
    return {
        "units": units,
        "n_links": n_links,
        "ns_per_step": [s / n_steps / n_links * 1e9 for s in clock.epochs()],
        "ns_evolution": [s / n_links * 1e9 for s in clock.evolutions()],
        "bytes_held": (clock.held - before) / n_links,
        "bytes_peak": (memory("VmHWM") - before) / n_links,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
