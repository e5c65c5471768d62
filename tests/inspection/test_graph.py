"""Path lengths and clustering of graphs that are known."""

import numpy as np
import pytest
from helpers.inspected import classifier_from_weights
from numpy.testing import assert_array_equal

from sklearn_set import SETRBM
from sklearn_set.inspection import clustering, path_lengths

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_path_lengths_of_a_chain():
    """Two features, one unit, one output: a star of three arms."""
    model = classifier_from_weights(np.ones((2, 1)), np.ones((1, 1)))
    paths = path_lengths(model, random_state=0)
    assert_array_equal(paths.lengths, [1, 2])
    assert_array_equal(paths.counts, [6, 6])
    assert paths.mean == 1.5 and paths.connected == 1


def test_path_lengths_of_two_components():
    model = classifier_from_weights(np.eye(2), np.array([[1.0], [0.0]]))
    paths = path_lengths(model, random_state=0)
    # input 0 - hidden 0 - output, and input 1 - hidden 1
    assert_array_equal(paths.counts, [6, 2])
    assert paths.connected == 8 / 20


def test_clustering_counts_squares():
    complete = classifier_from_weights(np.ones((3, 4)), np.ones((4, 1)))
    assert 0.5 < clustering(complete, random_state=0) <= 1
    ring = np.array([[1.0, 1, 0], [0, 1, 1], [1, 0, 1]])  # a ring of six
    no_square = classifier_from_weights(ring, np.array([[1.0], [0], [0]]))
    assert clustering(no_square, random_state=0) == 0
    pair = classifier_from_weights(
        np.array([[1.0, 0], [0, 0]]), np.array([[0.0], [1.0]])
    )
    assert np.isnan(clustering(pair))


def test_clustering_of_a_random_graph_is_its_density(digits):
    X, _, _, _ = digits
    rbm = SETRBM(400, density=0.1, n_iter=0, random_state=0).fit(X)
    assert clustering(rbm, 40_000, random_state=0) == pytest.approx(0.1, abs=0.02)
