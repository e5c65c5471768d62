"""Solvers: what a gradient does to a parameter.

A solver turns its settings into the coefficients of one step; the kernels apply them to
every link and bias in place. A new one is a class here with `rule`, `n_states` and
`coefficients`, and its arithmetic in `_kernels/solvers.h`, where the fields of a step
and the ids of the solvers are written.
"""

import numpy as np

from sklearn_set._builds import _fast

# A step: the fields of the kernels' SolverStep.
STEP_DTYPE = np.asarray(_fast.empty_step()).dtype


class Solver:
    """What all solvers share.

    Attributes
    ----------
    rule : _fast.Solver
        Names the arithmetic to the kernels.
    n_steps : int
        Number of steps made so far.
    is_decoupled : bool
        Whether the penalty shrinks the weights themselves, not part of the gradient.
    """

    n_steps = 0
    is_decoupled = False

    def steps(self, scale, decay, scale_of_biases=None):
        """Coefficients of the next step along ``scale * gradient + decay * w``.

        Parameters
        ----------
        scale : float
            Factor of the summed gradient; 1 / batch size makes it a mean.
        decay : float
            Strength of the L2 penalty.
        scale_of_biases : float, default=None
            Factor of the biases' gradient; None for the same.

        Returns
        -------
        weight_step, bias_step : ndarray of shape (1,), dtype STEP_DTYPE
            Biases are not penalised.
        """
        self.n_steps += 1
        if self.is_decoupled:
            decay *= self.learning_rate
        if scale_of_biases is None:
            scale_of_biases = scale
        steps = np.zeros(2, dtype=STEP_DTYPE)
        steps["solver"] = self.rule
        for name, value in self.coefficients().items():
            steps[name] = value
        steps["gradient_scale"] = scale, scale_of_biases
        steps["weight_decay"] = decay, 0.0
        return steps[:1], steps[1:]


class SGD(Solver):
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

    rule = _fast.Solver.sgd

    def __init__(self, learning_rate, momentum=0.0, nesterov=False):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov

    @property
    def n_states(self):
        """Number of values kept for each parameter."""
        return 1 if self.momentum else 0

    def coefficients(self):
        """Return the fields of the next step, by name."""
        return {
            "learning_rate": self.learning_rate,
            "momentum": self.momentum,
            "velocity_factor": self.momentum if self.nesterov else 1.0,
            "gradient_factor": self.learning_rate if self.nesterov else 0.0,
        }


class Adam(Solver):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980), as in scikit-learn's AdamOptimizer.

    ``m <- beta_1 m + (1 - beta_1) g``, ``v <- beta_2 v + (1 - beta_2) g ** 2`` and
    ``w <- w - rate_t * m / (sqrt(v) + adam_epsilon)`` with
    ``rate_t = rate * sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)``.

    Parameters
    ----------
    learning_rate : float
        Step size.
    beta_1, beta_2 : float
        Decay rates of the first and of the second moment.
    adam_epsilon : float
        Keeps the division from 0.
    """

    rule = _fast.Solver.adam
    n_states = 2

    def __init__(self, learning_rate, beta_1=0.9, beta_2=0.999, adam_epsilon=1e-8):
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.adam_epsilon = adam_epsilon

    def coefficients(self):
        """Return the fields of the next step, by name."""
        t = self.n_steps
        rate = self.learning_rate * np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return {
            "learning_rate": rate,
            "one_minus_beta_1": 1 - self.beta_1,
            "one_minus_beta_2": 1 - self.beta_2,
            "adam_epsilon": self.adam_epsilon,
        }


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101).

    The penalty stays out of the moments and shrinks the weights themselves:
    ``w <- w - rate * decay * w - rate_t * m / (sqrt(v) + adam_epsilon)``.
    """

    rule = _fast.Solver.adamw
    is_decoupled = True


class RMSprop(Adam):
    """RMSprop (Tieleman and Hinton 2012), corrected for its start at 0 as Adam is.

    ``v <- beta_2 v + (1 - beta_2) g ** 2`` and
    ``w <- w - rate * sqrt(1 - beta_2 ** t) * g / (sqrt(v) + adam_epsilon)``. Without
    the correction the first steps would be ``1 / sqrt(1 - beta_2)`` times too large.

    Parameters
    ----------
    learning_rate : float
        Step size.
    beta_2 : float
        Decay rate of the mean square.
    adam_epsilon : float
        Keeps the division from 0.
    """

    rule = _fast.Solver.rmsprop
    n_states = 1

    def __init__(self, learning_rate, beta_2=0.999, adam_epsilon=1e-8):
        super().__init__(learning_rate, 0.0, beta_2, adam_epsilon)


def waiting_powers(step, n_powers):
    """Say what steps with zero gradient do to a weight and its velocity, if linear.

    Parameters
    ----------
    step : ndarray of shape (1,), dtype STEP_DTYPE
        The solver's coefficients.
    n_powers : int
        How many to compute.

    Returns
    -------
    powers : ndarray of shape (n_powers, 4) or None
        Row m holds the matrix of m steps, by rows, that maps (w, v) to the next; None
        for a rule that is not linear.
    """
    if step["solver"] != SGD.rule:
        return None
    names = "learning_rate", "momentum", "velocity_factor", "gradient_factor"
    rate, momentum, velocity_factor, gradient_factor = (step[name][0] for name in names)
    decay = step["weight_decay"][0]
    one = np.array(
        [[1 - (velocity_factor * rate + gradient_factor) * decay,
          velocity_factor * momentum],
         [-rate * decay, momentum]]
    )  # fmt: skip
    if momentum == 0:  # no velocity is kept
        one = np.array([[1 - rate * decay, 0.0], [0.0, 0.0]])
    powers = np.eye(2)[None]
    while len(powers) < n_powers:  # powers 0 ... n-1, times the n-th
        powers = np.concatenate([powers, powers @ (powers[-1] @ one)])
    return np.ascontiguousarray(powers[:n_powers].reshape(n_powers, 4))


SOLVERS = {
    "adam": lambda own, rate: Adam(rate, own.beta_1, own.beta_2, own.adam_epsilon),
    "adamw": lambda own, rate: AdamW(rate, own.beta_1, own.beta_2, own.adam_epsilon),
    "rmsprop": lambda own, rate: RMSprop(rate, own.beta_2, own.adam_epsilon),
    "sgd": lambda own, rate: SGD(rate, own.momentum, own.nesterovs_momentum),
}


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
