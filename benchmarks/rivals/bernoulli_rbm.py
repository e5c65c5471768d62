"""scikit-learn's dense restricted Boltzmann machine."""

from sklearn.neural_network import BernoulliRBM

from rivals.base import Contestant


class SklearnRBM(Contestant):
    """``BernoulliRBM.fit`` for one epoch.

    It starts from new weights each time, which takes almost no time. `partial_fit`
    would validate each batch separately and be slower.
    """

    def prepare(self, X, y, hidden, batch, epsilon):
        self.X = X
        self.model = BernoulliRBM(
            hidden[0],
            batch_size=batch,
            learning_rate=self.learning_rate,
            n_iter=1,
            random_state=0,
        )

    def epoch(self):
        self.model.fit(self.X)
