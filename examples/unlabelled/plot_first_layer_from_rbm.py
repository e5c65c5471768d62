"""
Few labels: a first layer from an RBM
=====================================

With few labels and many samples, a restricted Boltzmann machine (RBM) can learn from
the samples without labels. As `init` of a perceptron it provides the connections,
weights and biases of the first layer, which are then fine-tuned with the labels. This
example compares such a network, and a logistic regression on the RBM's features, with
models that use only the labelled samples.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_set import SETRBM, SETMLPClassifier

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=500, stratify=y, random_state=0
)

# %%
# A first layer without labels
# ----------------------------
# The RBM is fitted to all training images, without their labels.
# :class:`~sklearn.frozen.FrozenEstimator` prevents pipelines and searches from fitting
# it again. Its units are logistic; so should be those of a network that starts from it.

rbm = SETRBM(500, epsilon=5, learning_rate=0.5, n_iter=100, random_state=0)
pretrained = FrozenEstimator(rbm.fit(X_train))
network = SETMLPClassifier((500,), alpha=0.01, random_state=0)
logistic = clone(network).set_params(activation="logistic")
linear = LogisticRegression(max_iter=1000)
models = {
    "network, relu": network,
    "network, logistic": logistic,
    "network, from the RBM": clone(logistic).set_params(init=pretrained),
    "linear model": linear,
    "linear model, from the RBM": make_pipeline(pretrained, linear),
}

# %%
# A few labels
# ------------
# The mean accuracy over five random choices of the labelled images.

sizes = (20, 50, 100, 200)
scores = {name: [] for name in models}
for n in sizes:
    draws = StratifiedShuffleSplit(5, train_size=n, random_state=0)
    chosen = [labelled for labelled, _ in draws.split(X_train, y_train)]
    for name, model in models.items():
        accuracies = [
            model.fit(X_train[i], y_train[i]).score(X_test, y_test) for i in chosen
        ]
        scores[name].append(np.mean(accuracies))

print(f"{'labels':26}", *(f"{n:5}" for n in sizes))
for name, values in scores.items():
    print(f"{name:26}", *(f"{value:5.3f}" for value in values))

# %%
# The gain from images without labels
# -----------------------------------
# The pretrained first layer improves the network most with the fewest labels, by one to
# three percentage points, and hardly with hundreds of labels. A linear model gains
# more: with few labels it is better not to fine-tune the features.

colors = ["C2", "C0", "C0", "C1", "C1"]
figure, ax = plt.subplots(layout="constrained")
for (name, values), color in zip(scores.items(), colors, strict=True):
    style = "-" if "RBM" in name else "--"
    ax.plot(sizes, values, style, color=color, marker="o", label=name)
ax.set(xscale="log", xlabel="labels", ylabel="test accuracy")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend()
plt.show()
