"""Lazy updates of the weights of absent features."""

import pytest
from helpers.perceptrons import assert_same_model, make_classifier
from scipy.sparse import csr_array
from sklearn.base import clone

from sklearn_set._layers import lazy_updates

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("max_steps", [3, 1024])
@pytest.mark.parametrize(
    "parameters",
    [{"solver": "adam"}, {"momentum": 0.0}, {"nesterovs_momentum": False}, {}],
)
def test_lazy_updates_give_the_model_of_a_dense_X(
    parameters, max_steps, monkeypatch, rng
):
    """Features that are absent from most batches get the weights of a dense X."""
    monkeypatch.setattr(lazy_updates, "MAX_STEPS", max_steps)
    X = rng.standard_normal((103, 60)) * (rng.random((103, 60)) < 0.02)
    y = rng.integers(3, size=103)
    clf = make_classifier(batch_size=7, alpha=0.5, **parameters)
    dense, sparse = clone(clf).fit(X, y), clone(clf).fit(csr_array(X), y)
    assert_same_model(dense, sparse, rtol=1e-9)
    dense.partial_fit(X, y), sparse.partial_fit(csr_array(X), y)
    assert_same_model(dense, sparse, rtol=1e-9)
