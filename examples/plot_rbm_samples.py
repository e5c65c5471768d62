"""
Samples of a restricted Boltzmann machine
=========================================

A restricted Boltzmann machine is a model of how its data are distributed: it can draw
new samples, say how likely data are, and fill in what is missing. Here a sparse one
learns digits of black and white pixels.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_set import SETRBM

X = (load_digits().data > 7).astype(np.float32)
X_train, X_test = train_test_split(X, random_state=0)

# %%
# How likely are digits?
# ----------------------
# The machine learns with persistent chains, which go on from batch to batch. With
# chains that start at the data it would reconstruct them better, but think them less
# likely. `score` is the mean log-likelihood in nats, estimated by annealed importance
# sampling; beside it is that of pixels that are independent of each other and as often
# white as in the training data.

rbm = SETRBM(
    500,
    density=0.1,
    persistent=True,
    learning_rate=0.2,
    learning_rate_schedule="cosine",
    batch_size=20,
    n_iter=200,
    random_state=0,
).fit(X_train)

white = X_train.mean(axis=0).clip(0.001, 0.999)
independent = np.log(np.where(X_test > 0, white, 1 - white)).sum(axis=1).mean()
error = np.square(rbm.reconstruct(X_test) - X_test).mean()
print(
    f"links: {rbm.n_connections_:,}, {rbm.density_:.0%} of the dense machine's weights"
)
print("mean log-likelihood in nats")
print(f"    training data            {rbm.score(X_train):.2f}")
print(f"    test data                {rbm.score(X_test):.2f}")
print(f"    independent pixels, test {independent:.2f}")
print(f"standard error of log Z: {rbm.log_partition().standard_error:.2f}")
print(f"mean squared error of reconstructed test data: {error:.4f}")

# %%
# Samples and completions
# -----------------------
# `sample` draws each image from a Markov chain of its own; `gibbs` makes one step of
# such chains. To fill in the lower half of a test image, the upper half is put back
# after every step. What comes out need not be the hidden half, only one that goes with
# the other.

n_images = 12
real = X_test[:n_images]
samples = rbm.sample(n_images, n_steps=1000)
filled = np.where(np.arange(64) < 32, real, 0)
for _ in range(1000):
    filled = np.where(np.arange(64) < 32, real, rbm.gibbs(filled))

rows = {"test data": real, "samples": samples, "lower half\nfilled in": filled}
figure, axes = plt.subplots(3, n_images, figsize=(10, 2.8), layout="constrained")
for row, (name, images) in zip(axes, rows.items(), strict=True):
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for ax, image in zip(row, images, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray")
        ax.set(xticks=[], yticks=[])
plt.show()
