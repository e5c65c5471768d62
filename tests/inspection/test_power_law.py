"""Power laws fitted to degrees."""

import numpy as np
import pytest

from sklearn_set.inspection import fit_power_law

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def power_law(exponent, n, rng):
    """Draw from the discrete law on 1, 2, ..., by inverting its distribution."""
    values = np.arange(1, 2_000_000)
    weights = values**-exponent
    return rng.choice(values, n, p=weights / weights.sum())


@pytest.mark.parametrize("exponent", [2.0, 2.5, 3.2])
def test_the_exponent_is_recovered(exponent, rng):
    pytest.importorskip("igraph")
    fit = fit_power_law(power_law(exponent, 5000, rng), x_min=1)
    assert abs(fit.exponent - exponent) < 0.1
    assert fit.p_value > 0.1 and fit.x_min == 1 and fit.n_units == 5000


def test_the_fit_is_repeatable(rng):
    pytest.importorskip("igraph")
    degrees = power_law(2.5, 200, rng)
    first, again, other = (fit_power_law(degrees, 1, random_state=s) for s in (0, 0, 1))
    assert first == again
    assert first.exponent == other.exponent and first.p_value != other.p_value


def test_a_random_graph_has_a_small_p_value(rng):
    pytest.importorskip("igraph")
    fit = fit_power_law(rng.binomial(1000, 0.02, size=2000), x_min=10)
    assert fit.p_value < 0.01


@pytest.mark.parametrize("values", [[], [0, 0], [[1, 2], [3, 4]]])
def test_bad_degrees(values):
    pytest.importorskip("igraph")
    with pytest.raises(ValueError, match="degrees must be"):
        fit_power_law(values)


@pytest.mark.parametrize("x_min", [6, -1, 0, np.nan, 2.5, True, "1"])
def test_an_x_min_without_degrees_is_refused(x_min):
    """With some of them igraph does not come to an end."""
    pytest.importorskip("igraph")
    with pytest.raises(ValueError, match="x_min must be None or an integer from 1 to"):
        fit_power_law([1, 1, 2, 3, 5], x_min)


def test_too_few_units_for_a_power_law():
    pytest.importorskip("igraph")
    with pytest.raises(ValueError, match="Pass the degrees of more units"):
        fit_power_law([1, 1, 2, 3, 5], 5)
