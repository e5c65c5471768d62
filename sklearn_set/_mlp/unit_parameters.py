"""Biases and the learned parameters of activations."""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.solvers import start_state


class UnitParameters:
    """Biases and the parameters of activations, in one array that one step moves.

    Parameters
    ----------
    biases : list of ndarray of shape (n_out,)
        One for each layer; copied.
    parameters : list of ndarray of shape (n_parameters, n_units)
        One for each hidden layer; copied.
    n_states : int
        Number of values that the solver keeps for each parameter.
    state : ndarray of shape (n_states, n), default=None
        The solver's state to continue from, if it fits; otherwise it starts at 0.

    Attributes
    ----------
    biases, parameters : list of ndarray
        Views of the array.
    bias_gradients, parameter_gradients : list of ndarray
        Views of the gradient, which is written before each step.
    state : ndarray of shape (n_states, n)
        The solver's state.
    """

    def __init__(self, biases, parameters, n_states, state=None):
        arrays = [*biases, *parameters]
        self._values = np.concatenate([array.ravel() for array in arrays])
        self._gradient = np.zeros_like(self._values)
        self.state = start_state(self._values, n_states, state)
        views, gradients = _views(arrays, self._values), _views(arrays, self._gradient)
        n = len(biases)
        self.biases, self.parameters = views[:n], views[n:]
        self.bias_gradients, self.parameter_gradients = gradients[:n], gradients[n:]

    def move(self, step, n_threads):
        """Make one step of the solver along the gradient.

        Parameters
        ----------
        step : ndarray of shape (1,), dtype STEP_DTYPE
            The solver's step.
        n_threads : int
            Threads to use.
        """
        gradient = self._gradient[:, None]
        _fast.update_parameters(gradient, self._values, self.state, step, n_threads)

    def snapshot(self):
        """Return copies of all that steps change."""
        return self._values.copy(), self.state.copy()

    def restore(self, snapshot):
        """Go back to a snapshot."""
        self._values[:], self.state[:] = snapshot


def _views(arrays, flat):
    """Return views of a flat array in the shapes of others, one after the other."""
    ends = np.cumsum([array.size for array in arrays])
    parts = np.split(flat, ends[:-1])
    return [part.reshape(a.shape) for part, a in zip(parts, arrays, strict=True)]
