"""The connections of the digits' pixels, before and after training."""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sklearn_set import SETMLPClassifier
from sklearn_set.inspection import degrees

warnings.simplefilter("ignore")
X, y = load_digits(return_X_y=True)

figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.1), layout="constrained")
titles = "at the start", "after 50 epochs"
for ax, n_epochs, title in zip(axes, (1, 50), titles, strict=True):
    network = SETMLPClassifier(
        (1000,), epsilon=5, evolution="set", max_iter=n_epochs, random_state=0
    )
    degree = degrees(network.fit(X / 16, y))[0].out_degree
    image = ax.imshow(degree.reshape(8, 8), vmin=0, vmax=160)
    ax.set(title=title, xticks=[], yticks=[])
figure.colorbar(image, ax=axes, label="connections of a pixel", shrink=0.85)
