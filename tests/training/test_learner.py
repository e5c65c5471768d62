"""The base class of learners."""

import numpy as np
import pytest

from sklearn_set._training.learner import Learner


def test_defaults_suit_a_model_without_sparse_layers():
    learner = Learner()
    assert learner.solver is None and learner.layers == () and not learner.diverged
    learner.begin_epoch(), learner.flush()
    assert learner.end_epoch() == {} and learner.state() is None
    assert learner.is_finite()  # it has learned nothing


def test_finite_if_all_arrays_are():
    class TwoArrays(Learner):
        def arrays(self):
            yield from (self.a, self.b)

    learner = TwoArrays()
    learner.a, learner.b = np.zeros(2), np.zeros((2, 2))
    assert learner.is_finite()
    for bad in (np.nan, np.inf, -np.inf):
        learner.b[1, 0] = bad
        assert not learner.is_finite()


@pytest.mark.parametrize("method", ["learn", "layer_gradients", "restore"])
def test_learners_must_implement_what_is_called(method):
    with pytest.raises(NotImplementedError):
        getattr(Learner(), method)(None)
