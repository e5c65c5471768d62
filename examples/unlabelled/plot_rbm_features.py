"""
RBM features before a classifier
================================

A restricted Boltzmann machine (RBM) learns features without labels, for a classifier
that follows. This is the experiment of `RBM features for digit classification
<https://scikit-learn.org/stable/auto_examples/neural_networks/plot_rbm_logistic_classification.html>`_
in scikit-learn's gallery, with :class:`~sklearn_set.SETRBM` in addition to
:class:`~sklearn.neural_network.BernoulliRBM`. With sparse connections it can have more
hidden units and still fewer weights.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import shift
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM

from sklearn_set import SETRBM
from sklearn_set.inspection import ComponentsDisplay

# %%
# Nudged digits
# -------------
# There are five copies of each image, four of them shifted by a pixel, which makes the
# task hard for a linear model of the pixels. All copies of an image are either in the
# training data or in the test data.

MOVES = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]


def nudged(images):
    """Return the images, and each shifted by one pixel up, down, left and right."""
    copies = [[shift(image, move, order=0) for image in images] for move in MOVES]
    return np.concatenate(copies).reshape(-1, 64).astype(np.float32) / 16


digits = load_digits()
images_train, images_test, y_train, y_test = train_test_split(
    digits.images, digits.target, test_size=0.2, random_state=0
)
X_train, X_test = nudged(images_train), nudged(images_test)
y_train, y_test = np.tile(y_train, len(MOVES)), np.tile(y_test, len(MOVES))

# %%
# Features
# --------
# The first dense model has the settings of scikit-learn's example. The second has as
# many units as the sparse model; it would gain from more epochs. In practice an RBM is
# a step of a pipeline, as in ``make_pipeline(SETRBM(), LogisticRegression())``; here
# the steps are separate, to measure the time of the first.

dense = BernoulliRBM(100, learning_rate=0.06, n_iter=10, random_state=0)
rbms = {
    "BernoulliRBM": dense,
    "BernoulliRBM, wide": clone(dense).set_params(n_components=400),
    "SETRBM": SETRBM(
        400, epsilon=3, learning_rate=0.5, batch_size=20, n_iter=10, random_state=0
    ),
}
logistic = LogisticRegression(C=100, max_iter=3000)

accuracy = logistic.fit(X_train, y_train).score(X_test, y_test)
print(f"{'features':18}   units   weights   seconds   accuracy")
print(f"{'pixels':18}   {X_train.shape[1]:5} {accuracy:30.3f}")
for name, rbm in rbms.items():
    start = time.perf_counter()
    rbm.fit(X_train)
    seconds = time.perf_counter() - start
    logistic.fit(rbm.transform(X_train), y_train)
    accuracy = logistic.score(rbm.transform(X_test), y_test)
    weights = rbm.components_
    n_weights = weights.nnz if issparse(weights) else weights.size
    print(
        f"{name:18}   {len(rbm.intercept_hidden_):5}   {n_weights:7,}   "
        f"{seconds:7.1f}   {accuracy:8.3f}"
    )

# %%
# The weights of the units
# ------------------------
# Each tile shows the weights of one unit, red above zero and blue below, for the units
# with the largest weights. A unit of the sparse model has few connections, and so
# depends on few pixels.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.8), layout="constrained")
for ax, name in zip(axes, ("BernoulliRBM", "SETRBM"), strict=True):
    ComponentsDisplay(rbms[name].components_, (8, 8)).plot(ax, n_tiles=49)
    ax.set_title(name)
plt.show()
