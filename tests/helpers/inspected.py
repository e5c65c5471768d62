"""Models for the tests of `sklearn_set.inspection`."""

import numpy as np
from scipy.sparse import csr_array

from helpers.perceptrons import PLAIN
from sklearn_set import SETMLPClassifier


def is_connected(coef):
    """Return where the connections are, those of weight 0 included."""
    pattern = np.zeros(coef.shape, dtype=bool)
    pattern[coef.tocoo().coords] = True
    return pattern


def make_classifier(sizes=(60, 40), **parameters):
    """Return a classifier that is trained in a moment."""
    settings = {"epsilon": 5, "max_iter": 3, "random_state": 0}
    return SETMLPClassifier(sizes, **PLAIN | settings | parameters)


def classifier_from_weights(*dense):
    """Return a fitted classifier with the given weight matrices."""
    sizes = [W.shape[1] for W in dense[:-1]]
    n_out = dense[-1].shape[1]
    X, y = np.eye(dense[0].shape[0]), np.arange(dense[0].shape[0]) % 2
    y = y if n_out == 1 else np.eye(n_out, dtype=int)[y]
    model = SETMLPClassifier(sizes, max_iter=1, epsilon=1, random_state=0).fit(X, y)
    model.coefs_ = [csr_array(W.astype(float)) for W in dense]
    return model
