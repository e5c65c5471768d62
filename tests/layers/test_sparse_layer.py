"""Sparse layers: random graphs, weight matrices of users, forward pass."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binomtest, chisquare

from sklearn_set._layers import sparse_layer
from sklearn_set._layers.sparse_layer import SparseLayer


def test_degrees_of_a_random_layer_are_binomial(rng):
    """They are hypergeometric, which is close to binomial here."""
    n_in, n_out, n_connections = 3000, 2000, 60_000
    layer = SparseLayer.random(n_in, n_out, n_connections, rng, np.float64)
    for axis, n_other in ((0, n_in), (1, n_out)):
        degrees = np.diff(layer.coef.tocsc().indptr if axis == 0 else layer.coef.indptr)
        p = n_connections / (n_in * n_out)
        assert abs(degrees.mean() - n_other * p) < 1e-9
        variance = n_other * p * (1 - p)
        assert degrees.var() == pytest.approx(variance, rel=0.12)


def test_each_position_of_a_random_layer_is_equally_likely(rng):
    n_trials, hits = 4000, np.zeros((6, 7))
    for _ in range(n_trials):
        layer = SparseLayer.random(6, 7, 10, rng, np.float64)
        hits[layer.coef.tocoo().coords] += 1
    assert hits.sum() == 10 * n_trials
    # Counts are a little less spread than multinomial, which makes the test stricter.
    assert chisquare(hits.ravel()).pvalue > 1e-3
    assert binomtest(int(hits[0, 0]), n_trials, 10 / 42).pvalue > 1e-4


def test_indices_out_of_range_are_refused(rng):
    coef = SparseLayer.random(5, 6, 10, rng, np.float64).coef
    coef.indices[3] = 17
    with pytest.raises(ValueError, match="weight matrix is not a valid CSR matrix"):
        SparseLayer.from_coef(coef)


def test_repeated_connections_are_sorted_and_added_up(rng):
    coef = SparseLayer.random(5, 6, 10, rng, np.float64).coef
    coef.data[:] = rng.standard_normal(10)
    untidy = type(coef)(
        (
            np.r_[coef.data[::-1], 1.0],
            (
                np.r_[coef.tocoo().row[::-1], coef.tocoo().row[0]],
                np.r_[coef.tocoo().col[::-1], coef.tocoo().col[0]],
            ),
        ),
        shape=coef.shape,
    )
    untidy.indices = untidy.indices.astype(np.int64)
    untidy.indptr = untidy.indptr.astype(np.int64)
    layer = SparseLayer.from_coef(untidy)
    assert layer.connections.targets.dtype == layer.connections.indptr.dtype == np.int32
    assert_array_equal(layer.coef.toarray(), untidy.toarray())


def test_a_huge_layer_scatters_small_batches(monkeypatch):
    """The same sums up to rounding, and the same bits for any number of threads."""
    outs = []
    for huge, n_threads in ((1, 1), (1, 2), (1 << 60, 1)):
        monkeypatch.setattr(sparse_layer, "MANY_CONNECTIONS", huge)
        layer = SparseLayer.random(
            3000, 2000, 40_000, np.random.default_rng(1), np.float32, n_threads
        )
        rng = np.random.default_rng(2)
        layer.connections.weights[:] = rng.standard_normal(layer.n_connections)
        layer.prepare(np.zeros((0, layer.n_connections), np.float32))
        x = rng.standard_normal((3000, 4)).astype(np.float32)
        bias, out = np.ones(2000, np.float32), np.empty((2000, 4), np.float32)
        layer.forward(x, bias, out, 0.0)
        assert (layer._derived.by_target is None) == (huge == 1)
        outs.append(out)
    assert_array_equal(outs[0], outs[1])
    assert_allclose(outs[0], outs[2], rtol=1e-4, atol=1e-4)


def test_no_index_is_built_to_predict_few_rows(rng):
    layer = SparseLayer.random(30, 20, 100, rng, np.float64)
    for batch, has_index in ((3, False), (40, True), (3, True)):
        x, out = rng.standard_normal((30, batch)), np.empty((20, batch))
        layer.forward(x, np.zeros(20), out)
        assert_allclose(out, layer.coef.toarray().T @ x, rtol=1e-12, atol=1e-12)
        assert (layer._derived.in_target_order is not None) == has_index


def test_rewire_keeps_and_adds_connections(rng):
    layer = SparseLayer.random(4, 5, 8, rng, np.float64)
    layer.connections.weights[:] = np.arange(1.0, 9.0)
    layer.prepare(np.arange(8.0)[np.newaxis] + 10)
    kept = np.array([1, 0, 1, 1, 0, 0, 1, 1], dtype=np.uint8)
    dense = layer.coef.toarray() * np.isin(layer.coef.toarray(), [1, 3, 4, 7, 8])
    empty = np.flatnonzero(dense == 0)
    layer.rewire(kept, np.array([0, 2, 14]))
    assert layer.n_connections == 8
    assert_array_equal(layer.coef.toarray(), dense)
    taken = np.ravel_multi_index(layer.coef.tocoo().coords, (4, 5))
    assert_array_equal(
        np.sort(taken), np.union1d(np.flatnonzero(dense), empty[[0, 2, 14]])
    )
    weights, state = layer.connections.weights, layer.connections.state[0]
    assert_array_equal(state, np.where(weights > 0, weights + 9, 0))


def small_layer():
    """A layer of 4 times 5 units with 8 connections."""
    layer = SparseLayer.random(4, 5, 8, np.random.default_rng(0), np.float64)
    layer.connections.weights[:] = np.arange(1.0, 9.0)
    layer.prepare(np.zeros((1, 8)))
    return layer


KEPT = np.array([1, 0, 1, 1, 0, 0, 1, 1], dtype=np.uint8)
NOT_KEPT = {
    "none": None,
    "too short": KEPT[:-1],
    "too long": np.append(KEPT, KEPT),
    "empty": KEPT[:0],
    "2": 2 * KEPT,
    "255": np.full(8, 255, dtype=np.uint8),
    "2 as bool": (2 * KEPT).view(bool),
    "integers": KEPT.astype(int),
    "floats": KEPT.astype(float),
    "2-D": KEPT[np.newaxis],
    "number": 1,
    "list": [1] * 8,
}
NOT_POSITIONS = {
    "none": None,
    "not sorted": np.array([2, 0, 14]),
    "descending": np.array([14, 2, 0]),
    "doubled": np.array([0, 2, 2]),
    "negative": np.array([-1, 2, 3]),
    "too large": np.array([0, 2, 15]),
    "far too large": np.array([0, 2, 1 << 62]),
    "wraps to negative": np.array([0, 2, 1 << 63], dtype=np.uint64),
    "floats": np.array([0.0, 2.0, 14.0]),
    "bool": np.array([False, True]),
    "2-D": np.array([[0, 2, 14]]),
    "number": 3,
    "text": np.array(["0", "2"]),
}


def assert_refused(layer, kept, positions, message):
    before = layer.connections
    with pytest.raises(ValueError, match=message):
        layer.rewire(kept, positions)
    assert layer.connections is before


@pytest.mark.parametrize("kept", NOT_KEPT.values(), ids=NOT_KEPT)
def test_rewire_refuses_what_prune_must_not_return(kept):
    assert_refused(small_layer(), kept, np.array([0, 2, 14]), "'prune' must return")


@pytest.mark.parametrize("positions", NOT_POSITIONS.values(), ids=NOT_POSITIONS)
def test_rewire_refuses_what_grow_must_not_return(positions):
    assert_refused(small_layer(), KEPT, positions, "'grow' must return")


@pytest.mark.parametrize(
    "positions", [np.array([0, 2, 14], dtype=np.uint8), [0, 2, 14], np.arange(15)]
)
def test_rewire_takes_masks_and_all_integers(positions):
    layer = small_layer()
    layer.rewire(KEPT.astype(bool), positions)
    layer.coef.check_format(full_check=True)
    assert layer.n_connections == 5 + len(positions)


def other_connections(layer):
    """Arrays that do not fit a layer, by what is wrong with them."""
    old = layer.connections
    big = np.full(8, 1 << 30, dtype=np.int32)
    yield "an index out of range", old._replace(targets=big)
    yield "descending", old._replace(targets=old.targets[::-1].copy())
    yield "another dtype", old._replace(targets=old.targets.astype(np.int64))
    yield "weights of another dtype", old._replace(weights=np.ones(8, np.float32))
    yield "too few weights", old._replace(weights=np.ones(7))
    yield "more rows", old._replace(indptr=np.append(old.indptr, np.int32(8)))
    yield "no states", old._replace(state=np.ones((0, 8)))
    yield "states too short", old._replace(state=np.ones((1, 7)))
    yield "states not contiguous", old._replace(state=np.ones((1, 16))[:, ::2])
    yield "a list", old._replace(weights=[1.0] * 8)
    yield "a tuple", tuple(old)
    yield "none", None


def test_replace_takes_only_arrays_that_fit():
    layer = small_layer()
    before = layer.connections
    for what, connections in other_connections(layer):
        with pytest.raises(ValueError, match="by the layer's method 'rewire'"):
            layer.replace(connections)
        assert layer.connections is before, what
    layer.replace(before._replace(weights=np.zeros(8)))
    assert not layer.coef.data.any()


def test_arrays_that_are_written_to_are_noticed():
    layer = small_layer()
    layer.coef.data[:2] = 0
    layer.check(1)
    layer.coef.eliminate_zeros()  # moves the indices in place
    with pytest.raises(ValueError, match="by the layer's method 'rewire'"):
        layer.check(1)


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_fails_within_rewire_leaves_the_layer_whole(error, monkeypatch):
    layer = small_layer()
    before = layer.coef.toarray()

    def failing(*arrays):
        raise error

    monkeypatch.setattr(sparse_layer, "_Derived", failing)
    with pytest.raises(error):
        layer.rewire(KEPT, np.array([0, 2, 14]))
    monkeypatch.undo()
    assert_array_equal(layer.coef.toarray(), before)
    layer.check(1)


def test_the_number_of_states_is_checked():
    layer = small_layer()
    layer.prepare(np.zeros((0, 8)))
    with pytest.raises(ValueError, match="by the layer's method 'rewire'"):
        layer.check(1)


def test_the_solver_state_must_fit(rng):
    layer = SparseLayer.random(4, 5, 8, rng, np.float64)
    with pytest.raises(ValueError, match="The solver's state has shape"):
        layer.prepare(np.zeros((1, 7)))


@pytest.mark.parametrize("copy", [False, True])
def test_weights_are_shared_unless_copied(copy, rng):
    coef = SparseLayer.random(4, 5, 8, rng, np.float64).coef
    layer = SparseLayer.from_coef(coef, copy=copy)
    assert np.shares_memory(layer.coef.data, coef.data) != copy
