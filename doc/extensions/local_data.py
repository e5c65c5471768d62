"""Files of a local folder instead of downloads from OpenML, for the gallery's scripts.

``python doc/extensions/local_data.py FOLDER SCRIPT`` runs a script with them. The site
is built with them if the environment variable SKLEARN_SET_DATA is the folder. It holds

- the four original files of Fashion-MNIST,
- ``leukemia.mat`` and ``PCMAC.mat`` of scikit-feature,
- the binary version of CIFAR-10, or ``cifar10_jpeg.npz``, with its images as JPEGs.
"""

import gzip
import io
import runpy
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn.datasets
from PIL import Image
from scipy.io import loadmat
from scipy.sparse import csr_array


def fashion_mnist(folder):
    """Return the 60,000 images for training and then the 10,000 for testing."""

    def read(name, n_header):
        content = gzip.decompress(Path(folder, f"{name}-ubyte.gz").read_bytes())
        return np.frombuffer(content, np.uint8, offset=n_header)

    X = [read(f"{part}-images-idx3", 16).reshape(-1, 784) for part in ("train", "t10k")]
    y = [read(f"{part}-labels-idx1", 8) for part in ("train", "t10k")]
    return np.concatenate(X), np.concatenate(y)


def leukemia(folder):
    """Return a frame with a column for each gene, and the kinds of leukemia."""
    content = loadmat(Path(folder, "leukemia.mat"))
    return pd.DataFrame(content["X"]).add_prefix("gene "), content["Y"].ravel()


def texts(folder):
    """Return a sparse matrix of texts and words, and the kinds of texts."""
    content = loadmat(Path(folder, "PCMAC.mat"))
    return csr_array(content["X"]), content["Y"].ravel()


def cifar10(folder):
    """Return the 50,000 images for training, then the 10,000 for testing, as rows."""
    path = Path(folder, "cifar10_jpeg.npz")
    if path.exists():
        return _jpegs(path)
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    files = [np.fromfile(Path(folder, name), np.uint8) for name in names]
    content = np.concatenate(files).reshape(60_000, -1)
    return content[:, 1:], content[:, 0]


def _jpegs(path):
    images, labels = [], []
    with np.load(path) as content:
        for part in ("train", "test"):
            labels.append(content[f"{part}_y"])
            files = np.split(content[f"{part}_bytes"], content[f"{part}_ends"][:-1])
            images += [Image.open(io.BytesIO(file.tobytes())) for file in files]
    images = np.stack([np.asarray(image) for image in images])
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1), np.concatenate(labels)


READERS = {
    "Fashion-MNIST": fashion_mnist,
    "leukemia": leukemia,
    "Dexter": texts,
    "CIFAR_10": cifar10,
}


def fetch(folder, name, **options):
    """Read the files that stand for a data set of OpenML."""
    return READERS[name](folder)


def use(folder):
    """Let `sklearn.datasets.fetch_openml` read the files of a folder."""
    sklearn.datasets.fetch_openml = partial(fetch, folder)


if __name__ == "__main__":
    use(sys.argv[1])
    runpy.run_path(sys.argv[2], run_name="__main__")
