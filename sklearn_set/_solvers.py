"""Solvers: what a gradient does to a parameter.

A solver turns its settings into the coefficients of one step; `_fast.pyx` applies them
to every link and bias in place.
"""

import numpy as np


class SGD:
    """Stochastic gradient descent with momentum, as in scikit-learn's ``SGDOptimizer``.

    ``v <- momentum * v - rate * g`` and ``w <- w + v``; with Nesterov's momentum
    ``w <- w + momentum * v - rate * g``.

    Parameters
    ----------
    learning_rate : float
        Step size.
    momentum : float, default=0.0
        Share of the last step that is kept; 0 keeps no velocity at all.
    nesterov : bool, default=False
        Whether to use Nesterov's momentum.
    """

    def __init__(self, learning_rate, momentum=0.0, nesterov=False):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov

    @property
    def n_states(self):
        """Number of values kept for each parameter."""
        return 1 if self.momentum else 0

    def step(self, scale, decay):
        """Coefficients of a step along ``scale * gradient + decay * w``.

        Parameters
        ----------
        scale : float
            Factor of the summed gradient; 1 / batch size makes it a mean.
        decay : float
            Strength of the L2 penalty.

        Returns
        -------
        coefficients : ndarray of shape (6,), dtype float64
        """
        ahead, now = (
            (self.momentum, self.learning_rate) if self.nesterov else (1.0, 0.0)
        )
        return np.array([self.learning_rate, self.momentum, ahead, now, scale, decay])


SOLVERS = {"sgd": SGD}


def start_state(values, n_states, previous=None):
    """State of a solver for parameters that are about to be learnt.

    Parameters
    ----------
    values : ndarray of shape (n,)
        The parameters.
    n_states : int
        Number of values that the solver keeps for each.
    previous : ndarray, default=None
        State to go on from, if it is of the right shape.

    Returns
    -------
    state : ndarray of shape (n_states, n)
        `previous` itself where it is fit for use, zeros otherwise.
    """
    shape = (n_states, values.size)
    if previous is None or previous.shape != shape or previous.dtype != values.dtype:
        return np.zeros(shape, dtype=values.dtype)
    return np.require(previous, requirements="W")
