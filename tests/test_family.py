"""What both perceptrons have in common, and what a regressor is expected to do."""

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, make_regression
from sklearn.dummy import DummyRegressor
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.linear_model import PoissonRegressor, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import cross_validate
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier, SETMLPRegressor
from sklearn_set._layers.sizes import connections_per_layer
from sklearn_set._mlp.activations import ACTIVATIONS, Relu
from sklearn_set._mlp.initialization import random_coefs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_digits, y_digits = load_digits(return_X_y=True)
X_digits = X_digits / 16
X_reg, y_reg = load_diabetes(return_X_y=True)
X_reg, y_reg = X_reg / X_reg.std(), (y_reg - y_reg.mean()) / y_reg.std()
DATA = {SETMLPClassifier: (X_digits, y_digits), SETMLPRegressor: (X_reg, y_reg)}
both = pytest.mark.parametrize("Estimator", DATA, ids=lambda cls: cls.__name__)


def small(Estimator, **parameters):
    settings = {
        "hidden_layer_sizes": (40, 30),
        "epsilon": 8,
        "max_iter": 15,
        "learning_rate_init": 0.005,
        "random_state": 0,
    }
    return Estimator(**settings | parameters)


# -- topology ------------------------------------------------------------------


@pytest.mark.parametrize("density", [0.001, 0.02, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize(
    "n_units", [[784, 1000, 1000, 10], [30, 500, 500, 2], [50, 100]]
)
def test_density_is_that_of_the_whole_network(n_units, density):
    places = np.multiply(n_units[:-1], n_units[1:])
    counts = np.array(connections_per_layer(n_units, 20, density))
    assert counts.sum() == round(density * places.sum())
    assert (counts <= places).all()
    # In proportion to the units on both sides, but for full layers.
    sides = np.add(n_units[:-1], n_units[1:])
    epsilons = (counts / sides)[counts < places]
    if epsilons.size:
        assert np.ptp(epsilons) <= 1 / sides.min()
        assert (places / sides)[counts == places].max(initial=0) <= epsilons.max() + 1


@both
def test_density_takes_the_place_of_epsilon(Estimator):
    X, y = DATA[Estimator]
    model = small(Estimator, density=0.2, max_iter=1).fit(X, y)
    assert model.density_ == pytest.approx(0.2, abs=1e-3)
    assert small(Estimator, epsilon=None, max_iter=1).fit(X, y).density_ == 1
    none = small(Estimator, epsilon=None, density=0.2, max_iter=1).fit(X, y)
    assert none.n_connections_ == model.n_connections_


@pytest.mark.parametrize("density", [0, -0.1, 1.5, "full"])
def test_bad_density(density):
    with pytest.raises(ValueError, match="density"):
        small(SETMLPClassifier, density=density).fit(X_digits, y_digits)
    with pytest.raises(ValueError, match="density=1e-05 leaves the layer of .*Raise"):
        small(SETMLPClassifier, density=1e-5).fit(X_digits, y_digits)


@pytest.mark.parametrize("init", ["he", "glorot", "normal"])
def test_first_weights_have_their_scale(init):
    model = SETMLPClassifier((2000, 2000), init=init, max_iter=1, random_state=0)
    coefs = random_coefs(
        [500, 2000, 2000, 10],
        [Relu(1), Relu(2)],
        model,
        model._start_state(),
        np.float64,
    )
    for coef in coefs[:2]:
        n_in, n_out = coef.shape
        fan_in, fan_out = coef.nnz / n_out, coef.nnz / n_in
        variance = {
            "he": 2 / fan_in,
            "glorot": 2 / (fan_in + fan_out),
            "normal": 0.01,
        }[init]
        assert coef.data.var() == pytest.approx(variance, rel=0.05)
        assert abs(coef.data.mean()) < 0.05 * variance**0.5


# -- activations ---------------------------------------------------------------


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activations_learn_and_are_kept(activation):
    """Training goes on over pieces, and a copy predicts the same."""
    clf = small(SETMLPClassifier, activation=activation, max_iter=25)
    clf.fit(X_digits, y_digits)
    assert clf.score(X_digits, y_digits) > 0.9
    loaded = pickle.loads(pickle.dumps(clf))
    assert_array_equal(loaded.predict_proba(X_digits), clf.predict_proba(X_digits))
    pieces = small(SETMLPClassifier, activation=activation)
    for _ in range(25):
        pieces.partial_fit(X_digits, y_digits, classes=np.arange(10))
    assert_array_equal(pieces.predict_proba(X_digits), clf.predict_proba(X_digits))


def test_one_activation_for_each_layer():
    clf = small(SETMLPClassifier, activation=["srelu", "tanh"])
    clf.fit(X_digits, y_digits)
    shapes = [values.shape for values in clf.activation_parameters_]
    assert shapes == [(4, 40), (0, 30)]
    t_l, a_l, t_r, a_r = clf.activation_parameters_[0]
    assert all(np.ptp(values) > 0 for values in (t_l, a_l, t_r, a_r))  # learnt


@pytest.mark.parametrize(
    "activation", ["sinus", ["relu"], ["relu", "relu", "relu"], ["relu", 3], []]
)
def test_bad_activations(activation):
    with pytest.raises(ValueError, match="activation"):
        small(SETMLPClassifier, activation=activation).fit(X_digits, y_digits)


@pytest.mark.parametrize("dropout", [1.0, -0.1, [0.1], [0.1, 0.2, 1.5], ["a", 0, 0]])
def test_bad_dropout(dropout):
    with pytest.raises(ValueError, match="dropout"):
        small(SETMLPClassifier, dropout=dropout).fit(X_digits, y_digits)


# -- feature strength ----------------------------------------------------------


@both
def test_importances_are_strengths(Estimator):
    X, y = DATA[Estimator]
    model = small(Estimator).fit(X, y)
    strength = abs(model.coefs_[0].toarray()).sum(axis=1)
    assert_allclose(model.feature_importances_, strength / strength.sum())
    assert "feature_importances_" not in vars(model)


def test_select_from_model_and_rfe_find_the_useful_features():
    X, y = make_regression(300, 30, n_informative=5, random_state=0)
    useful = {
        tuple(np.flatnonzero(abs(Ridge().fit(X, y).coef_) > 1)),
    }
    reg = small(SETMLPRegressor, max_iter=60, alpha=1.0)
    for selector in (
        SelectFromModel(reg, max_features=5, threshold=-np.inf),
        RFE(reg, n_features_to_select=5, step=5),
    ):
        selector.fit(X, y / y.std())
        assert {tuple(np.flatnonzero(selector.get_support()))} == useful


# -- scikit-learn's habits -----------------------------------------------------


@both
def test_metadata_routing(Estimator):
    X, y = DATA[Estimator]
    with sklearn.config_context(enable_metadata_routing=True):
        model = small(Estimator, max_iter=2).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        weights = np.ones(len(y))
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model)
        pipeline.fit(X, y, sample_weight=weights)
        result = cross_validate(
            pipeline, X, y, cv=2, params={"sample_weight": weights}, error_score="raise"
        )
        assert len(result["test_score"]) == 2
        model = small(Estimator, max_iter=2, early_stopping=True)
        model.set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X[:50], y_val=y[:50])
        assert len(pipeline[-1].validation_scores_) == 2


@both
def test_html_shows_parameters_with_their_meaning(Estimator):
    X, y = DATA[Estimator]
    html = small(Estimator, max_iter=1).fit(X, y)._repr_html_()
    for text in (
        "epsilon",
        "Sparsity parameter",
        f"sklearn_set.{Estimator.__name__}.html",
        "n_connections_",
    ):
        assert text in html


@both
def test_html_has_a_table_of_layers(Estimator):
    X, y = DATA[Estimator]
    model = small(Estimator, max_iter=1)
    assert "Links" not in model._repr_html_()
    html = make_pipeline(StandardScaler(), model).fit(X, y)._repr_html_()
    for coef in model.coefs_:
        n_in, n_out = coef.shape
        density = coef.nnz / (n_in * n_out)
        for text in (f"{n_in:,} → {n_out:,}", f"{coef.nnz:,}", f"{density:.2%}"):
            assert f"<td>{text}</td>" in html
    assert f"<td>{model.n_connections_:,}</td><td>{model.density_:.2%}</td>" in html


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@both
def test_memory_is_free_without_the_garbage_collector(Estimator, call):
    """No cycle of references holds what a model has trained."""
    X, y = DATA[Estimator]
    model = small(Estimator, max_iter=3)
    if call == "partial_fit" and Estimator is SETMLPClassifier:
        model.partial_fit(X, y, classes=np.unique(y))
    gc.disable()
    try:
        weights = getattr(model, call)(X, y).coefs_[0].data
        while weights.base is not None:
            weights = weights.base
        alive = weakref.ref(weights)
        del model, weights
        assert alive() is None
    finally:
        gc.enable()


@both
def test_fitted_means_that_there_are_weights(Estimator):
    from sklearn.utils.validation import _is_fitted

    model = small(Estimator, max_iter=1)
    assert not _is_fitted(model)
    assert _is_fitted(model.fit(*DATA[Estimator]))
    assert not _is_fitted(clone(model))


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_pickle_is_as_small_as_the_links_allow(Estimator, dtype):
    X, y = DATA[Estimator]
    model = small(Estimator, hidden_layer_sizes=(2000, 2000), epsilon=20, max_iter=2)
    model.fit(X.astype(dtype), y)
    per_link = len(pickle.dumps(model)) / model.n_connections_
    assert per_link < np.dtype(dtype).itemsize + 4 + 1
    model.partial_fit(X, y)  # the solver's state is there as long as the model is
    going_on = len(pickle.dumps(model)) / model.n_connections_
    assert going_on > 3 * np.dtype(dtype).itemsize + 4


@both
def test_memory_mapped_models_predict_in_threads(Estimator, tmp_path):
    X, y = DATA[Estimator]
    model = small(Estimator).fit(X, y)
    joblib.dump(model, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    expected = model.predict(X)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: mapped.predict(X), range(16)):
            assert_array_equal(got, expected)


@both
def test_threads_do_not_change_a_bit(Estimator, request):
    X, y = DATA[Estimator]
    options = {
        "hidden_layer_sizes": (300, 200), "activation": ["srelu", "gelu"],
        "dropout": [0.1, 0.3, 0.3], "evolution": "rigl", "batch_size": 100,
        "max_iter": 3,
    }  # fmt: skip
    models = []
    for fixture in ("one_thread", "two_threads"):
        request.getfixturevalue(fixture)
        models.append(small(Estimator, **options).fit(X, y))
    for a, b in zip(*(model.coefs_ for model in models), strict=True):
        assert_array_equal(a.toarray(), b.toarray())


# -- the regressor -------------------------------------------------------------


def test_regressor_is_as_good_as_the_dense_one():
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
def test_regressor_keeps_the_dtype_and_the_shape(dtype):
    X, y = X_reg.astype(dtype), y_reg.astype(dtype)
    reg = small(SETMLPRegressor).fit(X, y)
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


def test_sparse_regression(rng):
    X = csr_array(rng.random((300, 40)) * (rng.random((300, 40)) < 0.1))
    y = X @ rng.standard_normal(40)
    a = small(SETMLPRegressor).fit(X, y)
    b = small(SETMLPRegressor).fit(X.toarray(), y)
    assert_allclose(a.predict(X), b.predict(X.toarray()), rtol=1e-7, atol=1e-9)


def test_absolute_error_is_not_led_astray(rng):
    """Outliers move the mean, not the median."""
    X = rng.standard_normal((500, 5))
    y = X @ rng.standard_normal(5)
    far = y + np.where(rng.random(500) < 0.1, 100.0, 0.0)
    errors = {
        loss: mean_absolute_error(
            y, SETMLPRegressor(loss, (50,), random_state=0).fit(X, far).predict(X)
        )
        for loss in ("absolute_error", "squared_error")
    }
    assert errors["absolute_error"] < 0.5 * errors["squared_error"]


def test_poisson_without_hidden_layer_is_the_linear_model(rng):
    X = rng.random((400, 6))
    y = rng.poisson(np.exp(X @ rng.random(6)))
    glm = PoissonRegressor(alpha=0, tol=1e-10, max_iter=1000).fit(X, y)
    reg = SETMLPRegressor(
        "poisson", (), epsilon=None, alpha=0, solver="sgd", learning_rate="cosine",
        learning_rate_init=0.02, batch_size=400, max_iter=3000, tol=0,
        n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    assert_allclose(reg.fit(X, y).predict(X), glm.predict(X), rtol=1e-4)
    assert reg.out_activation_ == "exp"
    assert small(SETMLPRegressor).fit(X, y).out_activation_ == "identity"


def test_poisson_refuses_negative_targets():
    with pytest.raises(ValueError, match="loss='poisson' needs targets y >= 0"):
        SETMLPRegressor("poisson").fit(X_reg, y_reg)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
def test_regressor_pieces_and_warm_start(loss):
    y = abs(y_reg)
    whole = small(SETMLPRegressor, loss=loss, max_iter=6).fit(X_reg, y)
    pieces = small(SETMLPRegressor, loss=loss)
    for _ in range(6):
        pieces.partial_fit(X_reg, y)
    warm = small(SETMLPRegressor, loss=loss, max_iter=3, warm_start=True)
    warm.fit(X_reg, y).fit(X_reg, y)
    assert_array_equal(whole.predict(X_reg), pieces.predict(X_reg))
    assert_array_equal(whole.predict(X_reg), warm.predict(X_reg))
    dummy = DummyRegressor().fit(X_reg, y)
    assert loss != "squared_error" or whole.score(X_reg, y) > dummy.score(X_reg, y)


@pytest.mark.parametrize(
    "y, message",
    [
        (np.full(442, np.nan), "Input y contains NaN"),
        (np.array(["a"] * 442), "could not convert|numeric|dtype"),
        (y_reg[:-1], "inconsistent numbers of samples"),
        (None, "requires y to be passed"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        SETMLPRegressor().fit(X_reg, y)


def test_regression_that_diverges_says_so():
    reg = small(SETMLPRegressor, solver="sgd", learning_rate_init=10.0)
    with pytest.raises(ValueError, match="diverged.*learning_rate_init=10.0"):
        reg.fit(X_reg * 100, y_reg)
