"""Runs cases in another process, so that a crash or a hang is one more result.

It uses fork: POSIX only.
"""

import multiprocessing
import traceback
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple


class Case(NamedTuple):
    """Something to run, and what is expected of it.

    `run` raises AssertionError where a result is wrong.
    """

    name: str
    run: Callable[[], Any]
    expects: str = "result"  # or "error" or "either"
    names: str = ""  # what an error must name: a regular expression


class Outcome(NamedTuple):
    """What a case came to."""

    kind: str
    message: str = ""


def _work(pipe, cases, classify):
    """Run the cases whose numbers come, until None does."""
    warnings.simplefilter("ignore")
    for number in iter(pipe.recv, None):
        pipe.send(classify(cases[number]))


def run_cases(cases, classify, seconds):
    """Iterate over cases and outcomes; a case has a limit of seconds.

    Parameters
    ----------
    cases : sequence of Case
        They may be a lazy sequence.
    classify : callable
        Runs a case and returns its Outcome.
    seconds : float
        The limit.
    """
    context = multiprocessing.get_context("fork")
    process = None
    for number in range(len(cases)):
        if process is None:
            pipe, other = context.Pipe()
            process = context.Process(target=_work, args=(other, cases, classify))
            process.start()
            other.close()
        pipe.send(number)
        outcome = _answer(pipe, process, seconds)
        if outcome.kind in ("crash", "hang"):
            process.kill()
            process.join()
            process = None
        yield cases[number], outcome
    if process is not None:
        pipe.send(None)
        process.join()


def _answer(pipe, process, seconds):
    try:
        if pipe.poll(seconds):
            return pipe.recv()
        return Outcome("hang", f"no answer in {seconds} s")
    except EOFError:
        process.join()
        return Outcome("crash", f"exit code {process.exitcode}")


def run_checked(case):
    """Run a case that must not raise anything."""
    try:
        return Outcome("ok", str(case.run() or ""))
    except Exception:
        return Outcome("failure", traceback.format_exc(limit=-4))
