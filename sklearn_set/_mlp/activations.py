"""Activations of the hidden units.

A new one is a class here, entered in ``ACTIVATIONS`` by name. Arrays are feature-major,
(n_units, batch).

A piecewise linear activation ``max(z, 0) + negative_slope * min(z, 0)`` with a slope
>= 0 is fused: the kernels compute it together with the weighted sums. Any other sets
``negative_slope = None``. Its `forward` gets the sums z, writes f(z) to `out`, and
leaves in z what its `backward` needs; that is f'(z), unless it overrides `backward`.
A function of the sums alone is a `_Curve`, computed by a kernel; or it has a method
``_compute(z, out)`` that does the same in NumPy, on one thread.
"""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._mlp.initializers import glorot, he

# Elements that are computed at a time, so that intermediate results stay in the L1
# cache.
BLOCK = 1 << 12


class Activation:
    """Base of all activations, and the identity: ``f(z) = z``.

    Parameters
    ----------
    number : int, default=1
        Of the hidden layer, counted from 1.
    """

    negative_slope = 1.0  # None if it is not fused
    n_parameters = 0  # learned parameters of each unit
    initializer = staticmethod(glorot)  # of the weights that lead to the units

    def __init__(self, number=1):
        self.number = number

    @property
    def is_fused(self):
        """Whether the kernels compute it together with the weighted sums."""
        return self.negative_slope is not None

    def start(self, n_units, dtype):
        """Return the initial parameters, of shape (n_parameters, n_units)."""
        return np.empty((self.n_parameters, n_units), dtype=dtype)

    def forward(self, z, out, parameters, n_threads):
        """Write f(z) to `out`, and f'(z) to z, block by block of units.

        Parameters
        ----------
        z : ndarray of shape (n_units, batch)
            The sums; on return what `backward` needs.
        out : ndarray of shape (n_units, batch)
            The activations.
        parameters : ndarray of shape (n_parameters, n_units)
            The learned parameters.
        n_threads : int
            Threads to use.
        """
        step = max(1, BLOCK // max(1, z.shape[1]))
        for first in range(0, z.shape[0], step):
            block = slice(first, first + step)
            self._compute(z[block], out[block])

    def backward(self, z, gradient, parameters, n_threads):
        """Multiply the gradient by f'(z).

        Parameters
        ----------
        z : ndarray of shape (n_units, batch)
            As `forward` has left it.
        gradient : ndarray of shape (n_units, batch)
            The loss's gradient with respect to the activations; on return that with
            respect to the sums.
        parameters : ndarray of shape (n_parameters, n_units)
            As for `forward`.
        n_threads : int
            Threads to use.

        Returns
        -------
        parameter_gradient : ndarray of shape (n_parameters, n_units) or None
            None if there are no parameters.
        """
        _fast.scale(gradient.ravel(), z.ravel(), n_threads)


class Identity(Activation):
    """``f(z) = z``."""


class Relu(Activation):
    """``f(z) = max(0, z)``."""

    negative_slope = 0.0
    initializer = staticmethod(he)


class LeakyRelu(Relu):
    """``f(z) = z if z > 0 else 0.01 z`` (Maas et al. 2013)."""

    negative_slope = 0.01


class _Curve(Activation):
    """An activation that is computed by a kernel, with its derivative."""

    curve = None  # its name there
    slope_below_0 = 0.0  # for the kernel of all_relu
    negative_slope = None

    def forward(self, z, out, parameters, n_threads):
        """Write f(z) to `out`, and f'(z) to z."""
        curve, slope = _fast.CURVES[self.curve], self.slope_below_0
        _fast.activate(z.ravel(), out.ravel(), curve, slope, n_threads)


class Logistic(_Curve):
    """``f(z) = 1 / (1 + exp(-z))``."""

    curve = "logistic"


class Tanh(_Curve):
    """``f(z) = tanh(z)``."""

    curve = "tanh"


class Elu(_Curve):
    """``f(z) = z if z > 0 else exp(z) - 1`` (Clevert et al. 2016)."""

    curve = "elu"
    initializer = staticmethod(he)


class Silu(_Curve):
    """``f(z) = z / (1 + exp(-z))`` (Elfwing et al. 2018), also called swish."""

    curve = "silu"
    initializer = staticmethod(he)


class Gelu(_Curve):
    """``f(z) = z P(Z <= z)`` for a standard normal Z (Hendrycks and Gimpel 2016)."""

    curve = "gelu"
    initializer = staticmethod(he)


class AllRelu(_Curve):
    """``f(z) = z if z > 0 else a z`` (Curci et al. 2021, arXiv 2102.01732).

    a is 0.6 in the first, third, ... hidden layer, where it is fused, and -0.6 in the
    others.
    """

    MAGNITUDE = 0.6
    curve = "all_relu"
    slope_below_0 = -MAGNITUDE
    initializer = staticmethod(he)

    def __init__(self, number=1):
        super().__init__(number)
        self.negative_slope = self.MAGNITUDE if number % 2 else None


class SRelu(Activation):
    """S-shaped rectified linear unit with learned parameters (Jin et al. 2016).

    ``f(z) = t_l + a_l (z - t_l)`` for z <= t_l, ``t_r + a_r (z - t_r)`` for z >= t_r,
    and z between. It starts as a leaky relu.
    """

    negative_slope = None
    n_parameters = 4
    initializer = staticmethod(he)
    INITIAL = (0.0, 0.2, 1.0, 1.0)  # t_l, a_l, t_r, a_r

    def start(self, n_units, dtype):
        """Return the initial parameters, of shape (n_parameters, n_units)."""
        return np.repeat(np.array(self.INITIAL, dtype=dtype)[:, None], n_units, axis=1)

    def forward(self, z, out, parameters, n_threads):
        """Write f(z) to `out`; z is unchanged."""
        _fast.srelu_forward(z, parameters, out, n_threads)

    def backward(self, z, gradient, parameters, n_threads):
        """Multiply the gradient by f'(z), and return that of the parameters."""
        parameter_gradient = np.empty_like(parameters)
        _fast.srelu_backward(z, parameters, gradient, parameter_gradient, n_threads)
        return parameter_gradient


ACTIVATIONS = {
    "all_relu": AllRelu,
    "elu": Elu,
    "gelu": Gelu,
    "identity": Identity,
    "leaky_relu": LeakyRelu,
    "logistic": Logistic,
    "relu": Relu,
    "silu": Silu,
    "srelu": SRelu,
    "tanh": Tanh,
}
