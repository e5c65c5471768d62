"""Features of real data without labels: Gaussian visible units next to PCA.

Get the .mat files from https://jundongl.github.io/scikit-feature/datasets.html, then::

    python benchmarks/gaussian_rbm.py warpPIE10P.mat --units 150

Prints the 5-fold accuracy of a logistic regression on either kind of features, and how
the reconstruction error of the machine fell.
"""

import argparse

import numpy as np
from scipy.io import loadmat
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETRBM


def main():
    """Compare the features by what a linear model makes of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="a .mat file with X and Y")
    parser.add_argument("--units", type=int, default=150)
    parser.add_argument("--epsilon", type=float, default=1)
    parser.add_argument("--alpha", type=float, default=0.3)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()
    content = loadmat(arguments.data)
    X, y = content["X"].astype(np.float32), content["Y"].ravel()

    features = {
        "PCA": PCA(arguments.units, random_state=0),
        "SETRBM": SETRBM(
            arguments.units,
            visible="gaussian",
            epsilon=arguments.epsilon,
            alpha=arguments.alpha,
            learning_rate=arguments.rate,
            n_iter=arguments.epochs,
            random_state=0,
        ),
    }
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    print(f"{X.shape[0]} samples of {X.shape[1]} features")
    for name, step in features.items():
        # Scaled again: the parts that either gives are of very different size.
        pipeline = make_pipeline(
            StandardScaler(), step, StandardScaler(), LogisticRegression(max_iter=2000)
        )
        result = cross_validate(pipeline, X, y, cv=folds, return_estimator=True)
        line = f"{name:6} {arguments.units} features: {result['test_score'].mean():.4f}"
        if name == "SETRBM":
            rbm = result["estimator"][0][1]
            errors = rbm.reconstruction_errors_
            line += (
                f", {rbm.n_connections_:,} links, reconstruction error "
                f"{errors[0]:.3f} -> {errors[-1]:.3f}"
            )
        print(line)


if __name__ == "__main__":
    main()
