"""The learner of the perceptrons."""

import numpy as np
import pytest
from helpers.perceptrons import X_iris, both_perceptrons, make_small_model, y_iris
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from sklearn_set import SETMLPClassifier
from sklearn_set.evolution import InputEvolution

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_another_solver_starts_without_the_state_of_the_last():
    clf = make_small_model(SETMLPClassifier, solver="sgd", warm_start=True).fit(
        X_iris, y_iris
    )
    clf.set_params(solver="rmsprop").fit(X_iris, y_iris)  # velocities may be negative
    assert np.isfinite(clf.loss_)


class Judge(InputEvolution):
    """Records the losses of the withheld samples, and changes nothing."""

    def evolve(self, layers, context):
        self.withheld, self.losses = (
            context.selection.withheld,
            context.withheld_losses(),
        )


@both_perceptrons
@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_losses_of_withheld_samples(Estimator, make, rng):
    """Those of the predictions: weighted, without dropout, penalty and transform."""
    X, y = rng.standard_normal((700, 6)), rng.integers(3, size=700)
    weights, rule = rng.random(700), Judge()
    model = make_small_model(
        Estimator, evolution=rule, max_iter=8, dropout="auto", alpha=10,
        learning_rate_init=1e-30, batch_transform=lambda X, rng: 0 * X,
    )  # fmt: skip
    model.fit(make(X), y, weights)
    if Estimator is SETMLPClassifier:
        expected = -np.log(model.predict_proba(X)[np.arange(700), y])
    else:
        expected = 0.5 * (model.predict(X) - y) ** 2
    expected *= weights / weights.max()
    assert rule.withheld.size == 70
    assert_allclose(rule.losses, expected[rule.withheld], rtol=1e-7)
