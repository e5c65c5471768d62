"""Restricted Boltzmann machines that a cluster trains."""

import dask.array as da
import numpy as np
import pytest
from helpers.partitioned import are_equal, divided

from sklearn_set import SETRBM
from sklearn_set.dask import DaskSETRBM

SMALL = {"n_components": 10, "epsilon": 5, "n_iter": 3, "random_state": 0}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"persistent": True, "momentum": 0.5, "sparsity_target": 0.1},
        {"evolution": "rigl", "cd_steps": 2},
        {"early_stopping": True, "n_iter_no_change": 5},
        {"visible": "gaussian", "final_prune": True},
    ],
    ids=lambda params: "-".join(params) or "defaults",
)
def test_one_partition_gives_the_plain_estimator(threads_client, small, params):
    X, _ = small
    X = (X - X.mean(0)) / X.std(0) if "visible" in params else X / X.max()
    plain = SETRBM(**SMALL | params).fit(X)
    model = DaskSETRBM(**SMALL | params, client=threads_client).fit(divided(X, 300))
    assert are_equal(plain, model)
    assert plain.pseudo_likelihoods_ == model.pseudo_likelihoods_
    assert plain.validation_scores_ == model.validation_scores_


def test_result_depends_on_the_partitions_only(client, threads_client, small):
    X = divided(small[0] / small[0].max(), 80)
    params = {"persistent": True, "rounds_per_epoch": 2, "early_stopping": True}
    model, other = (
        DaskSETRBM(**SMALL | params, client=each).fit(X)
        for each in (client, threads_client)
    )
    assert are_equal(model, other)


def test_transform_is_lazy(threads_client, small):
    X = small[0] / small[0].max()
    model = DaskSETRBM(**SMALL, client=threads_client).fit(divided(X, 100))
    hidden = model.transform(divided(X, 50))
    assert isinstance(hidden, da.Array)
    assert hidden.shape == (300, 10)
    local = model.to_local()
    assert type(local) is SETRBM
    np.testing.assert_array_equal(hidden, local.transform(X))


def test_partitions_too_small_to_hold_out_samples_are_refused(threads_client, small):
    X = divided(small[0][:6] / small[0].max(), 1)
    model = DaskSETRBM(**SMALL, early_stopping=True, client=threads_client)
    with pytest.raises(ValueError, match="partitions of several samples"):
        model.fit(X)
