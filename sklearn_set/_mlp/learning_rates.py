"""The learning rate of each layer, by the actual number of connections.

Maximal update parametrisation for sparse networks (Dey et al. 2024, "Sparse maximal
update parameterization", arXiv 2405.15743): a step changes the sum of a unit in
proportion to the number of its inputs, so that the rate must fall with that number for
one initial rate to suit layers of all widths and densities.
"""

import math

import numpy as np

# Incoming connections of a unit whose weights have the initial learning rate, and from
# which on the output layer starts with smaller weights.
BASE_FAN_IN = 100


# Units of a hidden layer whose weights have that rate with SGD, too.
BASE_WIDTH = 100


def rate_factors(layers, solver):
    """Return the factors of the learning rate for the weights of all layers.

    They follow an evolution that leaves the connections to few units.

    Parameters
    ----------
    layers : list of SparseLayer
        The layers with their present connections.
    solver : Solver
        With one whose steps are proportional to the gradient, the rates of hidden
        layers grow with the root of their width: the gradient of each unit falls with
        it, as more units share the effect on the outputs.

    Returns
    -------
    factors : list of float
    """
    n_incoming = [np.bincount(layer.connections.targets) for layer in layers]
    factors = [fan_in_factor(n) for n in n_incoming]
    if not solver.is_normalised:
        for i, n in enumerate(n_incoming[:-1]):
            factors[i] *= math.sqrt(max(np.count_nonzero(n), 1) / BASE_WIDTH)
    return factors


def fan_in_factor(n_incoming):
    """Return 100 / the incoming connections of a unit, at most 100.

    That is their mean over the units that have any, or, if it is larger, how many
    others a connection has at its unit, in the mean over the connections: with a few
    units of many connections the mean over the units would be too low for them.

    Parameters
    ----------
    n_incoming : ndarray of shape (n_units,), dtype int
        The number of incoming connections of each unit.
    """
    n_connections = max(int(n_incoming.sum()), 1)
    of_units = n_connections / max(np.count_nonzero(n_incoming), 1)
    of_connections = np.square(n_incoming, dtype=float).sum() / n_connections - 1
    return BASE_FAN_IN / max(of_units, of_connections, 1.0)
