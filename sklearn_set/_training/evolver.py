"""When a model evolves: between epochs, or between steps."""

import math
import re
from contextlib import contextmanager
from typing import NamedTuple

from sklearn_set.evolution import RULES, EvolutionContext, ImportancePruning

# Rules that change layers by `rewire` only.
BUILT_IN = {*RULES.values(), ImportancePruning}


# With evolve_every='auto' the least and the largest number of steps between two
# evolutions. A new connection starts at 0, and needs about 100 steps of the default
# rate to become as strong as the weakest of the others.
LEAST_STEPS, MOST_STEPS = 100, 1000


class Period(NamedTuple):
    """How often the model evolves."""

    n: int | None  # None for "auto"
    in_steps: bool  # else in epochs

    @classmethod
    def parse(cls, value):
        """Return the period for "auto", a number of epochs, or ``"<n> steps"``.

        Raises
        ------
        ValueError
            If `value` is neither.
        """
        if not isinstance(value, str):
            return cls(int(value), False)
        if value == "auto":
            return cls(None, True)
        match = re.fullmatch(r"([1-9]\d*) steps?", value.strip())
        if match is None:
            raise ValueError(
                "evolve_every must be 'auto', a number of epochs >= 1, or a number of "
                f"steps such as '100 steps', got {value!r}."
            )
        return cls(int(match[1]), True)

    def n_steps(self, n_batches):
        """Return the number of steps between two evolutions.

        Parameters
        ----------
        n_batches : int
            Number of batches in an epoch.
        """
        if self.n is None:
            return min(max(n_batches, LEAST_STEPS), MOST_STEPS)
        return self.n if self.in_steps else self.n * n_batches

    def steps_left(self, state, n_batches):
        """Return the number of steps before the next evolution within an epoch.

        Parameters
        ----------
        state : TrainingState
            Between two steps. An evolution that is due now is not the next one.
        n_batches : int
            Number of batches in an epoch.

        Returns
        -------
        n_steps : int or inf
            At least 1.
        """
        if not self.in_steps:
            return math.inf
        n = self.n_steps(n_batches)
        if self.n is not None:
            return n - state.n_steps % n
        since = state.n_steps - state.n_steps_before_evolution
        return n - since if since < n else n


class Evolver:
    """Evolves the layers of a learner when it is due.

    Parameters
    ----------
    learner : Learner
        Whose layers are changed in place.
    rules : list of EvolutionRule
        Applied one after the other.
    period : Period
        How often.
    zeta : float
        Fraction of the connections to drop.
    state : TrainingState
        Counts the epochs, steps and evolutions since the model was initialized.
    n_batches : int, default=1
        Number of batches in an epoch.
    """

    def __init__(self, learner, rules, period, zeta, state, n_batches=1):
        self.rng = state.streams["topology"]
        self._learner = learner
        self._rules = rules
        self._period = period
        self._zeta = zeta
        self._state = state
        self._n_steps = period.n_steps(n_batches)
        if state.selection.is_over:
            learner.reduce_input_dropout(state.selection.fraction_living)
        self._fraction = self._layer_gradients = None

    @contextmanager
    def epoch(self, fraction, layer_gradients):
        """Evolve before an epoch if that is due, and enclose the epoch.

        Parameters
        ----------
        fraction : float
            Fraction of the training that is done, below 1.
        layer_gradients : callable
            Returns what `Learner.layer_gradients` does; called if a rule needs it.
        """
        self._fraction = fraction
        self._layer_gradients = layer_gradients
        try:
            if not self._period.in_steps and self._is_due(self._state.n_epochs):
                self._evolve()
            yield
        finally:  # the loop refers to the evolver: leave no cycle of references
            self._layer_gradients = None

    def begin_step(self):
        """Evolve if that is due between two steps."""
        state = self._state
        if self._period.n is None:
            if state.n_steps - state.n_steps_before_evolution >= self._n_steps:
                self._evolve()
        elif self._period.in_steps and self._is_due(state.n_steps):
            self._evolve()

    def _is_due(self, n):
        """Whether to evolve after n epochs or steps: between two, never at the end."""
        return n > 0 and n % self._period.n == 0

    def _evolve(self):
        state = self._state
        self._learner.flush()
        state.n_evolutions += 1
        state.n_steps_before_evolution = state.n_steps
        was_over = state.selection.is_over
        context = EvolutionContext(
            self._zeta, state.n_evolutions, self._fraction, self.rng,
            self._layer_gradients, state.selection, self._withheld_losses,
        )  # fmt: skip
        self._apply_rules(context)
        self._learner.follow_topology()
        if state.selection.is_over and not was_over:
            self._learner.reduce_input_dropout(state.selection.fraction_living)

    def _withheld_losses(self):
        return self._learner.losses(self._state.selection.withheld)

    def _apply_rules(self, context):
        layers = self._learner.layers
        n_states = [layer.n_states for layer in layers]
        for rule in self._rules:
            rule.evolve(list(layers), context)
            if type(rule) not in BUILT_IN:
                for layer, n in zip(layers, n_states, strict=True):
                    layer.check(n)
