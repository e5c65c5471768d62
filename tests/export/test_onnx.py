"""ONNX graphs compute what the models do."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._rbm.visible_units import VISIBLE_UNITS
from sklearn_set.onnx import register

skl2onnx = pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.filterwarnings("ignore")
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
SMALL = {"max_iter": 2, "epsilon": 5, "random_state": 0, "learning_rate_init": 0.01}


@pytest.fixture(autouse=True, scope="module")
def _registered():
    register()
    register()  # a second time is harmless


def convert(model, X):
    """Return the graph of a model, without maps of probabilities."""
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    return skl2onnx.to_onnx(model, X[:1], options=options)


def run(graph, X):
    """Return the outputs of a graph, computed by onnxruntime."""
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: X})


def check_classifier(model, X):
    labels, probabilities = run(convert(model, X), X)
    expected = model.predict_proba(X)
    assert probabilities.dtype == X.dtype and labels.shape == model.predict(X).shape
    assert_allclose(probabilities, expected, **TOLERANCE)
    assert_array_equal(labels, model.predict(X))


@pytest.fixture
def X(digits):
    return digits[0][:200]


@pytest.fixture
def y(digits):
    return digits[2][:200]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, dtype, X, y):
    model = SETMLPClassifier((30, 20), activation, **SMALL).fit(X.astype(dtype), y)
    for parameters in model.activation_parameters_:  # thresholds that cross, too
        parameters += np.random.default_rng(0).normal(size=parameters.shape)
    check_classifier(model, X.astype(dtype))


def test_different_activations_and_no_hidden_layer(X, y):
    model = SETMLPClassifier((20, 20, 20), ["tanh", "all_relu", "gelu"], **SMALL)
    check_classifier(model.fit(X, y), X)
    check_classifier(SETMLPClassifier((), **SMALL).fit(X, y), X)


@pytest.mark.parametrize(
    "targets",
    [
        lambda y: y > 4,
        lambda y: np.array(["no", "yes"])[y % 2],
        lambda y: np.array(["a", "b", "c"], dtype=object)[y % 3],
        lambda y: y % 2 - 1.0,
        lambda y: np.full_like(y, 7),
        lambda y: np.column_stack([y > 4, y % 2]).astype(int),
    ],
    ids=["bool", "text", "text of 3", "floats", "one class", "multilabel"],
)
def test_kinds_of_targets(targets, X, y):
    model = SETMLPClassifier((20,), **SMALL).fit(X, targets(y))
    check_classifier(model, X.astype(np.float32))


def test_labels_that_onnx_does_not_have_are_refused(X, y):
    model = SETMLPClassifier((20,), **SMALL).fit(X, y > 4)
    model.classes_ = np.array([0.25, 0.5])  # as of another program's file
    with pytest.raises(ValueError, match="text or whole numbers"):
        convert(model, X)


def test_probabilities_as_maps(X, y):
    model = SETMLPClassifier((20,), **SMALL).fit(X, y)
    X = X.astype(np.float32)
    maps = run(skl2onnx.to_onnx(model, X[:1]), X)[1]
    expected = dict(enumerate(model.predict_proba(X[:1])[0]))
    assert maps[0] == pytest.approx(expected, abs=1e-5)


REGRESSION_LOSSES = sorted(LOSSES.keys() - {"softmax", "logistic"})


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_losses_of_regressors(loss, n_outputs, X, y):
    targets = np.stack([y, 9 - y, y % 3], axis=1)[:, :n_outputs] / 9
    model = SETMLPRegressor(loss, (20,), **SMALL).fit(X, targets)
    (predictions,) = run(convert(model, X), X)
    assert predictions.shape == (len(X), n_outputs)
    assert_allclose(predictions.squeeze(), model.predict(X), **TOLERANCE)


@pytest.mark.parametrize("visible", VISIBLE_UNITS)
def test_features_of_machines(visible, X):
    options = {"visible": visible, "learning_rate": 0.01, "random_state": 0}
    rbm = SETRBM(n_components=30, n_iter=2, **options).fit(X)
    (features,) = run(convert(rbm, X), X)
    assert_allclose(features, rbm.transform(X), **TOLERANCE)


def test_pipelines(X, y):
    X = X.astype(np.float32)
    rbm = SETRBM(n_components=30, n_iter=1, random_state=0)
    model = make_pipeline(
        make_column_transformer((StandardScaler(), [0, 1]), remainder="passthrough"),
        rbm, SETMLPClassifier((20,), **SMALL),
    )  # fmt: skip
    check_classifier(model.fit(X, y), X)


def test_integers_are_converted(X, y):
    counts = (16 * X).astype(np.int64)
    model = SETMLPClassifier((20,), **SMALL).fit(counts, y)
    probabilities = run(convert(model, counts), counts)[1]
    assert_allclose(probabilities, model.predict_proba(counts), **TOLERANCE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_layers_are_sparse_in_the_file(dtype, X, y):
    X = X.astype(dtype)
    model = SETMLPClassifier((1500, 400), **SMALL).fit(X, y)
    graph = convert(model, X)
    per_connection = X.itemsize + 8
    dense = 64 * 1500 * X.itemsize + 400 * 10 * X.itemsize  # below 1 MB
    n_sparse = model.coefs_[1].nnz
    assert graph.ByteSize() < dense + per_connection * n_sparse + 30_000
    assert graph.ByteSize() < 1500 * 400 * X.itemsize
    check_classifier(model, X)


def test_layers_that_no_runtime_could_load_are_refused(X, y):
    model = SETMLPClassifier((1,), **SMALL).fit(X, y)
    wide = type(model.coefs_[0])((64, 1 << 24), dtype=np.float64)
    model.coefs_[0] = wide
    with pytest.raises(ValueError, match="2 GB"):
        convert(model, X.astype(np.float32))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="onnx"):
        register()
