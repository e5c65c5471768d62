"""The scale of first weights, by the links that a unit really has.

By the number of units instead, signals would die with the sparsity.
"""

import math


def he(fan_in, fan_out):
    """Return the standard deviation of He et al. (2015), for relu and its kin."""
    return math.sqrt(2.0 / fan_in)


def glorot(fan_in, fan_out):
    """Return the standard deviation of Glorot and Bengio (2010)."""
    return math.sqrt(2.0 / (fan_in + fan_out))


def normal(fan_in, fan_out):
    """Return 0.1 whatever the links, as one of the programs of SET's authors does."""
    return 0.1


INITIALIZERS = {"glorot": glorot, "he": he, "normal": normal}


def initializer(name, activation):
    """Return the function that a parameter `init` names.

    Parameters
    ----------
    name : {"auto", "glorot", "he", "normal"}
        "auto" leaves it to the activation.
    activation : Activation
        Of the units that the weights lead to.

    Returns
    -------
    function : callable
        ``function(fan_in, fan_out)`` gives the standard deviation.
    """
    return activation.initializer if name == "auto" else INITIALIZERS[name]
