"""The warnings of data that have not been scaled."""

import warnings

import numpy as np
import pytest
import sklearn
from helpers.perceptrons import DATA, SMALL_DATA, both_perceptrons, make_small_model
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

from sklearn_set import SETMLPClassifier, SETMLPRegressor
from sklearn_set._training.scales import warn_of_large_values, warn_of_other_scale

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MESSAGE = r"features of X_val are on another scale .* transform_input=\[.X_val.\]"


def large(values):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warn_of_large_values("X", values, "Scale them.")
    return [str(each.message) for each in seen]


def test_large_values():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 5))
    assert not large(15 * X) and not large(csr_array(15 * X))
    (message,) = large(30 * X)
    assert "values of X are large, with a root mean square of 3" in message
    assert message.endswith("Scale them.")
    assert large(csr_array(30 * X)) == [message]
    X[:, :4] = 0  # of a sparse matrix all values count, not only those stored
    assert not large(csr_array(30 * X)) and not large(30 * X)
    assert not large(np.zeros((3, 0))) and large(np.full(4, 1e200))


@pytest.mark.parametrize("make", [SETMLPClassifier, SETMLPRegressor])
def test_fits_warn_of_large_values(make):
    X, y = load_digits(return_X_y=True)
    y, model = y % 2, make(hidden_layer_sizes=(5,), max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="values of X are large.*StandardScaler"):
        model.fit(100 * X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", "The values of")
        model.fit(X, y)
        model.partial_fit(100 * X, y)  # one warning is enough


def test_fits_warn_of_large_targets():
    X, y = load_diabetes(return_X_y=True)
    model = SETMLPRegressor(hidden_layer_sizes=(5,), max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="values of y are large.*TransformedTarget"):
        model.fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", "The values of")
        model.fit(X, y / 100)
        model.set_params(loss="poisson").fit(X, y)  # the outputs are exponentials


def warns(X, X_val):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warn_of_other_scale(X, X_val)
    return bool(seen)


@pytest.mark.parametrize("load", [load_breast_cancer, load_digits, load_wine])
@pytest.mark.parametrize("scaler", [MinMaxScaler, MaxAbsScaler, StandardScaler])
def test_data_that_are_not_transformed(load, scaler):
    X = load(return_X_y=True)[0]
    X, X_val = train_test_split(X, test_size=40, random_state=0)
    scaled, scaled_val = scaler().fit(X).transform(X), scaler().fit(X).transform(X_val)
    for make in (np.asarray, csr_array):
        assert warns(make(scaled), make(X_val))
        assert warns(make(X), make(scaled_val))
        assert not warns(make(scaled), make(scaled_val))


@pytest.mark.parametrize("n_val", [1, 5, 10, 100])
def test_small_validation_sets_and_odd_distributions_are_no_reason(n_val, rng):
    data = [DATA[SETMLPClassifier][0], rng.standard_normal((500, 1))]
    data += [rng.standard_cauchy((500, 20)), np.exp(2 * rng.standard_normal((500, 20)))]
    data += [
        rng.random((500, 50)) < 0.02,
        rng.poisson(0.3, (500, 50)),
        np.zeros((9, 3)),
    ]
    for X in data:
        for seed in range(10):
            test_size = min(n_val, len(X) // 2)
            parts = train_test_split(X * 1.0, test_size=test_size, random_state=seed)
            assert not warns(*parts) and not warns(*map(csr_array, parts))


@both_perceptrons
def test_a_pipeline_without_routing_warns(Estimator):
    X, y = SMALL_DATA[Estimator]
    X = 100 * X + 300
    steps = StandardScaler(), make_small_model(Estimator)
    pipeline = make_pipeline(*steps)
    step = Estimator.__name__.lower()
    with pytest.warns(UserWarning, match=MESSAGE):
        pipeline.fit(X, y, **{f"{step}__X_val": X, f"{step}__y_val": y})
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            steps[0],
            steps[1].set_fit_request(X_val=True, y_val=True),
            transform_input=["X_val"],
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="The features of X_val")
            pipeline.fit(X, y, X_val=X, y_val=y)
    scores = pipeline[-1].validation_scores_
    assert scores[-1] == pytest.approx(pipeline.score(X, y))
