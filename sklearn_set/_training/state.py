"""What training continues from, besides the weights of the model."""

import copy

import numpy as np
from sklearn.utils import check_random_state

from sklearn_set._training.history import History
from sklearn_set._training.input_selection import InputSelection
from sklearn_set._utils.random import (
    copy_generator,
    generator_from,
    spawn_generators,
)


class TrainingState:
    """Random streams, counters, history, and the state of the solver.

    Parameters
    ----------
    streams : dict of str to numpy.random.Generator
        One for each purpose, so that drawing more for one does not change another.
    seeds : dict of str to int
        For functions that take a `random_state`.

    Attributes
    ----------
    history : History
        What each epoch measured.
    selection : InputSelection
        The inputs that may have connections.
    origin : dict of str to str
        The parameters from which the initial topology was drawn, as text.
    n_iter : int
        Number of epochs of the present call.
    n_epochs, n_steps, n_evolutions : int
        How many there have been since the model was initialized.
    n_steps_before_evolution : int
        Number of steps at the last evolution.
    n_samples : int
        How many training samples have been used, counted once an epoch.
    n_cuts : int
        How often the schedule 'adaptive' has cut the learning rate in this fit.
    learner : dict or None
        What `Learner.state` returned: the solver's state.
    replicas : list
        What copies of the model on other machines continue from, if there are any.
    """

    def __init__(self, streams, seeds):
        self.streams = streams
        self.seeds = seeds
        self.history = History()
        self.selection = InputSelection()
        self.origin = {}
        self.n_iter = self.n_epochs = self.n_steps = self.n_evolutions = 0
        self.n_samples = self.n_cuts = self.n_steps_before_evolution = 0
        self.learner = None
        self.replicas = []

    @classmethod
    def start(cls, random_state, streams, seeds):
        """Return the state of a new model.

        Parameters
        ----------
        random_state : int, RandomState instance or None
            scikit-learn's parameter.
        streams, seeds : sequence of str
            Names of the streams and of the seeds.
        """
        *generators, last = spawn_generators(
            check_random_state(random_state), len(streams) + 1
        )
        drawn = last.integers(np.iinfo(np.int32).max, size=len(seeds)).tolist()
        return cls(
            dict(zip(streams, generators, strict=True)),
            dict(zip(seeds, drawn, strict=True)),
        )

    def to_dict(self):
        """Return the state as a fitted model holds it: of no class of this package.

        Returns
        -------
        saved : dict
            Of dicts, lists, numbers and arrays, which are not copied.
        """
        return vars(self) | {
            "streams": {k: rng.bit_generator.state for k, rng in self.streams.items()},
            "history": dict(vars(self.history)),
            "selection": dict(vars(self.selection)),
        }

    @classmethod
    def from_dict(cls, saved):
        """Return the state that a fitted model holds.

        Parameters
        ----------
        saved : dict
            What `to_dict` returned. What an earlier version did not have starts anew.
        """
        streams = {k: generator_from(v) for k, v in saved["streams"].items()}
        state = cls(streams, saved["seeds"])
        parts = {name: getattr(state, name) for name in ("history", "selection")}
        vars(state).update(saved | parts, streams=streams)
        for name, part in parts.items():
            vars(part).update(saved[name])
        return state

    def begin_call(self, *, is_complete):
        """Reset what is counted in each call.

        Parameters
        ----------
        is_complete : bool
            Whether the call is a fit, with its own best values and counts of epochs
            without improvement and of cuts; otherwise it is one epoch of several calls
            of `partial_fit`.
        """
        self.n_iter = 0
        if is_complete:
            self.n_cuts = 0
            self.history.begin_fit()

    def copy(self):
        """Return an independent copy."""
        state = copy.copy(self)
        state.streams = {k: copy_generator(rng) for k, rng in self.streams.items()}
        state.history = self.history.copy()
        state.selection = self.selection.copy()
        state.learner = copy.deepcopy(self.learner)
        state.replicas = copy.deepcopy(self.replicas)
        return state

    def take_learner(self):
        """Return the solver's state, and forget it: training replaces its arrays."""
        learner, self.learner = self.learner, None
        return learner
