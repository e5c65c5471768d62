"""Truly sparse neural networks with scikit-learn's interface."""

from importlib.metadata import version

from sklearn_set._mlp import (
    HiddenFeatures,
    SETMLPClassifier,
    SETMLPRegressor,
    UnsupervisedFeatureSelector,
)
from sklearn_set._rbm import SETRBM
from sklearn_set._utils.versions import show_versions

__version__ = version("sklearn_set")

__all__ = [
    "SETRBM", "HiddenFeatures", "SETMLPClassifier", "SETMLPRegressor",
    "UnsupervisedFeatureSelector", "show_versions",
]  # fmt: skip
