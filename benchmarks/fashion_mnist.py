"""Fashion-MNIST with a few percent of the weights, by evolution rule.

The data come from OpenML, or from a local folder with the four original idx files::

    python benchmarks/fashion_mnist.py --data FOLDER --seeds 3

With few images, shifting and mirroring them helps::

    python benchmarks/fashion_mnist.py --data FOLDER --rows 5000 --epsilon 13 \
        --epochs 400 --augment

Fewer connections, 1 % and 0.3 % of the dense network's::

    python benchmarks/fashion_mnist.py --data FOLDER --epochs 30 --seeds 3 \
        --rate 0.03 --alpha 0.015 --dropout 0 --rules cht rigl set fixed \
        --epsilon 4.112
    python benchmarks/fashion_mnist.py --data FOLDER --epochs 30 --seeds 3 \
        --rate 0.03 --alpha 0.015 --dropout 0 --rules cht rigl set fixed \
        --epsilon 1.2337
"""

import argparse
import time

import data
import numpy as np
from sklearn.datasets import fetch_openml

from sklearn_set import SETMLPClassifier
from sklearn_set.evolution import RULES


def read(folder, name):
    """Return the content of one of the original files."""
    path = data.find(folder, f"{name}*")
    if path is None:
        raise SystemExit(f"There is no {name} in {folder}.")
    return data.read_idx(path)


def load(folder):
    """Return X_train, y_train, X_test, y_test; X in float32."""
    if folder is None:
        X, y = fetch_openml("Fashion-MNIST", version=1, return_X_y=True, as_frame=False)
        X, y = X.astype(np.float32), y.astype(int)
        return X[:60_000], y[:60_000], X[60_000:], y[60_000:]
    X_train, X_test = (
        read(folder, f"{part}-images").reshape(-1, 784).astype(np.float32)
        for part in ("train", "t10k")
    )
    y_train, y_test = (read(folder, f"{part}-labels") for part in ("train", "t10k"))
    return X_train, y_train, X_test, y_test


def augment(X, rng):
    """Mirror half of the images, and shift all by at most one pixel."""
    images = X.reshape(-1, 28, 28)
    mirrored = rng.random(len(images)) < 0.5
    images[mirrored] = images[mirrored, :, ::-1]
    return np.roll(images, rng.integers(-1, 2, size=2), axis=(1, 2)).reshape(X.shape)


def build(arguments, evolution, seed):
    """Return an untrained network."""
    return SETMLPClassifier(
        hidden_layer_sizes=(1000, 1000, 1000),
        epsilon=arguments.epsilon,
        evolution=evolution,
        evolve_every=1,
        solver="sgd",
        alpha=arguments.alpha,
        dropout=[0.1 if arguments.augment else 0.0, *3 * [arguments.dropout]],
        batch_size=128,
        batch_transform=augment if arguments.augment else None,
        learning_rate="cosine",
        learning_rate_init=arguments.rate,
        max_iter=arguments.epochs,
        random_state=seed,
    )


def run(network, data, epochs):
    """Train one network; return its last test accuracy, and its best."""
    X_train, y_train, X_test, y_test = data
    accuracies, seconds = [], 0.0
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        network.partial_fit(X_train, y_train, classes=np.arange(10))
        seconds += time.perf_counter() - start
        accuracies.append(network.score(X_test, y_test))
        if epoch % 10 == 0 or epoch == epochs:
            print(
                f"{network.evolution} seed={network.random_state} epoch {epoch:3}: "
                f"loss {network.loss_:.4f}, test accuracy {accuracies[-1]:.4f}, "
                f"{seconds:.0f} s",
                flush=True,
            )
    print(f"{network.n_connections_:,} connections, {network.density_:.2%} of dense")
    return accuracies[-1], max(accuracies)


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with the four idx files; else OpenML")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--epsilon", type=float, default=20)
    parser.add_argument("--rows", type=int, default=60_000, help="for training")
    parser.add_argument("--rate", type=float, default=0.05, help="initial")
    parser.add_argument("--alpha", type=float, default=0.0075, help="L2 penalty")
    parser.add_argument("--dropout", type=float, default=0.2, help="of hidden units")
    parser.add_argument(
        "--rules", nargs="+", choices=RULES, default=["set", "fixed"], help="to compare"
    )
    parser.add_argument("--augment", action="store_true", help="mirror and shift")
    parser.add_argument("--seeds", type=int, default=1, help="networks of each kind")
    return parser.parse_args()


def main():
    """Compare the evolution rules."""
    arguments = parse()
    X_train, y_train, X_test, y_test = load(arguments.data)
    mean, std = X_train.mean(axis=0), X_train.std(axis=0) + 1
    X_train, X_test = (X_train - mean) / std, (X_test - mean) / std
    data = X_train[: arguments.rows], y_train[: arguments.rows], X_test, y_test
    for evolution in arguments.rules:
        networks = [build(arguments, evolution, s) for s in range(arguments.seeds)]
        results = [run(network, data, arguments.epochs) for network in networks]
        last, best = np.mean(results, axis=0)
        print(f"{evolution}: mean test accuracy {last:.4f}, best epochs' {best:.4f}")


if __name__ == "__main__":
    main()
