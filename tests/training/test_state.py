"""The training state: random streams, seeds, counters, copies."""

import pickle

import numpy as np
from numpy.testing import assert_array_equal

from sklearn_set._training.state import TrainingState


def make_state(random_state=0, streams=("weights", "shuffle"), seeds=("split",)):
    return TrainingState.start(random_state, streams, seeds)


def draw(state):
    return {name: rng.random(4).tolist() for name, rng in state.streams.items()}


def test_the_same_seed_gives_the_same_streams_and_seeds():
    a, b, other = make_state(), make_state(), make_state(1)
    assert a.seeds == b.seeds != other.seeds
    assert draw(a) == draw(b) != draw(other)


def test_streams_are_independent():
    a, b = make_state(), make_state()
    a.streams["weights"].random(1000)
    assert_array_equal(a.streams["shuffle"].random(4), b.streams["shuffle"].random(4))
    first, second = draw(make_state()).values()
    assert first != second


def test_a_random_state_advances():
    random_state = np.random.RandomState(0)
    assert draw(make_state(random_state)) != draw(make_state(random_state))


def test_a_new_state_counts_from_0():
    state = make_state()
    counts = state.n_iter, state.n_epochs, state.n_steps, state.n_evolutions
    assert (*counts, state.n_samples, state.n_cuts) == (0,) * 6
    assert state.learner is None and state.history.curves == {}


def test_a_copy_is_independent():
    state = make_state()
    state.learner = {"arrays": np.zeros(3)}
    copy = state.copy()
    copy.learner["arrays"][:] = 1
    copy.history.record({"loss": 1.0})
    copy.n_steps += 1
    assert draw(copy) == draw(state)  # which advances both
    copy.streams["weights"].random()
    assert draw(copy)["weights"] != draw(state)["weights"]
    assert not state.learner["arrays"].any()
    assert state.history.curves == {} and state.n_steps == 0


def test_the_state_of_the_solver_is_taken_once():
    state = make_state()
    state.learner = {"arrays": np.zeros(3)}
    without = state.without_learner()
    assert without.learner is None and without.streams is state.streams
    assert state.take_learner()["arrays"].size == 3
    assert state.learner is None and state.take_learner() is None


def test_a_pickle_continues_the_streams():
    state = make_state()
    draw(state)
    assert draw(pickle.loads(pickle.dumps(state))) == draw(state)
