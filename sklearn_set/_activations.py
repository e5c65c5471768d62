"""Activations of the hidden units.

A new one is a class with `forward`, `backward` and `initial_std`, entered in
``ACTIVATIONS`` by name. Both passes work in place on feature-major arrays, and the
backward pass sees the activations only, not what they were computed from.
"""

import numpy as np
from scipy.special import expit


class Identity:
    """``f(x) = x``."""

    @staticmethod
    def forward(z):
        """Replace the inputs by the activations."""

    @staticmethod
    def backward(a, signal):
        """Multiply the signal by the derivative at activations `a`."""

    @staticmethod
    def initial_std(fan_in, fan_out):
        """Return the standard deviation of first weights (Glorot and Bengio, 2010)."""
        return np.sqrt(2.0 / (fan_in + fan_out))


class Logistic(Identity):
    """``f(x) = 1 / (1 + exp(-x))``."""

    @staticmethod
    def forward(z):
        """Replace the inputs by the activations."""
        expit(z, out=z)

    @staticmethod
    def backward(a, signal):
        """Multiply the signal by ``a (1 - a)``."""
        signal *= a
        signal *= 1 - a


class Tanh(Identity):
    """``f(x) = tanh(x)``."""

    @staticmethod
    def forward(z):
        """Replace the inputs by the activations."""
        np.tanh(z, out=z)

    @staticmethod
    def backward(a, signal):
        """Multiply the signal by ``1 - a ** 2``."""
        signal *= 1 - a * a


class Relu(Identity):
    """``f(x) = max(0, x)``."""

    @staticmethod
    def forward(z):
        """Replace the inputs by the activations."""
        np.maximum(z, 0, out=z)

    @staticmethod
    def backward(a, signal):
        """Pass the signal where the unit is active."""
        np.copyto(signal, 0, where=a <= 0)

    @staticmethod
    def initial_std(fan_in, fan_out):
        """Return the standard deviation of first weights (He et al., 2015)."""
        return np.sqrt(2.0 / fan_in)


ACTIVATIONS = {
    "identity": Identity,
    "logistic": Logistic,
    "relu": Relu,
    "tanh": Tanh,
}
