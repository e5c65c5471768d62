"""Contestants in separate processes, timed alternately.

Each has a separate process for two reasons. In one process the threads of several
OpenMP runtimes would spin while others work, and some contestants take settings only
from the environment. A process that is not timed waits for a message and uses no
processor time.
"""

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from importlib import import_module
from statistics import median
from typing import NamedTuple

from rivals import CONTESTANTS, Variant

# Seconds before each measurement: threads of the previous contestant, above all BLAS's,
# spin for a while before they sleep.
PAUSE = 0.5
# Least seconds of a measurement, in whole epochs. After the pause the first epoch
# starts with cold caches and sleeping threads, and other load varies.
LEAST = 2.0


class Task(NamedTuple):
    """What is timed: a network on data, by epochs or by calls of `predict`."""

    data: Callable
    hidden: tuple = ()
    batch: int = 128
    epsilon: float = 20
    options: dict = {}
    predict_rows: int = 0
    calls: int = 1
    least: float = LEAST


def timed(function, *arguments):
    """Return the seconds that a call takes."""
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def measure(contestant, task, X):
    """Return the seconds of an epoch or of a call of predict, the median of several."""
    time.sleep(PAUSE)
    if task.predict_rows:
        rows = X[: task.predict_rows]
        return median(timed(contestant.predict, rows) for _ in range(task.calls))
    seconds = [timed(contestant.epoch)]
    while sum(seconds) < task.least:
        seconds.append(timed(contestant.epoch))
    return median(seconds)


def serve(connection, entry, task, variant):
    """Run in the child process: prepare, warm up, then measure on request."""
    try:
        wrapper = getattr(import_module(entry.module), entry.wrapper)
    except ImportError as error:
        connection.send(("missing", str(error)))
        return
    try:
        contestant = wrapper(**task.options, **variant.options)
        X, y = task.data()
        contestant.prepare(X, y, task.hidden, task.batch, task.epsilon)
        if task.predict_rows:
            contestant.epoch()  # some can only predict after it
        connection.send(("seconds", measure(contestant, task, X)))
        while connection.recv():
            connection.send(("seconds", measure(contestant, task, X)))
    except Exception:
        connection.send(("failed", traceback.format_exc()))


@contextmanager
def environment(changes):
    """Change the environment for processes that are started in this context."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Unavailable(Exception):
    """Raised if a contestant cannot take part."""


class Worker:
    """One contestant in a separate process, warmed up.

    Parameters
    ----------
    name : str
        Key of `rivals.CONTESTANTS`.
    task : Task
        What is timed.
    variant : Variant
        How it is started.
    """

    def __init__(self, name, task, variant=Variant()):  # noqa: B008 (immutable)
        self.entry, self.variant = CONTESTANTS[name], variant
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        arguments = theirs, self.entry, task, variant
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        with environment(variant.environment):
            self._process.start()
        theirs.close()
        self.warm_up = self._receive()

    def _receive(self):
        try:
            kind, content = self._connection.recv()
        except EOFError:
            kind, content = "failed", "The process ended."
        if kind == "seconds":
            return content
        self._process.join()
        if kind == "missing":
            content += f" (to include it: pip install {self.entry.install})"
        raise Unavailable(f"{self.entry.label} is left out: {content}")

    def measure(self):
        """Return the seconds of an epoch or a call, measured once more."""
        self._connection.send(True)
        return self._receive()

    def stop(self):
        """End the process."""
        self._connection.send(False)
        self._process.join()


def start(name, task):
    """Return a warmed-up worker, started in the fastest of its variants."""
    variants = CONTESTANTS[name].variants
    if len(variants) == 1:
        return Worker(name, task, variants[0])
    best, fewest = None, float("inf")
    for variant in variants:
        worker = Worker(name, task, variant)
        seconds = min(worker.warm_up, worker.measure())
        if seconds < fewest:
            worker, best, fewest = best, worker, seconds
        if worker is not None:
            worker.stop()
    return best


def run(tasks, repeats, say=print):
    """Time the contestants alternately, `repeats` times each.

    Parameters
    ----------
    tasks : dict of str to (str, Task)
        The contestant's name and its task, by the label of the row.
    repeats : int
        Number of rounds.

    Returns
    -------
    seconds : dict of str to list of float
        By label; contestants that cannot take part are missing.
    variants : dict of str to Variant
        How each was started.
    """
    workers = {}
    for label, (name, task) in tasks.items():
        try:
            workers[label] = start(name, task)
        except Unavailable as reason:
            say(f"  {reason}")
    seconds = {label: [] for label in workers}
    for _ in range(repeats):
        for label, worker in workers.items():
            seconds[label].append(worker.measure())
    for worker in workers.values():
        worker.stop()
    return seconds, {label: worker.variant for label, worker in workers.items()}
