"""Memory-mapped data are not copied as a whole."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array

from sklearn_set import SETRBM, SETMLPClassifier
from sklearn_set._utils import mapped
from sklearn_set._utils.mapped import check_mapped, is_mapped

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"epsilon": 2, "max_iter": 1, "batch_size": 8, "random_state": 0, "dropout": 0}


def stored(folder, X):
    """Return a map of a file with these rows, in their memory layout."""
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


def peak_bytes(function):
    """Return the most memory that NumPy has allocated meanwhile."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_views_of_maps_are_recognised(tmp_path):
    X = stored(tmp_path, np.ones((4, 3)))
    assert is_mapped(X) and is_mapped(np.asarray(X)[1:, :2])
    assert is_mapped(csr_array((X.ravel()[:2], [0, 1], [0, 1, 2]), shape=(2, 3)))
    assert not is_mapped(np.ones(3)) and not is_mapped([[1.0]])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_read_in_batches(tmp_path, order, dtype):
    rows = np.asarray(np.random.default_rng(0).random((300, 2000)), dtype, order)
    X, y = stored(tmp_path, rows), np.arange(300) % 2
    model = SETMLPClassifier((20,), **SMALL)
    assert peak_bytes(lambda: model.fit(X, y).predict(X)) < 0.5 * X.nbytes
    expected = SETMLPClassifier((20,), **SMALL).fit(rows, y)
    np.testing.assert_array_equal(model.coefs_[0].data, expected.coefs_[0].data)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(rows))


def test_rbm_reads_rows_in_batches(tmp_path):
    X = stored(tmp_path, np.asfortranarray(np.eye(300, 2000, dtype=np.float32)))
    model = SETRBM(20, epsilon=2, n_iter=1, random_state=0)
    assert peak_bytes(lambda: model.fit(X).transform(X)) < 0.5 * X.nbytes


@pytest.mark.parametrize("X_dtype, needed", [(np.uint8, 8), (np.float16, 8)])
def test_copies_that_do_not_fit_are_refused(tmp_path, monkeypatch, X_dtype, needed):
    X = stored(tmp_path, np.ones((100, 50), dtype=X_dtype))
    y = np.arange(100) % 2
    SETMLPClassifier((5,), **SMALL).fit(X, y)
    monkeypatch.setattr(mapped, "_total_memory", lambda: 1.9 * needed * X.size)
    for estimator in (SETMLPClassifier((5,), **SMALL), SETRBM(5)):
        with pytest.raises(ValueError, match="takes a copy of .* GB. Store it as"):
            estimator.fit(X, y)
    SETMLPClassifier((5,), **SMALL).fit(np.array(X), y)  # is in memory already


def test_only_other_dtypes_are_converted(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "_total_memory", lambda: 1)
    X = stored(tmp_path, np.ones((4, 3)))
    check_mapped(X, (np.float32, np.float64))
    check_mapped(X, np.float64)
    with pytest.raises(ValueError, match="float64 must be converted to float32"):
        check_mapped(X, np.float32)
