"""The learner of the client: workers make the steps, the client all else."""

import numpy as np

from sklearn_set._dask import tasks
from sklearn_set._dask.model import Model, Progress, Topology, Traffic
from sklearn_set._dask.partitions import Setting
from sklearn_set._training.learner import Learner
from sklearn_set._utils.random import copy_generator, spawn_generators

# Random streams that each copy of the model has for itself.
OWN_STREAMS = ("shuffle", "dropout", "transform", "chain")


class DistributedLearner(Learner):
    """Lets the workers of a cluster make the steps of a plain learner.

    Parameters
    ----------
    local : Learner
        On the client: its layers evolve, and it has the values of the last average.
    cluster : Cluster
        With the partitions.
    state : TrainingState
        Its streams are those of the first copy of the model, `replicas` what the others
        continue from.
    batch_size, n_samples : int
        As in Setting.
    n_replicas : int
        Copies of the model.
    n_withheld : list of int
        For each partition, how many samples may judge the inputs.
    set_rows : callable
        ``set_rows(*rows)`` lets the local learner use some rows in place of the
        training data, for the gradients that an evolution rule asks for.
    """

    def __init__(
        self, local, cluster, state, batch_size, n_samples, n_replicas, n_withheld,
        set_rows,
    ):  # fmt: skip
        self.local = local
        self.solver = local.solver
        self.traffic = Traffic()
        self.topology_bytes = 0
        self._cluster = cluster
        self._state = state
        self._size = batch_size, n_samples
        self._n_withheld = n_withheld
        self._set_rows = set_rows
        self._input_dropout = 1.0
        self._topology = self._lazy_step = None
        self._topology_is_sent = False
        self._own = local.own_state()
        self._start_replicas(n_replicas)

    def _start_replicas(self, n):
        """Seed the streams of the copies that are new."""
        state = self._state
        names = [name for name in OWN_STREAMS if name in state.streams]
        for replica in range(len(state.replicas) + 1, n):
            seed = np.random.RandomState([*state.seeds.values(), replica])
            streams = dict(zip(names, spawn_generators(seed, len(names)), strict=True))
            state.replicas.append(Progress(streams))
        del state.replicas[n - 1 :]

    # -- what the client does ----------------------------------------------

    timed_layers = ()

    @property
    def layers(self):
        """The sparse layers, on the client."""
        return self.local.layers

    @property
    def network(self):
        """The network of a perceptron, on the client."""
        return self.local.network

    @property
    def model(self):
        """The restricted Boltzmann machine, on the client."""
        return self.local.model

    @property
    def divergence(self):
        """What makes the steps of a restricted Boltzmann machine."""
        return self.local.divergence

    @property
    def diverged(self):
        """Whether the last epoch ended with values that are not finite."""
        return self.local.diverged

    def begin_epoch(self):
        """Begin an epoch."""
        self.local.begin_epoch()

    def end_epoch(self):
        """Return the metrics of the epoch."""
        return self.local.end_epoch()

    def arrays(self):
        """Iterate over all arrays that are learned."""
        return self.local.arrays()

    def snapshot(self):
        """Return copies of all that training changes."""
        return self.local.snapshot()

    def restore(self, snapshot):
        """Go back to a snapshot."""
        self.local.restore(snapshot)

    def reduce_input_dropout(self, factor):
        """Multiply the inputs' dropout rate from now on."""
        self._input_dropout *= factor
        self.local.reduce_input_dropout(factor)

    def state(self):
        """Return what a later call continues with."""
        state = self.local.state()
        if "last_lazy_step" in state:
            self._update_topology()
            state["last_lazy_step"] = self._lazy_step
        return state

    def continue_from(self, lazy_step):
        """Continue the lazy updates of an earlier call."""
        self._lazy_step = lazy_step

    # -- what the workers do -------------------------------------------------

    def n_steps(self, segment):
        """Return the number of steps in a segment."""
        return segment.n_steps

    def learn(self, segment):
        """Train for the rounds of a segment."""
        model = self._model()
        result = self._cluster.run(segment.rounds, model, self._setting())
        segment.size = result.n_trained
        self._take(result)

    def _take(self, model):
        """Take over the average of a segment."""
        rounds, up, down = model.with_finished_round().traffic
        up += model.nbytes
        self.traffic = Traffic(
            self.traffic.rounds + rounds, self.traffic.up + up, self.traffic.down + down
        )
        if not self._topology_is_sent:
            self.topology_bytes += self._topology.nbytes * len(model.users)
            self._topology_is_sent = True
        self.local.take_values(model.values)
        self.solver.n_steps = model.n_steps
        self._lazy_step = model.lazy_step
        first, *others = (model.progress[r] for r in range(len(model.progress)))
        for name, rng in first.streams.items():  # in place: others refer to them
            self._state.streams[name].bit_generator.state = rng.bit_generator.state
        self._state.replicas[:] = others
        self._own = first.own
        self.local.take_own_states([first.own, *(each.own for each in others)])

    def _model(self):
        """Return what the next segment starts from."""
        self._update_topology()
        state = self._state
        streams = {
            name: copy_generator(rng)
            for name, rng in state.streams.items()
            if name in OWN_STREAMS
        }
        progress = [Progress(streams, self._own), *state.replicas]
        return Model(
            self.local.values(), self.solver.n_steps, self._lazy_step,
            dict(enumerate(progress)),
        )  # fmt: skip

    def _update_topology(self):
        """Send the connections if they have changed."""
        if self._topology is not None and self._topology.is_of(self.layers):
            return
        if self._topology is not None:
            self._lazy_step = None
        self._topology = Topology(self.layers)
        self._topology_is_sent = False
        self._cluster.send_topology(self._topology)

    def _setting(self):
        return Setting(self.solver.learning_rate, *self._size, self._input_dropout)

    def layer_gradients(self, batch):
        """Return the gradients on a batch of one partition, computed on the client.

        Parameters
        ----------
        batch : (int, ndarray, int)
            As `DistributedBatches.draw` returns it.
        """
        partition, positions, n_withheld = batch
        rows = self._cluster.on_partition(
            partition, tasks.training_rows, positions, n_withheld
        )
        self._set_rows(*rows)
        return self.local.layer_gradients(np.arange(positions.size))

    def losses(self, indices):
        """Return the losses of the samples that judge the inputs."""
        results = self._cluster.evaluate(
            tasks.losses, self._model(), self._setting(), self._n_withheld
        )
        return np.concatenate(results)

    def score(self):
        """Return the mean score of the samples that are held out, by their weight."""
        results = self._cluster.evaluate(tasks.score, self._model(), self._setting())
        scores, weights = np.transpose(results)
        if len(scores) == 1:
            return float(scores[0])
        return float(np.average(scores, weights=weights))
