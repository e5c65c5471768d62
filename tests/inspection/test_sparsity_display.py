"""SparsityDisplay."""

import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier
from sklearn_set.inspection import SparsityDisplay

pytestmark = [
    pytest.mark.usefixtures("plt"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def test_connections_of_a_search_are_counted(digits):
    X, _, y, _ = digits
    pipeline = make_pipeline(
        StandardScaler(), SETMLPClassifier((50,), max_iter=2, random_state=0)
    )
    grid = {
        "setmlpclassifier__epsilon": [10, 2],
        "setmlpclassifier__hidden_layer_sizes": [(50,), (80, 20)],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    display = SparsityDisplay.from_search(search)
    expected = sorted(
        clf.fit(X, y).n_connections_
        for clf in (
            SETMLPClassifier(sizes, epsilon=epsilon, max_iter=1)
            for epsilon in (10, 2)
            for sizes in ((50,), (80, 20))
        )
    )
    assert_array_equal(display.n_connections, expected)
    assert_array_equal(display.errorbar_[0].get_xdata(), expected)
    assert sorted(display.mean) == sorted(search.cv_results_["mean_test_score"])
    assert display.ax_.get_ylabel() == "score"


def search_of(digits, **options):
    X, _, y, _ = digits
    network = SETMLPClassifier((20,), max_iter=2, random_state=0)
    return GridSearchCV(network, {"epsilon": [10, 2]}, cv=2, **options).fit(X / 16, y)


def test_of_several_metrics_the_one_of_refit_is_drawn(digits):
    metrics = ["accuracy", "neg_log_loss"]
    search = search_of(digits, scoring=metrics, refit="neg_log_loss")
    display = SparsityDisplay.from_search(search)
    expected = search.cv_results_["mean_test_neg_log_loss"]
    assert_array_equal(display.mean, expected[::-1])
    assert display.ax_.get_ylabel() == "neg_log_loss"
    search = search_of(digits, scoring=metrics, refit=lambda results: 0)
    with pytest.raises(ValueError, match="Set refit to the name"):
        SparsityDisplay.from_search(search)


def test_a_search_without_refit_is_an_error(digits):
    with pytest.raises(ValueError, match="needs a search with refit"):
        SparsityDisplay.from_search(search_of(digits, refit=False))
