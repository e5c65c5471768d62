"""Random settings on random data: what must hold for each fitted model."""

import copy
import pickle
import warnings

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, issparse
from sklearn.base import clone, is_classifier
from threadpoolctl import threadpool_limits

from long.pool import Case
from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set.evolution import SET, ImportancePruning, InputEvolution, RigL


def choice(rng, values):
    """Choose one of some values, whatever their types."""
    return values[rng.integers(len(values))]


def rules(rng):
    """Return a random value of `evolution`."""
    return choice(
        rng,
        [
            "set", "inputs", "rigl", "fixed", SET(annealed=True), RigL(annealed=False),
            ["set", ImportancePruning(0.1, start=1, every=1)], InputEvolution(3),
        ],
    )  # fmt: skip


def common(rng):
    """Return settings that all estimators have."""
    return {
        "epsilon": choice(rng, [None, 0.7, 2, 5, 20]),
        "density": choice(rng, [None, None, 0.05, 0.5, 1.0]),
        "zeta": choice(rng, [0.0, 0.1, 0.3, 0.9]),
        "batch_size": int(rng.integers(1, 80)) if rng.random() < 0.3 else 50,
        "early_stopping": bool(rng.random() < 0.3),
        "random_state": int(rng.integers(1000)),
    }


def perceptron(rng):
    """Return random settings of a perceptron."""
    n_hidden = int(rng.integers(0, 4))
    activation = [str(choice(rng, sorted(ACTIVATIONS))) for _ in range(n_hidden)]
    return common(rng) | {
        "hidden_layer_sizes": tuple(rng.integers(1, 300, size=n_hidden).tolist()),
        "activation": activation,
        "evolution": rules(rng),
        "evolve_every": choice(rng, ["auto", 1, 2, "1 steps", "7 steps"]),
        "init": choice(rng, ["auto", "he", "glorot", "normal"]),
        "solver": choice(rng, ["sgd", "adam", "adamw", "rmsprop"]),
        "alpha": choice(rng, [0.0, 1e-4, 0.1]),
        "dropout": choice(rng, ["auto", 0.0, 0.5, [0.2] * (n_hidden + 1)]),
        "learning_rate": choice(rng, ["constant", "invscaling", "adaptive", "cosine"]),
        "learning_rate_init": choice(rng, [1e-5, 1e-3, 2e-3]),
        "max_iter": int(rng.integers(1, 8)),
        "shuffle": bool(rng.random() < 0.8),
        "momentum": choice(rng, [0.0, 0.9]),
        "nesterovs_momentum": bool(rng.random() < 0.5),
        "scoring": choice(rng, [None, "loss"]),
    }


def machine(rng):
    """Return random settings of an RBM."""
    return common(rng) | {
        "n_components": int(rng.integers(1, 200)),
        "evolution": choice(rng, ["set", "rigl", "fixed"][::2]),
        "evolve_every": choice(rng, [1, 2, "3 steps"]),
        "visible": choice(rng, ["bernoulli", "gaussian"]),
        "n_iter": int(rng.integers(0, 8)),
        "learning_rate": choice(rng, [1e-3, 0.01]),
        "cd_steps": int(rng.integers(1, 3)),
        "persistent": bool(rng.random() < 0.5),
        "momentum": choice(rng, [0.0, 0.5]),
        "sparsity_target": choice(rng, [None, 0.1]),
        "final_prune": bool(rng.random() < 0.3),
    }


def features(rng, n_samples, n_features):
    """Return random X, dense or sparse, in any layout."""
    X = rng.random((n_samples, n_features)).astype(choice(rng, [np.float32, float]))
    kind = rng.integers(4)
    if kind == 0:
        return csr_array(X * (rng.random(X.shape) < 0.2))
    if kind == 1:
        return np.asfortranarray(X)
    return X[::-1] if kind == 2 else X


def targets(rng, X, is_class):
    """Return random targets, with at least two samples of each class."""
    n, signal = X.shape[0], np.asarray(X.sum(axis=1)).ravel()
    if not is_class:
        shape = (n,) if rng.random() < 0.5 else (n, int(rng.integers(2, 5)))
        return signal.reshape(-1, *[1] * (len(shape) - 1)) + rng.random(shape)
    kind = rng.integers(5)
    if kind == 0:
        labels = (rng.random((n, int(rng.integers(2, 20)))) < 0.3).astype(int)
        return csr_array(labels) if rng.random() < 0.5 else labels
    n_classes = 1 if kind == 1 else int(rng.integers(2, max(3, min(20, n // 4))))
    y = np.argsort(np.argsort(signal)) * n_classes // n
    return y.astype(str) if kind == 2 else y


def draw(seed):
    """Return an estimator, X and y."""
    rng = np.random.default_rng(seed)
    Estimator = choice(rng, [SETMLPClassifier, SETMLPRegressor, SETRBM])
    X = features(rng, int(rng.integers(20, 300)), int(rng.integers(1, 120)))
    if Estimator is SETRBM:
        return SETRBM(**machine(rng)), X, None
    settings, y = perceptron(rng), targets(rng, X, Estimator is SETMLPClassifier)
    if Estimator is SETMLPRegressor:
        settings["loss"] = choice(rng, ["squared_error", "absolute_error", "poisson"])
    return Estimator(**settings), X, y


# -- what must hold ------------------------------------------------------------


def matrices(model):
    """Return the weight matrices."""
    return [model.components_] if isinstance(model, SETRBM) else model.coefs_


def vectors(model):
    """Return the other learned arrays."""
    if isinstance(model, SETRBM):
        return [model.intercept_hidden_, model.intercept_visible_]
    return [*model.intercepts_, *model.activation_parameters_]


def outputs(model, X):
    """Return what a model makes of X."""
    if isinstance(model, SETRBM):
        return [model.transform(X), model.free_energy(X)]
    if is_classifier(model):
        return [model.predict(X), model.predict_proba(X)]
    return [model.predict(X)]


def assert_tidy(model):
    """Connections sorted, no two the same, in range; all values finite."""
    for W in matrices(model):
        assert W.indptr[0] == 0 and W.indptr[-1] == W.indices.size == W.data.size
        rows = np.repeat(np.arange(W.shape[0]), np.diff(W.indptr))
        places = rows * W.shape[1] + W.indices
        assert (np.diff(places) > 0).all()
        assert W.indices.size == 0 or 0 <= W.indices.min() <= W.indices.max()
        assert W.indices.max(initial=-1) < W.shape[1]
        assert np.isfinite(W.data).all()
    assert all(np.isfinite(values).all() for values in vectors(model))


def assert_number_of_connections(model):
    """As `epsilon` says, unless a rule or `final_prune` removes some."""
    found = [W.nnz for W in matrices(model)]
    assert model.n_connections_ == sum(found)
    if model.density is not None:
        return
    for n, W in zip(found, matrices(model), strict=True):
        a, b = W.shape
        most = (
            a * b
            if model.epsilon is None
            else min(round(model.epsilon * (a + b)), a * b)
        )
        keeps = (
            model.evolution in ("set", "rigl", "fixed")
            if isinstance(model.evolution, str)
            else False
        )
        if keeps and not getattr(model, "final_prune", False):
            assert n == most
        assert n <= most


def assert_same(a, b, X):
    """Two models are the same, bit for bit, and so is what they make of X."""
    for one, two in zip(matrices(a), matrices(b), strict=True):
        for name in ("indptr", "indices", "data"):
            assert_array_equal(getattr(one, name), getattr(two, name))
    for one, two in zip(vectors(a), vectors(b), strict=True):
        assert_array_equal(one, two)
    for one, two in zip(outputs(a, X), outputs(b, X), strict=True):
        one, two = (v.toarray() if issparse(v) else v for v in (one, two))
        assert_array_equal(one, two)


def assert_consistent(model, X):
    """Classes are those of the largest probability; all outputs are finite."""
    found = outputs(model, X)
    if getattr(model, "loss_", 0) > 1e6:  # of which a warning has told
        return
    assert all(len(v.shape) == 2 or v.shape == (X.shape[0],) for v in found)
    if not is_classifier(model):
        assert all(np.isfinite(v).all() for v in found)
        return
    predicted, proba = found
    assert np.isfinite(proba).all() and proba.min() >= 0 and proba.max() <= 1
    if model._label_binarizer.y_type_ == "multilabel-indicator":
        predicted = predicted.toarray() if issparse(predicted) else predicted
        assert_array_equal(predicted, proba > 0.5)
        return
    assert_allclose(proba.sum(axis=1), 1, rtol=1e-4)
    assert_array_equal(predicted, model.classes_[proba.argmax(axis=1)])


def check(seed):
    """Fit the model of a seed, and check all that must hold; return its name."""
    model, X, y = draw(seed)
    warnings.simplefilter("ignore")
    try:
        with threadpool_limits(1, user_api="openmp"):
            model.fit(X, y)
    except ValueError as error:
        refused = (
            "Training diverged", "leaves", "needs", "too few", "too small",
            "is for the", "n_inputs", "greater or equal to the number of classes",
        )  # fmt: skip
        if any(text in str(error) for text in refused):
            return "refused"
        raise
    assert_tidy(model)
    assert_number_of_connections(model)
    assert_consistent(model, X)
    before = pickle.dumps([matrices(model), vectors(model)])
    assert_same(model, pickle.loads(pickle.dumps(model)), X)
    assert_same(model, copy.deepcopy(model), X)
    # Threads that share a processor wait long for each other.
    with threadpool_limits(1 if seed % 4 else 2, user_api="openmp"):
        assert_same(model, clone(model).fit(X, y), X)
    assert pickle.dumps([matrices(model), vectors(model)]) == before
    continued = copy.deepcopy(model).set_params(early_stopping=False)
    try:
        continued.partial_fit(X, *([] if y is None else [y]))
    except ValueError as error:
        assert "diverged" in str(error)
    assert_tidy(continued)
    assert pickle.dumps([matrices(model), vectors(model)]) == before
    return type(model).__name__


class RandomModels:
    """The cases of seeds from `first`: a sequence without an end."""

    def __init__(self, first, n=10**9):
        self.first, self._n = first, n

    def __len__(self):
        return self._n

    def __getitem__(self, number):
        seed = self.first + number
        return Case(f"model of seed {seed}", lambda: check(seed))
