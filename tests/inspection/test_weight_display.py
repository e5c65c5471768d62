"""WeightDisplay."""

import numpy as np
import pytest

from sklearn_set.inspection import WeightDisplay

pytestmark = [
    pytest.mark.usefixtures("plt"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def test_weights_are_counted(network):
    display = WeightDisplay.from_estimator(network, bins=10)
    for stairs, coef in zip(display.lines_, network.coefs_, strict=True):
        density, edges, _ = stairs.get_data()
        assert edges.size == 11
        assert (density * np.diff(edges)).sum() == pytest.approx(1)
        assert f"{coef.nnz:,} connections" in stairs.get_label()
