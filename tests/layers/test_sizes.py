"""The number of connections of each layer."""

import numpy as np
import pytest

from sklearn_set._layers.sizes import connections_per_layer, erdos_renyi_n_connections
from sklearn_set._layers.sparse_layer import SparseLayer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "n_in, n_out, epsilon, expected",
    [
        (784, 1000, 20, 35_680),
        (1000, 1000, 20, 40_000),
        (1000, 10, 20, 10_000),  # no more than all
        (10, 20, 0.55, 16),  # rounded, half to even
    ],
)
def test_number_of_connections(n_in, n_out, epsilon, expected, rng):
    assert erdos_renyi_n_connections(n_in, n_out, epsilon) == expected
    layer = SparseLayer.random(n_in, n_out, expected, rng, np.float32)
    assert layer.n_connections == layer.coef.nnz == expected
    assert layer.coef.has_canonical_format
    layer.coef.check_format(full_check=True)


def test_too_many_or_no_connections_are_refused():
    with pytest.raises(ValueError, match=r"epsilon=2000 .* more than .* Lower epsilon"):
        erdos_renyi_n_connections(1_000_000, 1_000_000, 2000)
    with pytest.raises(ValueError, match=r"epsilon=0\.01 .* Raise epsilon"):
        erdos_renyi_n_connections(4, 3, 0.01)


@pytest.mark.parametrize("density", [0.001, 0.02, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize(
    "n_units", [[784, 1000, 1000, 10], [30, 500, 500, 2], [50, 100]]
)
def test_density_is_that_of_the_whole_network(n_units, density):
    n_positions = np.multiply(n_units[:-1], n_units[1:])
    counts = np.array(connections_per_layer(n_units, 20, density))
    assert counts.sum() == round(density * n_positions.sum())
    assert (counts <= n_positions).all()
    # In proportion to the units on both sides, but for full layers.
    sides = np.add(n_units[:-1], n_units[1:])
    epsilons = (counts / sides)[counts < n_positions]
    if epsilons.size:
        assert np.ptp(epsilons) <= 1 / sides.min()
        assert (n_positions / sides)[counts == n_positions].max(
            initial=0
        ) <= epsilons.max() + 1
