"""Which number of threads is fastest, found while batches run.

Threads wait for each other at the end of each kernel. If other programs keep the cores
busy, the slowest one may be late by a time slice of the operating system, and a batch
on all cores takes up to a hundred times as long as on one. Results do not depend on the
number of threads, so that it can change between batches.
"""

from collections import defaultdict
from contextlib import contextmanager
from time import perf_counter

# Seconds after which the number is reconsidered, at the end of a batch.
SLICE = 2e-3
# Seconds of use that a mean extends over: a few time slices of the operating system,
# as late threads are rare and expensive; and the least weight that a slice leaves to
# those before it.
MEMORY = 0.3
LEAST_WEIGHT = 0.75
# Fraction of the time that trials may cost, and seconds that the first may cost.
TRIAL_SHARE = 0.008
FIRST_TRIALS = 0.02

# Choosers that are not in use, by kind of batch: a short fit or prediction goes on
# where the last one of its kind has ended. Concurrent ones have one each.
_idle = defaultdict(list)


class ThreadChooser:
    """Chooses among numbers of threads by the mean time of a sample with each.

    The others are tried now and then, for a slice of time. A trial that takes longer
    than the best number would have is paid from a budget, to which `TRIAL_SHARE` of the
    time is added, and is not made before the budget covers its expected cost. What was
    slow is therefore tried rarely, and all trials together cost little.

    Parameters
    ----------
    candidates : sequence of int
        Numbers of threads, different; the first one is used first.

    Attributes
    ----------
    n_threads : int
        The number for the next batch.
    """

    def __init__(self, candidates):
        self.n_threads = self._best = candidates[0]
        # Sums over recent slices.
        self._seconds = dict.fromkeys(candidates, 0.0)
        self._samples = dict.fromkeys(candidates, 0.0)
        self._last = {}  # the time of a sample in the last slice
        self._budgets = dict.fromkeys(candidates, FIRST_TRIALS)
        self._share = TRIAL_SHARE / max(1, len(candidates) - 1)
        self._slice_seconds, self._slice_samples = 0.0, 0

    def tell(self, seconds, n_samples):
        """Take into account how long a batch took with `n_threads`.

        Parameters
        ----------
        seconds : float
            The time it took.
        n_samples : int
            Its number of samples.
        """
        self._slice_seconds += seconds
        self._slice_samples += n_samples
        if self._slice_seconds >= SLICE:
            self._end_slice(n_samples)

    def _end_slice(self, batch_size):
        is_trial = self.n_threads != self._best
        seconds, n_samples = self._slice_seconds, self._slice_samples
        if is_trial:
            self._pay(seconds - n_samples * self._mean(self._best))
        self._record(seconds, n_samples)
        self._best = min(filter(self._samples.get, self._samples), key=self._mean)
        # After a trial the best number has a turn, so that its mean is up to date too.
        trial = None if is_trial else self._next_trial(batch_size)
        self.n_threads = trial or self._best
        self._slice_seconds, self._slice_samples = 0.0, 0

    def _pay(self, cost):
        """Pay for a trial. What it has saved counts, up to what the first ones had."""
        budget = self._budgets[self.n_threads]
        if cost > 0 or budget < FIRST_TRIALS:
            self._budgets[self.n_threads] = budget - cost

    def _record(self, seconds, n_samples):
        """Add a slice to the sums and to the budgets."""
        n = self.n_threads
        kept = max(LEAST_WEIGHT, 1 - seconds / MEMORY)
        self._seconds[n] = kept * self._seconds[n] + seconds
        self._samples[n] = kept * self._samples[n] + n_samples
        self._last[n] = seconds / n_samples
        for candidate in self._budgets:
            self._budgets[candidate] += self._share * seconds

    def _mean(self, n_threads):
        """Return the mean time of a sample."""
        return self._seconds[n_threads] / self._samples[n_threads]

    def _expected(self, n_threads):
        """Return what a sample of a trial may take; at first, as much as now."""
        if not self._samples[n_threads]:
            return self._mean(self._best)
        return min(self._mean(n_threads), self._last[n_threads])

    def _next_trial(self, batch_size):
        """Return a number whose budget covers a trial, at least one batch, or None."""
        best = self._mean(self._best)
        for n_threads, budget in self._budgets.items():
            expected = self._expected(n_threads)
            n_samples = max(batch_size, SLICE / expected)
            cost = n_samples * (expected - best)
            if n_threads != self._best and cost <= budget:
                return n_threads
        return None


def candidates(limit):
    """Return the numbers of threads to choose among: one, half of many, and all.

    One is the first, as no wait for others can make that batch slow.
    """
    return (1, limit // 2, limit) if limit > 3 else (1, limit)


class _TimedFunction:
    """Calls a function of batches, and lets a chooser set the layers' threads."""

    def __init__(self, function, layers, chooser, batch_size, n_untimed):
        self._function = function
        self._layers = layers
        self._chooser = chooser
        self._least = batch_size / 2
        self._n_untimed = n_untimed

    def __call__(self, batch):
        begin = perf_counter()
        result = self._function(batch)
        seconds = perf_counter() - begin
        if self._n_untimed:
            self._n_untimed -= 1
        elif batch.size >= self._least:
            self._chooser.tell(seconds, batch.size)
            if self._chooser.n_threads != self._layers[0].n_threads:
                set_threads(self._layers, self._chooser.n_threads)
        return result


def set_threads(layers, n_threads):
    """Set the number of threads for the kernels of some layers."""
    for layer in layers:
        layer.n_threads = n_threads


@contextmanager
def on_fastest_threads(function, layers, batch_size, n_batches, name):
    """Let a function of batches run on as many threads as make it fastest.

    Parameters
    ----------
    function : callable
        Takes an array, to whose size the time is proportional: the samples of a batch.
    layers : sequence of SparseLayer
        Whose kernels it calls. Their `n_threads` is the limit; it is changed between
        the calls, and restored at the end. Without layers nothing is chosen.
    batch_size : int
        Size of a full batch; those of less than half are not timed.
    n_batches : int
        Number of calls that are planned. The first of several is not timed, since it
        may prepare what the others use.
    name : str
        What the function computes. Functions of one name, with batches and layers of
        about the same size, begin with what was found before.

    Yields
    ------
    function : callable
        The same function.
    """
    limit = layers[0].n_threads if len(layers) else 1
    if limit == 1:
        yield function
        return
    n_connections = sum(layer.n_connections for layer in layers)
    kind = (
        name, limit, len(layers), layers[0].dtype, n_batches > 1,
        int(batch_size).bit_length(), n_connections.bit_length(),
    )  # fmt: skip
    try:
        chooser = _idle[kind].pop()
    except IndexError:
        chooser = ThreadChooser(candidates(limit))
    try:
        set_threads(layers, chooser.n_threads)
        yield _TimedFunction(function, layers, chooser, batch_size, int(n_batches > 1))
    finally:
        set_threads(layers, limit)
        _idle[kind].append(chooser)
