"""Models in files of this and earlier versions.

``python tests/helpers/saved_models.py`` adds those of the present version to
``tests/data``; files of a version that has been released are never written again.
"""

import warnings
from pathlib import Path

import joblib
import numpy as np
import skops.io
from sklearn.datasets import load_iris

import sklearn_set
from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor

DATA = Path(__file__).resolve().parents[1] / "data"
SETTINGS = {"max_iter": 3, "random_state": 0, "epsilon": 3, "warm_start": True}


def make_models():
    """Return one small model of each estimator; their solver state is saved, too."""
    return {
        "classifier": SETMLPClassifier((10, 6), ["relu", "srelu"], **SETTINGS),
        "regressor": SETMLPRegressor("poisson", (10,), solver="sgd", **SETTINGS),
        "rbm": SETRBM(
            6, epsilon=2, visible="gaussian", learning_rate=0.01, n_iter=3,
            momentum=0.5, persistent=True, sparsity_target=0.2, warm_start=True,
            random_state=0,
        ),
    }  # fmt: skip


def load_data():
    """Return standardized features, and labels."""
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def outputs(model, X):
    """Return what a model computes for X."""
    for method in ("predict_proba", "transform", "predict"):
        if hasattr(model, method):
            return getattr(model, method)(X)


def write():
    """Write the models and their outputs."""
    version, expected = sklearn_set.__version__.removesuffix(".dev0"), {}
    (X, y), folder = load_data(), DATA / f"models-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in make_models().items():
        expected[name] = outputs(model.fit(X, y), X)
        joblib.dump(model, folder / f"{name}.joblib", compress=9)
        skops.io.dump(model, folder / f"{name}.skops", compression=8)
        expected[f"{name}, trained further"] = outputs(model.fit(X, y), X)
    np.savez_compressed(folder / "outputs.npz", **expected)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    write()
