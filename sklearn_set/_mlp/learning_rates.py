"""The learning rate of each layer, by the actual number of connections.

Maximal update parametrisation for sparse networks (Dey et al. 2024, "Sparse maximal
update parameterization", arXiv 2405.15743): a step changes the sum of a unit in
proportion to the number of its inputs, so that the rate must fall with that number for
one initial rate to suit layers of all widths and densities.
"""

# Incoming connections of a unit whose weights have the initial learning rate.
BASE_FAN_IN = 100


def rate_factor(layer):
    """Return the factor of the learning rate for the weights of a layer.

    Parameters
    ----------
    layer : SparseLayer
        The layer as training begins.

    Returns
    -------
    factor : float
        100 divided by the mean number of incoming connections, at most 100.
    """
    return BASE_FAN_IN / max(layer.n_connections / layer.n_out, 1.0)
