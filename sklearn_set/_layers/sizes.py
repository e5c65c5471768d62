"""How many links each layer gets."""

import math
from itertools import pairwise

from sklearn_set._utils.checks import MAX_LINKS


def erdos_renyi_n_links(n_in, n_out, epsilon):
    """Count the links of a random layer (Mocanu et al. 2018, eq. 1).

    Parameters
    ----------
    n_in, n_out : int
        Number of units on either side.
    epsilon : float
        Sparsity parameter.

    Returns
    -------
    n_links : int
        ``min(round(epsilon * (n_in + n_out)), n_in * n_out)``.

    Raises
    ------
    ValueError
        If links could no longer be counted in 32 bits, or none is left.
    """
    n_links = round(min(epsilon * (n_in + n_out), n_in * n_out))
    return _checked(n_in, n_out, n_links, f"epsilon={epsilon}")


def _checked(n_in, n_out, n_links, setting):
    """Return `n_links`, unless a layer cannot have so many."""
    name, _, value = setting.partition("=")
    if max(n_in, n_out) > MAX_LINKS:
        raise ValueError(
            f"A layer of {n_in} x {n_out} units is too large: at most {MAX_LINKS} on "
            "either side. Use fewer units."
        )
    if n_links > MAX_LINKS:
        remedy = f"Lower {name}" if value != "None" else f"Set {name}"
        raise ValueError(
            f"{setting} gives the layer of {n_in} x {n_out} units {n_links} links, "
            f"more than the {MAX_LINKS} a layer can hold. {remedy} or use fewer units."
        )
    if n_links == 0:
        raise ValueError(
            f"{setting} leaves the layer of {n_in} x {n_out} units without any link. "
            f"Raise {name}."
        )
    return n_links


def _shares(n_units, density):
    """Share out the links of a network of some density over its layers, as reals.

    A layer's share goes by ``n_in + n_out``, as with epsilon, up to its dense count;
    what a full layer cannot take goes to the others.
    """
    sides = [a + b for a, b in pairwise(n_units)]
    places = [a * b for a, b in pairwise(n_units)]
    left, shares = density * sum(places), [0.0] * len(places)
    # The layers that are full at the least epsilon come first.
    order = sorted(range(len(places)), key=lambda i: places[i] / sides[i])
    for k, i in enumerate(order):
        epsilon = left / sum(sides[j] for j in order[k:])
        shares[i] = min(epsilon * sides[i], places[i])
        left -= shares[i]
    return shares


def _rounded(shares):
    """Round to integers of the same sum: the largest remainders go up."""
    counts = [math.floor(share) for share in shares]
    by_rest = sorted(range(len(shares)), key=lambda i: counts[i] - shares[i])
    for i in by_rest[: round(sum(shares)) - sum(counts)]:
        counts[i] += 1
    return counts


def links_per_layer(n_units, epsilon, density):
    """Count the links of each layer of a network.

    Parameters
    ----------
    n_units : list of int
        From the input to the output.
    epsilon : float or None
        Sparsity parameter, used if there is no density.
    density : float or None
        Share of the dense network's weights. Without either the network is dense.

    Returns
    -------
    n_links : list of int
        One for each layer.

    Raises
    ------
    ValueError
        If links could no longer be counted in 32 bits, or none is left.
    """
    pairs = list(pairwise(n_units))
    if density is not None:
        counts = _rounded(_shares(n_units, density))
        setting = f"density={density}"
    elif epsilon is not None:
        return [erdos_renyi_n_links(*pair, epsilon) for pair in pairs]
    else:
        counts, setting = [a * b for a, b in pairs], "epsilon=None"
    return [_checked(*pair, n, setting) for pair, n in zip(pairs, counts, strict=True)]
