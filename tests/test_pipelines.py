"""The estimators inside scikit-learn's tools."""

import numpy as np
import pytest
from helpers.perceptrons import PLAIN
from numpy.testing import assert_array_equal
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_set import SETRBM, SETMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_classifier(**parameters):
    settings = {
        "hidden_layer_sizes": (100,), "learning_rate_init": 0.005, "max_iter": 20,
        "random_state": 0,
    }  # fmt: skip
    return SETMLPClassifier(**PLAIN | settings | parameters)


def test_pipeline(digits):
    X_train, X_test, y_train, y_test = digits
    pipeline = make_pipeline(StandardScaler(), make_classifier())
    assert pipeline.fit(X_train, y_train).score(X_test, y_test) > 0.93
    assert "SETMLPClassifier" in pipeline._repr_html_()


def test_grid_search_over_epsilon_in_two_processes(digits):
    X, X_test, y, y_test = digits
    grid = {"setmlpclassifier__epsilon": [0.5, 5, 20]}
    pipeline = make_pipeline(StandardScaler(), make_classifier())
    searches = [
        GridSearchCV(pipeline, grid, n_jobs=n_jobs, cv=3, error_score="raise").fit(X, y)
        for n_jobs in (1, 2)
    ]
    scores = searches[1].cv_results_["mean_test_score"]
    assert_array_equal(searches[0].cv_results_["mean_test_score"], scores)
    assert scores[0] == scores.min()  # half a connection per unit is too few
    assert searches[1].score(X_test, y_test) > 0.93


def test_cross_val_score(digits):
    X, _, y, _ = digits
    scores = cross_val_score(
        make_pipeline(StandardScaler(), make_classifier()), X, y, cv=3
    )
    assert scores.shape == (3,) and scores.min() > 0.9


def test_rbm_before_a_classifier(digits):
    """Features learned without labels, for a linear model and for a network."""
    X, X_test, y, y_test = digits
    rbm = SETRBM(n_components=200, epsilon=10, n_iter=30, random_state=0)
    for last in (LogisticRegression(max_iter=1000), make_classifier()):
        pipeline = make_pipeline(MinMaxScaler(clip=True), rbm, last)
        assert pipeline.fit(X, y).score(X_test, y_test) > 0.9


def test_rbm_and_classifier_tuned_together(digits):
    X, _, y, _ = digits
    pipeline = make_pipeline(SETRBM(n_components=50, random_state=0), make_classifier())
    grid = {"setrbm__epsilon": [5, 10], "setmlpclassifier__epsilon": [10, 20]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 4


def test_stacked_rbms_tuned_together(digits):
    X, _, y, _ = digits
    pipeline = make_pipeline(
        SETRBM(n_components=60, n_iter=2, random_state=0),
        SETRBM(n_components=30, n_iter=2, random_state=1),
        LogisticRegression(max_iter=500),
    )
    grid = {"setrbm-1__epsilon": [5, 10], "setrbm-2__n_components": [20, 40]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    sizes = [len(step.intercept_hidden_) for step in search.best_estimator_[:2]]
    assert sizes == [60, search.best_params_["setrbm-2__n_components"]]


def test_sparse_text():
    """Counts of words are sparse rows."""
    rng = np.random.default_rng(0)
    topics = (["gene", "cell", "protein"], ["goal", "match", "team"])
    y = rng.integers(2, size=200)
    noise = [f"word{i}" for i in range(300)]
    texts = [
        " ".join([*rng.choice(topics[label], 2), *rng.choice(noise, 10)]) for label in y
    ]
    pipeline = make_pipeline(TfidfVectorizer(), make_classifier(batch_size=20))
    assert pipeline.fit(texts[:150], y[:150]).score(texts[150:], y[150:]) > 0.9


def test_pandas_in_pandas_out(digits):
    pd = pytest.importorskip("pandas")
    X, _, y, _ = digits
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    rbm = SETRBM(n_components=5, n_iter=1).set_output(transform="pandas").fit(frame)
    assert list(rbm.transform(frame)) == [f"setrbm{i}" for i in range(5)]
    clf = make_classifier(max_iter=2).fit(frame, y)
    assert list(clf.feature_names_in_) == list(frame)
