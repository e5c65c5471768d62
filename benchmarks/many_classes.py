"""Memory of fits and predictions with very many classes or labels::

    python benchmarks/many_classes.py                   # both, at the size of the bars
    python benchmarks/many_classes.py labels --rows 20000
    python benchmarks/many_classes.py --steps 50 --predict 2000   # a part of the time

``classes``: 1,000,000 rows of 20 features in 10,000 classes. ``labels``: text, 50
non-zeros of 20,000 columns a row, with five of 50,000 labels each. One epoch of `fit`,
`predict` and `score`. The bar is 1 GB over the data for the largest of them. After the
first step memory hardly changes, so that ``--steps`` shows almost the same peak. Linux.
"""

import argparse
import time
import warnings

import numpy as np
from scipy.sparse import csr_array
from wide import memory

from sklearn_set import SETMLPClassifier

BAR = 1 << 30
ROWS = {"classes": 1_000_000, "labels": 100_000}


def random_csr(rng, n_rows, n_columns, n_each, values):
    """Return a CSR matrix with as many values in each row."""
    indices = rng.integers(n_columns, size=(n_rows, n_each), dtype=np.int32)
    indices.sort(axis=1)
    indptr = np.arange(0, indices.size + 1, n_each, dtype=np.int32)
    matrix = csr_array((values, indices.ravel(), indptr), shape=(n_rows, n_columns))
    matrix.sum_duplicates()
    return matrix


def classes(n_rows):
    """Return X with 20 features, and one of 10,000 classes for each row."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, 20), dtype=np.float32)
    return X, rng.permutation(np.arange(n_rows) % 10_000)


def labels(n_rows):
    """Return a sparse X of 20,000 columns, and five of 50,000 labels for each row."""
    rng = np.random.default_rng(0)
    X = random_csr(rng, n_rows, 20_000, 50, rng.random(50 * n_rows, dtype=np.float32))
    y = random_csr(rng, n_rows, 50_000, 5, np.ones(5 * n_rows, dtype=np.int8))
    y.data[:] = 1
    return X, y


class StopAfter:
    """A `batch_transform` that interrupts training after some steps."""

    def __init__(self, n_steps):
        self.n_steps = n_steps

    def __call__(self, X, rng):
        """Return the batch as it is."""
        self.n_steps -= 1
        if self.n_steps < 0:
            raise KeyboardInterrupt
        return X


def measure(name, n_rows, n_steps, n_predicted):
    """Print the peak memory over the data after each step."""
    X, y = {"classes": classes, "labels": labels}[name](n_rows)
    clf = SETMLPClassifier((100,), alpha=1e-4, max_iter=1, random_state=0)
    clf.fit(X[:32], y[:32])  # the libraries that the first fit loads are not counted
    if n_steps is not None:
        clf.set_params(batch_transform=StopAfter(n_steps))
    before = memory("VmRSS")
    print(f"{name}: {n_rows:,} rows, data and libraries {before / 1e6:,.0f} MB")
    for step, run in {
        "fit": lambda: clf.fit(X, y),
        "predict": lambda: clf.predict(X[:n_predicted]),
        "score": lambda: clf.score(X[:n_predicted], y[:n_predicted]),
    }.items():
        begin = time.perf_counter()
        run()
        peak, seconds = memory("VmHWM") - before, time.perf_counter() - begin
        verdict = "met" if peak < BAR else "MISSED"
        print(f"  {step:8} peak {peak / 1e6:8,.0f} MB  {seconds:6,.0f} s  {verdict}")
    print(f"  {clf.n_connections_:,} connections", flush=True)


def main():
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].rstrip(":"))
    parser.add_argument("names", nargs="*", choices=[*ROWS, []], default=[])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--steps", type=int, help="of fit; default: an epoch")
    parser.add_argument("--predict", type=int, help="rows to predict; default: all")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in arguments.names or ROWS:
        n_rows = arguments.rows or ROWS[name]
        measure(name, n_rows, arguments.steps, arguments.predict)


if __name__ == "__main__":
    main()
