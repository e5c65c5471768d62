"""Fashion-MNIST with a few percent of the weights, evolving and with fixed topology.

The data come from OpenML, or from a local folder with the four original idx files::

    python examples/fashion_mnist.py --data FOLDER --seeds 3
"""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_openml

from sklearn_set import SETMLPClassifier


def read_idx(folder, name):
    """Read one of the original files, compressed or not."""
    path = next(Path(folder).glob(f"{name}*"), None)
    if path is None:
        raise SystemExit(f"There is no {name} in {folder}.")
    content = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    n_dims = content[3]
    shape = np.frombuffer(content, ">i4", n_dims, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_dims).reshape(shape)


def load(folder):
    """Return X_train, y_train, X_test, y_test; X in float32."""
    if folder is None:
        X, y = fetch_openml("Fashion-MNIST", version=1, return_X_y=True, as_frame=False)
        X, y = X.astype(np.float32), y.astype(int)
        return X[:60_000], y[:60_000], X[60_000:], y[60_000:]
    X_train, X_test = (
        read_idx(folder, f"{part}-images").reshape(-1, 784).astype(np.float32)
        for part in ("train", "t10k")
    )
    y_train, y_test = (read_idx(folder, f"{part}-labels") for part in ("train", "t10k"))
    return X_train, y_train, X_test, y_test


def run(data, zeta, epochs, seed):
    """Train one network and return its test accuracy after the last epoch."""
    X_train, y_train, X_test, y_test = data
    network = SETMLPClassifier(
        hidden_layer_sizes=(1000, 1000, 1000),
        epsilon=20,
        zeta=zeta,
        solver="sgd",
        alpha=0.06,
        batch_size=128,
        random_state=seed,
    )
    start = time.perf_counter()
    for epoch in range(1, epochs + 1):
        # The last quarter at a fifth of the rate lets the weights settle.
        rate = 0.05 if epoch <= 0.75 * epochs else 0.01
        network.set_params(learning_rate_init=rate)
        network.partial_fit(X_train, y_train, classes=np.arange(10))
        if epoch % 5 == 0 or epoch == epochs:
            accuracy = network.score(X_test, y_test)
            print(
                f"zeta={zeta} seed={seed} epoch {epoch:3}: loss {network.loss_:.4f}, "
                f"test accuracy {accuracy:.4f}, {time.perf_counter() - start:.0f} s",
                flush=True,
            )
    print(f"{network.n_connections_:,} links, {network.density_:.2%} of dense")
    return accuracy


def main():
    """Compare the evolving with the fixed topology."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with the four idx files; else OpenML")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1, help="networks of each kind")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load(arguments.data)
    mean, std = X_train.mean(axis=0), X_train.std(axis=0) + 1
    data = (X_train - mean) / std, y_train, (X_test - mean) / std, y_test
    for name, zeta in (("evolving", 0.3), ("fixed topology", 0.0)):
        accuracies = [
            run(data, zeta, arguments.epochs, seed) for seed in range(arguments.seeds)
        ]
        print(f"{name}: mean test accuracy {np.mean(accuracies):.4f}")


if __name__ == "__main__":
    main()
