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


def run(data, evolution, epochs, seed):
    """Train one network and return its test accuracy: at the end, and the best."""
    X_train, y_train, X_test, y_test = data
    network = SETMLPClassifier(
        hidden_layer_sizes=(1000, 1000, 1000),
        epsilon=20,
        evolution=evolution,
        solver="sgd",
        alpha=0.06,
        dropout=[0.0, 0.2, 0.2, 0.2],
        batch_size=128,
        learning_rate="cosine",
        learning_rate_init=0.05,
        max_iter=epochs,
        random_state=seed,
    )
    accuracies, start = [], time.perf_counter()
    for epoch in range(1, epochs + 1):
        network.partial_fit(X_train, y_train, classes=np.arange(10))
        accuracies.append(network.score(X_test, y_test))
        if epoch % 10 == 0 or epoch == epochs:
            print(
                f"{evolution} seed={seed} epoch {epoch:3}: loss {network.loss_:.4f}, "
                f"test accuracy {accuracies[-1]:.4f}, "
                f"{time.perf_counter() - start:.0f} s",
                flush=True,
            )
    print(f"{network.n_connections_:,} links, {network.density_:.2%} of dense")
    return accuracies[-1], max(accuracies)


def main():
    """Compare the evolving with the fixed topology."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with the four idx files; else OpenML")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1, help="networks of each kind")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load(arguments.data)
    mean, std = X_train.mean(axis=0), X_train.std(axis=0) + 1
    data = (X_train - mean) / std, y_train, (X_test - mean) / std, y_test
    for evolution in ("set", "fixed"):
        last, best = np.mean(
            [run(data, evolution, arguments.epochs, s) for s in range(arguments.seeds)],
            axis=0,
        )
        print(f"{evolution}: mean test accuracy {last:.4f}, best epochs' {best:.4f}")


if __name__ == "__main__":
    main()
