"""The learner of the restricted Boltzmann machine."""

import numpy as np
import pytest
from helpers.rbms import make_rbm

from sklearn_set._rbm.learner import monitored_samples


@pytest.mark.parametrize(
    "settings", [{}, {"momentum": 0.5}, {"persistent": True, "learning_rate": 0.5}]
)
def test_metrics_of_each_epoch(settings, digits):
    X, _, _, _ = digits
    rbm = make_rbm(n_iter=100, n_components=100, **settings).fit(X[:80])
    assert len(rbm.reconstruction_errors_) == len(rbm.pseudo_likelihoods_) == 100
    assert rbm.reconstruction_errors_[-1] < rbm.reconstruction_errors_[0]
    assert rbm.pseudo_likelihoods_[-1] > rbm.pseudo_likelihoods_[0]
    seed = rbm._training_state["seeds"]["monitor"]
    monitored = X[monitored_samples(np.arange(80), seed)]
    assert len(monitored) == 10
    error = np.square(rbm.reconstruct(monitored) - monitored).mean()
    assert rbm.reconstruction_errors_[-1] == pytest.approx(error)
    score = rbm.score_samples(monitored).mean()
    assert rbm.pseudo_likelihoods_[-1] == pytest.approx(score)
