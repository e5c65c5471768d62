"""Evolution: which links a network drops between epochs, and where new ones grow.

The rules that the estimators' parameter `evolution` names, for those who want other
settings or a rule of their own. A new one is a subclass of `EvolutionRule` that
replaces `survivors`, `places`, or `evolve` as a whole; it can be passed as it is.
"""

from collections.abc import Callable
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar

from sklearn_set._batches import SparseBatch
from sklearn_set._builds import _fast
from sklearn_set._random import draw_places
from sklearn_set._schedules import half_cosine

__all__ = ["RULES", "SET", "EvolutionRule", "Fixed", "ImportancePruning", "RigL"]

# In a denser layer links would mostly regrow where they were, only randomised.
MAX_DENSITY = 0.8

# Empty places that RigL looks at in any case; in a larger layer, as many as its links.
MIN_CANDIDATES = 1 << 20


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


class Occasion(NamedTuple):
    """What a rule is told when it is to evolve a network."""

    zeta: float  # the estimator's drop fraction
    number: int  # how often the network has evolved, this time included
    progress: float  # share of the training that is done, below 1
    rng: np.random.Generator  # for the topology alone
    signals: Callable = None  # as Network.signals, on a batch; None without a loss


class EvolutionRule(BaseEstimator):
    """Drops the weakest links of each layer and grows as many at random.

    The base of all rules. They are used through an estimator, which calls `evolve`.
    Layers with more than 80 % of all possible links are left alone.

    Parameters
    ----------
    annealed : bool, default=False
        Whether the drop fraction falls along half a cosine, from `zeta` to 0 at the end
        of training, as in RigL.
    """

    def __init__(self, annealed=False):
        self.annealed = annealed

    def fraction(self, occasion):
        """Return the share of the links to drop now.

        Parameters
        ----------
        occasion : Occasion
            Tells `zeta` and `progress`.

        Returns
        -------
        fraction : float
            In [0, 1).
        """
        if not self.annealed:
            return occasion.zeta
        return occasion.zeta * half_cosine(occasion.progress)

    def evolve(self, layers, occasion):
        """Evolve a network; the number of links stays the same.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output; changed in place.
        occasion : Occasion
            Tells `zeta`, `number`, `progress`, `rng` and `signals`.
        """
        for layer in layers:
            self._evolve_layer(layer, occasion)

    def _evolve_layer(self, layer, occasion, *about):
        """Evolve one layer, unless it is nearly dense; `about` goes to `places`."""
        fraction = self.fraction(occasion)
        if fraction == 0 or layer.n_links > MAX_DENSITY * layer.n_places:
            return
        keep = self.survivors(layer.links.weights, fraction, layer.n_threads)
        n_new = layer.n_links - int(np.count_nonzero(keep))
        layer.rewire(keep, self.places(layer, keep, n_new, occasion.rng, *about))

    def survivors(self, weights, fraction, n_threads=1):
        """Choose the links that stay.

        Parameters
        ----------
        weights : ndarray of shape (n_links,)
            The layer's weights.
        fraction : float
            Share of the links to drop.
        n_threads : int, default=1
            Threads to use.

        Returns
        -------
        keep : ndarray of shape (n_links,), dtype uint8
            1 for the links that stay.
        """
        keep = np.ones(weights.size, dtype=np.uint8)
        n_dropped = int(fraction * weights.size)
        if n_dropped:
            keep[np.argpartition(np.abs(weights), n_dropped - 1)[:n_dropped]] = 0
        return keep

    def places(self, layer, keep, n_new, rng):
        """Choose where new links grow: uniformly among the empty places.

        Parameters
        ----------
        layer : SparseLayer
            As it was before.
        keep : ndarray of shape (n_links,), dtype uint8
            1 for the links that stay.
        n_new : int
            How many grow.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        places : ndarray of shape (n_new,), dtype int64
            Their ranks, ascending, among the places that no survivor takes, counted
            row by row.
        """
        n_empty = layer.n_places - layer.n_links + n_new
        return draw_places(n_empty, n_new, rng, layer.n_threads)


class SET(EvolutionRule):
    """Sparse Evolutionary Training (Mocanu et al. 2018, Nature Communications 9:2383).

    Among the positive weights the fraction `zeta` closest to zero goes, rounded down,
    among the negative ones likewise, and zeros go too. As many new links grow,
    uniformly among the empty places. They start with weight 0, as in one of the
    authors' programs, so that a step does not set back what the network has learnt
    (doc/results.md).

    Parameters
    ----------
    annealed : bool, default=False
        Whether the drop fraction falls along half a cosine, from `zeta` to 0 at the end
        of training, as in RigL.
    """

    def survivors(self, weights, fraction, n_threads=1):
        """Choose the links that stay.

        Parameters
        ----------
        weights : ndarray of shape (n_links,)
            The layer's weights.
        fraction : float
            Share of the links of each sign to drop.
        n_threads : int, default=1
            Threads to use.

        Returns
        -------
        keep : ndarray of shape (n_links,), dtype uint8
            1 for the links that stay.
        """
        bounds, n_spare = smallest_magnitudes(weights, fraction, n_threads)
        keep = np.empty(weights.size, dtype=np.uint8)
        _fast.mark_larger(_bits(weights), bounds, keep, n_threads)
        for sign, bound, n in zip((1, -1), bounds, n_spare, strict=True):
            if n:  # of weights of the same magnitude the last ones stay
                value = sign * bound.view(weights.dtype)
                keep[np.flatnonzero(weights == value)[-n:]] = 1
        return keep


class RigL(EvolutionRule):
    """The rigged lottery (Evci et al. 2020, arXiv 1911.11134).

    The fraction `zeta` of the links with the smallest magnitudes goes, and as many grow
    where the loss's gradient on a batch is largest; they start with weight 0. In a
    layer with more than a million empty places, the gradient is computed for a random
    sample of them, as large as the layer's number of links (but at least a million), so
    that the cost stays linear in the links.

    Parameters
    ----------
    annealed : bool, default=True
        Whether the drop fraction falls along half a cosine, from `zeta` to 0 at the end
        of training, as published.
    """

    def __init__(self, annealed=True):
        super().__init__(annealed)

    def evolve(self, layers, occasion):
        """Evolve a network; the number of links stays the same.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output; changed in place.
        occasion : Occasion
            Tells `zeta`, `number`, `progress`, `rng` and `signals`.
        """
        if occasion.signals is None:
            raise ValueError("evolution='rigl' needs the gradient of a loss.")
        for layer, source, delta in occasion.signals():
            self._evolve_layer(layer, occasion, source, delta)

    def places(self, layer, keep, n_new, rng, source, delta):
        """Choose where new links grow: where the gradient is largest.

        Parameters
        ----------
        layer : SparseLayer
            As it was before.
        keep : ndarray of shape (n_links,), dtype uint8
            1 for the links that stay.
        n_new : int
            How many grow.
        rng : numpy.random.Generator
            Draws the places to look at.
        source : ndarray of shape (n_in, batch) or SparseBatch
            Activations before the layer.
        delta : ndarray of shape (n_out, batch)
            The loss's gradient after it.

        Returns
        -------
        places : ndarray of shape (n_new,), dtype int64
            Their ranks, ascending, among the places that no survivor takes.
        """
        n_empty = layer.n_places - layer.n_links + n_new
        n_candidates = min(n_empty, max(layer.n_links, MIN_CANDIDATES))
        ranks = draw_places(n_empty, n_candidates, rng, layer.n_threads)
        scores = np.abs(gradients(layer, keep, ranks, source, delta))
        best = np.argpartition(-scores, max(n_new - 1, 0))[:n_new]
        return np.sort(ranks[best])


def gradients(layer, keep, ranks, source, delta):
    """Compute the loss's gradient for links that are not there.

    Parameters
    ----------
    layer : SparseLayer
        Where they might be.
    keep : ndarray of shape (n_links,), dtype uint8
        1 for links whose places are taken.
    ranks : ndarray of shape (n_places,), dtype int64
        Places, ascending, among those not taken.
    source : ndarray of shape (n_in, batch) or SparseBatch
        Activations before the layer.
    delta : ndarray of shape (n_out, batch)
        The loss's gradient after it.

    Returns
    -------
    gradients : ndarray of shape (n_places,)
    """
    sources, targets = locate(layer, keep, ranks)
    out = np.empty(ranks.size, dtype=layer.dtype)
    if not isinstance(source, SparseBatch):
        _fast.position_gradients(source, delta, sources, targets, out, layer.n_threads)
        return out
    present, *nonzeros = source.by_feature
    rows = np.full(layer.n_in, -1, dtype=np.int32)
    rows[present] = np.arange(present.size)
    _fast.position_gradients_nonzeros(
        *nonzeros, delta, rows[sources], targets, out, layer.n_threads
    )
    return out


def locate(layer, keep, ranks):
    """Turn ranks among the places that no survivor takes to (sources, targets)."""
    indptr, targets, *_ = layer.links
    kept = np.flatnonzero(keep)
    rows = np.repeat(np.arange(layer.n_in), np.diff(indptr))[kept]
    empty_before = rows * layer.n_out + targets[kept] - np.arange(kept.size)
    places = ranks + np.searchsorted(empty_before, ranks, side="right")
    sources, targets = np.divmod(places, layer.n_out)
    return sources.astype(np.int32), targets.astype(np.int32)


class Fixed(EvolutionRule):
    """The random links that the network starts with, for good: SET's control."""

    def __init__(self):
        super().__init__()

    def evolve(self, layers, occasion):
        """Leave the network as it is.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output.
        occasion : Occasion
            Not looked at.
        """


class ImportancePruning(EvolutionRule):
    """Cut off the weakest hidden units (Curci et al. 2021, arXiv 2102.01732).

    A hidden unit whose sum of the magnitudes of its incoming weights is at or below a
    quantile of its layer loses all incoming links. They do not grow again, so that the
    network shrinks. Combine it with another rule in a list, as in
    ``evolution=["set", ImportancePruning()]``.

    Parameters
    ----------
    quantile : float, default=0.05
        Of the units that still have links, the share to cut off each time; in (0, 1).
    start : int, default=20
        The evolution step, counted from 1, at which it first happens: a warm-up.
    every : int, default=5
        Evolution steps from one time to the next.
    """

    def __init__(self, quantile=0.05, start=20, every=5):
        self.quantile = quantile
        self.start = start
        self.every = every

    def evolve(self, layers, occasion):
        """Evolve a network, whose hidden layers lose links when it is time.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output; changed in place.
        occasion : Occasion
            Tells `zeta`, `number`, `progress`, `rng` and `signals`.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        check_scalar(
            self.quantile, "quantile", Real, min_val=0, max_val=1,
            include_boundaries="neither",
        )  # fmt: skip
        check_scalar(self.start, "start", Integral, min_val=1)
        check_scalar(self.every, "every", Integral, min_val=1)
        since = occasion.number - self.start
        if since >= 0 and since % self.every == 0:
            for layer in layers[:-1]:
                self._prune(layer)

    def _prune(self, layer):
        """Cut off the weakest of the units that a layer leads to, but never all."""
        _, targets, weights, _ = layer.links
        strength = np.bincount(targets, np.abs(weights), minlength=layer.n_out)
        alive = np.bincount(targets, minlength=layer.n_out) > 0
        bound = np.quantile(strength[alive], self.quantile, method="lower")
        keep = (strength > bound)[targets].astype(np.uint8)
        if keep.any():
            layer.rewire(keep, np.empty(0, dtype=np.int64))


RULES = {"fixed": Fixed, "rigl": RigL, "set": SET}


def as_rules(evolution):
    """Return the rules that an estimator's parameter `evolution` stands for.

    Parameters
    ----------
    evolution : str, object with `evolve`, or list of those
        Names are those of `RULES`.

    Returns
    -------
    rules : list of EvolutionRule

    Raises
    ------
    ValueError
        If it is something else.
    """
    if not isinstance(evolution, list | tuple):
        evolution = [evolution]
    if all(
        (isinstance(rule, str) and rule in RULES)
        or (hasattr(rule, "evolve") and not isinstance(rule, type))
        for rule in evolution
    ):
        return [RULES[rule]() if isinstance(rule, str) else rule for rule in evolution]
    raise ValueError(
        f"evolution must be one of {sorted(RULES)}, an object with a method 'evolve' "
        f"such as sklearn_set.evolution.SET(annealed=True), or a list of those, got "
        f"{evolution!r}."
    )
