"""Pictures of data, for the scripts of the gallery without a figure of their own.

``python doc/figures/thumbnails.py FOLDER`` reads CIFAR-10 from a folder.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "extensions"))
import local_data  # noqa: E402


def tiles(images, n_rows, n_columns):
    """Return images, (n, rows, columns, ...), side by side with a margin."""
    margin = [(0, 0), (1, 1), (1, 1)] + [(0, 0)] * (images.ndim - 3)
    images = np.pad(images[: n_rows * n_columns], margin, constant_values=255)
    rows = images.reshape(n_rows, n_columns, *images.shape[1:])
    return np.concatenate(np.concatenate(rows, axis=1), axis=1)


def save(name, pixels, scale):
    """Write a small picture beside this script."""
    image = Image.fromarray(pixels.astype(np.uint8))
    image = image.resize(
        [side * scale for side in image.size], Image.Resampling.NEAREST
    )
    image.quantize(64).save(HERE / name, optimize=True)


digits = 255 - load_digits().images / 16 * 255
save("digits.png", tiles(digits, 7, 10), 4)
X, _ = local_data.cifar10(sys.argv[1])
colours = X[:: len(X) // 24].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
save("cifar10.png", tiles(colours, 4, 6), 2)
