"""The loss's gradient at positions without a connection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sklearn_set._layers.batches import as_rows
from sklearn_set._layers.position_gradients import locate, position_gradients
from sklearn_set._layers.sparse_layer import SparseLayer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_ranks_are_located_among_the_empty_positions(n_in, n_out, data):
    n_connections = data.draw(st.integers(1, n_in * n_out))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    layer = SparseLayer.random(n_in, n_out, n_connections, rng, np.float64)
    kept = (rng.random(n_connections) < 0.6).astype(np.uint8)
    empty = np.ones((n_in, n_out), dtype=bool)
    empty[tuple(c[kept == 1] for c in layer.coef.tocoo().coords)] = False
    sources, targets = locate(layer, kept, np.arange(empty.sum()))
    assert_array_equal(np.array([sources, targets]), np.nonzero(empty))


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_gradients_of_all_empty_positions(make, rng):
    layer = SparseLayer.random(9, 6, 20, rng, np.float64)
    kept = (rng.random(20) < 0.6).astype(np.uint8)
    X, delta = rng.random((5, 9)) * (rng.random((5, 9)) < 0.5), rng.random((6, 5))
    source = as_rows(make(X), 5).batch(np.arange(5), 1)
    ranks = np.arange(layer.n_positions - kept.sum())
    found = position_gradients(layer, kept, ranks, source, delta)
    dense = (X.T @ delta.T)[locate(layer, kept, ranks)]
    assert_allclose(found, dense, rtol=1e-12)
