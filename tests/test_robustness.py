"""A few of the cases of tests/long, which runs thousands."""

import sys

import pytest
from helpers.versions import needs_callbacks

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(sys.platform == "win32", reason="It uses fork."),
]


@needs_callbacks
def test_bad_inputs():
    from long.bad_inputs import all_cases, classify
    from long.pool import run_cases

    found = {}
    for case, outcome in run_cases(all_cases(120, seed=1), classify, seconds=300):
        found.setdefault(outcome.kind, []).append((case.name, outcome.message))
    unclear = found.pop("unclear error", [])
    assert found.keys() <= {"clear error", "valid result"}, found
    assert len(unclear) <= 2, unclear


def test_random_models():
    from long.pool import run_cases, run_checked
    from long.random_models import RandomModels

    for case, outcome in run_cases(RandomModels(0, n=6), run_checked, seconds=600):
        assert outcome.kind == "ok", (case.name, outcome)


def test_interrupts():
    from long.interrupts import interrupt_fits

    assert "failure" not in interrupt_fits(6, seed=0)


def test_a_crash_and_a_hang_are_results():
    """And the cases after them are run."""
    import os
    import time

    from long.pool import Case, run_cases, run_checked

    cases = [
        Case("crash", os.abort), Case("hang", lambda: time.sleep(600)),
        Case("failure", lambda: 1 / 0), Case("fine", lambda: "result"),
    ]  # fmt: skip
    found = [outcome.kind for _, outcome in run_cases(cases, run_checked, seconds=10)]
    assert found == ["crash", "hang", "failure", "ok"]
