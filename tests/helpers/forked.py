"""A program: models are fitted with two threads, then used in forked processes.

It runs in a process of its own, in which no test has started threads before.
"""

import multiprocessing
import warnings

import joblib
import numpy as np
from scipy.sparse import csr_array

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set._utils.threads import effective_n_threads

# Enough of everything that each kernel would start its threads.
rng = np.random.default_rng(0)
X = rng.random((100, 100))
X_sparse = csr_array(X * (X > 0.5))
Y = {"SETMLPClassifier": np.arange(100) % 3, "SETMLPRegressor": X[:, 0], "SETRBM": None}
MODELS = [
    Model(
        hidden_layer_sizes=(400, 50),
        max_iter=2,
        batch_size=100,
        evolution=rule,
        dropout=0.1,
    )
    for Model in (SETMLPClassifier, SETMLPRegressor)
    for rule in ("set", "rigl")
]
MODELS += [
    SETRBM(400, n_iter=2, batch_size=100, visible=visible, learning_rate=0.01)
    for visible in ("bernoulli", "gaussian")
]
METHODS = {
    "fit": lambda fit, y: (fit(X_sparse, y), fit(X, y)),
    "partial_fit": lambda partial_fit, y: (partial_fit(X, y), partial_fit(X_sparse, y)),
    "fit_transform": lambda fit_transform, y: fit_transform(X),
    "inverse_transform": lambda inverse_transform, y: inverse_transform(
        rng.random((100, 400))
    ),
    "log_partition": lambda log_partition, y: log_partition(
        n_chains=50, n_temperatures=3
    ),
    "sample": lambda sample, y: sample(100, n_steps=2),
}
for name in (
    "predict", "predict_proba", "predict_log_proba", "transform", "score_samples",
    "free_energy", "reconstruct", "gibbs",
):  # fmt: skip
    METHODS[name] = lambda method, y: (method(X), method(X_sparse))


def use(model, name):
    """Call a method of a model; return the number of threads it may use."""
    warnings.simplefilter("ignore")
    METHODS[name](getattr(model, name), Y[type(model).__name__])
    return effective_n_threads()


def main():
    """Print the number of calls that have ended in each kind of process."""
    warnings.simplefilter("ignore")
    for model in MODELS:
        model.fit(X, Y[type(model).__name__])
    calls = [(m, name) for m in MODELS for name in METHODS if hasattr(m, name)]
    assert effective_n_threads() == 2
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert set(pool.starmap(use, calls)) == {1}
    parallel = joblib.Parallel(n_jobs=2, backend="multiprocessing")
    assert set(parallel(joblib.delayed(use)(*call) for call in calls)) == {1}
    assert use(*calls[0]) == 2  # the parent goes on with both
    print(len(calls), "calls")


if __name__ == "__main__":
    main()
