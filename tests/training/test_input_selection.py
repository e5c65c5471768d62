"""The inputs that stay, as the losses of withheld samples judge them."""

import numpy as np
from numpy.testing import assert_array_equal

from sklearn_set._training.input_selection import InputSelection

WITHHELD = np.arange(100)
NOISE = np.resize([-1.0, 1.0], 100)  # whose mean has the standard error 0.1


def begun(n_inputs=4):
    selection = InputSelection()
    selection.living = np.ones(n_inputs, dtype=bool)
    selection.begin(WITHHELD)
    return selection


def test_worse_is_a_larger_loss_by_more_than_its_standard_error():
    selection, n_worse = begun(), []
    for mean in (1.0, 1.05, 1.2, 1.3, 1.05, 1.2, 0.9):
        selection.judge(mean + NOISE * (len(n_worse) > 0))
        n_worse.append(selection.n_worse)
    assert n_worse == [0, 0, 1, 2, 0, 1, 0]


def test_the_inputs_with_the_lowest_loss_stay():
    selection, n_living = begun(), 4
    for loss in (3.0, 1.0, 2.0):
        selection.living = np.arange(4) < n_living
        selection.judge(np.full(100, loss))
        n_living -= 1
    assert selection.fraction_living == 0.5
    selection.finish()
    assert_array_equal(selection.living, [True, True, True, False])
    assert selection.is_over and selection.withheld.size == 0
    assert selection.fraction_living == 0.75
    selection.begin(WITHHELD)  # of a warm start
    assert selection.withheld.size == 0


def test_without_a_judgement_the_inputs_stay_as_they_are():
    selection = begun()
    selection.living[1] = False
    selection.finish()
    assert_array_equal(selection.living, [True, False, True, True])
    assert InputSelection().fraction_living == 1


def test_a_copy_is_independent_and_withholds_nothing():
    selection = begun()
    selection.judge(np.ones(100))
    copy = selection.copy()
    copy.living[:] = False
    assert selection.living.all() and copy.withheld.size == 0
    assert_array_equal(selection.withheld, WITHHELD)


def test_losses_of_other_samples_are_not_compared():
    """In a warm start, but in a fit that resumes they are the same samples."""
    selection = begun()
    selection.judge(np.ones(100))
    selection.begin(WITHHELD)
    selection.judge(2 * np.ones(100))
    assert selection.n_worse == 1
    warm = selection.copy()
    warm.begin(np.arange(60))
    warm.judge(3 * np.ones(60))
    assert warm.n_worse == 0 and warm.best_losses.size == 60
