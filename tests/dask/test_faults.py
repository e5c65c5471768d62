"""Workers that are killed, and data that are lost."""

import os
import signal
import time

import numpy as np
import pytest
from helpers.clusters import workers
from helpers.killed_workers import fits_with_kills
from helpers.partitioned import are_equal
from helpers.versions import needs_callbacks

from sklearn_set._dask import cluster
from sklearn_set.dask import DaskSETMLPClassifier

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:A worker was lost"),
    pytest.mark.skipif(os.name != "posix", reason="kills by SIGKILL"),
]


def test_killed_workers_do_not_change_the_model():
    with workers(2) as client:
        expected, models, n = fits_with_kills(client.cluster, client, 3, longest=2.0)
    assert n == 3
    assert all(are_equal(expected, model) for model in models)


@needs_callbacks
def test_a_cluster_without_workers_is_an_error(small, monkeypatch):
    da = pytest.importorskip("dask.array")
    monkeypatch.setattr(cluster, "RESTART_SECONDS", 1.0)

    class Stops:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, **data):
            client.cluster.scale(0)
            while client.cluster.scheduler.workers:
                time.sleep(0.01)

    with workers(1, processes=False) as client:
        X, y = (da.from_array(a, chunks=-1) for a in small)
        model = DaskSETMLPClassifier((10,), epsilon=5, max_iter=5, client=client)
        with pytest.raises(RuntimeError, match="no worker for 1 seconds"):
            model.set_callbacks(Stops()).fit(X, y)
    assert not hasattr(model, "coefs_")


@needs_callbacks
def test_a_partition_that_is_lost_for_good_is_an_error(small):
    da = pytest.importorskip("dask.array")
    import dask

    class Kills:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, **data):
            for nanny in client.cluster.workers.values():
                os.kill(nanny.pid, signal.SIGKILL)

    with workers(1) as client:
        X, y = (
            da.from_delayed(
                dask.delayed(client.scatter(a, hash=False)), a.shape, dtype=a.dtype
            )
            for a in small
        )
        model = DaskSETMLPClassifier((10,), epsilon=5, max_iter=5, client=client)
        with pytest.raises(RuntimeError, match="Partition 0 of the data was lost"):
            model.set_callbacks(Kills()).fit(X, y)
    assert not hasattr(model, "coefs_")
    assert np.isfinite(small[0]).all()
