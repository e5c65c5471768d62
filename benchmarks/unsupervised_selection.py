"""Compare methods that select features without the classes; print a Markdown table::

    python benchmarks/unsupervised_selection.py --data FOLDER --folds 3

In each fold of a cross-validation all features are scaled, each method scores them on
the training part without its classes, and 50 extremely randomised trees are fitted to
the K strongest features (20 of madelon, else 50), as in arXiv:2012.00560. Printed are
mean and standard deviation of their accuracy in percent over the folds, and the mean
seconds of a scoring. tables.py describes the files that the folder may contain.
"""

import argparse
import time
import warnings
from functools import partial

import numpy as np
import tables
from feature_selection import split
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.exceptions import ConvergenceWarning

from sklearn_set import SETMLPRegressor, UnsupervisedFeatureSelector

N_SELECTED = {"madelon": 20, "COIL20": 50, "MNIST": 50}
N_COMPONENTS = 20


def autoencoder(X, seed, **settings):
    """Score by the default autoencoder, or by one with other settings."""
    selector = UnsupervisedFeatureSelector(random_state=seed, **settings)
    return selector.fit(X).feature_importances_


def published(X, seed):
    """Score as published: 1000 logistic units, SGD, noise of standard deviation 0.2.

    The published rate is 0.01 for all layers, and the weight decay 1e-5 for each step.
    """

    def with_noise(batch, rng):
        return batch + 0.2 * rng.standard_normal(batch.shape, dtype=batch.dtype)

    network = SETMLPRegressor(
        hidden_layer_sizes=1000, activation="logistic", epsilon=13, zeta=0.2,
        evolution="set", evolve_every=1, init="normal", solver="sgd", alpha=0.1,
        dropout=0.2, batch_size=100, learning_rate="constant",
        learning_rate_init=0.002, max_iter=100, tol=0, n_iter_no_change=np.inf,
        nesterovs_momentum=False, batch_transform=with_noise, random_state=seed,
    )  # fmt: skip
    return network.fit(X, X).feature_importances_


def principal_components(X, seed):
    """Score by the variance of a feature that the first components explain."""
    pca = PCA(N_COMPONENTS, random_state=seed).fit(X)
    return pca.explained_variance_ @ np.square(pca.components_)


def at_random(X, seed):
    """Score at random."""
    return np.random.default_rng(seed).random(X.shape[1])


wide = partial(autoencoder, hidden_layer_sizes=1000, epsilon=13)
METHODS = {
    "autoencoder, default": autoencoder,
    "autoencoder, fixed topology": partial(autoencoder, zeta=0),
    "autoencoder, dense": partial(autoencoder, epsilon=None),
    "autoencoder, 1000 units, epsilon 13, zeta 0.2": partial(wide, zeta=0.2),
    "autoencoder, 1000 units, epsilon 13, zeta 0": partial(wide, zeta=0),
    "published settings": published,
    f"PCA, {N_COMPONENTS} components": principal_components,
    "random": at_random,
}


def accuracy(fold, strongest, seed):
    """Return the percentage that the trees classify correctly with some features."""
    trees = ExtraTreesClassifier(50, random_state=seed)
    trees.fit(fold.X_train[:, strongest], fold.y_train)
    return 100 * trees.score(fold.X_test[:, strongest], fold.y_test)


def measure(score, data, n_selected, n_folds):
    """Return accuracies and seconds of one method in all folds."""
    accuracies, seconds = [], []
    for seed, fold in enumerate(split(*data, n_folds)):
        start = time.perf_counter()
        scores = score(fold.X_train, seed)
        seconds.append(time.perf_counter() - start)
        strongest = np.argsort(-scores, kind="stable")[:n_selected]
        accuracies.append(accuracy(fold, strongest, seed))
    return accuracies, seconds


def main():
    """Measure all methods on all data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].rstrip(":"))
    parser.add_argument("--data", help="folder with the files that tables.py names")
    parser.add_argument("--sets", nargs="+", choices=N_SELECTED, default=N_SELECTED)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--folds", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| data | method | accuracy | seconds |\n|---|---|---|---|", flush=True)
    for name in arguments.sets:
        data = tables.SETS[name](arguments.data)
        if data is None:
            print(f"{name} is left out: its file is not in the folder.")
            continue
        for method in arguments.methods:
            accuracies, seconds = measure(
                METHODS[method], data, N_SELECTED[name], arguments.folds
            )
            mean, spread = np.mean(accuracies), np.std(accuracies)
            cells = [name, method, f"{mean:.1f} ± {spread:.1f}"]
            print("| " + " | ".join(cells) + f" | {np.mean(seconds):.2g} |", flush=True)


if __name__ == "__main__":
    main()
