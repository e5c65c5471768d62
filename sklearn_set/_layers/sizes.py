"""The number of connections of each layer."""

import math
from itertools import pairwise

from sklearn_set._utils.checks import MAX_CONNECTIONS
from sklearn_set._utils.numbers import python_number


def erdos_renyi_n_connections(n_in, n_out, epsilon):
    """Count the connections of a random layer (Mocanu et al. 2018, eq. 1).

    Parameters
    ----------
    n_in, n_out : int
        Number of units on either side.
    epsilon : float
        Sparsity parameter.

    Returns
    -------
    n_connections : int
        ``min(round(epsilon * (n_in + n_out)), n_in * n_out)``.

    Raises
    ------
    ValueError
        If connections could not be counted in 32 bits, or there would be none.
    """
    n_connections = round(min(epsilon * (n_in + n_out), n_in * n_out))
    return _checked(n_in, n_out, n_connections, f"epsilon={epsilon}")


def _checked(n_in, n_out, n_connections, setting):
    """Return `n_connections`, unless a layer cannot have so many."""
    name, _, value = setting.partition("=")
    if max(n_in, n_out) > MAX_CONNECTIONS:
        raise ValueError(
            f"A layer of {n_in} x {n_out} units is too large: at most "
            f"{MAX_CONNECTIONS} on either side. Use fewer units."
        )
    if n_connections > MAX_CONNECTIONS:
        remedy = f"Lower {name}" if value != "None" else f"Set {name}"
        raise ValueError(
            f"{setting} gives the layer of {n_in} x {n_out} units {n_connections} "
            f"connections, more than the {MAX_CONNECTIONS} a layer can hold. {remedy} "
            "or use fewer units."
        )
    if n_connections == 0:
        raise ValueError(
            f"{setting} leaves the layer of {n_in} x {n_out} units without any "
            f"connection. Raise {name}."
        )
    return n_connections


def _shares(n_units, density):
    """Distribute the connections of a network of some density over its layers.

    A layer's real-valued share is proportional to ``n_in + n_out``, as with epsilon, up
    to its dense count; what a full layer cannot take goes to the others.
    """
    sides = [a + b for a, b in pairwise(n_units)]
    positions = [a * b for a, b in pairwise(n_units)]
    left, shares = density * sum(positions), [0.0] * len(positions)
    # The layers that are full at the smallest epsilon come first.
    order = sorted(range(len(positions)), key=lambda i: positions[i] / sides[i])
    for k, i in enumerate(order):
        epsilon = left / sum(sides[j] for j in order[k:])
        shares[i] = min(epsilon * sides[i], positions[i])
        left -= shares[i]
    return shares


def _rounded(shares):
    """Round to integers of the same sum: the largest remainders are rounded up."""
    counts = [math.floor(share) for share in shares]
    by_rest = sorted(range(len(shares)), key=lambda i: counts[i] - shares[i])
    for i in by_rest[: round(sum(shares)) - sum(counts)]:
        counts[i] += 1
    return counts


def connections_per_layer(n_units, epsilon, density):
    """Count the connections of each layer of a network.

    Parameters
    ----------
    n_units : list of int
        From the input to the output.
    epsilon : float or None
        Sparsity parameter, used if there is no density.
    density : float or None
        Fraction of the dense network's weights. Without either the network is dense.

    Returns
    -------
    n_connections : list of int
        One for each layer.

    Raises
    ------
    ValueError
        If connections could not be counted in 32 bits, or there would be none.
    """
    pairs = list(pairwise(n_units))
    density, epsilon = python_number(density), python_number(epsilon)
    if density is not None:
        counts = _rounded(_shares(n_units, density))
        setting = f"density={density}"
    elif epsilon is not None:
        return [erdos_renyi_n_connections(*pair, epsilon) for pair in pairs]
    else:
        counts, setting = [a * b for a, b in pairs], "epsilon=None"
    return [_checked(*pair, n, setting) for pair, n in zip(pairs, counts, strict=True)]
