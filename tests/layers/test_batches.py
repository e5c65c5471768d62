"""From the rows of X to batches: formats, memory layouts, untidy matrices."""

import numpy as np
import pytest
from helpers.perceptrons import assert_same_model, make_classifier
from numpy.testing import assert_array_equal
from scipy.sparse import coo_array, csc_matrix, csr_array, csr_matrix

from sklearn_set._layers.batches import as_rows

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
