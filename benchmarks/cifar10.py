"""The experiment on CIFAR-10 that was published with SET, beside its figures::

    python benchmarks/cifar10.py --data FOLDER --topology evolving --epochs 1000
    python benchmarks/cifar10.py --data FOLDER --topology dense --epochs 10

4000, 1000 and 4000 hidden units with SReLU and dropout 0.3, without convolution; SGD
with momentum, batches of 100 images, which are shifted, turned and mirrored at random.
Options change our settings; the defaults are those published (Mocanu et al., Nature
Communications 9, 2383, 2018), except that the rate of each layer follows its width and
its connections: 0.01 is multiplied by 18, 3, 25 and 0.025. Weight decay 0.0002 is an
`alpha` of 0.02, which is divided by the batch size. images.py describes the files that
the folder must contain.
"""

import argparse
import json
import time

import numpy as np
from cifar10_networks import TOPOLOGIES
from images import cifar10

from sklearn_set.evolution import RULES

# Test accuracy in percent after as many epochs.
EPOCHS = (10, 20, 50, 100, 200, 300, 1000)
PUBLISHED = {
    "evolving": (42.8, 50.0, 57.1, 60.8, 66.0, 68.4, 73.3),
    "fixed": (42.4, 49.1, 55.7, 59.9, 63.9, 65.3, 68.8),
    "dense": (51.3, 55.6, 60.3, 63.8, 65.7, 67.9, 70.3),
}


def load(folder, n_rows):
    """Return X_train, y_train, X_test, y_test; features are standardised."""
    X_train, y_train, X_test, y_test = cifar10(folder)
    rows = np.random.default_rng(0).permutation(len(X_train))[:n_rows]
    X_train, y_train = X_train[rows].astype(np.float32), y_train[rows]
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / std, y_train, (X_test - mean) / std, y_test


def run(network, data, arguments):
    """Train; print and return the test accuracies and the seconds of training."""
    X_test, y_test = data
    published = dict(zip(EPOCHS, PUBLISHED[arguments.topology], strict=True))
    found, seconds = [], 0.0
    print("| epoch | test accuracy | published | seconds |\n|---|---|---|---|")
    for epoch in range(1, arguments.epochs + 1):
        start = time.perf_counter()
        network.epoch()
        seconds += time.perf_counter() - start
        if epoch in published or epoch % 50 == 0 or epoch == arguments.epochs:
            accuracy = 100 * network.score(X_test, y_test)
            found.append({"epoch": epoch, "accuracy": accuracy, "seconds": seconds})
            theirs = published.get(epoch, "")
            print(
                f"| {epoch} | {accuracy:.2f} | {theirs} | {seconds:.0f} |", flush=True
            )
    return found


def add_settings(parser):
    """Add the options for our settings."""
    parser.add_argument("--activation", default="srelu")
    parser.add_argument("--epsilon", type=float, default=20)
    parser.add_argument("--zeta", type=float, default=0.3)
    parser.add_argument("--evolution", choices=RULES, default="set")
    parser.add_argument("--init", default="auto")
    parser.add_argument("--solver", default="sgd")
    parser.add_argument("--rate", type=float, default=0.01, help="learning rate")
    parser.add_argument("--nesterov", action="store_true", help="momentum")
    parser.add_argument("--schedule", default="constant", help="of the learning rate")
    parser.add_argument(
        "--alpha", type=float, default=0.02, help="weight decay x batch"
    )
    parser.add_argument("--batch-size", type=int, default=100)


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].rstrip(":"))
    parser.add_argument("--data", required=True, help="folder with CIFAR-10")
    parser.add_argument("--topology", choices=TOPOLOGIES, default="evolving")
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument(
        "--rows", type=int, default=50_000, help="for training, at random"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", help="where to store the results")
    add_settings(parser)
    return parser.parse_args()


def main():
    """Train one network."""
    arguments = parse()
    X_train, y_train, *test = load(arguments.data, arguments.rows)
    network = TOPOLOGIES[arguments.topology](X_train, y_train, arguments)
    results = run(network, test, arguments)
    print(f"{network.n_weights():,} weights")
    if arguments.json:
        content = {"arguments": vars(arguments), "results": results}
        with open(arguments.json, "w") as file:
            json.dump(content, file, indent=1)


if __name__ == "__main__":
    main()
