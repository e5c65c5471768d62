"""Multi-layer perceptrons: estimators, network, and what the network is made of."""

from sklearn_set._mlp.estimators import SETMLPClassifier, SETMLPRegressor

__all__ = ["SETMLPClassifier", "SETMLPRegressor"]
