"""The network: gradients against finite differences, activations, losses, solvers."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from sklearn_set import _connectivity
from sklearn_set._activations import ACTIVATIONS
from sklearn_set._builds import _fast
from sklearn_set._connectivity import SparseLayer
from sklearn_set._losses import LOSSES
from sklearn_set._network import Network
from sklearn_set._solvers import SGD, Adam

N_UNITS = [7, 9, 8, 4]


def make_network(activation, loss, rng, n_states=0, batch=5):
    coefs, biases = [], []
    for n_in, n_out in pairwise(N_UNITS):
        layer = SparseLayer.random(n_in, n_out, n_in * n_out // 2, rng, np.float64)
        layer.links.weights[:] = rng.standard_normal(layer.n_links)
        coefs.append(layer.coef)
        biases.append(rng.standard_normal(n_out))
    network = Network.from_coefs(
        coefs, biases, ACTIVATIONS[activation], LOSSES[loss], batch, n_threads=1
    )
    network.start_states(n_states)
    return network


def make_targets(loss, batch, rng):
    if loss == "softmax":
        return np.eye(N_UNITS[-1], dtype=bool)[rng.integers(N_UNITS[-1], size=batch)].T
    return rng.integers(2, size=(N_UNITS[-1], batch)).astype(bool)


def mean_loss(network, x, y, alpha):
    """The loss from its definition, computed from the outputs."""
    p = network.outputs(x)
    if network.loss.out_activation == "softmax":
        loss = -np.log(p[y]).sum()
    else:
        loss = -np.log(np.where(y, p, 1 - p)).sum()
    squares = sum(np.square(coef.data).sum() for coef in network.coefs)
    return (loss + 0.5 * alpha * squares) / x.shape[1]


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_gradient_of_every_layer(activation, loss, alpha, rng):
    """Every link and bias, central differences, relative error below 1e-6."""
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets(loss, 5, rng)
    network = make_network(activation, loss, rng)
    parameters = [coef.data for coef in network.coefs] + network.biases
    numeric = []
    for values in parameters:
        numeric.append(np.empty_like(values))
        for k, value in enumerate(values):
            ends = []
            for end in (value + 1e-5, value - 1e-5):
                values[k] = end
                ends.append(mean_loss(network, x, y, alpha))
            values[k] = value
            numeric[-1][k] = (ends[0] - ends[1]) / 2e-5

    before = [values.copy() for values in parameters]
    expected_loss = mean_loss(network, x, y, alpha)
    # One plain step of rate 1 moves each parameter by its gradient.
    assert network.learn(x, y, SGD(1.0), alpha) == pytest.approx(expected_loss)
    for old, new, gradient in zip(before, parameters, numeric, strict=True):
        error = np.linalg.norm(old - new - gradient)
        assert error < 1e-6 * np.linalg.norm(gradient)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_forward_is_a_dense_forward_pass(activation, rng):
    functions = {
        "identity": lambda z: z,
        "logistic": expit,
        "relu": lambda z: np.maximum(z, 0),
        "tanh": np.tanh,
    }
    network = make_network(activation, "softmax", rng)
    a = x = rng.standard_normal((N_UNITS[0], 5))
    for i, (coef, bias) in enumerate(zip(network.coefs, network.biases, strict=True)):
        a = coef.toarray().T @ a + bias[:, None]
        a = functions[activation](a) if i < 2 else softmax(a, axis=0)
    assert_allclose(network.outputs(x), a, rtol=1e-12)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_loss_of_extreme_sums_is_finite(loss):
    z = np.array([[1e4, -1e4], [-1e4, 1e4]])
    y = np.array([[False, False], [True, True]])
    assert np.isfinite(LOSSES[loss].gradient(z, y))
    assert np.isfinite(z).all()


@pytest.mark.parametrize(
    "solver, twin",
    [
        (SGD(0.1), lambda p: SGDOptimizer(p, 0.1, "constant", 0.0, False)),
        (SGD(0.1, 0.9), lambda p: SGDOptimizer(p, 0.1, "constant", 0.9, False)),
        (SGD(0.1, 0.9, True), lambda p: SGDOptimizer(p, 0.1, "constant", 0.9, True)),
        (Adam(0.1, 0.8, 0.9, 1e-3), lambda p: AdamOptimizer(p, 0.1, 0.8, 0.9, 1e-3)),
    ],
)
@pytest.mark.parametrize("kind", ["biases", "links"])
def test_steps_follow_scikit_learn(solver, twin, kind, rng):
    """Several steps on fixed gradients against MLPClassifier's own optimizers."""
    layer = SparseLayer.random(1, 30, 30, rng, np.float64)
    layer.links.weights[:] = rng.standard_normal(30)
    values = layer.links.weights.copy()
    layer.prepare(np.zeros((solver.n_states, 30)))
    theirs, state = values.copy(), np.zeros((solver.n_states, 30))
    solver.n_steps = 0
    twin = twin([theirs])
    for _ in range(5):
        gradient = rng.standard_normal((30, 1))
        decay = 0.3 if kind == "links" else 0.0
        twin.update_params([theirs], [0.5 * gradient[:, 0] + decay * theirs])
        of_links, of_biases = solver.steps(0.5, 0.3)
        if kind == "links":
            layer.learn(np.ones((1, 1)), gradient, None, of_links)
        else:
            _fast.update(gradient, values, state, of_biases, 1)
    ours = layer.links.weights if kind == "links" else values
    assert_allclose(ours, theirs, rtol=1e-12)


def test_state_goes_on_only_where_it_fits(rng):
    network = make_network("relu", "softmax", rng, n_states=1)
    for state, _ in network.states:
        state[:] = 1.0
    again = Network.from_coefs(
        network.coefs, network.biases, network.activation, network.loss, 5, 1
    )
    again.start_states(1, network.states)
    assert all((state == 1).all() for state, _ in again.states)
    again.start_states(2, network.states)  # another solver
    assert all(not state.any() and state.shape[0] == 2 for state, _ in again.states)


def test_read_only_arrays_are_copied_before_they_change(rng):
    network = make_network("relu", "softmax", rng)
    coefs, biases = network.coefs, network.biases
    for array in (*(coef.data for coef in coefs), *biases):
        array.flags.writeable = False
    before = [coef.data.copy() for coef in coefs]
    frozen = Network.from_coefs(
        coefs, biases, network.activation, network.loss, 5, n_threads=1
    )
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets("softmax", 5, rng)
    frozen.outputs(x)
    frozen.start_states(0)
    frozen.learn(x, y, SGD(0.1), 0.0)
    for coef, old in zip(coefs, before, strict=True):
        assert_array_equal(coef.data, old)
    assert not np.array_equal(frozen.coefs[0].data, before[0])


def test_layer_refuses_indices_out_of_range(rng):
    coef = SparseLayer.random(5, 6, 10, rng, np.float64).coef
    coef.indices[3] = 17
    with pytest.raises(ValueError, match="weight matrix is not a valid CSR matrix"):
        SparseLayer.from_coef(coef)


def test_layer_sorts_and_adds_up_links_it_is_given(rng):
    coef = SparseLayer.random(5, 6, 10, rng, np.float64).coef
    coef.data[:] = rng.standard_normal(10)
    messy = type(coef)(
        (
            np.r_[coef.data[::-1], 1.0],
            (
                np.r_[coef.tocoo().row[::-1], coef.tocoo().row[0]],
                np.r_[coef.tocoo().col[::-1], coef.tocoo().col[0]],
            ),
        ),
        shape=coef.shape,
    )
    messy.indices = messy.indices.astype(np.int64)
    messy.indptr = messy.indptr.astype(np.int64)
    layer = SparseLayer.from_coef(messy)
    assert layer.links.targets.dtype == layer.links.indptr.dtype == np.int32
    assert_array_equal(layer.coef.toarray(), messy.toarray())


def test_a_huge_layer_scatters_small_batches(rng, monkeypatch):
    """To the same sums but for rounding, and the same bits for any threads."""
    outs = []
    for huge, n_threads in ((1, 1), (1, 2), (1 << 60, 1)):
        monkeypatch.setattr(_connectivity, "HUGE", huge)
        layer = SparseLayer.random(
            3000, 2000, 40_000, np.random.default_rng(1), np.float32, n_threads
        )
        own = np.random.default_rng(2)
        layer.links.weights[:] = own.standard_normal(layer.n_links)
        layer.prepare(np.zeros((0, layer.n_links), np.float32))
        x = own.standard_normal((3000, 4)).astype(np.float32)
        bias, out = np.ones(2000, np.float32), np.empty((2000, 4), np.float32)
        layer.to_targets(x, bias, out, 0.0)
        assert (layer._by_target is None) == (huge == 1)
        outs.append(out)
    assert_array_equal(outs[0], outs[1])
    assert_allclose(outs[0], outs[2], rtol=1e-4, atol=1e-4)


def test_a_layer_that_is_only_read_does_without_an_index_for_few_rows(rng):
    layer = SparseLayer.random(30, 20, 100, rng, np.float64)
    for batch, has_index in ((3, False), (40, True), (3, True)):
        x, out = rng.standard_normal((30, batch)), np.empty((20, batch))
        layer.to_targets(x, np.zeros(20), out)
        assert_allclose(out, layer.coef.toarray().T @ x, rtol=1e-12, atol=1e-12)
        assert (layer._in_order is not None) == has_index
