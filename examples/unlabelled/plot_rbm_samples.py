"""
Samples of a restricted Boltzmann machine
=========================================

A restricted Boltzmann machine models the distribution of its data: it can draw new
samples, estimate how likely data are, and fill in missing parts. Here a sparse one is
trained on digits of black and white pixels.
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
# The model is trained with persistent chains, which continue from batch to batch. With
# chains that start at the data, the reconstruction would be better but the likelihood
# lower. `score` is the mean log-likelihood in nats, estimated by annealed importance
# sampling. For comparison: a model of independent pixels, with the frequencies of white
# in the training data.

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
print(f"{rbm.n_connections_:,} connections, {rbm.density_:.0%} of all possible")
print("mean log-likelihood in nats")
print(f"    training data            {rbm.score(X_train):.2f}")
print(f"    test data                {rbm.score(X_test):.2f}")
print(f"    independent pixels, test {independent:.2f}")
print(f"standard error of log Z: {rbm.log_partition().standard_error:.2f}")
print(f"mean squared error of reconstructed test data: {error:.4f}")

# %%
# Samples and completions
# -----------------------
# `sample` draws each image from a separate Markov chain; `gibbs` makes one step of such
# chains. To fill in the lower half of a test image, the upper half is reset to the
# original after every step. The result need not be the true lower half, only one that
# fits the upper half.

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
