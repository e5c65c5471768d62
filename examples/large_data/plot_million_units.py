"""
A million units on a laptop
===========================

Time and memory of a network are proportional to the connections that it has, not to
those that a dense network would have. Here networks with up to a million hidden units,
in two layers, are trained on the digits for three epochs. The digits do not need a
million units; the example shows what these cost.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_set import SETMLPClassifier

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# Networks of growing width
# -------------------------
# With ``epsilon=1`` a layer has about one connection for each unit on either side of
# it. The weights are stored in compressed rows: the weight and the index of a unit for
# each connection, and the position at which each unit's connections start. float32
# input gives float32 weights. The seconds include drawing the random graph, and its
# evolution between the epochs.

EPOCHS = 3


def megabytes(network):
    """Return the memory that the weights of a network take."""
    parts = [(coef.data, coef.indices, coef.indptr) for coef in network.coefs_]
    return sum(array.nbytes for layer in parts for array in layer) / 1e6


n_units, seconds, memory, dense_memory = [], [], [], []
print("    units  connections   of dense       MB  s per epoch  accuracy")
for width in (500, 5_000, 50_000, 500_000):
    network = SETMLPClassifier(
        (width, width), epsilon=1, evolution="set", evolve_every=1, alpha=0, dropout=0,
        max_iter=EPOCHS, random_state=0,
    )  # fmt: skip
    start = time.perf_counter()
    network.fit(X_train, y_train)
    seconds.append((time.perf_counter() - start) / EPOCHS)
    n_units.append(2 * width)
    memory.append(megabytes(network))
    dense_memory.append(4e-6 * network.n_connections_ / network.density_)
    print(
        f"{n_units[-1]:9,}  {network.n_connections_:11,}  {network.density_:9.4%}  "
        f"{memory[-1]:7.2f}  {seconds[-1]:11.2f}  {network.score(X_test, y_test):8.3f}"
    )

# %%
# Time and memory
# ---------------
# Time and memory of the sparse networks are proportional to the number of connections,
# and so to the number of units, apart from a constant cost of each step. The weights of
# dense networks would grow with the square of the number of units. Training takes
# additional memory for the solver's state of each connection, and for the units'
# outputs on a batch. The narrow networks would need more epochs or a larger learning
# rate.

print(f"dense weights of the widest in float32: {dense_memory[-1] / 1e6:.1f} TB")
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.loglog(n_units, seconds, marker="o")
left.set(xlabel="hidden units", ylabel="seconds per epoch")
right.loglog(n_units, memory, marker="o", label="connections")
right.loglog(n_units, dense_memory, marker="o", linestyle="--", label="dense weights")
right.set(xlabel="hidden units", ylabel="megabytes")
right.legend()
plt.show()
