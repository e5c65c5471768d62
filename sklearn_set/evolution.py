"""Evolution rules: which connections are dropped, and where new ones are added.

The parameter `evolution` of the estimators takes the name of a rule, or a rule as an
object, which has parameters of its own. To define another rule, subclass
`EvolutionRule` and override `prune`, `grow`, `fraction` or `evolve`.
"""

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar

from sklearn_set._layers.inputs import (
    draw_positions_of,
    of_sources,
    source_strengths,
)
from sklearn_set._layers.magnitudes import larger_than_smallest
from sklearn_set._layers.position_gradients import (
    draw_likely_positions,
    position_gradients,
)
from sklearn_set._layers.positions import draw_positions, sorted_distinct
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._layers.walks import draw_by_walks
from sklearn_set._training.input_selection import InputSelection
from sklearn_set._training.schedules import half_cosine
from sklearn_set._utils.checks import checked_fraction, checked_kept
from sklearn_set._utils.types import Array, Evolution

__all__ = [
    "CHT", "RULES", "SET", "EvolutionContext", "EvolutionRule", "Fixed",
    "ImportancePruning", "InputEvolution", "RigL",
]  # fmt: skip

# Denser layers do not evolve: connections would regrow where they were, only with other
# weights.
MAX_DENSITY = 0.8

# Least number of samples that InputEvolution withholds to judge the inputs.
MIN_WITHHELD = 50

# How often in a row the inputs may be worse before InputEvolution stops looking.
MAX_WORSE = 4

# InputEvolution leaves at least so many inputs, unless it is given a number.
MIN_INPUTS = 4

# Number of positions that RigL scores for each new connection.
CANDIDATES_PER_NEW = 10


class EvolutionContext(NamedTuple):
    """State of the training that is passed to an evolution rule.

    Parameters
    ----------
    zeta : float
        The parameter `zeta` of the estimator: the fraction of the connections to drop.
    n_evolutions : int
        Number of evolutions so far, including this one.
    progress : float
        Fraction of the training that is done, below 1.
    rng : numpy.random.Generator
        Random stream for the topology.
    layer_gradients : callable, default=None
        Returns, for a random batch, an iterable of (layer, source, delta) from the last
        layer to the first. The loss's gradient for a connection from i to j, present or
        not, is ``source[i] @ delta[j]``.
    selection : InputSelection, default=None
        The inputs that may have connections, kept from one evolution to the next.
    withheld_losses : callable, default=None
        Returns the losses of the samples that `selection` withholds from training.
    """

    zeta: float
    n_evolutions: int
    progress: float
    rng: np.random.Generator
    layer_gradients: Callable[[], Iterable[tuple[SparseLayer, Any, Array]]] | None = (
        None
    )
    selection: InputSelection | None = None
    withheld_losses: Callable[[], Array] | None = None


class EvolutionRule(BaseEstimator):
    """Drops the weakest connections of each layer and grows as many at random.

    The base class of all rules. An estimator calls the method `evolve` of its rules.
    Layers with more than 80 % of all possible connections do not evolve.

    Parameters
    ----------
    annealed : bool, default=False
        Whether the fraction to drop decreases along half a cosine, from `zeta` to 0 at
        the end of training, as in RigL.
    """

    def __init__(self, annealed: bool = False) -> None:
        self.annealed = annealed

    def fraction(self, context: EvolutionContext) -> float:
        """Return the fraction of the connections to drop now.

        Parameters
        ----------
        context : EvolutionContext
            The present state of the training.

        Returns
        -------
        fraction : float
            In [0, 1).
        """
        if not self.annealed:
            return context.zeta
        return context.zeta * half_cosine(context.progress)

    def _check_parameters(self):
        """Raise ValueError or TypeError if a parameter is not valid."""
        annealed = getattr(self, "annealed", False)
        if not isinstance(annealed, bool | np.bool_):
            raise ValueError(
                f"annealed of {type(self).__name__} must be True or False, got "
                f"{annealed!r}."
            )

    def n_withheld(self, n_samples: int) -> int:
        """Return the number of training samples to withhold for selecting inputs.

        Parameters
        ----------
        n_samples : int
            The number of training samples.

        Returns
        -------
        n_withheld : int
            0, except for InputEvolution.
        """
        return 0

    def evolve(self, layers: list[SparseLayer], context: EvolutionContext) -> None:
        """Evolve a network; the number of connections stays the same.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output; changed in place.
        context : EvolutionContext
            The present state of the training.

        Raises
        ------
        ValueError
            If another method returns something invalid; the message names the method.
        """
        for layer in layers:
            self._evolve_layer(layer, context)

    def _evolve_layer(self, layer, context, *gradients):
        """Evolve one layer, unless it is nearly dense; `gradients` go to `grow`."""
        fraction = checked_fraction(self.fraction(context))
        if fraction == 0 or layer.n_connections > MAX_DENSITY * layer.n_positions:
            return
        kept = self.prune(layer.connections.weights, fraction, layer.n_threads)
        kept = checked_kept(kept, layer.n_connections)  # before `grow` relies on it
        n_new = layer.n_connections - int(np.count_nonzero(kept))
        layer.rewire(kept, self.grow(layer, kept, n_new, context.rng, *gradients))

    def prune(self, weights: Array, fraction: float, n_threads: int = 1) -> Array:
        """Choose the connections that stay.

        Parameters
        ----------
        weights : ndarray of shape (n_connections,)
            The layer's weights.
        fraction : float
            Fraction of the connections to drop.
        n_threads : int, default=1
            Threads to use.

        Returns
        -------
        kept : ndarray of shape (n_connections,), dtype uint8 or bool
            1 for the connections that stay.
        """
        kept = np.ones(weights.size, dtype=np.uint8)
        n_dropped = int(fraction * weights.size)
        if n_dropped:
            kept[np.argpartition(np.abs(weights), n_dropped - 1)[:n_dropped]] = 0
        return kept

    def grow(
        self, layer: SparseLayer, kept: Array, n_new: int, rng: np.random.Generator
    ) -> Array:
        """Choose the positions of new connections: uniformly among the empty ones.

        Parameters
        ----------
        layer : SparseLayer
            As it was before.
        kept : ndarray of shape (n_connections,), dtype uint8
            1 for the connections that stay.
        n_new : int
            The number of new connections.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        positions : ndarray of shape (n_new,), dtype int64
            Ascending ranks among the positions that no kept connection takes, counted
            row by row.
        """
        n_empty = layer.n_positions - layer.n_connections + n_new
        return draw_positions(n_empty, n_new, rng, layer.n_threads)


class SET(EvolutionRule):
    """Sparse Evolutionary Training (Mocanu et al. 2018, Nature Communications 9:2383).

    The fraction `zeta` of the positive weights that is closest to zero is dropped, and
    the same fraction of the negative weights; numbers are rounded down. Weights of
    exactly 0 are dropped, too. The same number of new connections is added, uniformly
    at random among the empty positions. They start with weight 0, as in one of the
    authors' programs, so that adding them does not change the output of the network
    (doc/results.md).

    Parameters
    ----------
    annealed : bool, default=False
        Whether the fraction to drop decreases along half a cosine, from `zeta` to 0 at
        the end of training, as in RigL.
    """

    def prune(self, weights: Array, fraction: float, n_threads: int = 1) -> Array:
        """Choose the connections that stay.

        Parameters
        ----------
        weights : ndarray of shape (n_connections,)
            The layer's weights.
        fraction : float
            Fraction of the connections of each sign to drop.
        n_threads : int, default=1
            Threads to use.

        Returns
        -------
        kept : ndarray of shape (n_connections,), dtype uint8
            1 for the connections that stay.
        """
        return larger_than_smallest(weights, fraction, n_threads)


class CHT(SET):
    """Cannistraci-Hebb training: connections are added where short paths exist.

    As SET, except that new connections join units that are already joined by many paths
    of three connections. Paths through units with few connections count more (Zhang et
    al., ICLR 2024). The positions are drawn at random with probabilities that grow with
    this score (the soft rule of the paper). The published programs score all pairs of
    units; here, random walks of three steps draw the positions, in time linear in the
    number of connections. A hidden unit that has lost all its connections therefore
    gets no new ones, and in networks with few connections these concentrate on fewer
    units.

    Parameters
    ----------
    annealed : bool, default=False
        Whether the fraction to drop decreases along half a cosine, from `zeta` to 0 at
        the end of training, as in RigL.
    """

    def grow(
        self, layer: SparseLayer, kept: Array, n_new: int, rng: np.random.Generator
    ) -> Array:
        """Choose the positions of new connections: the ends of random walks.

        Parameters
        ----------
        layer : SparseLayer
            As it was before.
        kept : ndarray of shape (n_connections,), dtype uint8
            1 for the connections that stay.
        n_new : int
            The number of new connections.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        positions : ndarray of shape (n_new,), dtype int64
            Ascending ranks among the positions that no kept connection takes.
        """
        return draw_by_walks(layer, kept, n_new, rng)


class InputEvolution(SET):
    """SET that also removes inputs which do not improve the predictions.

    From `start` to `end` of the training, each evolution removes the fraction `step` of
    the remaining inputs: those with the smallest sum of the magnitudes of their weights
    lose all connections. New connections are added to the remaining inputs only.

    Before each removal, the loss is computed on a part of the training samples that is
    withheld from training for that time. At the end, the set of inputs with the lowest
    loss is restored. The search stops early if the loss has been significantly higher
    five times in a row. Afterwards, all samples are trained on, and the dropout rate of
    the inputs is multiplied by the fraction of inputs that remain.

    With fewer than 500 samples (at the default `validation_fraction`), and in
    `partial_fit`, no samples are withheld. The rule is then the same as SET, unless
    `n_inputs` is given. Removing the weakest inputs step by step is taken from NeuroFS
    (Atashgahi et al. 2023, arXiv 2303.07200), in which the number of inputs is given.
    In a list of rules, put this rule after those that add connections.

    Parameters
    ----------
    n_inputs : int, default=None
        Number of inputs that remain. None determines it from withheld samples.
    start, end : float, default=0.15, 0.5
        Begin and end of the removal of inputs, as fractions of the training.
    step : float, default=0.15
        Fraction of the inputs to remove each time, if `n_inputs` is None; in (0, 1).
    validation_fraction : float, default=0.1
        Fraction of the training samples to withhold, in (0, 1).
    annealed : bool, default=False
        Whether the fraction to drop decreases along half a cosine, from `zeta` to 0 at
        the end of training, as in RigL.
    """

    def __init__(
        self, n_inputs: int | None = None, start: float = 0.15, end: float = 0.5,
        step: float = 0.15, validation_fraction: float = 0.1, annealed: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(annealed)
        self.n_inputs = n_inputs
        self.start = start
        self.end = end
        self.step = step
        self.validation_fraction = validation_fraction

    def n_withheld(self, n_samples: int) -> int:
        """Return the number of training samples to withhold for selecting inputs.

        Parameters
        ----------
        n_samples : int
            The number of training samples.

        Returns
        -------
        n_withheld : int
            0 if `n_inputs` is given, or there are too few samples.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self._check_parameters()
        n_withheld = int(self.validation_fraction * n_samples)
        return n_withheld if self.n_inputs is None and n_withheld >= MIN_WITHHELD else 0

    def _check_parameters(self):
        """Raise ValueError or TypeError if a parameter is out of range."""
        super()._check_parameters()
        if self.n_inputs is not None:
            check_scalar(self.n_inputs, "n_inputs", Integral, min_val=1)
        for name in ("step", "validation_fraction"):
            check_scalar(
                getattr(self, name), name, Real, min_val=0, max_val=1,
                include_boundaries="neither",
            )  # fmt: skip
        check_scalar(self.end, "end", Real, min_val=0, max_val=1)
        check_scalar(self.start, "start", Real, min_val=0, max_val=self.end)
        if math.isnan(self.start + self.end + self.step + self.validation_fraction):
            raise ValueError("InputEvolution: no parameter may be NaN.")

    def evolve(self, layers: list[SparseLayer], context: EvolutionContext) -> None:
        """Evolve a network, and its inputs when it is time.

        The number of connections stays the same, unless the remaining inputs have too
        few positions for them.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output; changed in place.
        context : EvolutionContext
            The present state of the training.
        """
        self._check_parameters()
        first, selection = layers[0], context.selection
        if selection.living is None:
            selection.living = np.ones(first.n_in, dtype=bool)
        if not selection.is_over:
            self._select(first, context)
        self._rewire_living(first, selection, context)
        super().evolve(layers[1:], context)

    def _select(self, layer, context):
        """Remove the weakest inputs, or end the selection."""
        selection, progress = context.selection, context.progress
        if self.n_inputs is not None:
            self._keep_strongest(layer, selection, self._n_inputs(layer.n_in, progress))
            if progress >= self.end:
                selection.finish()
        elif not selection.withheld.size:
            selection.finish()
        elif progress >= self.start:
            selection.judge(context.withheld_losses())
            n_living = int(selection.living.sum())
            n_next = min(n_living - 1, math.ceil((1 - self.step) * n_living))
            if (
                progress >= self.end
                or selection.n_worse > MAX_WORSE
                or n_next < MIN_INPUTS
            ):
                selection.finish()
            else:
                self._keep_strongest(layer, selection, n_next)

    def _n_inputs(self, n_features, progress):
        """Return how many inputs stay now: the number falls geometrically."""
        n_inputs = min(int(self.n_inputs), n_features)
        if progress >= self.end:
            return n_inputs
        if progress <= self.start:
            return n_features
        done = (progress - self.start) / (self.end - self.start)
        return round(n_features * (n_inputs / n_features) ** done)

    @staticmethod
    def _keep_strongest(layer, selection, n):
        """Leave only the n strongest of the living inputs."""
        strengths = np.where(selection.living, source_strengths(layer), -1.0)
        living = np.zeros(layer.n_in, dtype=bool)
        living[np.argsort(-strengths, kind="stable")[:n]] = True
        selection.living &= living

    def _rewire_living(self, layer, selection, context):
        """Take the connections of the other inputs, and evolve those of the living."""
        fraction = checked_fraction(self.fraction(context))
        n, living = layer.n_connections, selection.living
        kept = np.ones(n, dtype=np.uint8)
        if fraction and n <= MAX_DENSITY * int(living.sum()) * layer.n_out:
            kept = self.prune(layer.connections.weights, fraction, layer.n_threads)
            kept = checked_kept(kept, n)
        kept[~of_sources(layer, living)] = 0
        n_new = n - int(np.count_nonzero(kept)) + selection.n_missing
        if n_new:
            positions = draw_positions_of(layer, living, kept, n_new, context.rng)
            layer.rewire(kept, positions)
            selection.n_missing = n_new - positions.size


class RigL(EvolutionRule):
    """The rigged lottery (Evci et al. 2020, arXiv 1911.11134).

    The fraction `zeta` of the connections with the smallest magnitudes is dropped, and
    the same number is added where the gradient of the loss on a batch is largest. New
    connections start with weight 0. To keep the cost linear in the number of
    connections, the gradient is computed for ten candidate positions for each new
    connection, or for all if there are fewer. The candidates are drawn in proportion to
    the norms of the source's activations and of the target's gradient, whose product is
    an upper bound of the gradient.

    Parameters
    ----------
    annealed : bool, default=True
        Whether the fraction to drop decreases along half a cosine, from `zeta` to 0 at
        the end of training, as published.
    """

    def __init__(self, annealed: bool = True) -> None:
        super().__init__(annealed)

    def evolve(self, layers: list[SparseLayer], context: EvolutionContext) -> None:
        """Evolve a network; the number of connections stays the same.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output; changed in place.
        context : EvolutionContext
            The present state of the training.
        """
        if context.layer_gradients is None:
            raise ValueError("evolution='rigl' needs the gradient of a loss.")
        for layer, source, delta in context.layer_gradients():
            self._evolve_layer(layer, context, source, delta)

    def grow(
        self, layer: SparseLayer, kept: Array, n_new: int, rng: np.random.Generator,
        source: Any, delta: Array,
    ) -> Array:  # fmt: skip
        """Choose the positions of new connections: where the gradient is largest.

        Parameters
        ----------
        layer : SparseLayer
            As it was before.
        kept : ndarray of shape (n_connections,), dtype uint8
            1 for the connections that stay.
        n_new : int
            The number of new connections.
        rng : numpy.random.Generator
            Draws the positions to score.
        source : ndarray of shape (n_in, batch) or SparseBatch
            Activations before the layer.
        delta : ndarray of shape (n_out, batch)
            The loss's gradient after it.

        Returns
        -------
        positions : ndarray of shape (n_new,), dtype int64
            Ascending ranks among the positions that no kept connection takes.
        """
        n_empty = layer.n_positions - layer.n_connections + n_new
        n_draws = CANDIDATES_PER_NEW * n_new
        # Uniform draws make sure that there are enough.
        n_uniform = n_empty if n_empty <= n_draws else n_new
        ranks = draw_positions(n_empty, n_uniform, rng, layer.n_threads)
        if n_uniform < n_empty:
            likely = draw_likely_positions(layer, kept, n_draws, source, delta, rng)
            ranks = sorted_distinct(ranks, likely)
        scores = np.abs(position_gradients(layer, kept, ranks, source, delta))
        best = np.argpartition(-scores, max(n_new - 1, 0))[:n_new]
        return np.sort(ranks[best])


class Fixed(EvolutionRule):
    """A fixed random topology, as a baseline for the other rules."""

    def __init__(self) -> None:
        super().__init__()

    def evolve(self, layers: list[SparseLayer], context: EvolutionContext) -> None:
        """Leave the network as it is.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output.
        context : EvolutionContext
            Not used.
        """


class ImportancePruning(EvolutionRule):
    """Disconnect the weakest hidden units (Curci et al. 2021, arXiv 2102.01732).

    A hidden unit loses all incoming connections if the sum of their magnitudes is at or
    below a quantile of its layer. No new ones are added, so that the network shrinks.
    Combine it with another rule in a list, as in ``evolution=["set",
    ImportancePruning()]``.

    Parameters
    ----------
    quantile : float, default=0.05
        Fraction of the connected units that is disconnected each time, in (0, 1).
    start : int, default=20
        Number of the evolution, counted from 1, in which units are first disconnected.
    every : int, default=5
        Units are disconnected in each `every`-th evolution from then on.
    """

    def __init__(self, quantile: float = 0.05, start: int = 20, every: int = 5) -> None:
        self.quantile = quantile
        self.start = start
        self.every = every

    def evolve(self, layers: list[SparseLayer], context: EvolutionContext) -> None:
        """Disconnect units of the hidden layers when it is due.

        Parameters
        ----------
        layers : list of SparseLayer
            From the input to the output; changed in place.
        context : EvolutionContext
            The present state of the training.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self._check_parameters()
        since = context.n_evolutions - self.start
        if since >= 0 and since % self.every == 0:
            for layer in layers[:-1]:
                self._disconnect(layer)

    def _check_parameters(self):
        """Raise ValueError or TypeError if a parameter is out of range."""
        check_scalar(
            self.quantile, "quantile", Real, min_val=0, max_val=1,
            include_boundaries="neither",
        )  # fmt: skip
        if math.isnan(self.quantile):
            raise ValueError("quantile of ImportancePruning may not be NaN.")
        check_scalar(self.start, "start", Integral, min_val=1)
        check_scalar(self.every, "every", Integral, min_val=1)

    def _disconnect(self, layer):
        """Disconnect the weakest target units of a layer, but never all of them."""
        _, targets, weights, _ = layer.connections
        strength = np.bincount(targets, np.abs(weights), minlength=layer.n_out)
        is_connected = np.bincount(targets, minlength=layer.n_out) > 0
        bound = np.quantile(strength[is_connected], self.quantile, method="lower")
        kept = (strength > bound)[targets].astype(np.uint8)
        if kept.any():
            layer.rewire(kept, np.empty(0, dtype=np.int64))


RULES = {
    "cht": CHT, "fixed": Fixed, "inputs": InputEvolution, "rigl": RigL, "set": SET,
}  # fmt: skip


def n_withheld(rule: Any, n_samples: int) -> int:
    """Return how many training samples a rule withholds; 0 for objects of other kinds.

    Parameters
    ----------
    rule : object with `evolve`
        The rule.
    n_samples : int
        The number of training samples.
    """
    if not isinstance(rule, EvolutionRule):
        return 0
    n = rule.n_withheld(n_samples)
    if isinstance(n, Integral) and 0 <= n < max(n_samples, 1):
        return int(n)
    raise ValueError(
        "The evolution rule's method 'n_withheld' must return an integer from 0 to "
        f"{n_samples - 1}, less than the training samples, got {n!r}."
    )


def as_rules(evolution: Evolution) -> list[Any]:
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
        rules = [RULES[rule]() if isinstance(rule, str) else rule for rule in evolution]
        for rule in rules:
            if isinstance(rule, EvolutionRule):
                rule._check_parameters()
        return rules
    raise ValueError(
        f"evolution must be one of {sorted(RULES)}, an object with a method 'evolve' "
        f"such as sklearn_set.evolution.SET(annealed=True), or a list of those, got "
        f"{evolution!r}."
    )
