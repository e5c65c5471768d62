"""Robustness, for longer than the suite tests it: bad inputs, random models, kills.

::

    python tests/long/robustness.py bad-inputs --cases 5000
    python tests/long/robustness.py random-models --minutes 60
    python tests/long/robustness.py interrupts --times 300
    python tests/long/robustness.py checkpoints --times 50

Each command lists what is wrong and ends with exit code 1 if there is anything. Cases
run in another process, with a limit of time. It uses fork: POSIX only.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

# Threads that wait actively take the processor from those that compute.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "2")
sys.path.append(str(Path(__file__).resolve().parents[1]))
warnings.simplefilter("ignore")

from long.bad_inputs import all_cases, classify  # noqa: E402
from long.interrupts import interrupt_fits  # noqa: E402
from long.pool import run_cases, run_checked  # noqa: E402
from long.random_models import RandomModels  # noqa: E402

# Of the bad inputs so many may have an error that does not name what is wrong.
UNCLEAR = 0.01


def bad_inputs(arguments):
    """Run bad inputs, and classify what each comes to."""
    cases, counts, listed = all_cases(arguments.cases, arguments.seed), Counter(), []
    for case, outcome in run_cases(cases, classify, arguments.seconds):
        counts[outcome.kind] += 1
        if outcome.kind not in ("clear error", "valid result"):
            listed.append(outcome.kind)
            print(f"{outcome.kind}: {case.name}: {outcome.message[:400]}", flush=True)
    print_table(counts)
    n_unclear = counts["unclear error"]
    return len(listed) == n_unclear and n_unclear <= UNCLEAR * len(cases)


def random_models(arguments):
    """Fit random models for some minutes."""
    end, counts = time.monotonic() + 60 * arguments.minutes, Counter()
    models = RandomModels(arguments.seed)
    for case, outcome in run_cases(models, run_checked, arguments.seconds):
        is_fine = outcome.kind == "ok"
        counts[outcome.message if is_fine else outcome.kind] += 1
        if not is_fine:
            print(f"{outcome.kind}: {case.name}: {outcome.message}", flush=True)
        if time.monotonic() > end:
            break
    print_table(counts)
    return not counts.keys() & {"failure", "hang", "crash"}


def interrupts(arguments):
    """Interrupt fits at random moments, as Ctrl-C does."""
    counts = interrupt_fits(arguments.times, arguments.seed)
    print_table(counts)
    return not counts["failure"]


def checkpoints(arguments):
    """Kill fits at random moments, and resume them."""
    from helpers.killed_fits import ESTIMATORS, kill_fits

    for name, estimator in ESTIMATORS.items():
        with tempfile.TemporaryDirectory() as folder:
            n_resumed, n_ended = kill_fits(estimator, arguments.times, Path(folder))
        print(f"{name}: {arguments.times} killed, {n_resumed} resumed, {n_ended} ended")
    return True


def print_table(counts):
    """Print how often each outcome was."""
    total = sum(counts.values())
    for kind, n in [*counts.most_common(), ("all", total)]:
        print(f"{kind:24}{n:8,}{n / max(total, 1):9.2%}")


COMMANDS = {
    "bad-inputs": bad_inputs,
    "random-models": random_models,
    "interrupts": interrupts,
    "checkpoints": checkpoints,
}


def main():
    """Run one of the commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--cases", type=int, default=5000, help="of bad-inputs")
    parser.add_argument("--minutes", type=float, default=60, help="of random-models")
    parser.add_argument("--times", type=int, default=50, help="of the other two")
    parser.add_argument("--seconds", type=float, default=120, help="limit of a case")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.exit(not COMMANDS[arguments.command](arguments))


if __name__ == "__main__":
    main()
