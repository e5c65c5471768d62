"""Activations of the hidden units.

A new one is a class here, entered in ``ACTIVATIONS`` by name. Arrays are feature-major,
(n_units, batch).

A piecewise linear one, ``max(z, 0) + slope * min(z, 0)`` with a slope >= 0, has that
slope and is computed by the kernels in passing. Any other has the slope None. Its
`forward` gets the sums z, writes f(z) to `out`, and leaves in z what its `backward`
wants; that is f'(z), unless it has a `backward` of its own.
"""

import numpy as np
from scipy.special import ndtr

from sklearn_set._builds import _fast
from sklearn_set._initializers import glorot, he

# Elements at a time, so that what is computed on the way stays in the first cache.
BLOCK = 1 << 12


class Identity:
    """``f(z) = z``.

    Parameters
    ----------
    number : int
        Of the hidden layer, counted from 1.
    """

    slope = 1.0
    n_parameters = 0  # learnt ones of each unit
    initializer = staticmethod(glorot)  # of the weights that lead to the units

    def __init__(self, number=1):
        self.number = number

    def start(self, n_units, dtype):
        """Return the first parameters, of shape (n_parameters, n_units)."""
        return np.empty((self.n_parameters, n_units), dtype=dtype)


class Relu(Identity):
    """``f(z) = max(0, z)``."""

    slope = 0.0
    initializer = staticmethod(he)


class LeakyRelu(Relu):
    """``f(z) = z if z > 0 else 0.01 z`` (Maas et al. 2013)."""

    slope = 0.01


class _Computed(Identity):
    """What is not computed by the kernels in passing, block by block of units."""

    slope = None

    def forward(self, z, out, parameters, n_threads):
        """Write f(z) to `out`, and f'(z) to z.

        Parameters
        ----------
        z : ndarray of shape (n_units, batch)
            The sums; on return what `backward` wants.
        out : ndarray of shape (n_units, batch)
            The activations.
        parameters : ndarray of shape (n_parameters, n_units)
            What the units have learnt.
        n_threads : int
            Threads to use.
        """
        step = max(1, BLOCK // max(1, z.shape[1]))
        for first in range(0, z.shape[0], step):
            block = slice(first, first + step)
            self._compute(z[block], out[block])

    def backward(self, z, signal, parameters, n_threads):
        """Multiply the signal by f'(z).

        Parameters
        ----------
        z : ndarray of shape (n_units, batch)
            As `forward` has left it.
        signal : ndarray of shape (n_units, batch)
            The loss's gradient after the units; on return that before them.
        parameters : ndarray of shape (n_parameters, n_units)
            As for `forward`.
        n_threads : int
            Threads to use.

        Returns
        -------
        gradient : ndarray of shape (n_parameters, n_units) or None
            Of the parameters; None if there are none.
        """
        signal *= z


class Logistic(_Computed):
    """``f(z) = 1 / (1 + exp(-z))``."""

    def _compute(self, z, out):
        out[:] = z
        _fast.logistic(out.ravel())
        np.subtract(1, out, out=z)
        z *= out


class Tanh(_Computed):
    """``f(z) = tanh(z)``."""

    def _compute(self, z, out):
        np.tanh(z, out=out)
        np.multiply(out, out, out=z)
        np.subtract(1, z, out=z)


class Elu(_Computed, Relu):
    """``f(z) = z if z > 0 else exp(z) - 1`` (Clevert et al. 2016)."""

    def _compute(self, z, out):
        np.minimum(z, 0, out=out)
        np.expm1(out, out=out)
        slope = out + 1  # exp(z), or 1 where z > 0
        out += np.maximum(z, 0)
        z[:] = slope


class Silu(_Computed, Relu):
    """``f(z) = z / (1 + exp(-z))`` (Elfwing et al. 2018), also called swish."""

    def _compute(self, z, out):
        s = z.copy()
        _fast.logistic(s.ravel())
        np.multiply(z, s, out=out)
        np.multiply(out, 1 - s, out=z)  # f' = s + f (1 - s)
        z += s


class Gelu(_Computed, Relu):
    """``f(z) = z P(Z <= z)`` for a standard normal Z (Hendrycks and Gimpel 2016)."""

    def _compute(self, z, out):
        chance = ndtr(z)
        np.multiply(z, chance, out=out)
        density = np.exp(-0.5 * z * z)
        density *= 1 / np.sqrt(2 * np.pi)
        z *= density  # f' = P + z p
        z += chance


class AllRelu(_Computed, Relu):
    """``f(z) = z if z > 0 else a z`` (Curci et al. 2021, arXiv 2102.01732).

    a is 0.6 in the first, third, ... hidden layer and -0.6 in the others.
    """

    MAGNITUDE = 0.6

    def __init__(self, number=1):
        super().__init__(number)
        self.slope = self.MAGNITUDE if number % 2 else None

    def _compute(self, z, out):
        is_positive = z > 0
        np.multiply(z, -self.MAGNITUDE, out=out)
        np.copyto(out, z, where=is_positive)
        z[:] = np.where(is_positive, 1.0, -self.MAGNITUDE)


class SRelu(_Computed, Relu):
    """S-shaped rectified linear unit with learnt parameters (Jin et al. 2016).

    ``f(z) = t_l + a_l (z - t_l)`` for z <= t_l, ``t_r + a_r (z - t_r)`` for z >= t_r,
    and z between. It starts as a leaky relu.
    """

    n_parameters = 4
    FIRST = (0.0, 0.2, 1.0, 1.0)  # t_l, a_l, t_r, a_r

    def start(self, n_units, dtype):
        """Return the first parameters, of shape (n_parameters, n_units)."""
        return np.repeat(np.array(self.FIRST, dtype=dtype)[:, None], n_units, axis=1)

    def forward(self, z, out, parameters, n_threads):
        """Write f(z) to `out`; z stays as it is."""
        _fast.srelu_forward(z, parameters, out, n_threads)

    def backward(self, z, signal, parameters, n_threads):
        """Multiply the signal by f'(z), and return the gradient of the parameters."""
        gradient = np.empty_like(parameters)
        _fast.srelu_backward(z, parameters, signal, gradient, n_threads)
        return gradient


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
