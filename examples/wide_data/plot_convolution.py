"""
SET behind a convolution
========================

A perceptron does not know that pixels are neighbours. A convolution does, and one can
be had without backpropagation: the filters are the centres of clusters of small random
patches of the images (Coates, Ng and Lee, 2011). Its output has thousands of features,
most of them of little use, and a sparse network learns from them. This example takes
the 60,000 colour images of CIFAR-10 and about five minutes.

The script downloads the images from OpenML. The documentation is built without them, so
that this page has no output. With the same images after compression as JPEG the test
accuracy was 0.711.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import fetch_openml
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from sklearn_set import SETMLPClassifier
from sklearn_set.evolution import SET

# sphinx_gallery_thumbnail_path = 'figures/cifar10.png'

SIDE, COLOURS = 32, 3
X, y = fetch_openml("CIFAR_10", version=1, return_X_y=True, as_frame=False)
images = X.reshape(-1, COLOURS, SIDE, SIDE).transpose(0, 2, 3, 1)
y = y.astype(int)  # the last 10,000 images are for testing
images, y_train, y_test = images.astype(np.uint8), y[:50_000], y[50_000:]
begin = time.perf_counter()

# %%
# Filters
# -------
# Patches of 6 x 6 pixels are taken at random positions of the training images. Each is
# normalised for brightness and contrast. Then they are whitened: neighbouring pixels
# are similar, and without it the centres would be mere differences of brightness. Weak
# components, mostly noise, are left out or damped by a constant.

PATCH, N_FILTERS, STRIDE = 6, 1200, 2


def normalise(patches):
    """Return patches as rows of mean 0 and of about the same variance, in float32."""
    rows = patches.reshape(-1, COLOURS * PATCH**2).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.sqrt(rows.var(axis=1, keepdims=True) + 10)


def windows(images):
    """Return all patches, (images, rows, columns, colours, 6, 6), without a copy."""
    return np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(1, 2))


rng = np.random.default_rng(0)
which = rng.integers(50_000, size=100_000)
where = rng.integers(SIDE - PATCH + 1, size=(2, which.size))
sample = normalise(windows(images)[which, *where])
pca = PCA(40, random_state=0).fit(sample)
scale = np.sqrt(pca.explained_variance_ + 0.1).astype(np.float32)
clusters = MiniBatchKMeans(
    N_FILTERS, batch_size=2000, n_init=1, max_iter=20, random_state=0
).fit(pca.transform(sample) / scale)
centres = clusters.cluster_centers_
print(f"{N_FILTERS} filters after {time.perf_counter() - begin:.0f} s")

# %%
# Convolution
# -----------
# Every second position of an image in each direction has a patch. Its feature for a
# filter is how much nearer it is to that centre than to the centres on average, or 0 if
# it is not nearer. Features are summed over the four quadrants of the image.


def features(images):
    """Return the features of some images, (images, 4 * N_FILTERS)."""
    patches = windows(images)[:, ::STRIDE, ::STRIDE]
    n_positions = patches.shape[1]
    white = pca.transform(normalise(patches)) / scale
    squares = np.square(white).sum(axis=1)[:, None] - 2 * white @ centres.T
    squares += np.square(centres).sum(axis=1)
    distances = np.sqrt(np.maximum(squares, 0))
    nearer = np.maximum(distances.mean(axis=1, keepdims=True) - distances, 0)
    halves = [0, n_positions // 2]
    grid = nearer.reshape(len(images), n_positions, n_positions, N_FILTERS)
    quadrants = np.add.reduceat(np.add.reduceat(grid, halves, axis=1), halves, axis=2)
    return quadrants.reshape(len(images), -1)


X = np.empty((len(images), 4 * N_FILTERS), dtype=np.float32)
for batch in gen_batches(len(images), 50):
    X[batch] = features(images[batch])
X_train, X_test = X[:50_000], X[50_000:]
print(f"{X.shape[1]:,} features after {time.perf_counter() - begin:.0f} s")

# %%
# Classification
# --------------
# The network has one wide hidden layer. With dropout and a rate that falls to 0 few
# epochs are enough.

network = SETMLPClassifier(
    (2000,), epsilon=50, evolution=SET(annealed=True), alpha=0.05, dropout=[0.2, 0.5],
    batch_size=100, max_iter=20, random_state=0,
)  # fmt: skip
model = make_pipeline(StandardScaler(), network).fit(X_train, y_train)
print(f"{network.n_connections_:,} connections, {network.density_:.1%} of all possible")
print(f"test accuracy: {model.score(X_test, y_test):.3f}")
print(f"all that took {time.perf_counter() - begin:.0f} s")

# %%
# Which filters matter
# --------------------
# The strength of a filter's four inputs ranks the filters. The pictures show their
# centres as patches, with the whitening undone: the strongest at the top, the weakest
# at the bottom.

strengths = network.feature_importances_.reshape(4, N_FILTERS).sum(axis=0)
order = np.argsort(-strengths)
patches = pca.inverse_transform(centres * scale).reshape(-1, COLOURS, PATCH, PATCH)
figure, axes = plt.subplots(6, 16, figsize=(8, 3.5), layout="constrained")
for ax, i in zip(axes.flat, [*order[:48], *order[-48:]], strict=True):
    patch = patches[i].transpose(1, 2, 0)
    low, high = patch.min(), patch.max()
    ax.imshow((patch - low) / (high - low))
    ax.axis("off")
figure.suptitle("48 strongest filters, and the 48 weakest")
plt.show()
