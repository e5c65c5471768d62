"""The history of a training."""

import numpy as np

from sklearn_set._training.history import History


def test_metrics_are_recorded_by_name():
    history = History()
    for epoch in range(3):
        history.record({"loss": 3.0 - epoch, "error": epoch})
    assert history.curves == {"loss": [3.0, 2.0, 1.0], "error": [0, 1, 2]}


def test_scores_and_the_best_of_them():
    history = History()
    assert history.validation_scores is None and history.best_validation_score is None
    best = [history.record_score(score) for score in (1.0, 3.0, np.nan, 2.0)]
    assert best == [-np.inf, 1.0, 3.0, 3.0]
    assert history.best_validation_score == 3.0
    assert len(history.validation_scores) == 4


def test_epochs_without_improvement_are_counted():
    history = History()
    history.best_loss = np.inf
    counts = []
    for loss in (5.0, 4.5, 4.95, 3.4, 3.4, np.nan):
        history.record({"loss": loss})
        history.compare_loss(tol=1.0)
        counts.append(history.n_no_improvement)
    assert counts == [0, 1, 2, 0, 1, 2]
    assert history.best_loss == 3.4


def test_a_copy_is_independent():
    history = History()
    history.record({"loss": 1.0})
    history.record_score(0.5)
    copy = history.copy()
    copy.record({"loss": 2.0})
    copy.record_score(0.7)
    copy.count(is_improvement=False)
    assert history.curves == {"loss": [1.0]} and history.validation_scores == [0.5]
    assert history.best_validation_score == 0.5 and history.n_no_improvement == 0


def test_a_new_fit_has_its_own_best_values():
    history = History()
    history.record_score(0.5)
    history.best_loss = 0.1
    history.count(is_improvement=False)
    history.begin_fit()
    assert history.best_loss is None and history.n_no_improvement == 0
    assert history.record_score(0.25) == -np.inf
    assert history.best_validation_score == 0.25
    assert history.validation_scores == [0.5, 0.25]
