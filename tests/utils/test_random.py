"""Random streams."""

import numpy as np

from sklearn_set._utils.random import spawn_generators


def test_generators_are_independent_of_each_other():
    first = spawn_generators(np.random.RandomState(0), 2)
    again = spawn_generators(np.random.RandomState(0), 2)
    first[0].random(100)  # drawing from one does not change the other
    assert first[1].random() == again[1].random()
    assert first[1].random() != again[0].random()
