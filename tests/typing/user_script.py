"""A script as a user may write it: type checkers have nothing against it."""

from typing import Any, assert_type

import numpy as np
from scipy.sparse import csr_array
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import (
    SETRBM,
    SETMLPClassifier,
    SETMLPRegressor,
    UnsupervisedFeatureSelector,
)
from sklearn_set.callbacks import Checkpoint
from sklearn_set.evolution import SET, EvolutionContext, ImportancePruning
from sklearn_set.inspection import degrees, idle_units, weight_matrices

rng = np.random.default_rng(0)
X = rng.random((60, 8))
labels = rng.integers(3, size=60)


class FirstHalf(SET):
    """A user's rule."""

    def fraction(self, context: EvolutionContext) -> float:
        return context.zeta if context.progress < 0.5 else 0.0


def noisy(batch: Any, rng: np.random.Generator) -> Any:
    return batch + rng.normal(size=batch.shape)


sizes: list[int] = [20, 10]
weights: dict[int, int] = {0: 1, 1: 2, 2: 1}
classifier = SETMLPClassifier(
    hidden_layer_sizes=sizes,
    activation=["relu", "srelu"],
    epsilon=None,
    density=0.5,
    evolution=["set", ImportancePruning(start=2)],
    evolve_every="10 steps",
    dropout=[0.2, 0.5, 0.5],
    batch_size=16,
    n_iter_no_change=np.inf,
    random_state=np.random.RandomState(0),
    scoring="accuracy",
    batch_transform=noisy,
    class_weight=weights,
    max_iter=2,
)
classifier.fit(
    X, labels, np.ones(60), X_val=X[:20], y_val=labels[:20], sample_weight_val=[1] * 20
)
assert_type(classifier.fit(X.tolist(), labels.tolist()), SETMLPClassifier)
best: float | None = classifier.best_validation_score_
print(classifier.predict(X)[:3], classifier.predict_proba(X).shape, best)
print(sum(coef.nnz for coef in classifier.coefs_), classifier.feature_importances_)

for solver in ("sgd", "adam"):
    regressor = SETMLPRegressor(
        "absolute_error", 20, "tanh", evolution=FirstHalf(annealed=True),
        init=SETRBM(n_components=20, n_iter=1), solver=solver, dropout=0.1,
        learning_rate="constant", verbose=False, max_iter=2,
    )  # fmt: skip
    assert_type(regressor.fit(X, X[:, :2]), SETMLPRegressor)
    regressor.partial_fit(csr_array(X), X[:, :2])
    print(regressor.predict(csr_array(X)).shape, regressor.loss_curve_[-1])

rbm = SETRBM(
    n_components=16, epsilon=None, evolution=FirstHalf(), sparsity_target=0.1, n_iter=2,
    random_state=0,
)  # fmt: skip
rbm.fit(X)
print(rbm.transform(X).shape, rbm.score(X), rbm.log_partition("exact").value)
print(degrees(rbm), idle_units(classifier, X), weight_matrices(regressor)[0].shape)
print(Checkpoint("network.checkpoint", every=2).every)
selector = UnsupervisedFeatureSelector(4, hidden_layer_sizes=sizes, max_iter=2)
assert_type(selector.fit(csr_array(X)), UnsupervisedFeatureSelector)
print(selector.feature_importances_.sum(), selector.get_support())
classifier.set_params(batch_transform=None, max_iter=1, warm_start=True)
classifier.partial_fit(csr_array(X), labels, classes=[0, 1, 2])
pipeline = make_pipeline(StandardScaler(), classifier)
print(pipeline.fit(X, labels).predict(X))
