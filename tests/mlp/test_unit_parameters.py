"""Biases and the learned parameters of activations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_set._layers.solvers import SGD
from sklearn_set._mlp.unit_parameters import UnitParameters


@pytest.fixture
def arrays(rng):
    """Biases of two layers, and the parameters of one with and one without any."""
    biases = [rng.standard_normal(n) for n in (3, 2)]
    return biases, [rng.standard_normal((4, 3)), np.empty((0, 2))]


def test_one_step_moves_all_along_their_gradients(arrays, rng):
    biases, parameters = arrays
    units = UnitParameters(biases, parameters, n_states=0)
    gradients = []
    for gradient in (*units.bias_gradients, *units.parameter_gradients):
        gradient[:] = rng.standard_normal(gradient.shape)
        gradients.append(gradient.copy())
    _, step = SGD(0.5).steps(0.1, 0.7)  # neither is penalized
    units.move(step, n_threads=1)
    new = (*units.biases, *units.parameters)
    for old, now, gradient in zip((*biases, *parameters), new, gradients, strict=True):
        assert now.shape == old.shape
        assert_allclose(now, old - 0.5 * 0.1 * gradient)


def test_given_arrays_are_copied(arrays):
    units = UnitParameters(*arrays, n_states=1)
    units.biases[0][:] = 7
    assert not (arrays[0][0] == 7).any()


def test_state_continues_where_it_fits(arrays):
    first = UnitParameters(*arrays, n_states=2)
    first.state[:] = 1
    again = UnitParameters(*arrays, n_states=2, state=first.state)
    assert again.state is first.state
    other = UnitParameters(*arrays, n_states=1, state=first.state)
    assert other.state.shape == (1, 3 + 2 + 4 * 3) and not other.state.any()


def test_restore_resets_values_and_state(arrays):
    units = UnitParameters(*arrays, n_states=1)
    snapshot = units.snapshot()
    for array in (*units.biases, *units.parameters, units.state):
        array[:] = 5
    units.restore(snapshot)
    for old, now in zip(arrays[0], units.biases, strict=True):
        assert_array_equal(now, old)
    assert_array_equal(units.parameters[0], arrays[1][0])
    assert not units.state.any()
