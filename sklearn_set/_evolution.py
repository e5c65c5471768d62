"""Evolution: which links a layer drops between epochs, and where new ones grow."""

import numpy as np

from sklearn_set._builds import _fast
from sklearn_set._random import draw_places

# In a denser layer links would mostly regrow where they were, only randomised.
MAX_DENSITY = 0.8


# Bits by which magnitudes are told apart at a time.
DIGIT = 11


def _bits(weights):
    """Return the bits of floating-point numbers as integers, a view."""
    return weights.view(np.int32 if weights.itemsize == 4 else np.int64)


def _digits(n_bits):
    """Shift and width of each digit, from the highest."""
    tops = range(n_bits, 0, -DIGIT)
    return [(max(top - DIGIT, 0), min(top, DIGIT)) for top in tops]


def smallest_magnitudes(weights, fraction, n_threads=1):
    """Find the magnitude below which a fraction of the weights of each sign lies.

    By selection, digit for digit of the floating-point numbers' bits: linear, and no
    copy of the weights. Zeros and NaNs do not count.

    Parameters
    ----------
    weights : ndarray of shape (n_links,)
        The layer's weights.
    fraction : float
        Of the positive weights, and of the negative ones; rounded down.
    n_threads : int, default=1
        Threads to use.

    Returns
    -------
    bounds : ndarray of shape (2,)
        Bits of the largest magnitudes within the fraction, of the positive and of the
        negative weights; 0 where it has none.
    n_spare : list of int
        How many of the weights equal to each bound are beyond the fraction.
    """
    bits = _bits(weights)
    infinity = int(_bits(np.array([np.inf], dtype=weights.dtype))[0])
    bounds, ranks, equal = np.zeros(2, dtype=np.int64), None, [0, 0]
    for shift, width in _digits(8 * weights.itemsize - 1):
        counts = np.zeros((n_threads, 2, 1 << width), dtype=np.int64)
        _fast.count_digits(bits, infinity, shift, width, bounds, counts, n_threads)
        counts = counts.sum(axis=0)
        if ranks is None:
            ranks = [int(fraction * n) for n in counts.sum(axis=1)]
        for sign in (0, 1):
            totals = counts[sign].cumsum()
            digit = np.searchsorted(totals, max(ranks[sign], 1)) if ranks[sign] else 0
            ranks[sign] -= int(totals[digit] - counts[sign][digit])
            equal[sign] = int(counts[sign][digit])
            bounds[sign] = bounds[sign] << width | digit
    n_spare = [
        n - rank if bound else 0
        for n, rank, bound in zip(equal, ranks, bounds, strict=True)
    ]
    return bounds.astype(bits.dtype), n_spare


class SET:
    """Sparse Evolutionary Training (Mocanu et al. 2018, Nature Communications 9:2383).

    Among the positive weights the fraction `zeta` closest to zero goes, among the
    negative ones likewise, and zeros go too. As many new links grow, uniformly among
    the empty places. They start with weight 0, as in one of the authors' programs, so
    that a step does not set back what the network has learnt (doc/results.md).

    Parameters
    ----------
    zeta : float
        Fraction to drop, rounded down; 0 never changes a layer.
    """

    def __init__(self, zeta):
        self.zeta = zeta

    def survivors(self, weights, n_threads=1):
        """Choose the links that stay.

        Parameters
        ----------
        weights : ndarray of shape (n_links,)
            The layer's weights.
        n_threads : int, default=1
            Threads to use.

        Returns
        -------
        keep : ndarray of shape (n_links,), dtype uint8
            1 for the links that stay.
        """
        bounds, n_spare = smallest_magnitudes(weights, self.zeta, n_threads)
        keep = np.empty(weights.size, dtype=np.uint8)
        _fast.mark_larger(_bits(weights), bounds, keep, n_threads)
        for sign, bound, n in zip((1, -1), bounds, n_spare, strict=True):
            if n:  # of weights of the same magnitude the last ones stay
                value = sign * bound.view(weights.dtype)
                keep[np.flatnonzero(weights == value)[-n:]] = 1
        return keep

    def evolve(self, layer, rng):
        """Drop and grow the links of one layer; their number stays the same.

        Parameters
        ----------
        layer : SparseLayer
            Changed in place, unless it is nearly dense.
        rng : numpy.random.Generator
            Draws the places.
        """
        if self.zeta == 0 or layer.n_links > MAX_DENSITY * layer.n_places:
            return
        keep = self.survivors(layer.links.weights, layer.n_threads)
        n_kept = int(np.count_nonzero(keep))
        n_new = layer.n_links - n_kept
        places = draw_places(layer.n_places - n_kept, n_new, rng, layer.n_threads)
        layer.rewire(keep, places)
