"""The network: gradients against finite differences, activations, losses, solvers."""

import copy
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax, xlogy
from scipy.stats import norm
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers import sparse_layer
from sklearn_set._layers.solvers import SGD, Adam, AdamW, RMSprop
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set._mlp.dropout import NO_DROPOUT, Dropout
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._mlp.network import Network
from sklearn_set.evolution import SET, EvolutionContext

N_UNITS = [7, 9, 8, 4]
TARGETS = {
    "absolute_error": lambda rng, shape: rng.standard_normal(shape),
    "logistic": lambda rng, shape: rng.integers(2, size=shape).astype(bool),
    "poisson": lambda rng, shape: rng.poisson(2.0, shape).astype(float),
    "softmax": lambda rng, shape: (
        np.eye(shape[0], dtype=bool)[rng.integers(shape[0], size=shape[1])].T
    ),
    "squared_error": lambda rng, shape: rng.standard_normal(shape),
}
# The losses from their definitions, of the outputs.
DEFINITIONS = {
    "absolute_error": lambda p, y: abs(p - y),
    "logistic": lambda p, y: -np.log(np.where(y, p, 1 - p)),
    "poisson": lambda p, y: xlogy(y, y / p) - y + p,
    "softmax": lambda p, y: -np.log(np.where(y, p, 1)),
    "squared_error": lambda p, y: 0.5 * (p - y) ** 2,
}
FUNCTIONS = {
    "all_relu": lambda z, i: np.where(z > 0, z, (0.6 if i % 2 == 0 else -0.6) * z),
    "elu": lambda z, i: np.where(z > 0, z, np.exp(z) - 1),
    "gelu": lambda z, i: z * norm.cdf(z),
    "identity": lambda z, i: z,
    "leaky_relu": lambda z, i: np.where(z > 0, z, 0.01 * z),
    "logistic": lambda z, i: expit(z),
    "relu": lambda z, i: np.maximum(z, 0),
    "silu": lambda z, i: z * expit(z),
    "srelu": lambda z, i: np.where(z > 0, z, 0.2 * z),  # at the start
    "tanh": lambda z, i: np.tanh(z),
}


def make_network(activation, loss, rng, n_states=0, batch=5):
    coefs, biases = [], []
    for n_in, n_out in pairwise(N_UNITS):
        layer = SparseLayer.random(n_in, n_out, n_in * n_out // 2, rng, np.float64)
        layer.connections.weights[:] = 0.5 * rng.standard_normal(layer.n_connections)
        coefs.append(layer.coef)
        biases.append(rng.standard_normal(n_out))
    activations = [ACTIVATIONS[activation](i) for i in (1, 2)]
    parameters = [
        own.start(n, np.float64)
        for own, n in zip(activations, N_UNITS[1:-1], strict=True)
    ]
    network = Network.from_coefs(
        coefs, biases, activations, parameters, LOSSES[loss], batch, n_threads=1
    )
    network.start_states(n_states)
    return network


def alike(network, coefs, biases):
    """Another network of the same kind over these arrays."""
    return Network.from_coefs(
        coefs, biases, network.activations, network.parameters, network.loss, 5, 1
    )


def make_targets(loss, batch, rng):
    return TARGETS[loss](rng, (N_UNITS[-1], batch))


def mean_loss(network, loss, x, y, alpha, weights, dropout=NO_DROPOUT):
    """The loss from its definition, computed from the outputs."""
    p = network.forward(x.copy(), dropout)
    network.loss.activate(p)
    total = DEFINITIONS[loss](p, y).sum(axis=0) @ weights
    squares = sum(np.square(coef.data).sum() for coef in network.coefs)
    return (total + 0.5 * alpha * squares) / weights.sum()


def assert_gradient(network, loss, x, y, alpha=0.0, weights=None, dropout=NO_DROPOUT):
    """Every link, bias and parameter, central differences, to 1e-6."""
    parameters = [coef.data for coef in network.coefs] + network.biases
    parameters += [values.reshape(-1) for values in network.parameters if values.size]
    about = np.ones(x.shape[1]) if weights is None else weights
    numeric = []
    for values in parameters:
        numeric.append(np.empty_like(values))
        for k, value in enumerate(values):
            ends = []
            for end in (value + 1e-5, value - 1e-5):
                values[k] = end
                ends.append(mean_loss(network, loss, x, y, alpha, about, dropout))
            values[k] = value
            numeric[-1][k] = (ends[0] - ends[1]) / 2e-5
    before = [values.copy() for values in parameters]
    expected = mean_loss(network, loss, x, y, alpha, about, dropout)
    # One plain step of rate 1 moves each parameter by its gradient.
    found = network.learn(x.copy(), y, SGD(1.0), alpha, weights, dropout)
    assert found == pytest.approx(expected)
    for old, new, gradient in zip(before, parameters, numeric, strict=True):
        error = np.linalg.norm(old - new - gradient)
        assert error < 1e-6 * max(np.linalg.norm(gradient), 1e-3)


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_gradient_of_every_layer(activation, loss, alpha, rng):
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets(loss, 5, rng)
    assert_gradient(make_network(activation, loss, rng), loss, x, y, alpha)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_gradient_with_sample_weights(loss, rng):
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets(loss, 5, rng)
    weights = np.array([0.5, 2.0, 1.0, 0.0, 3.0])
    assert_gradient(make_network("tanh", loss, rng), loss, x, y, 0.7, weights)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradient_with_dropout_of_a_fixed_mask(activation, rng):
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets("softmax", 5, rng)
    dropout = Dropout([0.2, 0.5, 0.3], rng)
    dropout.renew()
    network = make_network(activation, "softmax", rng)
    assert_gradient(network, "softmax", x, y, dropout=dropout)


def test_gradient_of_srelu_in_all_its_pieces(rng):
    x, y = rng.standard_normal((N_UNITS[0], 40)), make_targets("softmax", 40, rng)
    network = make_network("srelu", "softmax", rng, batch=40)
    for values in network.parameters:
        values[:] = rng.standard_normal(values.shape)
        values[2, ::2] = values[0, ::2] + 1  # else t_r may lie below t_l
    assert_gradient(network, "softmax", x, y)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_forward_is_a_dense_forward_pass(activation, rng):
    network = make_network(activation, "softmax", rng)
    a = x = rng.standard_normal((N_UNITS[0], 5))
    for i, (coef, bias) in enumerate(zip(network.coefs, network.biases, strict=True)):
        a = coef.toarray().T @ a + bias[:, None]
        a = FUNCTIONS[activation](a, i) if i < 2 else softmax(a, axis=0)
    assert_allclose(network.outputs(x), a, rtol=1e-12)


@pytest.mark.parametrize("loss", sorted(LOSSES.keys() - {"poisson"}))
def test_loss_of_extreme_sums_is_finite(loss):
    z = np.array([[1e4, -1e4], [-1e4, 1e4]])
    y = np.array([[False, False], [True, True]])
    if loss not in ("softmax", "logistic"):
        y = y.astype(float)
    assert np.isfinite(LOSSES[loss].gradient(z, y)).all()
    assert np.isfinite(z).all()


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_layer_gradients_are_those_of_a_step(activation, rng):
    """source @ delta.T of each layer, against one plain step."""
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets("softmax", 5, rng)
    network, weights = make_network(activation, "softmax", rng), rng.random(5)
    gradients = [
        (source @ delta.T)[layer.coef.tocoo().coords]
        for layer, source, delta in network.layer_gradients(x, y, weights)
    ]
    before = [coef.data.copy() for coef in network.coefs]
    network.learn(x, y, SGD(weights.sum()), 0.0, weights)
    for old, coef, gradient in zip(before, network.coefs, gradients[::-1], strict=True):
        assert_allclose(old - coef.data, gradient, rtol=1e-9, atol=1e-12)


def test_a_snapshot_brings_everything_back(rng):
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets("softmax", 5, rng)
    network, solver = make_network("srelu", "softmax", rng, n_states=2), Adam(0.1)
    network.learn(x, y, solver, 0.0)
    snapshot, first = network.snapshot(), network.outputs(x)
    states = copy.deepcopy(network.states)
    SET().evolve(network.layers, EvolutionContext(0.3, 1, 0.0, rng))
    network.learn(x, y, solver, 0.0)
    assert not np.array_equal(network.outputs(x), first)
    network.restore(snapshot)
    assert_array_equal(network.outputs(x), first)
    (links, own), (links_now, own_now) = states, network.states
    for a, b in zip([*links, own], [*links_now, own_now], strict=True):
        assert_array_equal(a, b)


# -- solvers --------------------------------------------------------------------


class NaiveAdamW:
    """w <- w - rate decay w - rate m_hat / (sqrt(v_hat) + eps), as published."""

    def __init__(self, rate, beta_1, beta_2, epsilon):
        self.settings = rate, beta_1, beta_2, epsilon
        self.t = self.m = self.v = 0

    def update(self, w, gradient, decay):
        rate, beta_1, beta_2, epsilon = self.settings
        self.t += 1
        self.m = beta_1 * self.m + (1 - beta_1) * gradient
        self.v = beta_2 * self.v + (1 - beta_2) * gradient**2
        # scikit-learn's Adam puts the correction into the rate: epsilon is not divided.
        root = np.sqrt(1 - beta_2**self.t)
        step = rate * root / (1 - beta_1**self.t) * self.m / (np.sqrt(self.v) + epsilon)
        w -= rate * decay * w + step


@pytest.mark.parametrize("kind", ["biases", "links"])
def test_adamw_and_rmsprop_follow_their_definitions(kind, rng):
    for solver, twin, decoupled in (
        (AdamW(0.1, 0.8, 0.9, 1e-3), NaiveAdamW(0.1, 0.8, 0.9, 1e-3), True),
        (RMSprop(0.1, 0.9, 1e-3), NaiveAdamW(0.1, 0.0, 0.9, 1e-3), False),
    ):
        layer = SparseLayer.random(1, 30, 30, rng, np.float64)
        layer.connections.weights[:] = rng.standard_normal(30)
        layer.prepare(np.zeros((solver.n_states, 30)))
        values, theirs = (
            layer.connections.weights.copy(),
            layer.connections.weights.copy(),
        )
        state, decay = np.zeros((solver.n_states, 30)), 0.3 * (kind == "links")
        for _ in range(5):
            gradient = rng.standard_normal((30, 1))
            inner = 0.5 * gradient[:, 0] + (0 if decoupled else decay * theirs)
            twin.update(theirs, inner, decay if decoupled else 0)
            of_links, of_biases = solver.steps(0.5, 0.3)
            if kind == "links":
                layer.backward(np.ones((1, 1)), gradient, of_links)
            else:
                _fast.update_parameters(gradient, values, state, of_biases, 1)
        ours = layer.connections.weights if kind == "links" else values
        assert_allclose(ours, theirs, rtol=1e-12)


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
    layer.connections.weights[:] = rng.standard_normal(30)
    values = layer.connections.weights.copy()
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
            layer.backward(np.ones((1, 1)), gradient, of_links)
        else:
            _fast.update_parameters(gradient, values, state, of_biases, 1)
    ours = layer.connections.weights if kind == "links" else values
    assert_allclose(ours, theirs, rtol=1e-12)


def test_state_goes_on_only_where_it_fits(rng):
    network = make_network("relu", "softmax", rng, n_states=1)
    links, own = network.states
    for state in (*links, own):
        state[:] = 1.0
    again = alike(network, network.coefs, network.biases)
    again.start_states(1, network.states)
    links, own = again.states
    assert all((state == 1).all() for state in (*links, own))
    again.start_states(2, network.states)  # another solver
    links, own = again.states
    assert all(not state.any() and len(state) == 2 for state in (*links, own))


def test_read_only_arrays_are_copied_before_they_change(rng):
    network = make_network("relu", "softmax", rng)
    coefs, biases = network.coefs, network.biases
    for array in (*(coef.data for coef in coefs), *biases):
        array.flags.writeable = False
    before = [coef.data.copy() for coef in coefs]
    frozen = alike(network, coefs, biases)
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
    assert layer.connections.targets.dtype == layer.connections.indptr.dtype == np.int32
    assert_array_equal(layer.coef.toarray(), messy.toarray())


def test_a_huge_layer_scatters_small_batches(rng, monkeypatch):
    """To the same sums but for rounding, and the same bits for any threads."""
    outs = []
    for huge, n_threads in ((1, 1), (1, 2), (1 << 60, 1)):
        monkeypatch.setattr(sparse_layer, "MANY_CONNECTIONS", huge)
        layer = SparseLayer.random(
            3000, 2000, 40_000, np.random.default_rng(1), np.float32, n_threads
        )
        own = np.random.default_rng(2)
        layer.connections.weights[:] = own.standard_normal(layer.n_connections)
        layer.prepare(np.zeros((0, layer.n_connections), np.float32))
        x = own.standard_normal((3000, 4)).astype(np.float32)
        bias, out = np.ones(2000, np.float32), np.empty((2000, 4), np.float32)
        layer.forward(x, bias, out, 0.0)
        assert (layer._derived.by_target is None) == (huge == 1)
        outs.append(out)
    assert_array_equal(outs[0], outs[1])
    assert_allclose(outs[0], outs[2], rtol=1e-4, atol=1e-4)


def test_a_layer_that_is_only_read_does_without_an_index_for_few_rows(rng):
    layer = SparseLayer.random(30, 20, 100, rng, np.float64)
    for batch, has_index in ((3, False), (40, True), (3, True)):
        x, out = rng.standard_normal((30, batch)), np.empty((20, batch))
        layer.forward(x, np.zeros(20), out)
        assert_allclose(out, layer.coef.toarray().T @ x, rtol=1e-12, atol=1e-12)
        assert (layer._derived.in_target_order is not None) == has_index
