"""Measure one very wide net in a process of its own, and print it as JSON::

    python benchmarks/wide.py UNITS REPEATS

A fresh process, so that its peak of memory is this network's. Epochs and evolution are
told apart by a rule that notes the time when it is asked to evolve the network.
"""

import json
import sys
import time
import warnings

import data
from sklearn.exceptions import ConvergenceWarning

from sklearn_set import SETMLPClassifier
from sklearn_set.evolution import SET

BATCH = 2


def memory(field):
    """Return a field of this process's memory in bytes: VmRSS, or VmHWM, its peak."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(field))
    return int(line.split()[1]) * 1024


class Clock(SET):
    """SET, with the time before and after each evolution of the network."""

    def __init__(self):
        super().__init__()
        self.begins, self.ends = [], []
        self.held = None

    def evolve(self, layers, context):
        """Evolve the network; before the very first time, note the memory in use."""
        if self.held is None:
            self.held = memory("VmRSS")
        self.begins.append(time.perf_counter())
        super().evolve(layers, context)
        self.ends.append(time.perf_counter())

    def evolutions(self):
        """Seconds of each evolution of the whole network."""
        return [e - b for b, e in zip(self.begins, self.ends, strict=True)]

    def epochs(self):
        """Seconds of each epoch between two evolutions."""
        return [b - e for e, b in zip(self.ends, self.begins[1:], strict=False)]


def measure(units, repeats):
    """Train and return the costs by link; the first and last epochs are not timed."""
    (X, y), clock = data.wide(), Clock()
    net = SETMLPClassifier(
        (units,) * 3,
        solver="sgd",
        alpha=1e-4,
        batch_size=BATCH,
        learning_rate_init=1e-4,
        max_iter=repeats + 2,
        tol=0.0,
        evolution=clock,
        random_state=0,
    )
    before = memory("VmRSS")
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
