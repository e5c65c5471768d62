"""The network: forward pass, gradients, snapshots and the solver's state."""

import copy

import numpy as np
import pytest
from helpers.networks import (
    ACTIVATION_DEFINITIONS,
    N_UNITS,
    assert_gradient,
    make_network,
    make_targets,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from sklearn_set._layers.solvers import SGD, Adam
from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._mlp.network import Network
from sklearn_set.evolution import SET, EvolutionContext


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_forward_is_a_dense_forward_pass(activation, rng):
    network = make_network(activation, "softmax", rng)
    a = x = rng.standard_normal((N_UNITS[0], 5))
    for i, (coef, bias) in enumerate(zip(network.coefs, network.biases, strict=True)):
        a = coef.toarray().T @ a + bias[:, None]
        a = ACTIVATION_DEFINITIONS[activation](a, i) if i < 2 else softmax(a, axis=0)
    assert_allclose(network.outputs(x), a, rtol=1e-12)


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


def test_restore_resets_everything_to_the_snapshot(rng):
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets("softmax", 5, rng)
    network, solver = make_network("srelu", "softmax", rng, n_states=2), Adam(0.1)
    network.learn(x, y, solver, 0.0)
    snapshot, first = network.snapshot(), network.outputs(x).copy()
    states = copy.deepcopy(network.states)
    SET().evolve(network.layers, EvolutionContext(0.3, 1, 0.0, rng))
    network.learn(x, y, solver, 0.0)
    assert not np.array_equal(network.outputs(x), first)
    network.restore(snapshot)
    assert_array_equal(network.outputs(x), first)
    for a, b in zip(flat(states), flat(network.states), strict=True):
        assert_array_equal(a, b)


def flat(states):
    """Return all arrays of the solver's state in one list."""
    weight_states, unit_state = states
    return [*weight_states, unit_state]


def network_over(network, coefs, biases):
    """Another network of the same kind over these arrays."""
    return Network.from_coefs(
        coefs, biases, network.activations, network.parameters, network.loss, 5, 1
    )


def test_solver_state_continues_only_where_it_fits(rng):
    network = make_network("relu", "softmax", rng, n_states=1)
    for state in flat(network.states):
        state[:] = 1.0
    again = network_over(network, network.coefs, network.biases)
    again.start_states(1, network.states)
    assert all((state == 1).all() for state in flat(again.states))
    again.start_states(2, network.states)  # another solver
    for state in flat(again.states):
        assert not state.any() and len(state) == 2


def test_read_only_arrays_are_copied_before_they_change(rng):
    network = make_network("relu", "softmax", rng)
    coefs, biases = network.coefs, network.biases
    for array in (*(coef.data for coef in coefs), *biases):
        array.flags.writeable = False
    before = [coef.data.copy() for coef in coefs]
    frozen = network_over(network, coefs, biases)
    x, y = rng.standard_normal((N_UNITS[0], 5)), make_targets("softmax", 5, rng)
    frozen.outputs(x)
    frozen.start_states(0)
    frozen.learn(x, y, SGD(0.1), 0.0)
    for coef, old in zip(coefs, before, strict=True):
        assert_array_equal(coef.data, old)
    assert not np.array_equal(frozen.coefs[0].data, before[0])
