"""The standard deviation of the initial weights, by the actual number of connections.

With the fans of the dense layer, activations would vanish with growing sparsity.
"""

import math

from sklearn_set._mlp.learning_rates import BASE_FAN_IN


def he(fan_in, fan_out):
    """Return the standard deviation of He et al. (2015), for relu and similar ones."""
    return math.sqrt(2.0 / fan_in)


def glorot(fan_in, fan_out):
    """Return the standard deviation of Glorot and Bengio (2010)."""
    return math.sqrt(2.0 / (fan_in + fan_out))


def normal(fan_in, fan_out):
    """Return 0.1 in all cases, as one of the programs of SET's authors does."""
    return 0.1


def for_outputs(std):
    """Return the standard deviation of the output layer's weights.

    It falls with the number of inputs, and not with its root, from 100 on: maximal
    update parametrisation (Yang et al. 2021, arXiv 2203.03466, table 3). So the first
    outputs, which are random, do not keep the hidden layers from learning.

    Parameters
    ----------
    std : callable
        ``std(fan_in, fan_out)`` gives that of a hidden layer.

    Returns
    -------
    std : callable
        Of the same kind.
    """

    def smaller(fan_in, fan_out):
        return std(fan_in, fan_out) * math.sqrt(BASE_FAN_IN / max(fan_in, BASE_FAN_IN))

    return smaller


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
