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
    assert state.take_learner()["arrays"].size == 3
    assert state.learner is None and state.take_learner() is None


def plain(value):
    """Whether a value consists of Python's and NumPy's basic types only."""
    if isinstance(value, dict):
        return all(map(plain, [*value, *value.values()]))
    if isinstance(value, list | tuple):
        return all(map(plain, value))
    return value is None or isinstance(value, str | bool | int | float | np.ndarray)


def test_a_dict_holds_the_state_without_classes_of_this_package():
    state = make_state()
    draw(state)
    state.history.record({"loss": 1.0})
    state.selection.living = np.array([True, False])
    state.learner, state.n_steps = {"arrays": np.ones(3)}, 7
    saved = state.to_dict()
    assert plain(saved)
    loaded = TrainingState.from_dict(pickle.loads(pickle.dumps(saved)))
    assert draw(loaded) == draw(state)
    assert loaded.seeds == state.seeds and loaded.n_steps == 7
    assert loaded.history.curves == {"loss": [1.0]}
    assert loaded.selection.living.tolist() == [True, False]
    assert loaded.learner["arrays"].sum() == 3


def test_what_an_earlier_version_did_not_save_starts_anew():
    saved = make_state().to_dict()
    del saved["n_cuts"], saved["history"]["n_no_improvement"]
    loaded = TrainingState.from_dict(saved)
    assert loaded.n_cuts == loaded.history.n_no_improvement == 0
