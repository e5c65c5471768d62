"""Features of real data without labels: Gaussian visible units against PCA.

Download the .mat files from
https://jundongl.github.io/scikit-feature/datasets.html, then::

    python benchmarks/gaussian_rbm.py warpPIE10P.mat --units 150 --std 5 --epsilon 2
    python benchmarks/gaussian_rbm.py leukemia.mat --units 50

Prints the accuracy of several classifiers on either kind of features, by repeated
five-fold cross-validation, and the first and last reconstruction error of the RBM.
"""

import argparse
import warnings

import numpy as np
from scipy.io import loadmat
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_set import SETRBM

CLASSIFIERS = {
    "logistic": LogisticRegression(max_iter=5000),
    "LDA": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    "1-NN": KNeighborsClassifier(1),
    "SVC": SVC(),
}


def extractors(arguments):
    """Return the transformers that extract the features, by name."""
    rbm = SETRBM(
        arguments.units,
        visible="gaussian",
        visible_std=arguments.std,
        epsilon=arguments.epsilon,
        learning_rate=arguments.rate,
        momentum=0.5,
        n_iter=arguments.epochs,
        random_state=arguments.seed,
    )
    pca = PCA(arguments.units, random_state=0)
    # Scaled again: the features of both have very different scales.
    scaled = [make_pipeline(StandardScaler(), f, StandardScaler()) for f in (pca, rbm)]
    return {
        "PCA, scaled": scaled[0],
        "PCA": make_pipeline(StandardScaler(), pca),
        "SETRBM, scaled": scaled[1],
    }


def accuracies(extractor, X, y, folds):
    """Return the mean accuracy of each classifier."""
    scores = {name: [] for name in CLASSIFIERS}
    for train, test in folds.split(X, y):
        features_train = extractor.fit_transform(X[train])
        features_test = extractor.transform(X[test])
        for name, classifier in CLASSIFIERS.items():
            classifier.fit(features_train, y[train])
            scores[name].append(classifier.score(features_test, y[test]))
    return {name: np.mean(values) for name, values in scores.items()}


def main():
    """Compare the features by the accuracy of classifiers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="a .mat file with X and Y")
    parser.add_argument("--units", type=int, default=150)
    parser.add_argument("--std", type=float, default=10, help="visible_std")
    parser.add_argument("--epsilon", type=float, default=10)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    content = loadmat(arguments.data)
    X, y = content["X"].astype(np.float32), content["Y"].ravel()

    folds = RepeatedStratifiedKFold(
        n_splits=5, n_repeats=arguments.repeats, random_state=0
    )
    print(f"{X.shape[0]} samples of {X.shape[1]} features")
    print(f"{arguments.units:4} features    ", *(f"{name:>9}" for name in CLASSIFIERS))
    for name, extractor in extractors(arguments).items():
        found = accuracies(extractor, X, y, folds)
        print(f"{name:17}", *(f"{value:9.4f}" for value in found.values()), flush=True)
    rbm = extractor[1]
    first, *_, last = rbm.reconstruction_errors_
    print(f"{rbm.n_connections_:,} connections", end=", ")
    print(f"reconstruction error {first:.4f}, {last:.4f}")


if __name__ == "__main__":
    main()
