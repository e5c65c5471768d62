"""The standard deviation of the initial weights, by the actual number of connections.

With the fans of the dense layer, activations would vanish with growing sparsity.
"""

import math


def he(fan_in, fan_out):
    """Return the standard deviation of He et al. (2015), for relu and similar ones."""
    return math.sqrt(2.0 / fan_in)


def glorot(fan_in, fan_out):
    """Return the standard deviation of Glorot and Bengio (2010)."""
    return math.sqrt(2.0 / (fan_in + fan_out))


def normal(fan_in, fan_out):
    """Return 0.1 in all cases, as one of the programs of SET's authors does."""
    return 0.1


INITIALIZERS = {"glorot": glorot, "he": he, "normal": normal}


def initializer(name, activation):
    """Return the function that a parameter `init` names.

    Parameters
    ----------
    name : {"auto", "glorot", "he", "normal"}
        "auto" stands for that of the activation.
    activation : Activation
        Of the units that the weights lead to.

    Returns
    -------
    function : callable
        ``function(fan_in, fan_out)`` gives the standard deviation.
    """
    return activation.initializer if name == "auto" else INITIALIZERS[name]
