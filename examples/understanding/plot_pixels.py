"""
Which pixels matter most
========================

At the start, the connections of a sparse network are distributed evenly over the pixels
of an image. As the network evolves, it drops the weakest connections and adds others,
and more and more of them start at pixels in which the images differ. This example
records the connections of each pixel of Fashion-MNIST, and shows them as images and as
an animation.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import fetch_openml

from sklearn_set import SETMLPClassifier
from sklearn_set.evolution import SET
from sklearn_set.inspection import InputStrengthDisplay, TopologyRecorder

# sphinx_gallery_thumbnail_path = 'recorded/plot_pixels_1.png'

# %%
# The images are downloaded from OpenML.

X, y = fetch_openml("Fashion-MNIST", version=1, return_X_y=True, as_frame=False)

# %%
# The first 5,000 of the 60,000 training images are enough. They are scaled to [0, 1]
# and not standardised: pixels that hardly differ between images keep small values.

X = X.astype(np.float32) / 255
X_train, y_train, X_test, y_test = X[:5_000], y[:5_000], X[60_000:], y[60_000:]

# %%
# Training
# --------
# A :class:`~sklearn_set.inspection.TopologyRecorder` is a callback that records the
# number of connections of each pixel and their strength after each epoch. By default as
# many connections are regrown at random in the last epochs as in the first, which blurs
# the image. With ``SET(annealed=True)`` their fraction falls to 0.

recorder = TopologyRecorder()
network = SETMLPClassifier(evolution=SET(annealed=True), max_iter=30, random_state=0)
network.set_callbacks(recorder)
network.fit(X_train, y_train)

spread = X_train.std(axis=0)
is_dull = spread < np.quantile(spread, 0.1)
first, last = recorder.degrees_[0], recorder.degrees_[-1]
print(f"test accuracy: {network.score(X_test, y_test):.3f}")
print("mean connections of a pixel, after the first and after the last epoch")
print(f"least varying: {first[is_dull].mean():.1f}, {last[is_dull].mean():.1f}")
print(f"other pixels:  {first[~is_dull].mean():.1f}, {last[~is_dull].mean():.1f}")

# %%
# Strength
# --------
# The strength of a pixel is the sum of the magnitudes of its weights, from which
# `feature_importances_` is computed. At first it follows the random number of
# connections; later it becomes small in the corners, which are empty in almost all
# images. Each plot has a separate scale.

figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
for ax, i in zip(axes, (0, 9, -1), strict=True):
    display = InputStrengthDisplay(recorder.strengths_[i], image_shape=(28, 28))
    display.plot(ax)
    ax.set_title(f"after epoch {recorder.epochs_[i]}")
plt.show()

# %%
# Connections
# -----------
# The number of connections, epoch by epoch. With a path,
# ``recorder.animate((28, 28), path)`` also writes the animation as a GIF.

animation = recorder.animate((28, 28), what="degree")
plt.show()
