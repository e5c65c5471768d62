"""From the rows of X to batches: formats, memory layouts, untidy matrices."""

import numpy as np
import pytest
from helpers.perceptrons import assert_same_model, make_classifier
from numpy.testing import assert_array_equal
from scipy.sparse import coo_array, csc_matrix, csr_array, csr_matrix

from sklearn_set._layers.batches import (
    PREDICT_BLOCK,
    PREDICT_BYTES,
    PREDICT_ROWS,
    PREDICT_VALUES,
    as_rows,
    in_row_order,
    map_batches,
    predict_batch_size,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_rows_are_loaded_after_a_transform(rng):
    X = rng.random((50, 7)).astype(np.float32)
    rows = as_rows(X, 50)
    assert_array_equal(rows.batch(np.arange(5), 1), X[:5].T)


@pytest.mark.parametrize("container", [csr_array, csr_matrix, csc_matrix, coo_array])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_X_gives_the_model_of_a_dense_X(container, index, digits):
    X, X_test, y, _ = digits
    S, S_test = container(X), container(X_test)
    if hasattr(S, "indptr"):
        S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(index)
    dense, sparse = make_classifier().fit(X, y), make_classifier().fit(S, y)
    assert_same_model(dense, sparse, rtol=1e-9)
    assert_array_equal(sparse.predict_proba(X_test), sparse.predict_proba(S_test))


def test_untidy_sparse_X_is_read_and_not_changed(digits):
    """Unsorted and read-only, with arrays that are longer than needed."""
    X, _, y, _ = digits
    clean = csr_array(X)
    untidy = csr_array(X)
    for i in range(len(X)):
        row = slice(untidy.indptr[i], untidy.indptr[i + 1])
        untidy.indices[row] = untidy.indices[row][::-1]
        untidy.data[row] = untidy.data[row][::-1]
    untidy.data, untidy.indices = (
        np.append(untidy.data, 7.0),
        np.append(untidy.indices, 3),
    )
    before = untidy.data.copy(), untidy.indices.copy(), untidy.indptr.copy()
    for array in (untidy.data, untidy.indices, untidy.indptr):
        array.flags.writeable = False
    assert_same_model(
        make_classifier().fit(clean, y), make_classifier().fit(untidy, y), rtol=1e-9
    )
    for old, new in zip(
        before, (untidy.data, untidy.indices, untidy.indptr), strict=True
    ):
        assert_array_equal(old, new)


def test_read_only_and_fortran_ordered_X(digits):
    X, _, y, _ = digits
    F = np.asfortranarray(X)
    F.flags.writeable = False
    assert_same_model(make_classifier().fit(X, y), make_classifier().fit(F, y))


# -- loaders and batches of predictions ----------------------------------------


@pytest.mark.parametrize("make", [np.array, np.asfortranarray, csr_array])
def test_rows_are_loaded_feature_major_in_any_order(make, rng):
    X = rng.random((9, 5)) * (rng.random((9, 5)) < 0.5)
    rows, selected = as_rows(make(X), 4), np.array([8, 0, 3, 3])
    out = np.empty((5, 4))
    rows.dense(selected, out, n_threads=2)
    assert_array_equal(out, X[selected].T)
    assert_array_equal(rows.dense_batch(selected[:2], 1), X[selected[:2]].T)
    with pytest.raises(ValueError, match="The batch has shape"):
        rows.dense(selected, np.empty((4, 5)), 1)


def test_results_of_batches_are_stacked_by_samples():
    calls = []

    def function(indices):
        calls.append(indices.size)
        return np.stack([indices, 10 * indices])

    found = map_batches(function, 7, 3)
    assert_array_equal(found, np.c_[np.arange(7), 10 * np.arange(7)])
    assert calls == [3, 3, 1]
    assert_array_equal(map_batches(lambda i: 2.0 * i, 5, 2), 2.0 * np.arange(5))


def test_rows_to_predict_at_a_time():
    assert predict_batch_size([10, 20], 8) == PREDICT_ROWS
    assert predict_batch_size([10, 10**5], 8) == PREDICT_BLOCK
    assert predict_batch_size([10, PREDICT_VALUES // 3], 8) == 3
    assert predict_batch_size([10, 10**9], 8) == 1
    assert predict_batch_size([10, 10**9], 8, n_connections=8 * 10**9 + 80) == 8
    n_rows = predict_batch_size([500], 4)
    assert n_rows % PREDICT_BLOCK == 0 and n_rows * 500 * 4 <= PREDICT_BYTES


def test_only_dense_arrays_in_another_order_are_copied(rng):
    X = rng.random((4, 3))
    assert in_row_order(X) is X
    sparse = csr_array(X)
    assert in_row_order(sparse) is sparse
    ordered = in_row_order(np.asfortranarray(X))
    assert ordered.flags.c_contiguous
    assert_array_equal(ordered, X)
