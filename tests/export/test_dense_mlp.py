"""scikit-learn's perceptrons predict what the sparse ones do."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklearn_set import SETMLPClassifier, SETMLPRegressor
from sklearn_set._export.dense_mlp import ACTIVATIONS
from sklearn_set._mlp.activations import ACTIVATIONS as OURS

pytestmark = pytest.mark.filterwarnings("ignore")
SMALL = {"max_iter": 2, "epsilon": 5, "random_state": 0}


@pytest.fixture
def X(digits):
    return digits[0][:200]


@pytest.fixture
def y(digits):
    return digits[2][:200]


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("sizes", [(), (30,), (30, 20)])
def test_activations(activation, sizes, X, y):
    model = SETMLPClassifier(sizes, activation, **SMALL).fit(X, y)
    mlp = model.to_mlp()
    assert isinstance(mlp, MLPClassifier) and mlp.hidden_layer_sizes == sizes
    assert_allclose(mlp.predict_proba(X), model.predict_proba(X), rtol=1e-9)
    assert_array_equal(mlp.predict(X), model.predict(X))
    assert mlp.score(X, y) == model.score(X, y)


@pytest.mark.parametrize(
    "targets",
    [
        lambda y: y > 4,
        lambda y: np.array(["no", "yes"])[y % 2],
        lambda y: np.array(["a", "b", "c"], dtype=object)[y % 3],
        lambda y: np.column_stack([y > 4, y % 2, y > 8]).astype(int),
    ],
    ids=["bool", "text", "text of 3", "multilabel"],
)
def test_kinds_of_targets(targets, X, y):
    model = SETMLPClassifier((20,), **SMALL).fit(X, targets(y))
    mlp = model.to_mlp()
    assert_allclose(mlp.predict_proba(X), model.predict_proba(X), rtol=1e-9)
    assert_array_equal(mlp.predict(X), model.predict(X))


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors(loss, n_outputs, X, y):
    targets = np.stack([y, y % 3], axis=1)[:, :n_outputs].squeeze() / 9
    model = SETMLPRegressor(loss, (30,), "tanh", **SMALL).fit(X, targets)
    mlp = model.to_mlp()
    assert isinstance(mlp, MLPRegressor)
    assert_allclose(mlp.predict(X), model.predict(X), rtol=1e-9)


def test_names_and_dtype_of_features_stay(X, y):
    frame = pd.DataFrame(X.astype(np.float32)).rename(columns=lambda i: f"pixel{i}")
    model = SETMLPClassifier((20,), **SMALL).fit(frame, y)
    mlp = model.to_mlp()
    assert list(mlp.feature_names_in_) == list(frame.columns)
    assert mlp.coefs_[0].dtype == np.float32
    assert_allclose(mlp.predict_proba(frame), model.predict_proba(frame), atol=1e-6)


def test_the_result_is_independent_and_can_be_trained(X, y):
    model = SETMLPClassifier((20,), early_stopping=True, **SMALL).fit(X, y)
    before, mlp = model.predict_proba(X), model.to_mlp()
    n_epochs = len(model.loss_curve_)
    assert mlp.partial_fit(X, y).loss_curve_[n_epochs:] != []
    assert len(model.loss_curve_) == n_epochs
    assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    "activation", [*sorted(OURS.keys() - ACTIVATIONS), ["relu", "tanh"]]
)
def test_other_activations_are_refused(activation, X, y):
    model = SETMLPClassifier((20, 10), activation, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="the model has activations"):
        model.to_mlp()
    one = SETMLPClassifier((20, 10), ["relu", "relu"], **SMALL).fit(X, y)
    assert one.to_mlp().activation == "relu"


def test_one_class_is_refused(X, y):
    with pytest.raises(ValueError, match="one class"):
        SETMLPClassifier((20,), **SMALL).fit(X, y * 0).to_mlp()


@pytest.mark.parametrize("cls", [SETMLPClassifier, SETMLPRegressor])
def test_a_model_that_is_not_fitted_is_refused(cls):
    with pytest.raises(NotFittedError):
        cls().to_mlp()
