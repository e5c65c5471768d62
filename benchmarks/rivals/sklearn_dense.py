"""scikit-learn's dense multi-layer perceptron."""

from sklearn.neural_network import MLPClassifier

from rivals.estimator import EstimatorContestant, WholeFit


class SklearnMLP(EstimatorContestant):
    """``MLPClassifier.partial_fit`` once per epoch."""

    def estimator(self, hidden, epsilon):
        return MLPClassifier(hidden, solver="sgd")


class SklearnFit(WholeFit, SklearnMLP):
    """``MLPClassifier.fit``."""
