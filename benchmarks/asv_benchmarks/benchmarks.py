"""Times and peak memory; the workloads are small versions of those of run.py."""

import numpy as np
from scipy.sparse import random_array

from sklearn_set import SETRBM, SETMLPClassifier
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set.evolution import SET, EvolutionContext


def images(rows):
    """Return a random X with as many features as Fashion-MNIST, and ten classes."""
    rng = np.random.default_rng(0)
    return rng.random((rows, 784), dtype=np.float32), np.arange(rows) % 10


def text(rows):
    """Return a sparse X with about 100 non-zeros in each row, and two classes."""
    rng = np.random.default_rng(0)
    X = random_array((rows, 50_000), density=0.002, rng=rng, dtype=np.float32)
    return X.tocsr(), np.arange(rows) % 2


def genes():
    """Return few rows of many features, and five classes."""
    X = np.random.default_rng(0).standard_normal((135, 3312), dtype=np.float32)
    return X, np.arange(135) % 5


class Epoch:
    """An epoch of a network, evolution included; subclasses define the data."""

    timeout = 300
    units = 1000
    batch = 128
    learning_rate = 0.01

    def data(self):
        """Return X and y."""
        raise NotImplementedError

    def setup(self):
        """Train for one epoch: the timed one then begins with evolution."""
        self.X, self.y = self.data()
        self.model = SETMLPClassifier(
            (self.units,) * 3,
            solver="sgd",
            alpha=1e-4,
            batch_size=self.batch,
            dropout=0.0,
            evolution="set",
            evolve_every=1,
            learning_rate="constant",
            learning_rate_init=self.learning_rate,
            random_state=0,
        )
        self.model.partial_fit(self.X, self.y, classes=np.unique(self.y))


class Images(Epoch):
    """784-1000-1000-1000-10 on 50 batches of 128."""

    def data(self):
        """Return images."""
        return images(6400)

    def time_epoch(self):
        """Time it."""
        self.model.partial_fit(self.X, self.y)

    def peakmem_epoch(self):
        """Measure the peak memory of the process."""
        self.model.partial_fit(self.X, self.y)


class Wide(Epoch):
    """3312-3000-3000-3000-5 on 68 batches of 2."""

    units = 3000
    batch = 2
    learning_rate = 1e-4

    def data(self):
        """Return genes."""
        return genes()

    def time_epoch(self):
        """Time it."""
        self.model.partial_fit(self.X, self.y)

    def peakmem_epoch(self):
        """Measure the peak memory of the process."""
        self.model.partial_fit(self.X, self.y)


class Text(Epoch):
    """50,000-1000-1000-1000-1 on sparse rows."""

    def data(self):
        """Return text."""
        return text(2560)

    def time_epoch(self):
        """Time it."""
        self.model.partial_fit(self.X, self.y)

    def peakmem_epoch(self):
        """Measure the peak memory of the process."""
        self.model.partial_fit(self.X, self.y)


class Predict(Epoch):
    """784-3000-3000-3000-10, one row and a thousand."""

    params = (1, 1000)
    param_names = ("rows",)
    units = 3000

    def data(self):
        """Return images."""
        return images(1000)

    def setup(self, rows):
        """Train, and store some rows."""
        super().setup()
        self.rows = self.X[:rows]

    def time_predict(self, rows):
        """Time it."""
        self.model.predict(self.rows)


class RBM:
    """An epoch of an RBM on an X of COIL20's shape, evolution included."""

    params = (200, 2000)
    param_names = ("units",)

    def setup(self, units):
        """Train for one epoch: the timed one then begins with evolution."""
        self.X = np.random.default_rng(0).random((1440, 1024), dtype=np.float32)
        self.model = SETRBM(units, random_state=0).partial_fit(self.X)

    def time_epoch(self, units):
        """Time it."""
        self.model.partial_fit(self.X)

    def peakmem_epoch(self, units):
        """Measure the peak memory of the process."""
        self.model.partial_fit(self.X)


class Evolution:
    """The evolution step of one layer, 30,000 x 30,000 with 1.2 million connections."""

    # A new layer each time: new connections have weight 0, and all of them would be
    # dropped in a second step.
    number = 1

    def setup(self):
        """Draw a layer with random weights."""
        rng, n_units, n_connections = np.random.default_rng(0), 30_000, 1_200_000
        layer = SparseLayer.random(n_units, n_units, n_connections, rng, np.float32)
        layer.connections.weights[:] = rng.standard_normal(n_connections)
        layer.prepare(np.zeros((1, n_connections), np.float32))
        self.layers, self.context = [layer], EvolutionContext(0.3, 1, 0.0, rng)

    def time_evolve(self):
        """Time it."""
        SET().evolve(self.layers, self.context)

    def peakmem_evolve(self):
        """Measure the peak memory of the process."""
        SET().evolve(self.layers, self.context)
