"""When a model evolves: between epochs, or between batches."""

import re
from typing import NamedTuple

from sklearn_set.evolution import Occasion


class Clock:
    """What has happened since the network was drawn."""

    def __init__(self):
        self.n_epochs = 0
        self.n_batches = 0
        self.n_evolutions = 0


class Period(NamedTuple):
    """How often something happens."""

    n: int
    in_batches: bool  # else in epochs

    @classmethod
    def parse(cls, value):
        """Return the period for a number of epochs, or ``"<n> steps"``.

        Raises
        ------
        ValueError
            If `value` is neither.
        """
        if not isinstance(value, str):
            return cls(int(value), False)
        match = re.fullmatch(r"([1-9]\d*) steps?", value.strip())
        if match is None:
            raise ValueError(
                "evolve_every must be a number of epochs >= 1, or a number of steps "
                f"such as '100 steps', got {value!r}."
            )
        return cls(int(match[1]), True)


class Evolver:
    """Evolves layers when it is due.

    Parameters
    ----------
    layers : list of SparseLayer
        Changed in place.
    rules : list of EvolutionRule
        How they evolve, one rule after the other.
    period : Period
        How often.
    zeta : float
        Fraction of the links to drop.
    clock : Clock
        Goes on from earlier calls.
    rng : numpy.random.Generator
        Draws new links.
    """

    def __init__(self, layers, *, rules, period, zeta, clock, rng):
        self.rng = rng
        self._layers = layers
        self._rules = rules
        self._period = period
        self._zeta = zeta
        self._clock = clock

    def begin_epoch(self, progress, signals):
        """Evolve if it is due between these epochs.

        Parameters
        ----------
        progress : float
            Share of the training that is done, below 1.
        signals : callable
            Returns what `Network.signals` does; called when a rule wants it.
        """
        self._progress = progress
        self._signals = signals
        if not self._period.in_batches and self._is_due(self._clock.n_epochs):
            self._evolve()

    def begin_batch(self):
        """Evolve if it is due between these batches."""
        if self._period.in_batches and self._is_due(self._clock.n_batches):
            self._evolve()

    def end_batch(self):
        """Count a batch."""
        self._clock.n_batches += 1

    def end_epoch(self):
        """Count an epoch."""
        self._clock.n_epochs += 1
        self._signals = None  # refers to who trains, who refers to this: memory stays

    def _is_due(self, n):
        """Whether to evolve after n epochs or batches: between them, never after."""
        return n > 0 and n % self._period.n == 0

    def _evolve(self):
        for layer in self._layers:
            layer.settle()
        self._clock.n_evolutions += 1
        occasion = Occasion(
            self._zeta, self._clock.n_evolutions, self._progress, self.rng,
            self._signals,
        )  # fmt: skip
        for rule in self._rules:
            rule.evolve(self._layers, occasion)
