"""The order of the training samples, and the data of a batch."""

import numpy as np
import pytest
from helpers.perceptrons import X_iris, assert_close_weights, make_small_model, y_iris
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sklearn_set import SETMLPClassifier
from sklearn_set._mlp.targets import NumberTargets
from sklearn_set._training.input_selection import InputSelection
from sklearn_set._training.samples import Batches, LabelledSamples

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
            r"ndarray of shape \(32, 4\) and dtype float64 and returned ndarray of",
        ),
        (lambda X, rng: None, "returned NoneType of shape None"),
        (lambda X, rng: X * np.nan, "batch_transform returned values that are NaN"),
        (lambda X, rng: X + 0j, "real numbers .* dtype complex128"),
        (lambda X, rng: X.astype("datetime64[s]"), r"real numbers .* datetime64"),
        (lambda X, rng: X.astype(object), "real numbers .* dtype object"),
        (lambda X, rng: X.astype(str), "real numbers .* dtype <U32"),
        (lambda X, rng: np.ma.array(X, mask=X > 1), "returned MaskedArray"),
        (lambda X, rng: csr_array(X), "sparse if its input is"),
    ],
)
def test_batch_transform_is_checked(bad, message):
    with pytest.raises(ValueError, match=message):
        clf = make_small_model(SETMLPClassifier, batch_transform=bad, batch_size=32)
        clf.fit(X_iris, y_iris)


def test_batch_transform_may_not_leave_the_range_of_float32():
    clf = make_small_model(
        SETMLPClassifier, batch_transform=lambda X, rng: X.astype(float) * 1e100
    )
    with pytest.raises(ValueError, match="infinite in float32"):
        clf.fit(X_iris.astype(np.float32), y_iris)


@pytest.mark.parametrize("bad", [np.nan, 1j, object()])
def test_batch_transform_of_sparse_rows_is_checked(bad):
    def transform(X, rng):
        return csr_array((np.full(X.nnz, bad), X.indices, X.indptr), shape=X.shape)

    with pytest.raises(ValueError, match="batch_transform"):
        make_small_model(SETMLPClassifier, batch_transform=transform).fit(
            csr_array(X_iris), y_iris
        )


# -- order ---------------------------------------------------------------------


def test_batches_are_full_except_the_last():
    batches = Batches(np.arange(3, 13), 4)
    assert [part.tolist() for part in batches] == [
        [3, 4, 5, 6], [7, 8, 9, 10], [11, 12],
    ]  # fmt: skip
    assert [len(part) for part in Batches(np.arange(10), 4, even=True)] == [4, 3, 3]
    assert [len(part) for part in Batches(np.arange(3), 50)] == [3]


def test_each_epoch_shuffles_the_samples(rng):
    batches = Batches(np.arange(100), 10, rng)
    first, second = np.concatenate(list(batches)), np.concatenate(list(batches))
    assert batches.n_batches == 10
    assert_array_equal(np.sort(first), np.arange(100))
    assert_array_equal(np.sort(second), np.arange(100))
    assert not np.array_equal(first, second)


def test_a_random_batch_has_distinct_samples(rng):
    batches = Batches(np.arange(5, 25), 8)
    drawn = batches.draw(rng)
    assert len(np.unique(drawn)) == 8 and drawn.min() >= 5 and drawn.max() < 25


# -- data ----------------------------------------------------------------------


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_a_batch_has_features_targets_and_weights(make, rng):
    X, targets, weights = rng.random((9, 4)), rng.random((9, 2)), rng.random(9)
    given = NumberTargets(targets, np.float64)
    indices = np.array([7, 0, 3])
    samples = LabelledSamples(make(X), given, weights, max_batch=5)
    x, y, w = samples.batch(indices, n_threads=1)
    if make is csr_array:
        starts, features, values = x.by_sample
        n = starts[-1]
        x = csr_array((values[:n], features[:n], starts), shape=(3, 4)).toarray().T
    assert_array_equal(x, X[indices].T)
    assert_array_equal(y, targets[indices].T)
    assert_array_equal(w, weights[indices])
    assert LabelledSamples(X, given, None, 5).batch(indices, 1)[2] is None


def test_withheld_samples_come_back_when_the_selection_is_over(rng):
    selection, samples = InputSelection(), np.arange(5, 45)
    selection.begin(samples[::4])
    batches = Batches(samples, 8, rng, selection=selection)
    trained = np.delete(samples, np.s_[::4])
    assert_array_equal(np.sort(np.concatenate(list(batches))), trained)
    assert np.isin([batches.draw(rng) for _ in range(20)], trained).all()
    # A fit that resumes afterwards must count the same number of batches.
    assert batches.n_batches == 5
    selection.finish()
    assert_array_equal(np.sort(np.concatenate(list(batches))), samples)
    assert batches.n_batches == 5
