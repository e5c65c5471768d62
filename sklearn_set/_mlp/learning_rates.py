"""The learning rate of each layer, by the actual number of connections.

Maximal update parametrisation for sparse networks (Dey et al. 2024, "Sparse maximal
update parameterization", arXiv 2405.15743): a step changes the sum of a unit in
proportion to the number of its inputs, so that the rate must fall with that number for
one initial rate to suit layers of all widths and densities.
"""

import numpy as np

# Incoming connections of a unit whose weights have the initial learning rate, and from
# which on the output layer starts with smaller weights.
BASE_FAN_IN = 100


def rate_factor(layer):
    """Return the factor of the learning rate for the weights of a layer.

    Parameters
    ----------
    layer : SparseLayer
        The layer with its present connections.

    Returns
    -------
    factor : float
        100 divided by the mean number of incoming connections of the units that have
        any, at most 100. So it follows an evolution that leaves the connections to few
        units.
    """
    n_units = np.count_nonzero(np.bincount(layer.connections.targets))
    return BASE_FAN_IN / max(layer.n_connections / max(n_units, 1), 1.0)
