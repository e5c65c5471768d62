"""Perceptrons that a cluster trains."""

import inspect
import pickle

import dask.array as da
import numpy as np
import pytest
from helpers.clusters import workers
from helpers.partitioned import are_equal, divided, sparse_blocks
from helpers.versions import needs_callbacks
from numpydoc.docscrape import NumpyDocString
from scipy.sparse import csr_array
from sklearn.base import clone

import sklearn_set.dask
from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set.callbacks import Checkpoint
from sklearn_set.dask import DaskSETMLPClassifier, DaskSETMLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:Sending large graph"
)

SMALL = {
    "hidden_layer_sizes": (20, 10), "epsilon": 5, "max_iter": 3, "batch_size": 32,
    "evolve_every": 1, "random_state": 0,
}  # fmt: skip


def fitted(client, X, y, n, cls=DaskSETMLPClassifier, data=None, **params):
    """Return an estimator fitted to partitions of n rows."""
    data = {name: divided(values, n) for name, values in (data or {}).items()}
    estimator = cls(**(SMALL | params), client=client)
    return estimator.fit(divided(X, n), divided(y, n), **data)


# -- one partition --------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"evolve_every": "4 steps", "max_iter": 5, "evolution": "set"},
        {"evolution": "inputs", "max_iter": 8, "evolve_every": "7 steps"},
        {"evolution": "rigl", "dropout": 0.2},
        {"solver": "sgd", "shuffle": False, "activation": "srelu"},
        {"early_stopping": True, "class_weight": "balanced"},
        {"class_weight": {0: 2.0}, "learning_rate": "constant"},
        {"rounds_per_epoch": 3},
        {"persist": False},
    ],
    ids=lambda params: "-".join(params) or "defaults",
)
def test_one_partition_gives_the_plain_estimator(threads_client, small, params):
    X, y = small
    own = {"rounds_per_epoch", "persist"}
    plain = SETMLPClassifier(
        **SMALL | {k: v for k, v in params.items() if k not in own}
    ).fit(X, y)
    model = fitted(threads_client, X, y, 300, **params)
    assert are_equal(plain, model)
    assert plain.loss_curve_ == model.loss_curve_
    assert plain.validation_scores_ == model.validation_scores_
    assert plain.t_ == model.t_


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_one_sparse_partition_gives_the_plain_estimator(threads_client, small, solver):
    X, y = small
    X = np.where(X > 0.6, X, 0)
    plain = SETMLPClassifier(**SMALL, solver=solver).fit(csr_array(X), y)
    model = DaskSETMLPClassifier(**SMALL, solver=solver, client=threads_client)
    model.fit(sparse_blocks(X, 300), divided(y, 300))
    assert are_equal(plain, model)
    lazy = model.predict_proba(sparse_blocks(X, 100))
    np.testing.assert_array_equal(lazy, plain.predict_proba(csr_array(X)))


def test_sample_weights_are_those_of_the_plain_estimator(threads_client, small):
    X, y = small
    weights = np.arange(300.0) % 4
    plain = SETMLPClassifier(**SMALL, class_weight="balanced").fit(X, y, weights)
    model = fitted(
        threads_client, X, y, 300, data={"sample_weight": weights},
        class_weight="balanced",
    )  # fmt: skip
    assert are_equal(plain, model)


def test_warm_start_continues(threads_client, small):
    X, y = small
    plain = SETMLPClassifier(**SMALL, warm_start=True).fit(X, y).fit(X, y)
    model = fitted(threads_client, X, y, 300, warm_start=True)
    model.fit(divided(X, 300), divided(y, 300))
    assert are_equal(plain, model)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_one_partition_gives_the_plain_regressor(threads_client, small, n_outputs):
    X, y = small
    Y = y / 2.0 if n_outputs == 1 else np.c_[y / 2.0, X[:, 0]]
    plain = SETMLPRegressor(**SMALL).fit(X, Y)
    model = fitted(threads_client, X, Y, 300, DaskSETMLPRegressor)
    assert are_equal(plain, model)
    np.testing.assert_array_equal(model.predict(divided(X, 70)), plain.predict(X))
    score = model.score(divided(X, 100), divided(Y, 100))
    assert score == pytest.approx(plain.score(X, Y))


@pytest.mark.parametrize("kind", ["binary", "multilabel"])
def test_targets_of_all_kinds(threads_client, small, kind):
    X, y = small
    y = np.where(y > 0, "a", "b") if kind == "binary" else np.eye(3, dtype=int)[y]
    plain = SETMLPClassifier(**SMALL).fit(X, y)
    model = fitted(threads_client, X, y, 300)
    assert are_equal(plain, model)
    part = divided(X, 100)
    np.testing.assert_array_equal(model.predict(part), plain.predict(X))
    np.testing.assert_array_equal(model.predict_proba(part), plain.predict_proba(X))
    assert model.predict(part).dtype == plain.predict(X).dtype


# -- several partitions ---------------------------------------------------------

HARD = {
    "rounds_per_epoch": 2, "early_stopping": True, "class_weight": "balanced",
    "evolution": "inputs", "evolve_every": "3 steps",
}  # fmt: skip


def test_result_depends_on_the_partitions_only(client, threads_client, small):
    X, y = small
    model = fitted(client, X, y, 80, **HARD)
    assert are_equal(model, fitted(threads_client, X, y, 80, **HARD))
    assert are_equal(model, fitted(threads_client, X, y, 80, **HARD, persist=False))
    assert not are_equal(model, fitted(threads_client, X, y, 100, **HARD))
    assert model.score(divided(X, 80), divided(y, 80)) > 0.4


def test_models_go_down_a_tree_of_many_workers(threads_client, small):
    X, y = small
    with workers(4, processes=False) as four:
        model = fitted(four, X, y, 60, rounds_per_epoch=2)
    assert are_equal(model, fitted(threads_client, X, y, 60, rounds_per_epoch=2))


def test_average_is_in_proportion_to_the_samples(threads_client, small):
    X, y = small
    params = {"max_iter": 1, "shuffle": False, "evolution": "fixed"}
    params |= {"dropout": 0, "learning_rate": "constant"}
    parts = [slice(200), slice(200, 300)]
    plain = [SETMLPClassifier(**SMALL | params).fit(X[p], y[p]) for p in parts]
    X, y = (da.from_array(a, chunks=((200, 100), *a.shape[1:])) for a in small)
    model = DaskSETMLPClassifier(**SMALL | params, client=threads_client).fit(X, y)
    for a, b, mean in zip(*(e.coefs_ for e in plain), model.coefs_, strict=True):
        np.testing.assert_allclose(mean.data, (2 * a.data + b.data) / 3, atol=1e-6)


def test_copies_pass_over_several_partitions(threads_client, small):
    X, y = small
    model = fitted(threads_client, X, y, 50, n_replicas=2)
    assert model.communication_["rounds"] == 3
    again = fitted(threads_client, X, y, 50, n_replicas=2, persist=False)
    assert are_equal(model, again)
    assert not are_equal(model, fitted(threads_client, X, y, 50))


def test_one_copy_sees_all_samples_in_each_epoch(threads_client, small):
    model = fitted(threads_client, *small, 50, n_replicas=1)
    assert model.t_ == 3 * 300


def test_communication_is_counted(client, small):
    X, y = small
    model = fitted(client, X, y, 150, rounds_per_epoch=4, evolution="fixed", max_iter=2)
    coefs = sum(c.nnz for c in model.coefs_)
    values = 4 * 3 * (coefs + sum(b.size for b in model.intercepts_))
    assert model.communication_["rounds"] == 8
    # To one worker, and at the end of each epoch to the client.
    assert 2 * values <= model.communication_["value_bytes_up"] <= 10 * values
    topology = sum(c.indices.nbytes + c.indptr.nbytes for c in model.coefs_)
    assert model.communication_["topology_bytes"] in (topology, 2 * topology)


def test_validation_set_of_the_client(threads_client, small):
    X, y = small
    params = {"early_stopping": True}
    given = {"X_val": X[:50], "y_val": y[:50]}
    plain = SETMLPClassifier(**SMALL | params).fit(X, y, **given)
    model = fitted(threads_client, X, y, 300, data=given, **params)
    assert are_equal(plain, model)
    assert plain.validation_scores_ == model.validation_scores_


def test_data_frames(threads_client, small):
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    X, y = small
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(12)])
    plain = SETMLPClassifier(**SMALL).fit(frame, y)
    X1, y1 = (dd.from_pandas(d, npartitions=1) for d in (frame, pd.Series(y)))
    model = DaskSETMLPClassifier(**SMALL, client=threads_client).fit(X1, y1)
    assert are_equal(plain, model)
    assert list(model.feature_names_in_) == list(frame.columns)
    lazy = model.predict(X1.repartition(npartitions=3))
    np.testing.assert_array_equal(lazy.compute(), plain.predict(frame))


def test_parquet_files_are_read_in_each_epoch(threads_client, small, tmp_path):
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    X, y = small
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(12)]).assign(y=y)
    dd.from_pandas(frame, npartitions=3).to_parquet(tmp_path)
    stored = dd.read_parquet(tmp_path)
    params = {"client": threads_client, "n_replicas": 1}
    model = DaskSETMLPClassifier(**SMALL, **params, persist=False)
    model.fit(stored.drop(columns="y"), stored["y"])
    assert are_equal(model, fitted(threads_client, X, y, 100, n_replicas=1))
    np.testing.assert_array_equal(
        model.predict(stored.drop(columns="y")).compute(),
        model.predict(frame[frame.columns[:12]]),
    )


def test_empty_partitions_are_left_out(threads_client, small):
    X, y = small
    dX, dy = divided(X, 100), divided(y, 100)
    with_empty = [da.concatenate([a[:0], a]) for a in (dX, dy)]
    model = DaskSETMLPClassifier(**SMALL, client=threads_client).fit(*with_empty)
    assert are_equal(model, fitted(threads_client, X, y, 100))


# -- the estimator ----------------------------------------------------------------


def test_to_local_is_the_plain_estimator(threads_client, small):
    X, y = small
    model = fitted(threads_client, X, y, 100)
    local = model.to_local()
    assert type(local) is SETMLPClassifier
    assert "client" not in local.get_params()
    assert not hasattr(local, "communication_")
    assert are_equal(model, pickle.loads(pickle.dumps(local)))
    np.testing.assert_array_equal(local.predict(X), model.predict(X))


def test_predictions_are_lazy(threads_client, small):
    X, y = small
    model = fitted(threads_client, X, y, 100)
    for name in ("predict", "predict_proba", "predict_log_proba"):
        lazy = getattr(model, name)(divided(X, 60))
        assert isinstance(lazy, da.Array)
        assert lazy.chunks[0] == (60,) * 5
        np.testing.assert_array_equal(lazy, getattr(model, name)(X))


@pytest.mark.parametrize("name", sklearn_set.dask.__all__)
def test_parameters_and_attributes_are_documented(threads_client, small, name):
    cls = getattr(sklearn_set.dask, name)
    doc = NumpyDocString(inspect.getdoc(cls))
    documented = [parameter.name for parameter in doc["Parameters"]]
    assert documented == list(inspect.signature(cls).parameters)
    short = {"n_iter": 1} if "n_iter" in documented else {"max_iter": 1}
    X, y = (divided(a, 150) for a in small)
    model = cls(**short, client=threads_client).fit(X / X.max(), y)
    public = {a for a in vars(model) if a.endswith("_") and not a.startswith("_")}
    assert public <= {attribute.name for attribute in doc["Attributes"]}


def test_clones_keep_the_client_and_pickles_drop_it(threads_client, small):
    model = DaskSETMLPClassifier(client=threads_client, n_replicas=2)
    assert clone(model).client is threads_client
    assert clone(model).n_replicas == 2
    assert pickle.loads(pickle.dumps(model)).client is None


@needs_callbacks
def test_callbacks_are_called_on_the_client(threads_client, small):
    class Counts:
        n = 0

        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, **data):
            self.n += 1
            return self.n == 2

    counts, (X, y) = Counts(), small
    model = DaskSETMLPClassifier(**SMALL, client=threads_client).set_callbacks(counts)
    model.fit(divided(X, 100), divided(y, 100))
    assert model.n_iter_ == 2
    assert counts.n == 3  # and the fit


@needs_callbacks
def test_checkpoint_resumes(threads_client, small, tmp_path):
    class Fails:
        n = 0

        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, **data):
            self.n += 1
            if self.n == 4:
                raise OSError("killed")

    X, y = small
    params = HARD | {"max_iter": 6, "client": threads_client}
    data = divided(X, 80), divided(y, 80)
    expected = DaskSETMLPClassifier(**SMALL | params).fit(*data)
    path = tmp_path / "fit.checkpoint"
    model = DaskSETMLPClassifier(**SMALL | params)
    with pytest.raises(OSError, match="killed"):
        model.set_callbacks(Checkpoint(path), Fails()).fit(*data)
    other = DaskSETMLPClassifier(**SMALL | params).set_callbacks(Checkpoint(path))
    with pytest.raises(ValueError, match="another fit, with a different data"):
        other.fit(divided(X[::-1], 80), data[1])
    resumed = DaskSETMLPClassifier(**SMALL | params).set_callbacks(Checkpoint(path))
    assert are_equal(expected, resumed.fit(*data))
    assert expected.validation_scores_ == resumed.validation_scores_
    assert not path.exists()


# -- errors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, error, message",
    [
        (lambda X, y: (X.compute(), y), TypeError, "must be a Dask array"),
        (lambda X, y: (X, y[:200]), ValueError, "y has 2 partitions where X has 3"),
        (lambda X, y: (X, y.rechunk((50, 150, 100))), ValueError, "by rechunk"),
        (lambda X, y: (X[:0], y[:0]), ValueError, "no rows"),
    ],
)
def test_bad_data_are_refused(threads_client, small, change, error, message):
    X, y = (divided(a, 100) for a in small)
    with pytest.raises(error, match=message):
        DaskSETMLPClassifier(client=threads_client).fit(*change(X, y))


def test_invalid_values_are_refused_by_the_workers(threads_client, small):
    X, y = small
    X = X.copy()
    X[250, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        fitted(threads_client, X, y, 100)


def test_parameters_that_need_all_data_are_refused(threads_client, small):
    X, y = small
    with pytest.raises(ValueError, match="names for init only"):
        fitted(threads_client, X, y, 100, init=SETRBM())
    with pytest.raises(ValueError, match="class_weight for labels only"):
        fitted(threads_client, X, np.eye(3, dtype=int)[y], 100, class_weight="balanced")


def test_there_must_be_a_client(small):
    X, y = (divided(a, 100) for a in small)
    with pytest.raises(ValueError, match="no Dask client"):
        DaskSETMLPClassifier().fit(X, y)


def test_partial_fit_is_not_there():
    assert not hasattr(DaskSETMLPClassifier(), "partial_fit")
