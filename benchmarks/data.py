"""The data of the workloads: real files if they are given, else random numbers."""

import gzip
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.sparse import csr_array


def find(folder, pattern):
    """Return the first matching file in the folder or its subfolders, or None."""
    if folder is None:
        return None
    matches = [*Path(folder).glob(pattern), *Path(folder).glob(f"*/{pattern}")]
    return min(matches, default=None)


def read_idx(path):
    """Read one of MNIST's original files, compressed or not."""
    content = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    n_dims = content[3]
    shape = np.frombuffer(content, ">i4", n_dims, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_dims).reshape(shape)


def fashion(folder, rows):
    """Return X in [0, 1] of shape (rows, 784) and ten classes; Fashion-MNIST if given.

    `source` returns which of them it is.
    """
    images = find(folder, "train-images*.gz")
    labels = find(folder, "train-labels*.gz")
    if images is None or labels is None:
        rng = np.random.default_rng(0)
        return rng.random((rows, 784), dtype=np.float32), rng.integers(10, size=rows)
    X = read_idx(images)[:rows].reshape(-1, 784).astype(np.float32) / 255
    return X, read_idx(labels)[:rows].astype(np.int64)


def coil20(folder, rows):
    """Return X in [0, 1] of shape (rows, 1024), and no classes; COIL20 if given."""
    path = find(folder, "COIL20.mat")
    if path is None:
        return np.random.default_rng(0).random((rows, 1024), dtype=np.float32), None
    X = loadmat(path)["X"][:rows].astype(np.float32, order="C")
    return X / X.max(), None


def source(folder, pattern, name):
    """Return the name of the data that a workload uses."""
    return "random" if find(folder, pattern) is None else name


def text(rows, columns, per_row):
    """Return a CSR X with `per_row` non-zeros in each row, and two classes."""
    rng = np.random.default_rng(0)
    # One draw in each of `per_row` equal ranges of columns: distinct and sorted.
    width = columns // per_row
    starts = np.arange(per_row) * width
    indices = (starts + rng.integers(width, size=(rows, per_row))).astype(np.int32)
    indptr = (np.arange(rows + 1) * per_row).astype(np.int32)
    values = rng.random(rows * per_row, dtype=np.float32)
    X = csr_array((values, indices.ravel(), indptr), shape=(rows, columns))
    return X, rng.integers(2, size=rows)


def dense(rows, columns):
    """Return a random X in [0, 1] and two classes."""
    rng = np.random.default_rng(0)
    return rng.random((rows, columns), dtype=np.float32), rng.integers(2, size=rows)


def wide(rows=135, columns=3312):
    """Return few rows of many features, as gene expression has, and five classes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns), dtype=np.float32)
    return X, np.arange(rows) % 5


def digits():
    """Return scikit-learn's digits, scaled to [0, 1]."""
    # Not at the top: rivals without scikit-learn should not load its OpenMP runtime.
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X / 16, y
