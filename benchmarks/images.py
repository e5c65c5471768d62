"""CIFAR-10, and random transformations of its images.

An image is a row of 32 x 32 pixels with three colours each, the colours last.
"""

import io

import data
import numpy as np
from scipy.sparse import csr_array

SIDE = 32
CENTRE = (SIDE - 1) / 2


def read_binary(paths):
    """Return images and labels of the original binary files."""
    content = np.concatenate([np.fromfile(path, np.uint8) for path in paths])
    content = content.reshape(-1, 1 + 3 * SIDE * SIDE)
    colours_last = content[:, 1:].reshape(-1, 3, SIDE * SIDE).transpose(0, 2, 1)
    return colours_last.reshape(len(content), -1), content[:, 0]


def read_jpeg(content, part):
    """Return images and labels of an .npz archive with a JPEG for each image."""
    from PIL import Image

    ends = content[f"{part}_ends"]
    files = np.split(content[f"{part}_bytes"], ends[:-1])
    images = [np.asarray(Image.open(io.BytesIO(file.tobytes()))) for file in files]
    return np.stack(images).reshape(len(ends), -1), content[f"{part}_y"]


def cifar10(folder):
    """Return the images and labels for training, and those for testing, in uint8.

    Parameters
    ----------
    folder : str
        It or a subfolder contains ``cifar10_jpeg.npz`` or the six files of CIFAR-10's
        binary version, https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    archive = data.find(folder, "cifar10_jpeg.npz")
    if archive is not None:
        with np.load(archive) as content:
            return *read_jpeg(content, "train"), *read_jpeg(content, "test")
    batches = [data.find(folder, f"data_batch_{i}.bin") for i in range(1, 6)]
    test = data.find(folder, "test_batch.bin")
    if None in (*batches, test):
        raise SystemExit(
            f"{folder} contains neither the six files of CIFAR-10's binary version nor "
            "cifar10_jpeg.npz."
        )
    return *read_binary(batches), *read_binary([test])


def sources(n_images, rng):
    """Draw the position in the original that each pixel is taken from.

    Returns
    -------
    rows, columns : ndarray of shape (n_images, 32, 32), float32
        Positions outside of the image are moved to its border.
    """
    draw = (n_images, 1, 1)
    angle = np.radians(rng.uniform(-10, 10, draw), dtype=np.float32)
    down, right = rng.uniform(-0.1 * SIDE, 0.1 * SIDE, (2, *draw)).astype(np.float32)
    direction = rng.choice(np.array([-1, 1], np.float32), draw)
    from_centre = np.arange(SIDE, dtype=np.float32) - np.float32(CENTRE)
    y, x = from_centre[:, None], from_centre * direction
    cos, sin = np.cos(angle), np.sin(angle)
    moved = cos * y - sin * x + down, sin * y + cos * x + right
    # Just below the last position, so that there is a next pixel to interpolate with.
    return [np.clip(z + np.float32(CENTRE), 0, SIDE - 1.001) for z in moved]


def augment(X, rng):
    """Mirror half of the images; shift all by up to 10 % and turn by up to 10 degrees.

    Bilinear interpolation is a product with a sparse matrix that has four values in
    each row: several times as fast as `scipy.ndimage`, which needs a call per image.

    Parameters
    ----------
    X : ndarray of shape (n_images, 3072), float32
    rng : numpy.random.Generator

    Returns
    -------
    X : ndarray of shape (n_images, 3072), float32
    """
    rows, columns = sources(len(X), rng)
    top, left = np.floor(rows), np.floor(columns)
    below, right = rows - top, columns - left  # the weights of the next pixels
    first = np.arange(len(X), dtype=np.int32)[:, None, None] * SIDE**2
    pixel = (first + (top * SIDE + left).astype(np.int32))[..., None]
    corners = np.array([0, 1, SIDE, SIDE + 1], np.int32)
    both = below * right
    weights = np.stack((1 - below - right + both, right - both, below - both, both), -1)
    indptr = np.arange(0, weights.size + 1, 4, dtype=np.int32)
    interpolate = csr_array(
        (weights.ravel(), (pixel + corners).ravel(), indptr), shape=(pixel.size,) * 2
    )
    return (interpolate @ X.reshape(-1, 3)).reshape(X.shape)
