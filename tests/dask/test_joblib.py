"""Many fits on a cluster, by joblib's backends."""

import os

import joblib
import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_set import SETMLPClassifier
from sklearn_set._utils.threads import effective_n_threads

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network():
    return SETMLPClassifier((10,), epsilon=5, max_iter=2, random_state=0)


def results(X, y):
    """Return what a search, a cross-validation and an ensemble find."""
    search = GridSearchCV(network(), {"alpha": [0.1, 1.0]}, cv=2).fit(X, y)
    scores = cross_val_score(network(), X, y, cv=3)
    bagging = BaggingClassifier(network(), 3, random_state=0).fit(X, y)
    return [search.cv_results_["mean_test_score"], scores, bagging.predict_proba(X)]


def test_dask_gives_the_results_of_one_process(client, small):
    expected = results(*small)
    with client.as_current(), joblib.parallel_config(backend="dask"):
        found = results(*small)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_optuna_searches_on_workers(client, small):
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = {"alpha": optuna.distributions.FloatDistribution(0.01, 1.0, log=True)}

    def search():
        sampler = optuna.samplers.RandomSampler(seed=0)
        study = optuna.create_study(sampler=sampler, direction="maximize")
        model = integration.OptunaSearchCV(
            network(), space, cv=3, n_trials=3, study=study, random_state=0
        )
        model.fit(*small)
        return [trial.value for trial in model.trials_]

    expected = search()
    with client.as_current(), joblib.parallel_config(backend="dask"):
        assert search() == expected


def test_ray_gives_the_results_of_one_process(small):
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    expected = results(*small)
    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)
    try:
        with joblib.parallel_config(backend="ray"):
            found = results(*small)
    finally:
        ray.shutdown()
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_fit_on_a_worker_uses_one_thread(client):
    counts = client.run(effective_n_threads)
    assert set(counts.values()) == {1}
    assert set(client.run(os.environ.get, "OMP_NUM_THREADS").values()) == {"1"}
