"""
Data larger than memory
=======================

A network is trained from a Zarr store that the script writes itself, chunk by chunk.
The workers never hold more than two chunks each: a chunk is read while the network
trains on the one before. Raise `N_CHUNKS` to exceed your memory.
"""

import tempfile

import dask
import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client, LocalCluster

from sklearn_set.dask import DaskSETMLPClassifier

N_CHUNKS, ROWS, FEATURES = 12, 1000, 100


# %%
# Each chunk is made by a worker, and written to the store. The classes are noisy
# functions of a few features.
def chunk(i):
    """Return rows of the data."""
    rng = np.random.default_rng(i)
    return rng.standard_normal((ROWS, FEATURES), dtype=np.float32)


def classes(X):
    """Return the class of each row."""
    return (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(np.int64)


folder = tempfile.TemporaryDirectory()
path = f"{folder.name}/X.zarr"
chunks = [
    da.from_delayed(dask.delayed(chunk)(i), (ROWS, FEATURES), dtype=np.float32)
    for i in range(N_CHUNKS)
]
cluster = LocalCluster(
    n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
)
client = Client(cluster)
da.concatenate(chunks).to_zarr(path)

# %%
# ``persist=False`` reads the chunks again in each epoch, ``n_replicas=1`` trains one
# network on all of them, one after the other.
X = da.from_zarr(path)
y = X.map_blocks(classes, dtype=np.int64, drop_axis=1)
clf = DaskSETMLPClassifier(
    (200,), max_iter=10, n_replicas=1, persist=False, random_state=0, client=client
).fit(X, y)
print(f"{X.nbytes / 2**20:.0f} MB of rows, accuracy {clf.score(X, y):.1%}")

plt.plot(range(1, 11), clf.loss_curve_)
plt.xlabel("epoch")
plt.ylabel("loss")
plt.show()

client.close()
cluster.close()
folder.cleanup()
