"""The order of the training samples, and the data of a batch."""

import numpy as np
import pytest
from helpers.perceptrons import X_iris, assert_close_weights, make_small_model, y_iris
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sklearn_set import SETMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_batch_transform_sees_each_batch(make):
    seen = []

    def note(X, rng):
        seen.append(X.shape)
        assert rng.random() < 1
        return X

    X = make(X_iris)
    plain = make_small_model(SETMLPClassifier, batch_size=40).fit(X, y_iris)
    clf = make_small_model(SETMLPClassifier, batch_size=40, batch_transform=note).fit(
        X, y_iris
    )
    assert_close_weights(plain, clf)
    assert seen == [(40, 4), (40, 4), (40, 4), (30, 4)] * 8


def test_batch_transform_augments_and_does_not_change_X():
    X = X_iris.copy()

    def noise(X, rng):
        X += rng.normal(0, 0.1, X.shape)
        return X

    models = [
        make_small_model(SETMLPClassifier, batch_transform=noise).fit(X, y_iris)
        for _ in range(2)
    ]
    assert_array_equal(X, X_iris)
    assert_close_weights(*models)  # the generator is that of random_state
    assert not np.allclose(
        models[0].intercepts_[0],
        make_small_model(SETMLPClassifier).fit(X, y_iris).intercepts_[0],
    )


@pytest.mark.parametrize(
    "bad, message",
    [
        (
            lambda X, rng: X[:, :2],
            r"ndarray of shape \(32, 4\) and returned ndarray of",
        ),
        (lambda X, rng: None, "returned NoneType of shape None"),
        (lambda X, rng: X * np.nan, "batch_transform returned NaN"),
        (lambda X, rng: csr_array(X), "sparse if they are"),
    ],
)
def test_batch_transform_is_checked(bad, message):
    with pytest.raises(ValueError, match=message):
        make_small_model(SETMLPClassifier, batch_transform=bad).fit(X_iris, y_iris)
