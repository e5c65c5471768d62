"""The learner of the perceptrons."""

import numpy as np
import pytest
from helpers.perceptrons import X_iris, make_small_model, y_iris

from sklearn_set import SETMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_another_solver_starts_without_the_state_of_the_last():
    clf = make_small_model(SETMLPClassifier, solver="sgd", warm_start=True).fit(
        X_iris, y_iris
    )
    clf.set_params(solver="rmsprop").fit(X_iris, y_iris)  # velocities may be negative
    assert np.isfinite(clf.loss_)
