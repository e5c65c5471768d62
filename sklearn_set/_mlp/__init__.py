"""Multi-layer perceptrons: estimators, network, and what the network is made of."""

from sklearn_set._mlp.classifier import SETMLPClassifier
from sklearn_set._mlp.feature_selector import UnsupervisedFeatureSelector
from sklearn_set._mlp.hidden_features import HiddenFeatures
from sklearn_set._mlp.regressor import SETMLPRegressor

__all__ = [
    "HiddenFeatures",
    "SETMLPClassifier",
    "SETMLPRegressor",
    "UnsupervisedFeatureSelector",
]
