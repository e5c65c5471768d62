"""What travels between the client and the workers: topology, values, and progress."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from distributed import get_worker

from sklearn_set._layers.sparse_layer import Connections, SparseLayer
from sklearn_set._utils.random import copy_generator
from sklearn_set._utils.threads import effective_n_threads


def n_threads_of_task():
    """Return how many threads the kernels of a task may use.

    A worker may run several tasks at the same time.
    """
    try:
        n_tasks = get_worker().state.nthreads
    except ValueError:  # on the client
        n_tasks = 1
    return max(effective_n_threads() // n_tasks, 1)


class Topology:
    """Where the connections of all layers are; sent again only when that changes.

    Parameters
    ----------
    layers : sequence of SparseLayer
        The layers, whose arrays are not copied.
    """

    def __init__(self, layers):
        self._arrays = [
            (layer.connections.indptr, layer.connections.targets, layer.n_out)
            for layer in layers
        ]
        self._indexes = [None] * len(layers)  # by target, built by the first round

    @property
    def n_layers(self):
        """Number of layers."""
        return len(self._arrays)

    @property
    def n_units(self):
        """Sizes of all layers of units, from the input to the output."""
        first = self._arrays[0][0].size - 1
        return [first, *(n_out for _, _, n_out in self._arrays)]

    @property
    def nbytes(self):
        """Number of bytes that are sent."""
        return sum(
            indptr.nbytes + targets.nbytes for indptr, targets, _ in self._arrays
        )

    def is_of(self, layers):
        """Whether the connections of layers are these, the same arrays."""
        return all(
            layer.connections.targets is targets
            for layer, (_, targets, _) in zip(layers, self._arrays, strict=True)
        )

    def layers(self, weights):
        """Return layers with the given weights, which they change in place.

        Parameters
        ----------
        weights : list of ndarray of shape (n_connections,)
            Of each layer.
        """
        n_threads = n_threads_of_task()
        layers = []
        for (indptr, targets, n_out), values in zip(self._arrays, weights, strict=True):
            state = np.empty((0, values.size), dtype=values.dtype)
            connections = Connections(indptr, targets, values, state)
            layers.append(SparseLayer(connections, n_out, n_threads))
        return layers

    def lend_indexes(self, layers):
        """Give layers the indexes by target that earlier rounds have built."""
        for layer, index in zip(layers, self._indexes, strict=True):
            layer.take_index(index)

    def keep_indexes(self, layers):
        """Keep the indexes by target for the next rounds on this worker."""
        self._indexes = [layer.index for layer in layers]

    def __getstate__(self):
        return {**vars(self), "_indexes": [None] * self.n_layers}


class Progress(NamedTuple):
    """What each copy of the model keeps for itself; never averaged."""

    streams: dict  # of str to numpy.random.Generator
    own: dict | None = None  # what `Learner.own_state` returned

    def copy_streams(self):
        """Return the random streams, to be advanced."""
        return {name: copy_generator(rng) for name, rng in self.streams.items()}


class Traffic(NamedTuple):
    """Bytes of values that have moved between machines."""

    rounds: int = 0
    up: int = 0  # to be averaged
    down: int = 0  # averages, to where they are trained on


@dataclass(frozen=True)
class Model:
    """The values of a model, and how training goes on from them.

    Attributes
    ----------
    values : list of ndarray
        What `Learner.values` returned.
    n_steps : int
        Number of steps that the solver has made.
    lazy_step : ndarray or None
        The last lazy update of the first layer.
    progress : dict of int to Progress
        Of each copy.
    n_samples : int
        Samples that the values stand for in an average: those of the present round.
    n_before : int
        Samples in the rounds before.
    origin : str
        Address of the worker that has them.
    users : frozenset of str
        Addresses of the workers that trained on the average before.
    average_origin : str
        Address of the worker that computed that average.
    traffic : Traffic
        So far.
    """

    values: list
    n_steps: int
    lazy_step: Any
    progress: dict
    n_samples: int = 0
    n_before: int = 0
    origin: str = "client"
    users: frozenset = frozenset()
    average_origin: str = "client"
    traffic: Traffic = field(default_factory=Traffic)

    @property
    def n_trained(self):
        """Number of samples trained on since the client sent a model."""
        return self.n_before + self.n_samples

    @property
    def nbytes(self):
        """Number of bytes of the values."""
        return sum(array.nbytes for array in self.values)

    def __sizeof__(self):  # for Dask's scheduler
        return self.nbytes + 1000

    def with_finished_round(self):
        """Return the average with its round counted, unless the client has sent it."""
        if not self.users:
            return self
        rounds, up, down = self.traffic
        receivers = self.users - {self.average_origin}
        down += self.nbytes * len(receivers)
        return replace(self, users=frozenset(), traffic=Traffic(rounds + 1, up, down))


def averaged(a, b, here):
    """Average two models in proportion to their samples.

    Parameters
    ----------
    a, b : Model
        Trained from the same values.
    here : str
        Address of this worker.

    Returns
    -------
    average : Model
    """
    total = a.n_samples + b.n_samples
    share = b.n_samples / total if total else 0.0
    values = a.values if share == 0 else _mixed(a.values, b.values, share)
    moved = sum(model.nbytes for model in (a, b) if model.origin != here)
    up = a.traffic.up + b.traffic.up + moved
    return Model(
        values,
        max(a.n_steps, b.n_steps),
        a.lazy_step,
        a.progress | b.progress,
        total,
        max(a.n_before, b.n_before),
        here,
        a.users | b.users,
        a.average_origin,
        Traffic(
            a.traffic.rounds + b.traffic.rounds, up, a.traffic.down + b.traffic.down
        ),
    )


def _mixed(first, second, share):
    """Return ``(1 - share) * first + share * second``, array by array."""
    mixed = []
    for x, y in zip(first, second, strict=True):
        difference = y - x
        difference *= share
        difference += x
        mixed.append(difference)
    return mixed
