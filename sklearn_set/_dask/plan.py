"""Which steps each copy of the model makes in each round."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np


class Piece(NamedTuple):
    """Some steps of a copy of the model on one partition."""

    replica: int
    partition: int
    start: int  # steps of the partition's pass in this epoch
    stop: int
    begins_epoch: bool  # of the copy
    begins_round: bool
    ends_pass: bool  # over the partition
    n_withheld: int  # samples of the partition that are not trained on


@dataclass
class Segment:
    """Rounds without an evolution, after which the values go to the client.

    Attributes
    ----------
    rounds : list of list of list of Piece
        For each round and copy of the model.
    n_steps : int
        Steps of the copy with the most of them.
    size : int
        Number of samples; set when it is done.
    """

    rounds: list
    n_steps: int
    size: int = field(default=0)


class EpochPlan:
    """The steps of an epoch.

    Parameters
    ----------
    passes : list of list of (int, int, int)
        For each copy of the model the partitions that it passes over, with the number
        of steps on each, and of samples that are withheld.
    n_rounds : int
        Number of averages in the epoch.
    """

    def __init__(self, passes, n_rounds):
        self._passes = passes
        self.totals = [sum(n for _, n, _ in each) for each in passes]
        self.n_steps = max(self.totals)
        n_rounds = 1 if len(passes) == 1 else n_rounds
        self._cuts = [-(-self.n_steps * i // n_rounds) for i in range(1, n_rounds)]

    def segment(self, start, stop):
        """Return the rounds from a step to another one.

        Parameters
        ----------
        start, stop : int
            Steps of the copy with the most of them.
        """
        cuts = sorted({start, *(c for c in self._cuts if start < c < stop), stop})
        rounds = [
            [self._pieces(replica, a, b) for replica in range(len(self._passes))]
            for a, b in pairwise(cuts)
        ]
        return Segment(rounds, stop - start)

    def _pieces(self, replica, start, stop):
        """Return the steps of a copy; those with fewer of them spread them evenly."""
        total = self.totals[replica]
        start, stop = (total * step // self.n_steps for step in (start, stop))
        pieces, before = [], 0
        for partition, n, n_withheld in self._passes[replica]:
            a, b = max(start - before, 0), min(stop - before, n)
            if a < b:
                flags = before + a == 0, not pieces, b == n
                pieces.append(Piece(replica, partition, a, b, *flags, n_withheld))
            before += n
        return pieces or [self._pause(replica, begins_epoch=stop == 0)]

    def _pause(self, replica, begins_epoch):
        """Return no steps, for a copy that has too few of them for each round."""
        partition = self._passes[replica][0][0]
        return Piece(replica, partition, 0, 0, begins_epoch, True, False, 0)


class DistributedBatches:
    """The segments of each epoch, in place of batches.

    Parameters
    ----------
    sizes : list of int
        Number of training samples in each partition.
    batch_size : int
        The largest number of samples in a batch.
    n_replicas, n_rounds : int
        Copies of the model, and averages in an epoch.
    period : Period
        How often the model evolves.
    state : TrainingState
        Its counters say when.
    seed : int or None
        Shuffles the partitions of each copy; None keeps their order.
    """

    def __init__(self, sizes, batch_size, n_replicas, n_rounds, period, state, seed):
        self._sizes = sizes
        self._withheld = [0] * len(sizes)
        self.batch_size = batch_size
        self._n_rounds = n_rounds
        self._period = period
        self._state = state
        self._seed = seed
        groups = np.array_split(np.arange(len(sizes)), n_replicas)
        self._groups = [group.tolist() for group in groups]

    @property
    def n_replicas(self):
        """Copies of the model."""
        return len(self._groups)

    def set_withheld(self, withheld):
        """Set how many samples of each partition may be withheld."""
        self._withheld = withheld

    def _n_steps(self, partition, n_withheld=0):
        n = self._sizes[partition]
        return -(-(n - n_withheld) // min(self.batch_size, n))

    @property
    def n_batches(self):
        """Number of steps in an epoch, over all samples, those withheld too."""
        return max(sum(map(self._n_steps, each)) for each in self._groups)

    def n_withheld(self, partition):
        """Return how many samples of a partition are withheld now."""
        is_over = self._state.selection.withheld.size == 0
        return 0 if is_over else self._withheld[partition]

    def __iter__(self):
        passes = [[self._pass(p) for p in self._order(each)] for each in self._groups]
        plan, done = EpochPlan(passes, self._n_rounds), 0
        while done < plan.n_steps:
            steps = self._period.steps_left(self._state, self.n_batches)
            stop = min(done + steps, plan.n_steps)
            yield plan.segment(done, stop)
            done = stop

    def _pass(self, partition):
        n_withheld = self.n_withheld(partition)
        return partition, self._n_steps(partition, n_withheld), n_withheld

    def _order(self, group):
        if self._seed is None or len(group) == 1:
            return group
        rng = np.random.default_rng([self._seed, self._state.n_epochs, group[0]])
        return rng.permutation(group).tolist()

    def draw(self, rng):
        """Draw a random batch of one partition, another one each time.

        Returns
        -------
        partition : int
        positions : ndarray
            Among its samples that are trained on.
        n_withheld : int
            Samples of the partition that are not trained on now.
        """
        partition = (self._state.n_evolutions - 1) % len(self._sizes)
        n_withheld, n = self.n_withheld(partition), self._sizes[partition]
        size = min(self.batch_size, n, n - n_withheld)
        return partition, rng.choice(n - n_withheld, size, replace=False), n_withheld
