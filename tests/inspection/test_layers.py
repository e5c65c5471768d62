"""Degrees and strengths of the layers of a fitted model."""

import numpy as np
import pytest
from helpers.inspected import is_connected, make_classifier
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom, chisquare
from sklearn.pipeline import make_pipeline

from sklearn_set import SETRBM, SETMLPRegressor
from sklearn_set.inspection import (
    clustering,
    degrees,
    idle_units,
    input_strength,
    path_lengths,
    surviving_connections,
    topology_distance,
    weight_matrices,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_weight_matrices(digits):
    X, _, y, _ = digits
    regressor = SETMLPRegressor(hidden_layer_sizes=(9,), max_iter=1).fit(X, y)
    assert [W.shape for W in weight_matrices(regressor)] == [(64, 9), (9, 1)]
    rbm = SETRBM(5, n_iter=1).fit(X)
    assert_array_equal(weight_matrices(rbm)[0].toarray(), rbm.components_.toarray().T)


def test_other_estimators_are_refused():
    with pytest.raises(TypeError, match=r"got a Pipeline. Pass the step"):
        weight_matrices(make_pipeline(make_classifier()))


def test_degrees_count_connections(digits):
    X, _, y, _ = digits
    clf = make_classifier().fit(X, y)
    for layer, coef in zip(degrees(clf), clf.coefs_, strict=True):
        assert_array_equal(layer.out_degree, is_connected(coef).sum(axis=1))
        assert_array_equal(layer.in_degree, is_connected(coef).sum(axis=0))
    rbm = SETRBM(30, n_iter=1, random_state=0).fit(X)
    (layer,) = degrees(rbm)
    assert layer.out_degree.shape == (64,) and layer.in_degree.shape == (30,)
    assert layer.out_degree.sum() == layer.in_degree.sum() == rbm.n_connections_


def test_degrees_of_a_random_graph_are_binomial(digits):
    """Of a graph that has not evolved: numbers of units against probabilities."""
    X, _, y, _ = digits
    clf = make_classifier((4000,), epsilon=10, max_iter=1).fit(X, y)
    n_connections = clf.coefs_[0].nnz
    counts = np.bincount(degrees(clf)[0].in_degree, minlength=65)
    probabilities = binom.pmf(np.arange(65), 64, n_connections / (64 * 4000))
    used = 4000 * probabilities >= 5
    observed = np.append(counts[used], counts[~used].sum())
    expected = 4000 * np.append(probabilities[used], probabilities[~used].sum())
    assert chisquare(observed, expected).pvalue > 1e-3


def test_evolution_spreads_the_degrees(digits):
    """Strong features gain connections: degrees are no longer binomial."""
    X, _, y, _ = digits
    spread = []
    for rule in ("fixed", "set"):
        clf = make_classifier((300,), max_iter=40, evolution=rule).fit(X, y)
        spread.append(degrees(clf)[0].out_degree.std())
    assert spread[1] > 1.5 * spread[0]


def test_input_strength_and_feature_importances(digits):
    X, _, y, _ = digits
    clf = make_classifier().fit(X, y)
    strength = input_strength(clf)
    assert_allclose(strength, np.abs(clf.coefs_[0].toarray()).sum(axis=1))
    assert_allclose(strength / strength.sum(), clf.feature_importances_)
    assert input_strength(SETRBM(5, n_iter=1).fit(X)).shape == (64,)


def set_index(coef):
    coef.indices[3] = 1 << 30


def set_negative_index(coef):
    coef.indices[3] = -(1 << 30)


def set_row_start(coef):
    coef.indptr[1] = 1 << 30


def cut_indices(coef):
    coef.indices = coef.indices[:5]


FUNCTIONS = [
    weight_matrices, degrees, input_strength, idle_units, path_lengths, clustering,
    surviving_connections, lambda model: topology_distance(model, model),
]  # fmt: skip


REFUSED = "not a valid CSR matrix|indices and data should have the same size"


@pytest.mark.parametrize(
    "tamper", [set_index, set_negative_index, set_row_start, cut_indices]
)
def test_changed_matrices_are_refused(tamper, digits):
    """Before a loop of SciPy's would read beyond them."""
    X, _, y, _ = digits
    rbm = SETRBM(30, n_iter=1, random_state=0).fit(X)
    tamper(rbm.components_)
    clf = make_classifier(max_iter=1).fit(X, y)
    tamper(clf.coefs_[0])
    for model in (rbm, clf):
        for function in FUNCTIONS:
            with pytest.raises(ValueError, match=REFUSED):
                function(model)
    with pytest.raises(ValueError, match=REFUSED):
        clf.feature_importances_  # noqa: B018
    pretrained = make_classifier((30,), max_iter=1, init=rbm)
    with pytest.raises(ValueError, match=REFUSED):
        pretrained.fit(X, y)
