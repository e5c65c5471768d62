"""Selection of the smallest weights of each sign, in linear time."""

import numpy as np

from sklearn_set._kernels.builds import _fast

# Bits of the numbers that one pass looks at.
DIGIT_BITS = 11


def _bits(weights):
    """Return the bits of floating-point numbers as integers, a view."""
    return weights.view(np.int32 if weights.itemsize == 4 else np.int64)


def _digits(n_bits):
    """Shift and width of each digit, from the highest."""
    tops = range(n_bits, 0, -DIGIT_BITS)
    return [(max(top - DIGIT_BITS, 0), min(top, DIGIT_BITS)) for top in tops]


def smallest_magnitudes(weights, fraction, n_threads=1):
    """Find the magnitude below which a fraction of the weights of each sign lies.

    A radix selection on the bits of the floating-point numbers: linear, and without a
    copy of the weights. Zeros and NaNs do not count.

    Parameters
    ----------
    weights : ndarray of shape (n_connections,)
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
        How many of the weights equal to each bound exceed the fraction.
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


def larger_than_smallest(weights, fraction, n_threads=1):
    """Mark the weights that stay when a fraction of each sign is dropped.

    Parameters
    ----------
    weights : ndarray of shape (n_connections,)
        The layer's weights.
    fraction : float
        Of the positive weights, and of the negative ones, that is dropped; rounded
        down. Zeros are dropped in any case.
    n_threads : int, default=1
        Threads to use.

    Returns
    -------
    kept : ndarray of shape (n_connections,), dtype uint8
        1 for the weights that stay; of weights of the same magnitude the last ones.
    """
    bounds, n_spare = smallest_magnitudes(weights, fraction, n_threads)
    kept = np.empty(weights.size, dtype=np.uint8)
    _fast.mark_larger(_bits(weights), bounds, kept, n_threads)
    for sign, bound, n in zip((1, -1), bounds, n_spare, strict=True):
        if n:
            value = sign * bound.view(weights.dtype)
            kept[np.flatnonzero(weights == value)[-n:]] = 1
    return kept
