"""The learning rate of each layer."""

import numpy as np
import pytest
from helpers.perceptrons import X_digits, make_classifier, y_digits
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._mlp import learner
from sklearn_set._mlp.learning_rates import rate_factor


@pytest.mark.parametrize(
    "n_in, n_out, n_connections, factor",
    [(50, 10, 200, 5), (300, 10, 2000, 0.5), (20, 40, 40, 100), (20, 40, 3, 100)],
)
def test_the_factor_is_100_by_the_connections_of_a_unit(
    n_in, n_out, n_connections, factor, rng
):
    layer = SparseLayer.random(n_in, n_out, n_connections, rng, np.float64)
    assert rate_factor(layer) == pytest.approx(factor)


def after_a_step(rate):
    """Return a model after one step of SGD on all samples."""
    clf = make_classifier(
        learning_rate_init=rate, momentum=0, alpha=0.5, batch_size=200, max_iter=1
    )
    return clf.fit(X_digits[:200], y_digits[:200])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_step_moves_weights_by_the_rate_of_their_layer(monkeypatch):
    """And biases by the rate that is given."""
    start, scaled = after_a_step(1e-30), after_a_step(0.01)
    monkeypatch.setattr(learner, "rate_factor", lambda layer: 1.0)
    plain = after_a_step(0.01)
    for old, new, other in zip(start.coefs_, scaled.coefs_, plain.coefs_, strict=True):
        step, expected = new.data - old.data, other.data - old.data
        n_incoming = old.nnz / old.shape[1]
        assert_allclose(step, 100 / n_incoming * expected, rtol=1e-6, atol=1e-12)
    for new, other in zip(scaled.intercepts_, plain.intercepts_, strict=True):
        assert_array_equal(new, other)
        assert new.any()
