"""The guide's code is run as doctests: in a temporary folder, without windows."""

import warnings

import matplotlib
import pytest
from sklearn.exceptions import ConvergenceWarning

collect_ignore = ["conf.py", "_build", "auto_examples", "generated", "figures"]


@pytest.fixture(autouse=True)
def _quiet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    with warnings.catch_warnings():
        # Few epochs are enough to show how something is done.
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
