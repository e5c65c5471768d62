"""The number of threads that is found while batches run, with a clock of our own."""

import numpy as np
import pytest

from sklearn_set._utils import thread_chooser
from sklearn_set._utils.thread_chooser import (
    TRIAL_SHARE,
    ThreadChooser,
    candidates,
    on_fastest_threads,
)

BATCH = 32


def run(chooser, seconds, duration):
    """Run batches for some time.

    `seconds` maps a number of threads to the time of a batch, or to a function that
    draws one. Returns the mean time of a batch, and the fraction of the batches with
    each number.
    """
    total, counts = 0.0, dict.fromkeys(seconds, 0)
    while total < duration:
        n_threads = chooser.n_threads
        time = seconds[n_threads]
        time = time() if callable(time) else time
        chooser.tell(time, BATCH)
        total += time
        counts[n_threads] += 1
    n_batches = sum(counts.values())
    return total / n_batches, {n: count / n_batches for n, count in counts.items()}


@pytest.mark.parametrize("time", [1e-5, 1e-3, 0.1])
@pytest.mark.parametrize("ratio", [0.1, 0.6, 0.97, 1.03, 1.8, 10])
def test_the_faster_number_is_used(time, ratio):
    seconds = {1: time, 2: ratio * time}
    chooser = ThreadChooser((1, 2))
    run(chooser, seconds, 300 * time + 0.1)
    mean, _ = run(chooser, seconds, 1000 * time + 1)
    assert mean <= 1.02 * min(seconds.values())


@pytest.mark.parametrize("time", [1e-4, 1e-2])
@pytest.mark.parametrize("ratio", [2, 20, 200])
def test_trials_cost_little_however_slow_they_are(time, ratio):
    """All trials together, after the first one."""
    chooser = ThreadChooser((1, 2))
    run(chooser, {1: time, 2: ratio * time}, 0.1)
    duration = 400 * ratio * time + 1
    mean, shares = run(chooser, {1: time, 2: ratio * time}, duration)
    assert 0 < shares[2] < 0.02
    assert mean <= (1 + 1.1 * TRIAL_SHARE) * time


def test_a_slow_number_is_tried_again_later_each_time():
    """Rarely enough that its cost is paid for, and for one batch only."""
    chooser, gaps, gap = ThreadChooser((1, 2)), [], 0
    for _ in range(60_000):
        is_trial = chooser.n_threads == 2
        gaps, gap = ([*gaps, gap], 0) if is_trial else (gaps, gap + 1)
        chooser.tell(0.1 if is_trial else 1e-3, BATCH)
    assert min(gaps[1:]) == pytest.approx(0.099 / (TRIAL_SHARE * 1e-3), rel=0.2)


def test_it_follows_the_load():
    chooser = ThreadChooser((1, 2))
    quiet, busy = {1: 1e-3, 2: 0.55e-3}, {1: 1.2e-3, 2: 0.02}
    for seconds in (quiet, busy, quiet, busy):
        run(chooser, seconds, 5)
        mean, _ = run(chooser, seconds, 2)
        assert mean <= 1.03 * min(seconds.values())


def test_the_mean_decides_and_not_the_typical_time(rng):
    """All threads are faster in most batches, but now and then one is very late."""
    seconds = {1: 1e-3, 2: lambda: 0.06 if rng.random() < 0.03 else 0.6e-3}
    chooser = ThreadChooser((1, 2))
    run(chooser, seconds, 5)
    mean, shares = run(chooser, seconds, 60)
    assert shares[1] > 0.9
    assert mean <= 1.05 * seconds[1]


def test_one_late_thread_in_a_long_time_does_not_matter(rng):
    seconds = {1: 1e-3, 2: lambda: 0.06 if rng.random() < 5e-4 else 0.6e-3}
    chooser = ThreadChooser((1, 2))
    run(chooser, seconds, 5)
    _, shares = run(chooser, seconds, 60)
    assert shares[2] > 0.9


@pytest.mark.parametrize("fastest", [1, 4, 8])
def test_each_of_three_numbers_can_be_the_fastest(fastest):
    seconds = {1: 3e-3, 4: 2e-3, 8: 1.5e-3} | {fastest: 1e-3}
    chooser = ThreadChooser(candidates(8))
    run(chooser, seconds, 1)
    mean, shares = run(chooser, seconds, 5)
    assert shares[fastest] > 0.9
    assert mean <= (1 + 1.5 * TRIAL_SHARE) * 1e-3


def test_candidates_keep_to_the_limit():
    assert candidates(2) == (1, 2)
    assert candidates(3) == (1, 3)
    assert candidates(16) == (1, 8, 16)


# -- functions of batches ------------------------------------------------------


class Layer:
    """Has what is asked of a layer."""

    n_connections = 100
    dtype = np.dtype(np.float32)

    def __init__(self, n_threads=2):
        self.n_threads = n_threads


@pytest.fixture
def clock(monkeypatch):
    """Add to the last element to let time pass; no chooser is left from before."""
    now = [0.0]
    monkeypatch.setattr(thread_chooser, "perf_counter", lambda: now[0])
    monkeypatch.setattr(thread_chooser, "_idle", type(thread_chooser._idle)(list))
    return now


def batches(n_batches, function, layers, size=BATCH, **changed):
    """Apply a function to batches as the training loop does."""
    options = {"n_batches": n_batches, "name": "test"} | changed
    with on_fastest_threads(function, layers, BATCH, **options) as function:
        return [function(np.arange(size)) for _ in range(n_batches)]


def used_threads(layers, clock, seconds):
    """Return a function of a batch that returns the number of threads it ran on."""

    def function(indices):
        assert len({layer.n_threads for layer in layers}) == 1
        clock[0] += seconds[layers[0].n_threads]
        return layers[0].n_threads

    return function


def test_all_layers_run_on_the_fastest_number(clock):
    layers = [Layer(), Layer()]
    for fastest in (1, 2):
        seconds = {1: 0.01, 2: 0.02} if fastest == 1 else {1: 0.02, 2: 0.01}
        found = batches(2000, used_threads(layers, clock, seconds), layers)
        assert found[-1000:].count(fastest) > 950
        assert [layer.n_threads for layer in layers] == [2, 2]  # the limit, as before


def test_the_limit_comes_back_after_an_error(clock):
    layer = Layer()

    def fail(indices):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batches(1, fail, [layer])
    assert layer.n_threads == 2
    assert sum(map(len, thread_chooser._idle.values())) == 1


def test_nothing_is_chosen_with_one_thread_or_without_layers():
    for layers in ([Layer(1)], ()):
        with on_fastest_threads(len, layers, BATCH, 2, "test") as function:
            assert function is len


def test_the_next_call_of_the_kind_goes_on(clock):
    """Even if each call is one batch."""
    layer = Layer()
    function = used_threads([layer], clock, {1: 0.01, 2: 0.005})
    found = [batches(1, function, [layer])[0] for _ in range(200)]
    assert found[0] == 1
    assert found[-100:].count(2) > 80
    assert batches(1, function, [layer], name="other") == [1]


def test_concurrent_calls_do_not_share_a_chooser(clock):
    layers = [Layer(), Layer()]
    calls = [on_fastest_threads(len, [la], BATCH, 2, "test") for la in layers]
    a, b = (call.__enter__() for call in calls)
    assert a._chooser is not b._chooser
    for call in calls:
        call.__exit__(None, None, None)
    assert sum(map(len, thread_chooser._idle.values())) == 2


def test_the_first_of_several_batches_and_small_ones_are_not_timed(clock, monkeypatch):
    told = []
    monkeypatch.setattr(ThreadChooser, "tell", lambda self, *args: told.append(args))
    layer = Layer()

    def function(indices):
        clock[0] += 1.0

    batches(3, function, [layer])
    assert told == [(1.0, BATCH)] * 2
    batches(3, function, [layer], size=BATCH // 2 - 1)
    assert len(told) == 2
    batches(1, function, [layer])
    assert len(told) == 3
