"""The picture of the README and of the front page, written beside this script.

It needs the files of Fashion-MNIST: ``python doc/figures/overview.py FOLDER``. The
measurements take some minutes; their results are kept in ``FOLDER/cache``.
"""

import gzip
import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from joblib import Memory
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier
from sklearn_set.evolution import SET
from sklearn_set.inspection import degrees

FOLDER = Path(sys.argv[1])
memory = Memory(FOLDER / "cache", verbose=0)
DENSITIES = 0.002, 0.005, 0.01, 0.02, 0.05, 0.1
SEEDS = range(2)
# Grey, and two colours that show on a white and on a dark page.
GREY, BLUE, ORANGE, GREEN = "#808890", "#3b8bd0", "#e0662f", "#2ca05a"


def fashion():
    """Return 5,000 images for training, their labels, and 10,000 for testing."""
    files = [gzip.decompress(path.read_bytes()) for path in map(FOLDER.joinpath, NAMES)]
    arrays = [
        np.frombuffer(file, np.uint8, offset=offset)
        for file, offset in zip(files, (16, 8, 16, 8), strict=True)
    ]
    X, X_test = (array.reshape(-1, 784).astype(np.float32) for array in arrays[::2])
    scaler = StandardScaler().fit(X[:5000])
    return (
        scaler.transform(X[:5000]), arrays[1][:5000],
        scaler.transform(X_test), arrays[3],
    )  # fmt: skip


NAMES = [
    f"{part}-{kind}.gz"
    for part in ("train", "t10k")
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
]


@memory.cache
def sparse_accuracy(density, seed):
    """Return the test accuracy of a network of two hidden layers of 1000 units."""
    X, y, X_test, y_test = fashion()
    network = SETMLPClassifier((1000, 1000), density=density, random_state=seed)
    return network.fit(X, y).score(X_test, y_test)


@memory.cache
def dense_accuracy(seed):
    """Return the test accuracy of scikit-learn's dense network of the same units."""
    X, y, X_test, y_test = fashion()
    network = MLPClassifier((1000, 1000), random_state=seed).fit(X, y)
    return network.score(X_test, y_test)


@memory.cache
def pixel_degrees():
    """Return the connections of each pixel before and after training."""
    X, y, *_ = fashion()
    network = SETMLPClassifier(
        evolution=SET(annealed=True), zeta=0.3, max_iter=1, random_state=0
    )
    before = degrees(network.fit(X, y))[0].out_degree
    after = degrees(network.set_params(max_iter=60).fit(X, y))[0].out_degree
    return before, after


@memory.cache
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
            ax.plot(
                [0, 1], [y_in[i], y_out[j]], label=None if k else label, **style
            )  # fmt: skip
    for x, y in ((0, y_in), (1, y_out)):
        ax.scatter(np.full(y.size, x), y, s=70, color=GREY, zorder=3)
    ax.axis("off")
    ax.set_title("The weakest connections move")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.03), ncols=3, frameon=False,
              labelcolor=GREY, handlelength=1.4, columnspacing=1.2)  # fmt: skip


def draw_pixels(ax):
    """Draw the connections of each pixel after training."""
    _, after = pixel_degrees()
    image = ax.imshow(after.reshape(28, 28), vmin=0)
    ax.set(title="to the inputs that matter", xticks=[], yticks=[])
    ax.set_xlabel("connections of each pixel", color=GREY)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
    bar.outline.set_visible(False)


def draw_accuracy(ax):
    """Draw the accuracy against the number of connections."""
    sparse = np.array([[sparse_accuracy(d, seed) for seed in SEEDS] for d in DENSITIES])
    dense = np.mean([dense_accuracy(seed) for seed in SEEDS])
    percent = 100 * np.array(DENSITIES)
    ax.plot(percent, 100 * sparse.mean(axis=1), "o-", color=BLUE, label="sklearn_set")
    ax.plot(100, 100 * dense, "s", color=ORANGE, label="MLPClassifier")
    ax.axhline(100 * dense, color=ORANGE, linewidth=1, linestyle=":")
    ax.set(xscale="log", title="a few percent are enough", ylabel="test accuracy, %")
    ax.set_xlabel("connections, % of the dense network's")
    ax.set_xticks([0.2, 1, 5, 20, 100], ["0.2", "1", "5", "20", "100"])
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, labelcolor=GREY, loc="lower right")
    print(f"dense: {dense:.4f}, sparse: {sparse.mean(axis=1).round(4)}")


def main():
    """Draw the three parts with colours for light and dark pages."""
    warnings.simplefilter("ignore")
    colours = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color",
               "ytick.color", "axes.titlecolor")  # fmt: skip
    plt.rcParams.update(dict.fromkeys(colours, GREY) | {"font.size": 10})
    figure, axes = plt.subplots(
        1, 3, figsize=(10.5, 3.3), layout="constrained", width_ratios=(1, 1.15, 1.5)
    )
    for ax, draw in zip(axes, (draw_layer, draw_pixels, draw_accuracy), strict=True):
        draw(ax)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=150, transparent=True)


if __name__ == "__main__":
    main()
