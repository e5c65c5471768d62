"""The tasks that workers run: pure functions, so that Dask can run a lost one again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

import dask
import numpy as np
from distributed import get_worker

from sklearn_set._dask.model import Progress, Traffic, averaged
from sklearn_set._training.checkpoint import _hash
from sklearn_set._utils.random import copy_generator


class Lazy:
    """A partition that is read each time it is used, for data larger than memory.

    Parameters
    ----------
    kind : class
        Of the partition.
    block : Delayed
        Its validated data.
    setup : Setup, default=None
        None as long as it only is to be described.
    index : int, default=None
        The number of the partition.
    """

    def __init__(self, kind, block, setup=None, index=None):
        self._kind = kind
        self._block = block
        self._setup = setup
        self.index = index

    def read(self):
        """Compute the data in this thread."""
        (validated,) = dask.compute(self._block, scheduler="synchronous")
        if self._setup is None:
            return validated
        return partition_of(self._kind, self._setup, self.index, validated)


class _ReadAhead:
    """Reads the next lazy partition while a thread trains on another one."""

    def __init__(self):
        self._lock = threading.Lock()
        self._pool = None
        self._pending = {}

    def start(self, lazy):
        """Begin to read."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "sklearn-set-read")
            if lazy.index not in self._pending:
                self._pending[lazy.index] = (
                    lazy._block.key,
                    self._pool.submit(lazy.read),
                )

    def take(self, lazy):
        """Return the data of a lazy partition, which may have been read ahead."""
        with self._lock:
            key, future = self._pending.pop(lazy.index, (None, None))
        return future.result() if key == lazy._block.key else lazy.read()


_read_ahead = _ReadAhead()


def here():
    """Return the address of the worker that runs this task."""
    return get_worker().address


def read(source):
    """Return the data of a lazy source, or what Dask has read already."""
    return source.read() if isinstance(source, Lazy) else source


def describe(validated):
    """Return the description of a block, or None if it is empty."""
    validated = read(validated)
    return None if validated is None else validated[0]


def class_sums(validated, kind, largest_weight, classes):
    """Return the sum and the maximum of the weights of each class."""
    return kind.class_sums(read(validated)[1], largest_weight, classes)


def data_hash(validated):
    """Return a hash of the data, for a checkpoint."""
    return [None if part is None else _hash(part) for part in read(validated)[1]]


def partition_of(kind, setup, index, validated):
    """Return a partition of validated data."""
    return kind(setup, index, *validated[1])


def sizes(partition):
    """Return the number of samples to train on, and to validate on."""
    return read(partition).sizes


def means(partition):
    """Return the means of the features."""
    return read(partition).means()


def rows(partition, indices):
    """Return some rows."""
    return read(partition).rows(indices)


def training_rows(partition, positions, n_withheld):
    """Return some rows, given by position among those that are trained on."""
    partition = read(partition)
    return partition.rows(partition.training_rows(positions, n_withheld))


def score(model, topology, partition, setting):
    """Return the score of the samples that are held out, and their weight."""
    partition = read(partition)
    return partition.score(_learner(partition, model, topology, setting))


def losses(model, topology, partition, setting, n_withheld):
    """Return the losses of the samples that judge the inputs."""
    partition = read(partition)
    learner = _learner(partition, model, topology, setting)
    return partition.losses(learner, n_withheld)


def _learner(partition, model, topology, setting):
    streams = model.progress[0].copy_streams()
    return partition.learner(model, topology, streams, setting)


def train(model, topology, partition, piece, setting, following=None):
    """Make some steps on a partition.

    Parameters
    ----------
    model : Model
        To start from.
    topology : Topology
        Its connections.
    partition : Partition or Lazy
        The data.
    piece : Piece
        Which steps.
    setting : Setting
        Learning rate and other numbers.
    following : Lazy, default=None
        What to read meanwhile.

    Returns
    -------
    model : Model
    """
    if isinstance(partition, Lazy):
        partition = _read_ahead.take(partition)
    if following is not None:
        _read_ahead.start(following)
    address = here()
    model = _begin(model, piece, address)
    progress = model.progress[piece.replica]
    streams = progress.copy_streams()
    learner = partition.learner(model, topology, streams, setting)
    topology.lend_indexes(learner.layers)
    learner.solver.learning_rate = setting.rate
    if progress.own is not None:
        learner.take_own_states([progress.own])
    if piece.begins_epoch:
        learner.begin_epoch()
    n_samples = _run(learner, partition, piece, setting, streams)
    topology.keep_indexes(learner.layers)
    progress = Progress(streams, learner.own_state())
    state = learner.state()
    return replace(
        model,
        values=learner.values(),
        n_steps=learner.solver.n_steps,
        lazy_step=state.get("last_lazy_step"),
        progress={piece.replica: progress},
        n_samples=model.n_samples + n_samples,
        origin=address,
        users=model.users | {address},
    )


def _begin(model, piece, address):
    """Return the model with the traffic of getting it counted."""
    if piece.begins_round:
        finished = model.with_finished_round()
        traffic = finished.traffic if piece.replica == 0 else Traffic()
        return replace(
            finished, n_samples=0, n_before=model.n_trained,
            average_origin=model.origin, traffic=traffic,
        )  # fmt: skip
    rounds, up, down = model.traffic
    down += model.nbytes * (model.origin != address)
    return replace(model, traffic=Traffic(rounds, up, down))


def _run(learner, partition, piece, setting, streams):
    """Make the steps; return on how many samples."""
    # Shuffled anew for each piece: the stream advances when the pass ends.
    shuffle = copy_generator(streams["shuffle"])
    batches = partition.batches(setting.batch_size, shuffle, piece.n_withheld)
    n_samples = 0
    if piece.start < piece.stop:
        for indices in islice(batches, piece.start, piece.stop):
            learner.learn(indices)
            n_samples += indices.size
    learner.flush()
    if piece.ends_pass:
        streams["shuffle"] = shuffle
    return n_samples


def pass_on(model):
    """Return the model, which this worker has now."""
    return model


def average(a, b):
    """Average two models in proportion to their samples."""
    return averaged(a, b, here())


def stacked(parts):
    """Stack rows of several partitions; None stays None."""
    if parts[0] is None:
        return None
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    from scipy.sparse import vstack

    return vstack(parts, format="csr")
