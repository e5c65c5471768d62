"""Bad input: each kind gets an error that names the parameter or the remedy."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor


def mlp(**parameters):
    return SETMLPClassifier(**{"max_iter": 2} | parameters)


def regressor(**parameters):
    return SETMLPRegressor(**{"max_iter": 2} | parameters)


PARAMETERS = [
    (mlp, "hidden_layer_sizes", -1),
    (mlp, "hidden_layer_sizes", (10, 0)),
    (mlp, "hidden_layer_sizes", (10, 2.5)),
    (mlp, "hidden_layer_sizes", "wide"),
    (mlp, "hidden_layer_sizes", [[10, 10]]),
    (mlp, "hidden_layer_sizes", [[10], 5]),
    (mlp, "hidden_layer_sizes", {10, 5}),
    (mlp, "hidden_layer_sizes", {10: 5}),
    (mlp, "hidden_layer_sizes", np.array(10)),
    (mlp, "hidden_layer_sizes", True),
    (mlp, "activation", {"relu", "tanh"}),
    (mlp, "dropout", {0.1, 0.2, 0.3}),
    (mlp, "dropout", {0: 1, 0.1: 1, 0.2: 1}),
    (mlp, "scoring", "accurate"),
    (mlp, "activation", "sinus"),
    (mlp, "epsilon", 0),
    (mlp, "epsilon", -3.0),
    (mlp, "epsilon", "many"),
    (mlp, "epsilon", np.nan),
    (mlp, "epsilon", 1e-5),  # leaves a layer without any connection
    (mlp, "zeta", 1.0),
    (mlp, "zeta", -0.1),
    (mlp, "zeta", None),
    (mlp, "solver", "lbfgs"),
    (mlp, "alpha", -1),
    (mlp, "batch_size", 0),
    (mlp, "batch_size", 2.5),
    (mlp, "learning_rate_init", 0),
    (mlp, "max_iter", 0),
    (mlp, "shuffle", "no"),
    (mlp, "random_state", "seed"),
    (mlp, "tol", -1e-4),
    (mlp, "n_iter_no_change", 0),
    (mlp, "verbose", "loud"),
    (mlp, "warm_start", "yes"),
    (mlp, "momentum", 1.5),
    (mlp, "nesterovs_momentum", 3),
    (mlp, "density", 0),
    (mlp, "evolution", "sets"),
    (mlp, "evolve_every", 0),
    (mlp, "evolve_every", "3 epochs"),
    (mlp, "init", "uniform"),
    (mlp, "learning_rate", "linear"),
    (mlp, "power_t", -1),
    (mlp, "dropout", 1.0),
    (mlp, "dropout", [0.1, 0.1]),
    (mlp, "early_stopping", "auto"),
    (mlp, "validation_fraction", 0.0),
    (mlp, "scoring", 3),
    (mlp, "batch_transform", "flip"),
    (mlp, "class_weight", "equal"),
    (regressor, "loss", "hinge"),
    (regressor, "hidden_layer_sizes", 0),
    (SETRBM, "n_components", 0),
    (SETRBM, "n_components", 2.0),
    (SETRBM, "epsilon", 0),
    (SETRBM, "zeta", 1),
    (SETRBM, "learning_rate", 0),
    (SETRBM, "batch_size", 0),
    (SETRBM, "n_iter", -1),
    (SETRBM, "cd_steps", 0),
    (SETRBM, "alpha", -1),
    (SETRBM, "density", 1.5),
    (SETRBM, "evolution", "sets"),
    (SETRBM, "evolve_every", "3 epochs"),
    (SETRBM, "final_prune", "yes"),
    (SETRBM, "visible", "real"),
    (SETRBM, "visible_std", 1e308),
    (SETRBM, "visible_std", 1e-308),
    (SETRBM, "learning_rate_schedule", "invscaling"),
    (SETRBM, "momentum", 1.0),
    (SETRBM, "persistent", 2),
    (SETRBM, "sparsity_target", 0.0),
    (SETRBM, "sparsity_cost", -1),
    (SETRBM, "early_stopping", "auto"),
    (SETRBM, "validation_fraction", 1.0),
    (SETRBM, "n_iter_no_change", 0),
    (SETRBM, "tol", -1),
    (SETRBM, "warm_start", "yes"),
    (SETRBM, "verbose", "loud"),
    (SETRBM, "random_state", -1.5),
]


X = np.random.default_rng(0).random((20, 5))


Y = np.arange(20) % 3


@pytest.mark.parametrize("make, name, value", PARAMETERS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_parameters(make, name, value, method):
    """The error names the parameter, and nothing has been fitted."""
    estimator = make(**{name: value})
    arguments = {"classes": [0, 1, 2]} if (method, make) == ("partial_fit", mlp) else {}
    with pytest.raises(ValueError, match=name):
        getattr(estimator, method)(X, Y, **arguments)
    assert not hasattr(estimator, "coefs_") and not hasattr(estimator, "components_")


def corrupt():
    """A CSR matrix whose indices point out of the matrix."""
    bad = csr_array(X)
    bad.indices[7] = 99
    return bad


def nan(value):
    bad = X.copy()
    bad[3, 2] = value
    return bad


DATA = {
    "NaN": (nan(np.nan), Y, "Input X contains NaN"),
    "infinity": (nan(np.inf), Y, "Input X contains infinity"),
    "NaN, sparse": (csr_array(nan(np.nan)), Y, "contains NaN"),
    "no rows": (X[:0], Y[:0], r"0 sample\(s\)"),
    "no columns": (X[:, :0], Y, r"0 feature\(s\)"),
    "one dimension": (X[0], Y, "Reshape your data"),
    "three dimensions": (np.zeros((20, 2, 2)), Y, "dim 3"),
    "text": (np.array([["a", "b"]] * 20), Y, "could not convert string to float"),
    "complex": (X + 1j, Y, "Complex data not supported"),
    "corrupt CSR": (corrupt(), Y, "X is not a valid CSR matrix"),
}


@pytest.mark.parametrize("data, y, message", DATA.values(), ids=DATA)
@pytest.mark.parametrize("estimator", [mlp(), SETRBM()], ids=["mlp", "rbm"])
def test_data(estimator, data, y, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(data, y)
    assert not hasattr(estimator, "coefs_") and not hasattr(estimator, "components_")


TARGETS = {
    "other length": (X, Y[:-1], "inconsistent numbers of samples"),
    "missing": (X, None, "requires y to be passed"),
    "real numbers": (X, X[:, 0], "continuous"),
    "NaN labels": (X, np.where(Y > 1, np.nan, Y), "Input y contains NaN"),
    "several classes, several outputs": (X, np.c_[Y, Y], "[Mm]ulti.*output"),
}


@pytest.mark.parametrize("data, y, message", TARGETS.values(), ids=TARGETS)
def test_targets(data, y, message):
    with pytest.raises(ValueError, match=message):
        mlp().fit(data, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("data", [X[:, :4], csr_array(X[:, :4])], ids=["dense", "csr"])
def test_another_number_of_features(data):
    message = "X has 4 features, but .* is expecting 5 features"
    clf, rbm = mlp().fit(X, Y), SETRBM().fit(X)
    calls = [clf.predict, clf.predict_proba, clf.predict_log_proba]
    calls += [rbm.transform, rbm.gibbs, rbm.score_samples, rbm.partial_fit]
    calls += [rbm.reconstruct, rbm.free_energy, rbm.score]
    calls += [lambda X: clf.partial_fit(X, Y), lambda X: clf.score(X, Y)]
    for call in calls:
        with pytest.raises(ValueError, match=message):
            call(data)


def test_not_fitted():
    clf, rbm = mlp(), SETRBM()
    calls = [clf.predict, clf.predict_proba, clf.predict_log_proba]
    calls += [rbm.transform, rbm.gibbs, rbm.score_samples, rbm.inverse_transform]
    calls += [rbm.reconstruct, rbm.free_energy, rbm.score]
    calls += [lambda X: rbm.sample(), lambda X: rbm.log_partition()]
    for call in calls:
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            call(X)


@pytest.mark.parametrize(
    "method, name, value",
    [
        ("sample", "n_samples", 0),
        ("sample", "n_steps", 2.5),
        ("log_partition", "method", "guess"),
        ("log_partition", "n_chains", 0),
        ("log_partition", "n_temperatures", -1),
        ("log_partition", "random_state", "seed"),
    ],
)
def test_parameters_of_methods(method, name, value):
    rbm = SETRBM(n_components=3, n_iter=1).fit(X)
    with pytest.raises(ValueError, match=name):
        getattr(rbm, method)(**{name: value})


def test_partial_fit_classes():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        mlp().partial_fit(X, Y)
    clf = mlp().partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="`y` has classes not in `self.classes_`"):
        clf.partial_fit(X, Y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        clf.partial_fit(X, Y, classes=[0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"`y` has classes not in .* \[0 1\]"):
        mlp().partial_fit(X, Y, classes=[0, 1])


def test_too_many_connections_are_refused_before_any_work():
    clf = mlp(hidden_layer_sizes=(2_000_000, 2_000_000), epsilon=1000)
    with pytest.raises(ValueError, match="epsilon=1000 .* more than .* Lower epsilon"):
        clf.fit(X, Y)
    with pytest.raises(ValueError, match="epsilon=1000 .* more than .* Lower epsilon"):
        SETRBM(3_000_000, epsilon=1000).fit(csr_array((1, 3_000_000)))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_batch_size_beyond_the_data_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="batch_size=50 is larger than the 20 samples"):
        mlp(batch_size=50).fit(X, Y)
    with warnings.catch_warnings():  # the last piece of a stream is nothing to tell of
        warnings.simplefilter("error")
        mlp(batch_size=50).partial_fit(X, Y, classes=[0, 1, 2])
