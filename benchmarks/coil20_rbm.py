"""Reconstruct images with a sparse restricted Boltzmann machine.

The experiment published with SET: COIL20, 200 hidden units, epsilon 10. Download
COIL20.mat from https://jundongl.github.io/scikit-feature/datasets.html, then::

    python benchmarks/coil20_rbm.py COIL20.mat
"""

import argparse
import time

import numpy as np
from scipy.io import loadmat

from sklearn_set import SETRBM
from sklearn_set.evolution import SET


def split(X):
    """Shuffle with seed 0 and use two thirds for training, as published."""
    order = np.random.RandomState(0).permutation(len(X))
    n_train = int(len(X) * 2 / 3)
    return X[order[:n_train]], X[order[n_train:]]


def reconstruction_errors(rbm, X):
    """Return mean squared errors, with sampled hidden units and with probabilities."""
    hidden = rbm.transform(X)
    draws = np.random.RandomState(0).random_sample(hidden.shape)
    sampled = (draws < hidden).astype(X.dtype)
    return [np.square(rbm.inverse_transform(h) - X).mean() for h in (sampled, hidden)]


def main():
    """Compare evolving and fixed topology."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="COIL20.mat")
    parser.add_argument("--epochs", type=int, default=1000)
    arguments = parser.parse_args()
    X_train, X_test = split(loadmat(arguments.data)["X"].astype(np.float32))

    rules = {"evolving": SET(annealed=True), "fixed topology": "fixed"}
    for name, rule in rules.items():
        rbm = SETRBM(
            200, epsilon=10, evolution=rule, learning_rate=0.2, alpha=0,
            n_iter=arguments.epochs, random_state=0,
        )  # fmt: skip
        start = time.perf_counter()
        for epoch in range(1, arguments.epochs + 1):
            rbm.partial_fit(X_train)
            if epoch % 100 == 0 or epoch == arguments.epochs:
                sampled, mean_field = reconstruction_errors(rbm, X_test)
                print(
                    f"{name}, epoch {epoch:4}: test MSE {sampled:.5f} "
                    f"({mean_field:.5f} without sampling), "
                    f"{time.perf_counter() - start:.0f} s",
                    flush=True,
                )
        print(f"{name}: {rbm.components_.nnz:,} connections")


if __name__ == "__main__":
    main()
