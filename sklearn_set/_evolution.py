"""Evolution: which links a layer drops between epochs, and where new ones grow."""

import numpy as np

from sklearn_set import _fast
from sklearn_set._random import draw_places

# In a denser layer links would mostly regrow where they were, only randomised.
MAX_DENSITY = 0.8


def _smallest(magnitudes, fraction):
    """Bound below which the smallest `fraction` lies, and how many equal it.

    Returns
    -------
    bound : float
        The largest magnitude to drop, 0 if there is none.
    n_equal : int
        How many of the magnitudes equal to the bound are to be dropped.
    """
    n_dropped = int(fraction * magnitudes.size)
    if n_dropped == 0:
        return 0.0, 0
    bound = np.partition(magnitudes, n_dropped - 1)[n_dropped - 1]
    return bound, n_dropped - np.count_nonzero(magnitudes < bound)


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

    def survivors(self, weights):
        """Choose the links that stay.

        Parameters
        ----------
        weights : ndarray of shape (n_links,)
            The layer's weights.

        Returns
        -------
        keep : ndarray of shape (n_links,), dtype uint8
            1 for the links that stay.
        """
        high, n_high = _smallest(weights[weights > 0], self.zeta)
        low, n_low = _smallest(-weights[weights < 0], self.zeta)
        keep = np.empty(weights.size, dtype=np.uint8)
        _fast.mark_outside(weights, -low, n_low, high, n_high, keep)
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
        keep = self.survivors(layer.links.weights)
        n_kept = int(np.count_nonzero(keep))
        n_new = layer.n_links - n_kept
        places = draw_places(layer.n_places - n_kept, n_new, rng)
        layer.rewire(keep, places)
