"""Measure one very wide network in a separate process, and print JSON::

    python benchmarks/wide.py UNITS REPEATS

In a new process the peak memory is that of this network. The times of epochs and of
evolution are separated by a rule that records when it begins and ends to evolve.
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
    """Return the memory of this process in bytes: VmRSS, or VmHWM for the peak."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(field))
    return int(line.split()[1]) * 1024


class TimedSET(SET):
    """SET that records the time before and after each evolution of the network."""

    def __init__(self):
        super().__init__()
        self.begins, self.ends = [], []
        self.held = None

    def evolve(self, layers, context):
        """Evolve the network; before the first time, record the memory in use."""
        if self.held is None:
            self.held = memory("VmRSS")
        self.begins.append(time.perf_counter())
        super().evolve(layers, context)
        self.ends.append(time.perf_counter())

    def evolutions(self):
        """Return the seconds of each evolution of the whole network."""
        return [e - b for b, e in zip(self.begins, self.ends, strict=True)]

    def epochs(self):
        """Return the seconds of each epoch between two evolutions."""
        return [b - e for e, b in zip(self.ends, self.begins[1:], strict=False)]


def measure(units, repeats):
    """Train; return the costs per connection, without the first and last epochs."""
    (X, y), rule = data.wide(), TimedSET()
    net = SETMLPClassifier(
        (units,) * 3,
        solver="sgd",
        alpha=1e-4,
        batch_size=BATCH,
        learning_rate_init=1e-4,
        max_iter=repeats + 2,
        tol=0.0,
        evolution=rule,
        evolve_every=1,
        dropout=0.0,
        learning_rate="constant",
        random_state=0,
    )
    before = memory("VmRSS")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(X, y)
    n_connections, n_steps = net.n_connections_, -(-len(X) // BATCH)
    return {
        "units": units,
        "n_connections": n_connections,
        "ns_per_step": [s / n_steps / n_connections * 1e9 for s in rule.epochs()],
        "ns_evolution": [s / n_connections * 1e9 for s in rule.evolutions()],
        "bytes_held": (rule.held - before) / n_connections,
        "bytes_peak": (memory("VmHWM") - before) / n_connections,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
