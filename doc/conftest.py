"""Run the guide's code as doctests, in a temporary folder and without windows."""

import warnings

import matplotlib
import pytest
from sklearn.exceptions import ConvergenceWarning

collect_ignore = [
    "conf.py", "_build", "auto_examples", "extensions", "figures", "generated",
    "recorded",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    with warnings.catch_warnings():
        # The examples stop after few epochs.
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
