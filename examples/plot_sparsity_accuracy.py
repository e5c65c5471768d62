"""
How sparse may a network be?
============================

The parameter `epsilon` sets the number of connections: a layer between n_in and n_out
units has ``epsilon * (n_in + n_out)`` of them, and at most all. A grid search over
`epsilon` shows how the accuracy on the digits depends on the number of connections.
scikit-learn's ``MLPClassifier``, which is dense, is scored on the same folds.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier
from sklearn_set.inspection import SparsityDisplay

# %%
# Both networks have one hidden layer of 200 units, and as far as they share parameters
# the same settings. The number of epochs is fixed; the dense network's warnings about
# it are ignored. The sparse networks evolve by plain SET, without dropout.

warnings.simplefilter("ignore", ConvergenceWarning)
X, y = load_digits(return_X_y=True)
folds = StratifiedKFold(3, shuffle=True, random_state=0)
common = {
    "hidden_layer_sizes": (200,),
    "alpha": 0.1,
    "batch_size": 32,
    "max_iter": 30,
    "random_state": 0,
}

# %%
# The search is an ordinary ``GridSearchCV`` of a pipeline, with two processes.

epsilons = [0.5, 1, 2, 5, 10, 20]
network = SETMLPClassifier(evolution="set", dropout=0, **common)
search = GridSearchCV(
    make_pipeline(StandardScaler(), network),
    {"setmlpclassifier__epsilon": epsilons},
    scoring="accuracy",
    cv=folds,
    n_jobs=2,
).fit(X, y)

dense = cross_validate(
    make_pipeline(StandardScaler(), MLPClassifier(**common)),
    X,
    y,
    scoring="accuracy",
    cv=folds,
    n_jobs=2,
    return_estimator=True,
)
mean, std = dense["test_score"].mean(), dense["test_score"].std()
n_weights = sum(coef.size for coef in dense["estimator"][0][-1].coefs_)

# %%
# The display counts the connections of each candidate. The horizontal line is the dense
# network's accuracy; the square is at its number of weights.

display = SparsityDisplay.from_search(search, label="SETMLPClassifier")
ax = display.ax_
ax.axhline(mean, color="C1", linestyle="--", linewidth=1)
style = {"color": "C1", "marker": "s", "capsize": 3, "linestyle": ""}
ax.errorbar(n_weights, mean, std, label="MLPClassifier, dense", **style)
ax.set(title="Digits, 3-fold cross-validation")
ax.legend(loc="lower right")
plt.show()

# %%
# The smallest number of connections costs much accuracy. With a fifth of the weights
# the network is within about a point of the dense one, and more connections change
# little.

names = [*epsilons, "dense"]
counts = [*display.n_connections, n_weights]
means, stds = [*display.mean, mean], [*display.std, std]
print("epsilon  connections  of dense  accuracy")
for name, n, mean, std in zip(names, counts, means, stds, strict=True):
    print(f"{name:>7} {n:12,} {n / n_weights:9.1%}  {mean:.3f} +- {std:.3f}")
