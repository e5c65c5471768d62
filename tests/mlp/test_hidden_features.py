"""The activations of hidden layers as features."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_set import HiddenFeatures, SETMLPClassifier, SETMLPRegressor
from sklearn_set._mlp import base

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = {"max_iter": 2, "epsilon": 5, "random_state": 0}


@pytest.fixture
def model(digits):
    network = SETMLPClassifier((30, 20), ["tanh", "relu"], **SETTINGS)
    return network.fit(digits[0], digits[2])


def expected(model, X):
    first = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    return first, np.maximum(first @ model.coefs_[1] + model.intercepts_[1], 0)


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_hidden_outputs_by_their_definition(model, convert, digits, monkeypatch):
    X = digits[1]
    monkeypatch.setattr(base, "predict_batch_size", lambda *args: 7)
    first, second = expected(model, X)
    for layer, values in ((0, first), (1, second), (-1, second), (-2, first)):
        outputs = model.hidden_outputs(convert(X), layer)
        assert_allclose(outputs, values, rtol=1e-9, atol=1e-12)
        assert outputs.flags.owndata or outputs.base is None


def test_dtype_and_kinds_of_models(digits):
    X = digits[0].astype(np.float32)
    model = SETMLPRegressor(hidden_layer_sizes=(12,), **SETTINGS).fit(X, digits[2])
    assert model.hidden_outputs(X).dtype == np.float32
    assert model.hidden_outputs(X[:3]).shape == (3, 12)


@pytest.mark.parametrize("layer", [2, -3])
def test_a_layer_that_does_not_exist(model, layer, digits):
    with pytest.raises(ValueError, match="the model has 2 hidden layers"):
        model.hidden_outputs(digits[0], layer)
    with pytest.raises(TypeError, match="layer must be an instance of int"):
        model.hidden_outputs(digits[0], 0.5)
    with pytest.raises(NotFittedError):
        SETMLPClassifier().hidden_outputs(digits[0])


def test_a_step_of_a_pipeline(digits):
    X, X_test, y, y_test = digits
    network = SETMLPClassifier((50, 30), **SETTINGS | {"max_iter": 10})
    features = HiddenFeatures(network)
    pipeline = make_pipeline(features, LogisticRegression(max_iter=1000)).fit(X, y)
    assert pipeline.score(X_test, y_test) > 0.9
    assert_array_equal(
        pipeline[0].transform(X_test), pipeline[0].estimator_.hidden_outputs(X_test)
    )
    names = pipeline[0].get_feature_names_out()
    assert names[-1] == "hiddenfeatures29" and names.size == 30
    assert pipeline[0].set_params(layer=0).transform(X).shape == (len(X), 50)
    assert not hasattr(network, "coefs_") and pipeline[0].n_features_in_ == 64


def test_output_as_a_data_frame(digits):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(digits[0]).rename(columns=lambda i: f"pixel{i}")
    features = HiddenFeatures(SETMLPClassifier((5,), **SETTINGS)).fit(X, digits[2])
    frame = features.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == [f"hiddenfeatures{i}" for i in range(5)]
    assert features.feature_names_in_[3] == "pixel3"


def test_a_fitted_perceptron_is_kept(model, digits):
    features = HiddenFeatures(FrozenEstimator(model), layer=0).fit(*digits[::2])
    assert_array_equal(
        features.transform(digits[1]), model.hidden_outputs(digits[1], 0)
    )


def test_other_estimators_are_refused(digits):
    with pytest.raises(ValueError, match="estimator"):
        HiddenFeatures(LogisticRegression()).fit(digits[0], digits[2])
    with pytest.raises(NotFittedError):
        HiddenFeatures(SETMLPClassifier()).transform(digits[0])
