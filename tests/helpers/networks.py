"""Small networks, the definitions of losses and activations, and numeric gradients."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit, xlogy
from scipy.stats import norm

from sklearn_set._layers.solvers import SGD
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set._mlp.dropout import NO_DROPOUT
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._mlp.network import Network

N_UNITS = [7, 9, 8, 4]
TARGETS = {
    "absolute_error": lambda rng, shape: rng.standard_normal(shape),
    "huber": lambda rng, shape: rng.standard_normal(shape),
    "quantile": lambda rng, shape: rng.standard_normal(shape),
    "logistic": lambda rng, shape: rng.integers(2, size=shape).astype(bool),
    "poisson": lambda rng, shape: rng.poisson(2.0, shape).astype(float),
    "softmax": lambda rng, shape: (
        np.eye(shape[0], dtype=bool)[rng.integers(shape[0], size=shape[1])].T
    ),
    "squared_error": lambda rng, shape: rng.standard_normal(shape),
}
# The losses of each output p, by their definitions.
LOSS_DEFINITIONS = {
    "absolute_error": lambda p, y: abs(p - y),
    "huber": lambda p, y: np.where(
        abs(p - y) <= 1, 0.5 * (p - y) ** 2, abs(p - y) - 0.5
    ),
    "logistic": lambda p, y: -np.log(np.where(y, p, 1 - p)),
    "poisson": lambda p, y: xlogy(y, y / p) - y + p,
    "quantile": lambda p, y: 0.5 * abs(p - y),
    "softmax": lambda p, y: -np.log(np.where(y, p, 1)),
    "squared_error": lambda p, y: 0.5 * (p - y) ** 2,
}
# The activations of sums z in the hidden layer i, counted from 0.
ACTIVATION_DEFINITIONS = {
    "all_relu": lambda z, i: np.where(z > 0, z, (0.6 if i % 2 == 0 else -0.6) * z),
    "elu": lambda z, i: np.where(z > 0, z, np.exp(z) - 1),
    "gelu": lambda z, i: z * norm.cdf(z),
    "identity": lambda z, i: z,
    "leaky_relu": lambda z, i: np.where(z > 0, z, 0.01 * z),
    "logistic": lambda z, i: expit(z),
    "relu": lambda z, i: np.maximum(z, 0),
    "silu": lambda z, i: z * expit(z),
    "srelu": lambda z, i: np.where(z > 0, z, 0.2 * z),  # with initial parameters
    "tanh": lambda z, i: np.tanh(z),
}


def make_network(activation, loss, rng, n_states=0, batch=5):
    """Return a network of two hidden layers with random weights and biases."""
    coefs, biases = [], []
    for n_in, n_out in pairwise(N_UNITS):
        layer = SparseLayer.random(n_in, n_out, n_in * n_out // 2, rng, np.float64)
        layer.connections.weights[:] = 0.5 * rng.standard_normal(layer.n_connections)
        coefs.append(layer.coef)
        biases.append(rng.standard_normal(n_out))
    activations = [ACTIVATIONS[activation](i) for i in (1, 2)]
    parameters = [
        function.start(n, np.float64)
        for function, n in zip(activations, N_UNITS[1:-1], strict=True)
    ]
    network = Network.from_coefs(
        coefs, biases, activations, parameters, LOSSES[loss](), batch, n_threads=1
    )
    network.start_states(n_states)
    return network


def make_targets(loss, batch, rng):
    """Return random targets of a batch."""
    return TARGETS[loss](rng, (N_UNITS[-1], batch))


def mean_loss(network, loss, x, y, alpha, weights, dropout=NO_DROPOUT):
    """Compute the loss by its definition from the outputs."""
    p = network.forward(x.copy(), dropout)
    network.loss.activate(p)
    total = LOSS_DEFINITIONS[loss](p, y).sum(axis=0) @ weights
    squares = sum(np.square(coef.data).sum() for coef in network.coefs)
    return total / weights.sum() + 0.5 * alpha * squares / weights.size


def assert_gradient(network, loss, x, y, alpha=0.0, weights=None, dropout=NO_DROPOUT):
    """Each weight, bias and parameter against central differences, to 1e-6."""
    parameters = [coef.data for coef in network.coefs] + network.biases
    parameters += [values.reshape(-1) for values in network.parameters if values.size]
    sample_weights = np.ones(x.shape[1]) if weights is None else weights

    def loss_now():
        return mean_loss(network, loss, x, y, alpha, sample_weights, dropout)

    numeric = [differences(loss_now, values) for values in parameters]
    before = [values.copy() for values in parameters]
    expected = loss_now()
    # One plain step with rate 1 changes each parameter by its gradient.
    found = network.learn(x.copy(), y, SGD(1.0), alpha, weights, dropout)
    assert found == pytest.approx(expected)
    for old, new, gradient in zip(before, parameters, numeric, strict=True):
        error = np.linalg.norm(old - new - gradient)
        assert error < 1e-6 * max(np.linalg.norm(gradient), 1e-3)


def differences(function, values, step=1e-5):
    """Return the central differences of ``function()`` as each value is changed."""
    out = np.empty_like(values)
    for k, value in enumerate(values):
        ends = []
        for end in (value + step, value - step):
            values[k] = end
            ends.append(function())
        values[k] = value
        out[k] = (ends[0] - ends[1]) / (2 * step)
    return out
