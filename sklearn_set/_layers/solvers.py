"""Solvers: what a gradient does to a learned value.

A solver turns its settings into the coefficients of one step, which the kernels apply
to all weights and biases in place. A new one is a class here with `rule`, `n_states`,
`coefficients` and `from_estimator`, entered in ``SOLVERS``, and a function in
``_kernels/solvers.h``, which defines the ids of solvers and the fields of a step.
"""

import math

import numpy as np

from sklearn_set._kernels.builds import _fast

# The fields of the kernels' SolverStep.
STEP_DTYPE = np.asarray(_fast.empty_step()).dtype

# Those that a factor of the learning rate multiplies.
RATES = {"learning_rate", "gradient_factor"}


class Solver:
    """Base of all solvers.

    Attributes
    ----------
    rule : _fast.Solver
        Identifies the kernels' function.
    n_steps : int
        Number of steps made so far.
    is_decoupled : bool
        Whether the penalty shrinks the weights directly, instead of being part of the
        gradient.
    is_normalised : bool
        Whether the length of a step does not depend on that of the gradient.
    """

    n_steps = 0
    _setting = None  # of the steps that have been allocated
    is_decoupled = False
    is_normalised = False

    def steps(self, scale, decay, bias_scale=None, rate_factors=(1.0,)):
        """Return the next step, along ``scale * gradient + decay * w``.

        Parameters
        ----------
        scale : float
            Factor of the summed gradient; 1 / batch size turns it into a mean.
        decay : float
            Strength of the L2 penalty.
        bias_scale : float, default=None
            Factor of the biases' gradient; None for `scale`.
        rate_factors : sequence of float, default=(1.0,)
            Factor of the learning rate for the weights of each layer.

        Returns
        -------
        *weight_steps, bias_step : ndarray of shape (1,), dtype STEP_DTYPE
            One for each factor, overwritten by the next call. Biases have the factor 1
            and are not penalised.
        """
        self.n_steps += 1
        setting = scale, decay, bias_scale, tuple(rate_factors)
        if setting != self._setting:
            self._prepare(*setting)
            self._setting = setting
        steps = self._steps
        for name, value in self.coefficients().items():
            steps[name] = value * self._factors if name in RATES else value
        if self.is_decoupled:
            steps["weight_decay"][:-1] = decay * self.learning_rate * self._factors[:-1]
        return self._parts

    def _prepare(self, scale, decay, bias_scale, rate_factors):
        """Allocate the steps, with the fields that most calls leave as they are."""
        self._factors = np.array([*rate_factors, 1.0])
        n = self._factors.size
        self._steps = np.zeros(n, dtype=STEP_DTYPE)
        self._steps["solver"] = self.rule
        self._steps["gradient_scale"] = scale
        if bias_scale is not None:
            self._steps["gradient_scale"][-1] = bias_scale
        self._steps["weight_decay"][:-1] = decay
        self._parts = [self._steps[i : i + 1] for i in range(n)]


class SGD(Solver):
    """Stochastic gradient descent with momentum, as in scikit-learn's ``SGDOptimizer``.

    ``v <- momentum * v - rate * g`` and ``w <- w + v``; with Nesterov's momentum
    ``w <- w + momentum * v - rate * g``.

    Parameters
    ----------
    learning_rate : float
        Step size.
    momentum : float, default=0.0
        Momentum; with 0 no velocity is kept.
    nesterov : bool, default=False
        Whether to use Nesterov's momentum.
    """

    rule = _fast.Solver.sgd

    def __init__(self, learning_rate, momentum=0.0, nesterov=False):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov

    @classmethod
    def from_estimator(cls, estimator, learning_rate):
        """Return the solver with the parameters of an estimator."""
        return cls(learning_rate, estimator.momentum, estimator.nesterovs_momentum)

    @property
    def n_states(self):
        """Number of values that the solver keeps for each learned value."""
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
        Value for numerical stability of the division.
    """

    rule = _fast.Solver.adam
    n_states = 2
    is_normalised = True

    def __init__(self, learning_rate, beta_1=0.9, beta_2=0.999, adam_epsilon=1e-8):
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.adam_epsilon = adam_epsilon

    @classmethod
    def from_estimator(cls, estimator, learning_rate):
        """Return the solver with the parameters of an estimator."""
        betas = estimator.beta_1, estimator.beta_2
        return cls(learning_rate, *betas, estimator.adam_epsilon)

    def coefficients(self):
        """Return the fields of the next step, by name."""
        t = self.n_steps
        correction = math.sqrt(1 - self.beta_2**t)  # not by NumPy, which is slow here
        rate = self.learning_rate * correction / (1 - self.beta_1**t)
        return {
            "learning_rate": rate,
            "one_minus_beta_1": 1 - self.beta_1,
            "one_minus_beta_2": 1 - self.beta_2,
            "adam_epsilon": self.adam_epsilon,
        }


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101).

    The penalty is not part of the moments; it shrinks the weights directly:
    ``w <- w - rate * decay * w - rate_t * m / (sqrt(v) + adam_epsilon)``.
    """

    rule = _fast.Solver.adamw
    is_decoupled = True


class RMSprop(Adam):
    """RMSprop (Tieleman and Hinton 2012), with Adam's bias correction.

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
        Value for numerical stability of the division.
    """

    rule = _fast.Solver.rmsprop
    n_states = 1

    def __init__(self, learning_rate, beta_2=0.999, adam_epsilon=1e-8):
        super().__init__(learning_rate, 0.0, beta_2, adam_epsilon)

    @classmethod
    def from_estimator(cls, estimator, learning_rate):
        """Return the solver with the parameters of an estimator."""
        return cls(learning_rate, estimator.beta_2, estimator.adam_epsilon)


def zero_gradient_powers(step, n_powers):
    """Compute what steps with zero gradient do to weight and velocity: linear maps.

    Parameters
    ----------
    step : ndarray of shape (1,), dtype STEP_DTYPE
        The solver's step.
    n_powers : int
        Number of powers.

    Returns
    -------
    powers : ndarray of shape (n_powers, 4) or None
        Row m holds the matrix of m steps, row by row, that maps (w, v) to the result;
        None for a solver that is not linear.
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
    if momentum == 0:  # there is no velocity
        one = np.array([[1 - rate * decay, 0.0], [0.0, 0.0]])
    powers = np.eye(2)[None]
    while len(powers) < n_powers:  # powers 0 ... n-1, times the n-th
        powers = np.concatenate([powers, powers @ (powers[-1] @ one)])
    return np.ascontiguousarray(powers[:n_powers].reshape(n_powers, 4))


SOLVERS = {"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "sgd": SGD}


def start_state(values, n_states, previous=None):
    """Return the initial state of a solver.

    Parameters
    ----------
    values : ndarray of shape (n,)
        The learned values.
    n_states : int
        Number of values that the solver keeps for each learned value.
    previous : ndarray, default=None
        State to continue from, if it has the right shape and dtype.

    Returns
    -------
    state : ndarray of shape (n_states, n)
        `previous` itself if it can be used, or else zeros.
    """
    shape = (n_states, values.size)
    if previous is None or previous.shape != shape or previous.dtype != values.dtype:
        return np.zeros(shape, dtype=values.dtype)
    return np.require(previous, requirements="W")
