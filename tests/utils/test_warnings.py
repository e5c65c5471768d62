"""Warnings that point at the user's line."""

import pytest
from sklearn.exceptions import ConvergenceWarning

from sklearn_set import SETRBM
from sklearn_set._utils.warnings import warn


def test_a_warning_names_the_line_outside_of_the_package():
    with pytest.warns(ConvergenceWarning, match="the message") as record:
        warn("the message", ConvergenceWarning)
    assert record[0].filename == __file__


def test_frames_of_scikit_learn_are_skipped_too():
    """`fit` is wrapped by scikit-learn."""
    with pytest.warns(UserWarning, match="MinMaxScaler") as record:
        SETRBM(2, n_iter=1).fit([[0.0, 5.0], [1.0, 2.0]])
    assert record[0].filename == __file__
