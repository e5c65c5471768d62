"""Targets made for each batch: never of all samples times classes."""

import tracemalloc

import numpy as np
import pytest
from helpers.perceptrons import assert_same_model, make_small_model
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.metrics import accuracy_score

from sklearn_set import SETMLPClassifier
from sklearn_set._layers import batches
from sklearn_set._mlp.targets import ClassTargets, LabelTargets, NumberTargets

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

INDICES = np.array([3, 0, 3])


def test_class_targets_are_rows_of_the_identity():
    numbers = np.array([2, 1, 0, 3])
    targets = ClassTargets(numbers, 4)
    assert targets.n_outputs == 4
    assert_array_equal(
        targets.batch(INDICES), np.eye(4, dtype=bool)[numbers[INDICES]].T
    )


@pytest.mark.parametrize("n_classes", [1, 2])
def test_one_or_two_classes_have_one_output(n_classes):
    numbers = np.array([0, 0, 0, n_classes - 1])
    targets = ClassTargets(numbers, n_classes)
    assert targets.n_outputs == 1
    assert_array_equal(targets.batch(INDICES), [numbers[INDICES] == 1])


@pytest.mark.parametrize("make", [np.asarray, csr_array, csr_matrix])
def test_label_targets(make, rng):
    y = rng.integers(2, size=(4, 6))
    targets = LabelTargets(make(y))
    found = targets.batch(INDICES)
    assert targets.n_outputs == 6 and found.dtype == bool
    assert_array_equal(found, y[INDICES].T)


def test_stored_zeros_and_unsorted_labels():
    y = csr_array(([1, 1, 0, 1], [2, 0, 1, 1], [0, 3, 4]), shape=(2, 3))
    assert_array_equal(LabelTargets(y).batch(np.arange(2)).T, y.toarray() != 0)


@pytest.mark.parametrize("make", [csr_array, csr_matrix])
def test_sparse_numbers(make, rng):
    y = rng.integers(-1, 2, size=(4, 6)).astype(float)
    targets = NumberTargets(make(y), np.dtype(np.float32))
    found = targets.batch(INDICES)
    assert targets.n_outputs == 6 and found.dtype == np.float32
    assert_array_equal(found, y[INDICES].T)


@pytest.mark.parametrize("shape", [(4,), (4, 2)])
def test_number_targets_have_the_dtype_of_the_model(shape, rng):
    y = rng.random(shape)
    found = NumberTargets(y, np.dtype(np.float32)).batch(INDICES)
    assert found.dtype == np.float32
    assert_array_equal(found, y.reshape(4, -1)[INDICES].T.astype(np.float32))


# -- memory --------------------------------------------------------------------

N_SAMPLES, N_CLASSES = 4000, 1000


def one_of_each(rng):
    return rng.permutation(np.arange(N_SAMPLES) % N_CLASSES)


def one_label_each(rng):
    at = np.arange(N_SAMPLES), rng.integers(N_CLASSES, size=N_SAMPLES)
    return csr_array((np.ones(N_SAMPLES), at), shape=(N_SAMPLES, N_CLASSES))


MAKE_Y = {
    "classes": one_of_each,
    "names": lambda rng: one_of_each(rng).astype(str),
    "labels": one_label_each,
}
USES = {
    "fit": {},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.4},
    "loss of a validation set": {
        "early_stopping": True, "validation_fraction": 0.4, "scoring": "loss",
    },
    "class weights": {"class_weight": "balanced"},
}  # fmt: skip


def peak_memory(function):
    """Return the largest number of bytes that a function holds at a time."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("make_y", MAKE_Y.values(), ids=MAKE_Y)
@pytest.mark.parametrize("options", USES.values(), ids=USES)
def test_nothing_is_as_large_as_samples_times_classes(options, make_y, rng):
    """Not even with one byte for each."""
    X, y = rng.random((N_SAMPLES, 4), dtype=np.float32), make_y(rng)
    clf = SETMLPClassifier(
        (5,), epsilon=1, max_iter=1, batch_size=30, random_state=0, **options
    )
    limit = 0.9 * N_SAMPLES * N_CLASSES
    assert peak_memory(lambda: clf.fit(X, y)) < limit
    if not issparse(y):  # after one epoch half of all labels may be predicted
        assert peak_memory(lambda: clf.predict(X)) < limit
    assert peak_memory(lambda: clf.score(X, y)) < limit


def test_probabilities_are_held_once(rng):
    X, y = rng.random((N_SAMPLES, 4), dtype=np.float32), one_of_each(rng)
    clf = SETMLPClassifier((5,), epsilon=1, max_iter=1, batch_size=30).fit(X, y)
    held = N_SAMPLES * N_CLASSES * 4
    assert peak_memory(lambda: clf.predict_proba(X)) < 1.2 * held
    assert peak_memory(lambda: clf.predict_log_proba(X)) < 1.2 * held


# -- the same results ----------------------------------------------------------


@pytest.fixture
def multilabel(rng):
    X, y = rng.random((300, 8)), rng.random((300, 5))
    return X, (y + X[:, :5] > 1).astype(int)


@pytest.mark.parametrize("make", [csr_array, csr_matrix])
@pytest.mark.parametrize("options", USES.values(), ids=USES)
def test_sparse_labels_are_learned_as_dense_ones(options, make, multilabel):
    X, y = multilabel
    dense = make_small_model(SETMLPClassifier, **options).fit(X, y)
    sparse = make_small_model(SETMLPClassifier, **options).fit(X, make(y))
    assert_same_model(dense, sparse)
    assert dense.validation_scores_ == sparse.validation_scores_
    predicted = sparse.predict(X)
    assert issparse(predicted) and predicted.format == "csr"
    assert_array_equal(predicted.toarray(), dense.predict(X))
    assert dense.predict(X).dtype == predicted.dtype == int


@pytest.mark.parametrize("weighted", [False, True])
def test_the_score_of_labels_is_their_subset_accuracy(weighted, multilabel, rng):
    X, y = multilabel
    weights = rng.random(len(X)) if weighted else None
    clf = make_small_model(SETMLPClassifier).fit(X, y)
    expected = accuracy_score(y, clf.predict(X), sample_weight=weights)
    assert 0 < expected < 1
    for given in (y, csr_array(y), y.tolist()):
        assert clf.score(X, given, sample_weight=weights) == expected


def test_blocks_of_one_row_predict_the_same(monkeypatch, multilabel):
    X, y = multilabel
    for target in (y, csr_array(y), y[:, 0], y.sum(axis=1)):
        clf = make_small_model(SETMLPClassifier).fit(X, target)
        whole = clf.predict(X), clf.predict_proba(X), clf.score(X, target)
        monkeypatch.setattr(batches, "PREDICT_VALUES", 1)
        parts = clf.predict(X), clf.predict_proba(X), clf.score(X, target)
        monkeypatch.undo()
        for a, b in zip(whole, parts, strict=True):
            a, b = (v.toarray() if issparse(v) else v for v in (a, b))
            assert_array_equal(a, b)


# -- bad targets ---------------------------------------------------------------


@pytest.mark.parametrize("make", [np.asarray, csr_array])
def test_indicators_besides_0_and_1_are_refused(make, multilabel):
    X, y = multilabel
    clf = make_small_model(SETMLPClassifier)
    for bad in (2 * y - 1, 2 * y, -y):
        with pytest.raises(ValueError, match="y must be a matrix of 0 and 1"):
            clf.fit(X, make(bad))
        with pytest.raises(ValueError, match="y_val must be a matrix of 0 and 1"):
            clf.fit(X, make(y), X_val=X, y_val=make(bad))
    clf.fit(X, y)
    with pytest.raises(ValueError, match="y must be a matrix of 0 and 1"):
        clf.score(X, make(2 * y))
    with pytest.raises(ValueError, match="y has 3 labels, but .* with 5"):
        clf.score(X, make(y[:, :3]))


def test_a_sparse_y_whose_indices_are_out_of_range(multilabel):
    X, y = multilabel
    bad = csr_array(y)
    bad.indices[5] = 99
    with pytest.raises(ValueError, match="y is not a valid CSR matrix"):
        make_small_model(SETMLPClassifier).fit(X, bad)


def test_another_kind_of_targets_in_a_later_call(multilabel):
    X, y = multilabel
    labels = make_small_model(SETMLPClassifier).partial_fit(X, y, classes=range(5))
    with pytest.raises(ValueError, match="which was multilabel-indicator; pass an ind"):
        labels.partial_fit(X, y[:, 0])
    classes = make_small_model(SETMLPClassifier, warm_start=True).fit(X, y.sum(axis=1))
    with pytest.raises(ValueError, match="which was multiclass; pass one class"):
        classes.fit(X, y)


def test_classes_are_the_columns_of_labels(multilabel):
    X, y = multilabel
    with pytest.raises(
        ValueError, match="`classes` must be the numbers of the columns"
    ):
        make_small_model(SETMLPClassifier).partial_fit(X, y, classes=range(4))
