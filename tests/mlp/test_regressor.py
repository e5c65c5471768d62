"""SETMLPRegressor: accuracy, kinds of targets, losses."""

import numpy as np
import pytest
from helpers.perceptrons import X_regression, make_model, y_regression
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, make_regression
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import cross_validate
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_as_accurate_as_the_dense_network():
    def scaled(reg):
        return make_pipeline(
            StandardScaler(),
            TransformedTargetRegressor(reg, transformer=StandardScaler()),
        )

    X, y = load_diabetes(return_X_y=True)
    ours = SETMLPRegressor(alpha=1.0, random_state=0)
    theirs = MLPRegressor(alpha=1.0, random_state=0)
    scores = [
        cross_validate(scaled(reg), X, y, cv=3)["test_score"].mean()
        for reg in (ours, theirs)
    ]
    assert scores[0] > scores[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_shape_of_predictions(dtype):
    X, y = X_regression.astype(dtype), y_regression.astype(dtype)
    reg = make_model(SETMLPRegressor).fit(X, y)
    assert reg.predict(X).dtype == dtype and reg.predict(X).shape == y.shape
    assert all(coef.dtype == dtype for coef in (*reg.coefs_, *reg.intercepts_))
    reg.fit(X, np.c_[y, -y, y])
    assert reg.predict(X).shape == (len(y), 3) and reg.n_outputs_ == 3
    with pytest.raises(ValueError, match="y has 1 outputs where the model was fitted"):
        reg.partial_fit(X, y)


def test_several_outputs():
    X, y = make_regression(300, 10, n_targets=4, random_state=0)
    y /= y.std(axis=0)
    reg = SETMLPRegressor(hidden_layer_sizes=200, max_iter=100, random_state=0).fit(
        X, y
    )
    assert reg.score(X, y) > 0.95
    assert_array_equal(reg.predict(X), clone(reg).fit(X, y).predict(X))


def test_sparse_X_gives_the_predictions_of_a_dense_X(rng):
    X = csr_array(rng.random((300, 40)) * (rng.random((300, 40)) < 0.1))
    y = X @ rng.standard_normal(40)
    a = make_model(SETMLPRegressor).fit(X, y)
    b = make_model(SETMLPRegressor).fit(X.toarray(), y)
    assert_allclose(a.predict(X), b.predict(X.toarray()), rtol=1e-7, atol=1e-9)


def test_absolute_error_is_robust_to_outliers(rng):
    """Outliers move the mean, not the median."""
    X = rng.standard_normal((500, 5))
    y = X @ rng.standard_normal(5)
    y_outliers = y + np.where(rng.random(500) < 0.1, 100.0, 0.0)
    errors = {
        loss: mean_absolute_error(
            y,
            SETMLPRegressor(loss, (50,), dropout=0, random_state=0)
            .fit(X, y_outliers)
            .predict(X),
        )
        for loss in ("absolute_error", "squared_error")
    }
    assert errors["absolute_error"] < 0.5 * errors["squared_error"]


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantiles_cover_their_fraction_of_the_targets(quantile, rng):
    X = rng.random((600, 3))
    y = X[:, 0] + (0.1 + X[:, 1]) * rng.exponential(size=600)
    reg = SETMLPRegressor(
        "quantile", (50,), quantile=quantile, epsilon=None, alpha=0, dropout=0,
        evolution="fixed", max_iter=40, learning_rate_init=0.01, random_state=0,
    ).fit(X, y)  # fmt: skip
    assert np.mean(y <= reg.predict(X)) == pytest.approx(quantile, abs=0.05)
    wide = X[:, 1] > 0.5  # the quantile depends on X
    assert np.mean(y[wide] <= reg.predict(X[wide])) == pytest.approx(quantile, abs=0.1)


def test_the_huber_loss_is_between_squared_and_absolute_error(rng):
    X = rng.random((300, 2))
    y = X @ [1.0, 2.0]
    y[:30] += 20  # outliers

    def error(loss, **parameters):
        reg = SETMLPRegressor(
            loss, (), epsilon=None, alpha=0, max_iter=60, learning_rate_init=0.02,
            random_state=0, **parameters,
        )  # fmt: skip
        return mean_absolute_error(X @ [1.0, 2.0], reg.fit(X, y).predict(X))

    squared = error("squared_error")
    assert error("huber", huber_delta=100.0) == pytest.approx(squared)
    assert error("huber") < 0.3 * squared


@pytest.mark.parametrize(
    "bad", [{"quantile": 0}, {"quantile": 1.0}, {"huber_delta": 0}, {"loss": "softmax"}]
)
def test_bad_parameters_of_losses(bad):
    with pytest.raises(ValueError, match=f"The '{next(iter(bad))}' parameter"):
        make_model(SETMLPRegressor, **bad).fit(X_regression, y_regression)


def test_poisson_without_hidden_layer_is_the_linear_model(rng):
    X = rng.random((400, 6))
    y = rng.poisson(np.exp(X @ rng.random(6)))
    glm = PoissonRegressor(alpha=0, tol=1e-10, max_iter=1000).fit(X, y)
    reg = SETMLPRegressor(
        "poisson", (), epsilon=None, alpha=0, solver="sgd", learning_rate="cosine",
        learning_rate_init=0.004, batch_size=400, max_iter=3000, tol=0,
        n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    assert_allclose(reg.fit(X, y).predict(X), glm.predict(X), rtol=1e-4)
    assert reg.out_activation_ == "exp"
    assert make_model(SETMLPRegressor).fit(X, y).out_activation_ == "identity"


def test_poisson_refuses_negative_targets():
    with pytest.raises(ValueError, match="loss='poisson' needs targets y >= 0"):
        SETMLPRegressor("poisson").fit(X_regression, y_regression)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
def test_partial_fit_and_warm_start_continue_as_fit_does(loss):
    y = abs(y_regression)
    whole = make_model(SETMLPRegressor, loss=loss, max_iter=6).fit(X_regression, y)
    parts = make_model(SETMLPRegressor, loss=loss)
    for _ in range(6):
        parts.partial_fit(X_regression, y)
    warm = make_model(SETMLPRegressor, loss=loss, max_iter=3, warm_start=True)
    warm.fit(X_regression, y).fit(X_regression, y)
    assert_array_equal(whole.predict(X_regression), parts.predict(X_regression))
    assert_array_equal(whole.predict(X_regression), warm.predict(X_regression))
    dummy = DummyRegressor().fit(X_regression, y)
    assert loss != "squared_error" or whole.score(X_regression, y) > dummy.score(
        X_regression, y
    )


@pytest.mark.parametrize(
    "y, message",
    [
        (np.full(442, np.nan), "Input y contains NaN"),
        (np.array(["a"] * 442), "could not convert|numeric|dtype"),
        (y_regression[:-1], "inconsistent numbers of samples"),
        (None, "requires y to be passed"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        SETMLPRegressor().fit(X_regression, y)


def test_divergence_names_the_learning_rate():
    reg = make_model(SETMLPRegressor, solver="sgd", learning_rate_init=10.0)
    with pytest.raises(ValueError, match="diverged.*learning_rate_init=10.0"):
        reg.fit(X_regression * 100, y_regression)
