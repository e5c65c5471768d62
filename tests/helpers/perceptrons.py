"""Small perceptrons, data for them, and comparisons of fitted models."""

import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_digits, load_iris

from sklearn_set import SETMLPClassifier, SETMLPRegressor

both_perceptrons = pytest.mark.parametrize(
    "Estimator", [SETMLPClassifier, SETMLPRegressor], ids=lambda cls: cls.__name__
)

# -- data ----------------------------------------------------------------------

X_digits, y_digits = load_digits(return_X_y=True)
X_digits = X_digits / 16
X_regression, y_regression = load_diabetes(return_X_y=True)
X_regression = X_regression / X_regression.std()
y_regression = (y_regression - y_regression.mean()) / y_regression.std()
DATA = {
    SETMLPClassifier: (X_digits, y_digits),
    SETMLPRegressor: (X_regression, y_regression),
}

X_iris, y_iris = load_iris(return_X_y=True)
X_iris = (X_iris - X_iris.mean(axis=0)) / X_iris.std(axis=0)
X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
X_diabetes, y_diabetes = X_diabetes / X_diabetes.std(), y_diabetes / 100
SMALL_DATA = {
    SETMLPClassifier: (X_iris, y_iris),
    SETMLPRegressor: (X_diabetes, y_diabetes),
}

# -- models --------------------------------------------------------------------

# Plain training, so that a test sees the effect of nothing but what it is about: each
# epoch the same, without dropout, and an evolution before each but the first.
PLAIN = {
    "evolution": "set",
    "evolve_every": 1,
    "dropout": 0.0,
    "learning_rate": "constant",
}


def make_model(Estimator, **parameters):
    """Return an estimator for `DATA`."""
    settings = {
        "hidden_layer_sizes": (40, 30),
        "epsilon": 8,
        "max_iter": 15,
        "learning_rate_init": 0.001,
        "random_state": 0,
    }
    return Estimator(**PLAIN | settings | parameters)


def make_small_model(Estimator, **parameters):
    """Return an estimator for `SMALL_DATA`."""
    settings = {
        "hidden_layer_sizes": (20, 15),
        "epsilon": 5,
        "max_iter": 8,
        "learning_rate_init": 0.001,
        "random_state": 0,
    }
    return Estimator(**PLAIN | settings | parameters)


def make_classifier(**parameters):
    """Return a classifier that is trained by SGD on `digits` in a moment."""
    settings = {
        "hidden_layer_sizes": (40, 30),
        "epsilon": 5,
        "max_iter": 10,
        "batch_size": 50,
        "solver": "sgd",
        "learning_rate_init": 0.007,
        "random_state": 0,
    }
    return SETMLPClassifier(**PLAIN | settings | parameters)


def make_sparser_classifier(**parameters):
    """Return a classifier with few connections, whose evolution is tested."""
    settings = {
        "hidden_layer_sizes": (30, 20),
        "epsilon": 4,
        "max_iter": 6,
        "learning_rate_init": 0.001,
        "random_state": 0,
    }
    return SETMLPClassifier(**PLAIN | settings | parameters)


# -- comparisons ---------------------------------------------------------------


def assert_same_model(a, b, rtol=0):
    """The same connections, weights and biases, bit for bit unless rtol > 0."""
    for x, y in zip(a.coefs_, b.coefs_, strict=True):
        assert_array_equal(x.indptr, y.indptr)
        assert_array_equal(x.indices, y.indices)
        assert_allclose(x.data, y.data, rtol=rtol, atol=rtol)
    for x, y in zip(a.intercepts_, b.intercepts_, strict=True):
        assert_allclose(x, y, rtol=rtol, atol=rtol)


def dense_weights(model):
    """Return the weight matrices as dense arrays."""
    return [coef.toarray() for coef in model.coefs_]


def assert_close_weights(a, b, rtol=1e-9):
    """Almost the same weight matrices; missing connections count as 0."""
    for x, y in zip(dense_weights(a), dense_weights(b), strict=True):
        assert_allclose(x, y, rtol=rtol, atol=1e-12)


def positions(coef):
    """Return the positions of the connections, in the order of the weights."""
    return list(zip(*coef.tocoo().coords, strict=True))


def topology(model):
    """Return the set of the connections' positions of each layer."""
    return [set(positions(coef)) for coef in model.coefs_]
