"""The client's side: which tasks run where, and what happens when a worker dies."""

import dask
from distributed import CancelledError, wait
from distributed.scheduler import KilledWorker

from sklearn_set._dask import tasks
from sklearn_set._dask.placement import balanced_homes
from sklearn_set._dask.tasks import Lazy
from sklearn_set._utils.warnings import warn

# How often a segment is tried before the loss of a worker is an error.
TRIES = 10
# With so many workers a model goes down a tree, instead of from one worker to all.
MANY_WORKERS = 4
# Seconds between two looks at whether data have been lost.
PATIENCE = 2.0
# Seconds that a fit waits for a worker when there is none.
RESTART_SECONDS = 600.0


class _LostError(Exception):
    """Values that only a dead worker had, which the client sends again."""


class Cluster:
    """The partitions on the workers of a cluster, and the tasks on them.

    Parameters
    ----------
    client : distributed.Client
        Connected to the cluster.
    kind : class
        LabelledPartition or UnlabelledPartition.
    persists : bool
        Whether the workers keep the data in memory.
    """

    def __init__(self, client, kind, persists):
        self._client = client
        self._kind = kind
        self._persists = persists
        self._topology = None  # and its future
        self._validated = None
        self.partitions = []

    def submit(self, function, *args, worker=None):
        """Submit a task, on a given worker if it is alive."""
        options = {}
        if worker is not None:
            options = {"workers": [worker], "allow_other_workers": True}
        return self._client.submit(function, *args, pure=False, **options)

    # -- data ---------------------------------------------------------------

    def read(self, estimator, blocks):
        """Validate all blocks; return the descriptions of those that have rows.

        Parameters
        ----------
        estimator : estimator
            The plain estimator, whose parameters say how.
        blocks : list of list of Delayed
            X, y and weights of each block.
        """
        validate = dask.delayed(self._kind.validated, pure=False)
        validated = [validate(estimator, *block) for block in blocks]
        if self._persists:
            self._validated = self._client.compute(validated)
        else:
            self._validated = [
                Lazy(self._kind, each) for each in dask.optimize(*validated)
            ]
        described = self.each(tasks.describe, self._validated)
        kept = [i for i, each in enumerate(described) if each is not None]
        self._validated = [self._validated[i] for i in kept]
        return [described[i] for i in kept]

    def each(self, function, sources, *args):
        """Run a task for each partition; return the results in their order."""
        return self._retry(
            lambda: self._gather(
                [self.submit(function, each, *args) for each in sources]
            )
        )

    def _gather(self, futures, *sent):
        """Wait for tasks, and return their results.

        Parameters
        ----------
        futures : list of Future
            Of the tasks.
        *sent : Future
            What they need and only the client can send again.
        """
        for future in futures:
            self._wait(future, *sent)
        try:
            return self._client.gather(futures)
        except CancelledError as error:  # lost on the way to the client
            self._check_partitions()
            raise _LostError from error

    def class_sums(self, largest_weight, classes):
        """Return sum and maximum of the weights of each class, for each partition."""
        args = self._kind, largest_weight, classes
        return self.each(tasks.class_sums, self._validated, *args)

    def data_hashes(self):
        """Return hashes of the data of each partition."""
        return self.each(tasks.data_hash, self._validated)

    def prepare(self, setup):
        """Make the partitions; return their sizes."""
        if self._persists:
            self.partitions = [
                self.submit(tasks.partition_of, self._kind, setup, i, each)
                for i, each in enumerate(self._validated)
            ]
        else:
            self.partitions = [
                Lazy(self._kind, each._block, setup, i)
                for i, each in enumerate(self._validated)
            ]
        self._validated = None
        return self.on_partitions(tasks.sizes)

    def on_partitions(self, function, *args):
        """Run a task on each partition; return the results in their order."""
        return self.each(function, self.partitions, *args)

    def on_partition(self, i, function, *args):
        """Run a task on one partition; return its result."""
        return self.each(function, [self.partitions[i]], *args)[0]

    # -- models -------------------------------------------------------------

    def send_topology(self, topology):
        """Send the connections to the workers; kept until others are sent."""
        self._topology = topology, None

    def evaluate(self, function, model, setting, *args):
        """Run ``function(model, topology, partition, ...)`` for each partition."""
        return self._retry(lambda: self._evaluate(function, model, setting, args))

    def _evaluate(self, function, model, setting, args):
        topology, sent = self._sent_topology(), self._scatter(model)
        homes = self._find_homes()
        futures = [
            self.submit(
                function, sent, topology, each, setting, *self._of(i, args),
                worker=homes[i],
            )
            for i, each in enumerate(self.partitions)
        ]  # fmt: skip
        return self._gather(futures, sent, topology)

    @staticmethod
    def _of(i, args):
        """Return what belongs to a partition, of lists with an entry for each."""
        return [arg[i] for arg in args]

    def run(self, rounds, model, setting):
        """Train for some rounds.

        Parameters
        ----------
        rounds : list of list of list of Piece
            As in Segment.
        model : Model
            To start from.
        setting : Setting
            Learning rate and other numbers.

        Returns
        -------
        model : Model
            The average after the last round.
        """
        return self._retry(lambda: self._run(rounds, model, setting))

    def _run(self, rounds, model, setting):
        topology, sent = self._sent_topology(), self._scatter(model)
        homes = self._find_homes()
        result = sent
        for pieces in rounds:
            copies = self._spread(result, homes)
            trained = [
                self._train(result, copies, topology, each, setting, homes)
                for each in pieces
            ]
            result = self._average(trained)
        return self._gather([result], sent, topology)[0]

    def _spread(self, model, homes):
        """Send a model down a tree of workers, each to two more.

        Parameters
        ----------
        model : Future
            On one worker.
        homes : list of str
            The workers that train.

        Returns
        -------
        copies : dict of str to Future
            By worker; empty if there are few.
        """
        workers = sorted(set(homes) - {None})
        copies = {}
        if len(workers) >= MANY_WORKERS:
            for i, worker in enumerate(workers):
                parent = copies[workers[(i - 1) // 2]] if i else model
                copies[worker] = self.submit(tasks.pass_on, parent, worker=worker)
        return copies

    def _train(self, model, copies, topology, pieces, setting, homes):
        """Submit the pieces of one copy of the model, one after the other."""
        replica = pieces[0].replica
        following = [*pieces[1:], None]
        for piece, after in zip(pieces, following, strict=True):
            ahead = None
            if not self._persists and after is not None:
                ahead = self.partitions[after.partition]
            home = homes[piece.partition] if self._persists else homes[replica]
            if piece.begins_round:
                model = copies.get(home, model)
            model = self.submit(
                tasks.train, model, topology, self.partitions[piece.partition], piece,
                setting, ahead, worker=home,
            )  # fmt: skip
        return model

    def _average(self, models):
        """Average pairs, and pairs of those: in the order of the partitions."""
        while len(models) > 1:
            pairs = [models[i : i + 2] for i in range(0, len(models), 2)]
            models = [
                self.submit(tasks.average, *pair) if len(pair) == 2 else pair[0]
                for pair in pairs
            ]
        return models[0]

    def _find_homes(self):
        """Return the worker of each partition, or of each copy of the model."""
        holders = [()] * len(self.partitions)
        if self._persists:
            for future in self.partitions:
                if future.status != "finished":
                    self._wait(future)
            who_has = self._client.who_has(self.partitions)
            holders = [who_has.get(partition.key, ()) for partition in self.partitions]
        return balanced_homes(holders, self._client.ncores())

    def _scatter(self, value):
        try:
            (future,) = self._client.scatter([value], hash=False)
        except OSError as error:  # the worker died meanwhile
            raise _LostError from error
        return future

    def _sent_topology(self):
        topology, future = self._topology
        if future is None or future.status != "finished":
            future = self._scatter(topology)
            self._topology = topology, future
        return future

    # -- faults -------------------------------------------------------------

    def _retry(self, function):
        """Call a function again if what it sent was lost with a worker."""
        for _ in range(TRIES):
            try:
                return function()
            except _LostError:
                warn("A worker was lost: its part of the round is computed again.")
            self._require_worker()
            self._check_partitions()
        raise RuntimeError(
            f"The same rounds have failed {TRIES} times because workers were lost. See "
            "their logs: they may lack memory."
        )

    def _wait(self, future, *sent):
        """Wait for a task; raise an error if it cannot end any more.

        Parameters
        ----------
        future : Future
            Of the task.
        *sent : Future
            What the client has sent, which cannot be computed again.
        """
        while True:
            try:
                with self._client.as_current():
                    wait(future, timeout=PATIENCE)
            except TimeoutError:
                pass
            except CancelledError as error:
                self._check_partitions()
                raise _LostError from error
            if future.status == "finished":
                return
            if future.status == "error":
                self._raise(future)
            self._require_worker()
            # What is "lost" is computed again; what is "cancelled" cannot be.
            if any(each.status == "cancelled" for each in (future, *sent)):
                self._check_partitions()
                raise _LostError

    def _require_worker(self):
        """Wait until there is a worker; raise RuntimeError if none comes."""
        try:
            self._client.wait_for_workers(1, timeout=RESTART_SECONDS)
        except TimeoutError as error:
            raise RuntimeError(
                f"The cluster has had no worker for {RESTART_SECONDS:.0f} seconds. See "
                "the logs of the workers, start new ones and fit again; with a "
                "Checkpoint among the callbacks, fit continues where it stopped."
            ) from error

    @staticmethod
    def _raise(future):
        error = future.exception()
        if isinstance(error, KilledWorker):
            raise RuntimeError(
                "Several workers died in the same task. See their logs: they may lack "
                "memory for a partition and the model."
            ) from error
        raise error

    def _check_partitions(self):
        """Raise RuntimeError if a partition has been lost for good."""
        if not self._persists:
            return
        for i, future in enumerate(self._validated or self.partitions):
            if future.status == "cancelled":
                raise RuntimeError(
                    f"Partition {i} of the data was lost with its worker, and cannot "
                    "be computed again, as it came from the client's memory "
                    "(scatter). Load the data on the workers, for example by "
                    "dask.array.from_zarr or dask.dataframe.read_parquet."
                )
