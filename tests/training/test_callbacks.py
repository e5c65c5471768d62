"""scikit-learn's callbacks on all estimators: alone, in a pipeline, in a search."""

import numpy as np
import pytest
from helpers.perceptrons import PLAIN
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor

# Callbacks need scikit-learn 1.9.
callback = pytest.importorskip("sklearn.callback")
ProgressBar, ScoringMonitor = callback.ProgressBar, callback.ScoringMonitor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DATA = {
    SETMLPClassifier: load_iris(return_X_y=True),
    SETMLPRegressor: load_diabetes(return_X_y=True),
}


class Recorder:
    """Records all calls; stops after some epochs if told to."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.events, self.fitted = [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None,
        fitted_estimator=None,
    ):  # fmt: skip
        self.events.append(f"end {context.task_name}")
        if context.task_name == "epoch":
            self.fitted.append((fitted_estimator, X, y, metadata))
        return len(self.fitted) == self.stop_after


both = pytest.mark.parametrize("Estimator", DATA, ids=lambda cls: cls.__name__)


def make_model(Estimator, **parameters):
    settings = {"hidden_layer_sizes": (10,), "max_iter": 5, "random_state": 0}
    return Estimator(**PLAIN | settings | parameters)


@both
def test_one_task_per_epoch(Estimator):
    X, y = DATA[Estimator]
    recorder = Recorder()
    model = make_model(Estimator).set_callbacks(recorder).fit(X, y)
    epochs = ["begin epoch", "end epoch"] * 5
    assert recorder.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    # What a callback gets is the model of that epoch, and stays so.
    for n, (fitted, seen_X, seen_y, metadata) in enumerate(recorder.fitted, start=1):
        expected = make_model(Estimator, max_iter=n).fit(X, y)
        np.testing.assert_array_equal(fitted.predict(X), expected.predict(X))
        assert fitted.loss_curve_ == model.loss_curve_[:n]
        assert len(seen_X) == len(seen_y) == len(X) and metadata == {}
    np.testing.assert_array_equal(recorder.fitted[-1][0].predict(X), model.predict(X))


@both
def test_a_callback_stops_training(Estimator):
    X, y = DATA[Estimator]
    model = make_model(Estimator).set_callbacks(Recorder(stop_after=2)).fit(X, y)
    assert model.n_iter_ == 2


@both
def test_callbacks_see_the_training_rows_and_their_weights(Estimator):
    pd = pytest.importorskip("pandas")
    X, y = DATA[Estimator]
    X = pd.DataFrame(X, columns=[f"f{i}" for i in range(X.shape[1])])
    weights = np.arange(len(y)) % 3
    recorder = Recorder()
    model = make_model(Estimator, early_stopping=True).set_callbacks(recorder)
    model.fit(X, y, sample_weight=weights)
    _, seen, labels, metadata = recorder.fitted[0]
    assert list(seen.columns) == list(X.columns)
    np.testing.assert_array_equal(metadata["sample_weight"], weights[seen.index])
    np.testing.assert_array_equal(labels, y[seen.index])
    assert metadata["sample_weight"].all() and len(seen) < (weights > 0).sum()


SCORING = {SETMLPClassifier: "accuracy", SETMLPRegressor: "r2"}


@both
def test_scoring_monitor(Estimator):
    X, y = DATA[Estimator]
    monitor = ScoringMonitor(scoring=SCORING[Estimator])
    model = make_model(Estimator).set_callbacks(monitor).fit(X, y)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in log] == list(range(5))
    assert log[-1][SCORING[Estimator]] == pytest.approx(model.score(X, y))


@both
@pytest.mark.parametrize("where", ["alone", "pipeline", "search"])
def test_progress_bar_and_monitor_everywhere(Estimator, where, capsys):
    X, y = DATA[Estimator]
    model = make_model(Estimator)
    if where != "alone":
        model = make_pipeline(StandardScaler(), model)
    if where == "search":
        name = f"{Estimator.__name__.lower()}__epsilon"
        model = GridSearchCV(model, {name: [2, 5]}, cv=2, n_jobs=2)
    monitor = ScoringMonitor(scoring=SCORING[Estimator])
    bar = ProgressBar(max_propagation_depth=None)
    if where == "alone":
        model.set_callbacks(bar, monitor).fit(X, y)
        last = model
    elif where == "pipeline":
        model[-1].set_callbacks(monitor)
        model.set_callbacks(bar).fit(X, y)
        last = model[-1]
    else:
        model.set_callbacks(bar).fit(X, y)
        last = model.best_estimator_[-1]
    assert last.n_iter_ == 5
    assert Estimator.__name__ in capsys.readouterr().out
    if where != "search":
        rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
        assert len(rows) == 5


def test_partial_fit_has_no_tasks():
    X, y = DATA[SETMLPClassifier]
    recorder = Recorder()
    make_model(SETMLPClassifier).set_callbacks(recorder).partial_fit(
        X, y, classes=[0, 1, 2]
    )
    assert recorder.events == []


def test_teardown_even_if_training_fails():
    X, y = DATA[SETMLPRegressor]
    recorder = Recorder()
    model = make_model(SETMLPRegressor, solver="sgd", learning_rate_init=1e3)
    with pytest.raises(ValueError, match="diverged"):
        model.set_callbacks(recorder).fit(X * 100, y)
    assert recorder.events[-1] == "teardown"


# -- SETRBM --------------------------------------------------------------------


def make_rbm(**parameters):
    return SETRBM(**{"n_components": 5, "n_iter": 4, "random_state": 0} | parameters)


def test_one_task_per_epoch_of_an_rbm(digits):
    X = digits[0]
    recorder = Recorder()
    rbm = make_rbm().set_callbacks(recorder).fit(X)
    epochs = ["begin epoch", "end epoch"] * 4
    assert recorder.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    for n, (fitted, seen_X, _, metadata) in enumerate(recorder.fitted, start=1):
        expected = make_rbm(n_iter=n).fit(X)
        np.testing.assert_array_equal(fitted.transform(X), expected.transform(X))
        assert fitted.reconstruction_errors_ == rbm.reconstruction_errors_[:n]
        assert seen_X is X and metadata == {}
    stopped = make_rbm().set_callbacks(Recorder(stop_after=2)).fit(X)
    assert stopped.n_iter_ == 2


def mean_last(pipeline, X, y=None):
    return pipeline[-1].score_samples(X).mean()


def mean_pseudo_likelihood(rbm, X, y=None):
    return rbm.score_samples(X).mean()


@pytest.mark.parametrize("where", ["alone", "pipeline", "search"])
def test_progress_bar_and_monitor_of_an_rbm(where, digits, capsys):
    X, _, y, _ = digits
    # It scores nothing if there is no y.
    monitor = ScoringMonitor(scoring={"pseudo": mean_pseudo_likelihood})
    bar = ProgressBar(max_propagation_depth=None)
    model = make_rbm()
    if where == "alone":
        model.set_callbacks(bar, monitor).fit(X, y)
    elif where == "pipeline":
        model.set_callbacks(monitor)
        make_pipeline(MinMaxScaler(), model).set_callbacks(bar).fit(X, y)
    else:
        pipeline = make_pipeline(MinMaxScaler(), model)
        grid = {"setrbm__epsilon": [2, 5]}
        search = GridSearchCV(pipeline, grid, cv=2, scoring=mean_last)
        search.set_callbacks(bar).fit(X)
    assert "SETRBM" in capsys.readouterr().out
    if where != "search":
        rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
        assert len(rows) == 4 and rows[-1]["pseudo"] > rows[0]["pseudo"]
