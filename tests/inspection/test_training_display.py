"""TrainingDisplay."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_set import SETMLPRegressor
from sklearn_set.inspection import TrainingDisplay

pytestmark = [
    pytest.mark.usefixtures("plt"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def test_curves_are_drawn(network, rbm, digits):
    loss, score = TrainingDisplay.from_estimator(network).lines_
    assert_array_equal(loss.get_ydata(), network.loss_curve_)
    assert_array_equal(score.get_ydata(), network.validation_scores_)
    assert_array_equal(loss.get_xdata(), np.arange(1, network.n_iter_ + 1))
    errors, pseudo = TrainingDisplay.from_estimator(rbm).lines_
    assert_array_equal(errors.get_ydata(), rbm.reconstruction_errors_)
    assert_array_equal(pseudo.get_ydata(), rbm.pseudo_likelihoods_)
    plain = SETMLPRegressor(max_iter=2).fit(digits[0], digits[2])
    assert len(TrainingDisplay.from_estimator(plain).lines_) == 1
