"""DegreeDisplay."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils import Bunch

from sklearn_set.inspection import DegreeDisplay, degrees

pytestmark = [
    pytest.mark.usefixtures("plt"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.mark.parametrize("side", ["in", "out"])
def test_degrees_are_drawn(side, network):
    display = DegreeDisplay.from_estimator(network, layer=1, side=side, color="C3")
    degree = degrees(network)[1][f"{side}_degree"]
    values, fractions = display.lines_[0].get_data()
    assert_array_equal(values, np.unique(degree[degree > 0]))
    assert_allclose(fractions, [np.mean(degree == value) for value in values])
    assert display.lines_[0].get_color() == "C3"
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "network", "random graph",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="side must be 'out' or 'in'"):
        DegreeDisplay.from_estimator(network, side="both")


def test_power_law_is_drawn(network):
    pytest.importorskip("igraph")
    display = DegreeDisplay.from_estimator(network, power_law=True)
    x, y = display.lines_[2].get_data()
    slope = np.polyfit(np.log(x), np.log(y), 1)[0]
    assert slope == pytest.approx(-display.fit.exponent)
    assert y.sum() == pytest.approx(display.fit.n_units / 64)


@pytest.mark.parametrize(
    "p_value, text",
    [
        (0.001, "rejected by the test of the fit, p < 0.01"),
        (0.05, "(rejected by the test of the fit, p = 0.05)"),
        (0.1, "not rejected by the test of the fit, p = 0.10"),
    ],
)
def test_the_legend_says_what_p_means(p_value, text):
    fit = Bunch(exponent=2.5, x_min=1, n_units=4, p_value=p_value)
    display = DegreeDisplay(np.array([1, 1, 2, 3]), fit=fit).plot()
    label = display.ax_.get_legend().get_texts()[1].get_text()
    assert "exponent 2.50" in label and text in label
    assert ("not rejected" in label) == (p_value >= 0.1)
