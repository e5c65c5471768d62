"""One layer of a trained network before and after a step of evolution."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier

warnings.simplefilter("ignore")
X, y = load_digits(return_X_y=True)
X = X[:, np.sort(X.mean(axis=0).argsort()[-8:])]
X = StandardScaler().fit_transform(X)

network = SETMLPClassifier(
    (12,), density=0.3, evolution="set", evolve_every=1, alpha=1e-3, dropout=0,
    random_state=0,
)  # fmt: skip
network.set_params(max_iter=20).fit(X, y)
states = [network.coefs_[0].copy()]
network.set_params(learning_rate_init=1e-12, warm_start=True, max_iter=1)
states.append(network.fit(X, y).coefs_[0].copy())
connections = [set(zip(*W.tocoo().coords, strict=True)) for W in states]


def draw(ax, title, groups):
    """Draw the layer from the left (inputs) to the right."""
    n_in, n_out = states[0].shape
    left, right = np.linspace(0, 1, n_in), np.linspace(0, 1, n_out)
    for pairs, style in groups:
        for i, j in sorted(pairs):
            ax.plot([0, 1], [left[i], right[j]], **style)
    dots = {"s": 90, "zorder": 3, "edgecolor": "white"}
    ax.scatter(np.zeros(n_in), left, color="0.35", **dots)
    ax.scatter(np.ones(n_out), right, color="0.35", **dots)
    ax.set_title(title, fontsize=11)
    ax.axis("off")


kept = {"color": "0.6", "linewidth": 1}
dropped = {"color": "C3", "linewidth": 1.5, "linestyle": "--"}
grown = {"color": "C2", "linewidth": 1.8}
before, after = connections
figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
draw(axes[0], f"{len(before)} connections", [(before, kept)])
draw(
    axes[1],
    f"the {len(before - after)} weakest are dropped",
    [(before & after, kept), (before - after, dropped)],
)
draw(
    axes[2],
    f"{len(after - before)} new ones are added",
    [(before & after, kept), (after - before, grown)],
)
