"""This package."""

from rivals.base import Contestant
from rivals.estimator import EstimatorContestant, WholeFit
from sklearn_set import SETRBM, SETMLPClassifier


class OurMLP(EstimatorContestant):
    """``partial_fit`` once per epoch; evolves before each epoch but the first."""

    settings = {}

    def __init__(self, **settings):
        self.settings = settings

    def estimator(self, hidden, epsilon):
        settings = {
            "solver": "sgd", "alpha": 1e-4, "dropout": 0.0, "evolution": "set",
            "evolve_every": 1, "learning_rate": "constant",
        }  # fmt: skip
        settings |= self.settings
        return SETMLPClassifier(hidden, epsilon=epsilon, **settings)


class OurFit(WholeFit, OurMLP):
    """``SETMLPClassifier.fit``."""


class OurRBM(Contestant):
    """``SETRBM.partial_fit`` once per epoch."""

    def __init__(self, **settings):
        self.settings = settings

    def prepare(self, X, y, hidden, batch, epsilon):
        self.X = X
        self.model = SETRBM(
            hidden[0],
            epsilon=epsilon,
            batch_size=batch,
            learning_rate=self.learning_rate,
            random_state=0,
            **self.settings,
        )

    def epoch(self):
        self.model.partial_fit(self.X)
