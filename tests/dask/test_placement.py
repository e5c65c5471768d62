"""Which worker trains on which partition."""

from collections import Counter

import dask.array as da
import pytest
from helpers.clusters import workers
from hypothesis import given
from hypothesis import strategies as st

from sklearn_set._dask.placement import balanced_homes
from sklearn_set.dask import DaskSETMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_balanced_partitions_stay_where_they_are():
    holders = [["b"], ["b"], ["a"], ["a", "b"]]
    assert balanced_homes(holders, {"a": 1, "b": 1}) == ["b", "b", "a", "a"]


def test_idle_workers_get_partitions():
    assert balanced_homes([["a"]] * 4, {"a": 1, "b": 1}) == ["a", "a", "b", "b"]


def test_partitions_of_a_lost_worker_move():
    assert balanced_homes([["lost"], ()], {"a": 1, "b": 1}) == ["a", "b"]


def test_there_may_be_no_worker():
    assert balanced_homes([["lost"]], {}) == [None]


@given(st.lists(st.sets(st.sampled_from("abcx"))), st.integers(1, 3), st.integers(1, 3))
def test_no_worker_has_more_than_its_share(holders, b, c):
    n_threads = {"a": 1, "b": b, "c": c}
    counts = Counter(balanced_homes(holders, n_threads))
    for worker, count in counts.items():
        assert count < len(holders) * n_threads[worker] / (1 + b + c) + 1


class Where:
    """A transform of batches that records the worker, as a file in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, X, rng):
        from distributed import get_worker

        (self.folder / str(get_worker().name)).touch()
        return X


def test_every_worker_trains(small, tmp_path):
    # These workers share a process: all data would be on one of them.
    X, y = (da.from_array(a, chunks=(75, *a.shape[1:])) for a in small)
    with workers(2, processes=False) as client:
        DaskSETMLPClassifier(
            (10,), max_iter=1, batch_transform=Where(tmp_path), client=client
        ).fit(X, y)
    assert len(list(tmp_path.iterdir())) == 2
