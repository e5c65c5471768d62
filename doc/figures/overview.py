"""The picture of the README and of the front page, written beside this script.

``python doc/figures/overview.py FOLDER`` reads the original files of Fashion-MNIST from
a folder, and the accuracies from the first table of ``doc/results.md``.
"""

import re
import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier
from sklearn_set.evolution import SET
from sklearn_set.inspection import input_strength

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "extensions"))
import local_data  # noqa: E402

# Colours that show on a white and on a dark page.
GREY, BLUE, ORANGE, GREEN = "#808890", "#3b8bd0", "#e0662f", "#2ca05a"


def layer_before_and_after():
    """Return the connections of a small layer before and after a step of evolution."""
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X[:, np.sort(X.mean(axis=0).argsort()[-8:])])
    network = SETMLPClassifier(
        (12,), density=0.3, evolution="set", evolve_every=1, alpha=1e-3, dropout=0,
        max_iter=20, random_state=0,
    )  # fmt: skip
    states = [network.fit(X, y).coefs_[0].copy()]
    network.set_params(learning_rate_init=1e-12, warm_start=True, max_iter=1)
    states.append(network.fit(X, y).coefs_[0].copy())
    return [set(zip(*W.tocoo().coords, strict=True)) for W in states]


def draw_layer(ax):
    """Draw which connections of a layer are dropped, and which are added."""
    before, after = layer_before_and_after()
    y_in, y_out = np.linspace(0.08, 0.92, 8), np.linspace(0, 1, 12)
    for pairs, label, style in (
        (before & after, "kept", {"color": GREY, "linewidth": 1}),
        (before - after, "dropped", {"color": ORANGE, "linewidth": 2, "ls": ":"}),
        (after - before, "added", {"color": GREEN, "linewidth": 2}),
    ):
        for k, (i, j) in enumerate(sorted(pairs)):
            ends = y_in[i], y_out[j]
            ax.plot([0, 1], ends, label=None if k else label, **style)
    for x, y in ((0, y_in), (1, y_out)):
        ax.scatter(np.full(y.size, x), y, s=70, color=GREY, zorder=3)
    ax.axis("off")
    ax.set_title("Weak connections are replaced")
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=3, frameon=False,
        labelcolor=GREY, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip


def draw_pixels(ax, folder):
    """Draw the strength of each pixel of Fashion-MNIST after training."""
    X, y = local_data.fashion_mnist(folder)
    X = X[:5000].astype(np.float32) / 255
    network = SETMLPClassifier(
        evolution=SET(annealed=True), max_iter=30, random_state=0
    )
    strength = input_strength(network.fit(X, y[:5000]))
    ax.imshow(strength.reshape(28, 28), vmin=0)
    ax.set(title="The network finds its inputs", xticks=[], yticks=[])
    ax.set_xlabel("strength of the pixels of garments")
    ax.spines[:].set_visible(False)


def accuracies():
    """Return names of data, and accuracies of both classifiers, from the results."""
    text = (HERE.parent / "results.md").read_text()
    table = text.split("| data | SETMLPClassifier |")[1].split("| **mean**")[0]
    rows = [re.split(r" *\| *", line)[1:-1] for line in table.splitlines()[2:]]
    rows = [(row[0], float(row[1]), float(row[5])) for row in rows if row]
    return zip(*sorted(rows, key=lambda row: row[1] - row[2]), strict=True)


def draw_accuracies(ax):
    """Draw the accuracy of the default classifier and of MLPClassifier."""
    names, ours, others = accuracies()
    ax.hlines(range(len(names)), others, ours, color=GREY, linewidth=1.5, zorder=1)
    ax.scatter(others, range(len(names)), color=ORANGE, label="MLPClassifier (dense)")
    ax.scatter(ours, range(len(names)), color=BLUE, label="SETMLPClassifier")
    ax.set(
        title="As accurate as dense, or more", xlabel="accuracy in percent, defaults"
    )
    ax.set_yticks(range(len(names)), names, fontsize=9)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.legend(frameon=False, labelcolor=GREY, loc="lower left")


def main(folder):
    """Draw the three parts with colours for light and dark pages."""
    warnings.simplefilter("ignore")
    colours = (
        "text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color",
        "axes.titlecolor",
    )  # fmt: skip
    plt.rcParams.update(dict.fromkeys(colours, GREY) | {"font.size": 10})
    figure, axes = plt.subplots(
        1, 3, figsize=(10.5, 3.3), layout="constrained", width_ratios=(1.05, 1, 1.5)
    )
    draw_layer(axes[0])
    draw_pixels(axes[1], folder)
    draw_accuracies(axes[2])
    path = HERE / "overview.png"
    figure.savefig(path, dpi=150, transparent=True)
    Image.open(path).quantize(128).save(path, optimize=True)  # a third of the size


if __name__ == "__main__":
    main(sys.argv[1])
