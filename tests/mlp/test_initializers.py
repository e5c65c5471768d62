"""The standard deviation of the initial weights."""

import math

import pytest

from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set._mlp.initializers import INITIALIZERS, glorot, he, initializer, normal


def test_standard_deviations_by_the_actual_fans():
    assert he(8, 3) == math.sqrt(2 / 8)
    assert glorot(8, 3) == math.sqrt(2 / 11)
    assert normal(8, 3) == 0.1


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_auto_is_he_for_relu_and_similar_activations(activation):
    is_bounded = activation in ("identity", "logistic", "tanh")
    expected = glorot if is_bounded else he
    assert initializer("auto", ACTIVATIONS[activation](1)) is expected
    for name, function in INITIALIZERS.items():
        assert initializer(name, ACTIVATIONS[activation](1)) is function
