"""Features learnt without labels, then a classifier on top of them.

The experiment of scikit-learn's gallery ("RBM features for digit classification"):
digits nudged by a pixel in each direction, a restricted Boltzmann machine and a
logistic regression; here with sparse links.
"""

import time

import numpy as np
from scipy.ndimage import shift
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import minmax_scale

from sklearn_set import SETRBM


def nudged(images, y):
    """The images, and each moved by one pixel up, down, left and right."""
    moves = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
    X = [[shift(image, move, order=0) for image in images] for move in moves]
    return np.concatenate(X).reshape(-1, 64), np.tile(y, len(moves))


X, y = nudged(load_digits().images, load_digits().target)
X = minmax_scale(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)

RBMS = {
    "BernoulliRBM": BernoulliRBM(100, n_iter=10, learning_rate=0.06, random_state=0),
    "SETRBM": SETRBM(
        400, epsilon=3, n_iter=10, batch_size=20, learning_rate=0.5, random_state=0
    ),
}
logistic = LogisticRegression(C=100, max_iter=3000)

accuracy = clone(logistic).fit(X_train, y_train).score(X_test, y_test)
print("features      units  weights  seconds  accuracy")
print(f"{'pixels':12} {64:6}                    {accuracy:8.3f}")
for name, rbm in RBMS.items():
    start = time.perf_counter()
    H_train = rbm.fit_transform(X_train)
    seconds = time.perf_counter() - start
    classifier = clone(logistic).fit(H_train, y_train)
    accuracy = classifier.score(rbm.transform(X_test), y_test)
    n_units = len(rbm.intercept_hidden_)
    n_weights = getattr(rbm.components_, "nnz", rbm.components_.size)
    print(f"{name:12} {n_units:6}  {n_weights:7,}  {seconds:7.1f}  {accuracy:8.3f}")

# The same in one estimator, as it would be used.
pipeline = make_pipeline(clone(RBMS["SETRBM"]), clone(logistic)).fit(X_train, y_train)
print(f"\nas a pipeline: {pipeline.score(X_test, y_test):.3f}")
