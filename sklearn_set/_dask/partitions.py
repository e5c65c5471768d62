"""The data that a worker holds, and what it computes on them."""

import copy
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from sklearn_set._layers.batches import as_rows, in_row_order
from sklearn_set._mlp.network import Network
from sklearn_set._mlp.settings import hidden_activations
from sklearn_set._rbm.learner import ContrastiveDivergenceLearner
from sklearn_set._rbm.model import BoltzmannModel
from sklearn_set._rbm.visible_units import column_means
from sklearn_set._training.input_selection import InputSelection
from sklearn_set._training.samples import Batches
from sklearn_set._training.validation_set import ValidationScorer, hold_out


class Description(NamedTuple):
    """What the client must know of a partition."""

    n_samples: int
    n_features: int
    feature_names: Any  # ndarray of str, or None
    dtype: Any
    classes: Any = None  # ndarray, or None in regression
    n_outputs: int | None = None  # None if y is one column
    largest_weight: float | None = None


class Setup(NamedTuple):
    """What the client knows after all partitions are described."""

    estimator: Any  # the plain estimator
    dtype: Any
    seeds: dict
    is_only: bool  # whether there is one partition
    holds_out: bool  # whether a part is held out for validation
    largest_weight: float | None = None
    class_factors: Any = None  # ndarray of shape (n_classes,), or None
    largest_product: float = 1.0


class Setting(NamedTuple):
    """What changes from one segment to the next."""

    rate: float
    batch_size: int
    n_samples: int  # in all partitions
    input_dropout: float


class Partition:
    """Validated rows, divided into those to train on and those to validate on.

    Parameters
    ----------
    setup : Setup
        Common to all partitions.
    index : int
        The number of the partition, which decides about its random draws.
    X : {ndarray, csr_array} of shape (n_samples, n_features)
        Validated.
    """

    def __init__(self, setup, index, X):
        self.setup = setup
        self.index = index
        self.X = in_row_order(X.astype(setup.dtype, copy=False))

    def _hold_out(self, used, stratify=None):
        """Divide samples; the first partition as the plain estimator does."""
        if used.size < 2 and not self.setup.is_only:
            return used, used[:0]
        seed = (self.setup.seeds["split"] + self.index) % np.iinfo(np.int32).max
        fraction = self.setup.estimator.validation_fraction
        if stratify is not None and not self.setup.is_only:
            counts = np.unique(stratify, return_counts=True)[1]
            n_held = fraction * used.size
            if counts.min() < 2 or n_held < counts.size:
                stratify = None
        return hold_out(used, fraction, seed, stratify)

    @property
    def sizes(self):
        """Number of samples to train on, and to validate on."""
        return self.used.size, 0 if self.held_out is None else self.held_out.size

    def __sizeof__(self):  # for Dask's scheduler
        X = self.X
        arrays = (X.data, X.indices, X.indptr) if issparse(X) else (X,)
        return sum(array.nbytes for array in arrays) + 16 * X.shape[0]

    def withheld(self, n):
        """Return the samples that judge the inputs."""
        if not n:
            return self.used[:0]
        seed = self.setup.seeds["selection"]
        rng = np.random.default_rng([seed, self.index] if self.index else seed)
        return rng.permutation(self.used)[:n]

    def batches(self, batch_size, rng, n_withheld):
        """Return the batches of a pass over the partition."""
        selection = InputSelection()
        if n_withheld:
            selection.withheld = self.withheld(n_withheld)
        rng = rng if self.shuffles else None
        return Batches(
            self.used, batch_size, rng, even=self.has_even_batches, selection=selection
        )

    def training_rows(self, positions, n_withheld):
        """Return the indices of samples, given by position among those trained on."""
        withheld = self.withheld(n_withheld)
        return self.used[~np.isin(self.used, withheld)][positions]


class LabelledPartition(Partition):
    """Rows and targets for a perceptron.

    Parameters
    ----------
    setup, index
        As for Partition.
    X, y, sample_weight
        What `validated` returned.
    """

    has_even_batches = False

    def __init__(self, setup, index, X, y, sample_weight):
        super().__init__(setup, index, X)
        self.y = y
        self.weights = self._relative_weights(sample_weight)
        used = np.arange(y.shape[0])
        if self.weights is not None:
            used = np.flatnonzero(self.weights)
        self.used, self.held_out = used, None
        if setup.holds_out:
            is_stratified = setup.estimator._is_stratified()
            labels = y[used] if is_stratified else None
            self.used, self.held_out = self._hold_out(used, labels)
        self._cached_samples = None

    @staticmethod
    def validated(estimator, X, y, sample_weight):
        """Validate a block; return None if it is empty."""
        if X.shape[0] == 0 == len(y):
            return None
        estimator = copy.copy(estimator)
        X, y = estimator._validate_input(X, y, incremental=False, is_new=True)
        weights = estimator._validate_weights(sample_weight, X)
        classes = getattr(estimator, "classes_", None)
        description = Description(
            *X.shape, getattr(estimator, "feature_names_in_", None), X.dtype, classes,
            y.shape[1] if y.ndim == 2 else None,
            None if weights is None else float(weights.max()),
        )  # fmt: skip
        return description, (X, y, weights)

    @staticmethod
    def class_sums(data, largest_weight, classes):
        """Return the sum and the largest of the relative weights of each class."""
        _, y, weights = data
        given = np.ones(len(y)) if weights is None else weights / (largest_weight or 1)
        codes = np.searchsorted(classes, y)
        largest = np.zeros(classes.size)
        np.maximum.at(largest, codes, given)
        return np.bincount(codes, given, minlength=classes.size), largest

    def _relative_weights(self, sample_weight):
        setup = self.setup
        weights = sample_weight
        if weights is not None and setup.largest_weight:
            weights = weights / setup.largest_weight
        if setup.class_factors is None:
            return weights
        codes = np.searchsorted(setup.estimator.classes_, self.y)
        given = np.ones(len(self.y)) if weights is None else weights
        return given * setup.class_factors[codes] / (setup.largest_product or 1.0)

    @property
    def shuffles(self):
        """Whether the samples are shuffled in each epoch."""
        return self.setup.estimator.shuffle

    def learner(self, model, topology, streams, setting):
        """Return a learner of the model; the arrays are copied."""
        n, estimator = topology.n_layers, self.setup.estimator
        values = [array.copy() for array in model.values]
        activations = hidden_activations(estimator.activation, n - 1)
        network = Network(
            topology.layers(values[:n]), values[n : 2 * n], activations,
            values[2 * n : 3 * n - 1], estimator._loss(),
            setting.batch_size,
        )  # fmt: skip
        previous = {
            "solver": estimator.solver,
            "n_steps": model.n_steps,
            "arrays": (values[3 * n - 1 : -1], values[-1]),
            "last_lazy_step": model.lazy_step,
        }
        learner = estimator._network_learner(
            network, self._samples(setting.batch_size, streams["transform"]),
            setting.n_samples, streams["dropout"], previous,
        )  # fmt: skip
        if setting.input_dropout != 1:
            learner.reduce_input_dropout(setting.input_dropout)
        return learner

    def _samples(self, batch_size, rng):
        """Return the samples; their targets are computed once."""
        if self._cached_samples is None:
            estimator = self.setup.estimator
            self._cached_samples = estimator._samples(
                self.X, self.y, self.weights, batch_size
            )
        return self._cached_samples.with_stream(rng)

    def __getstate__(self):
        return {**vars(self), "_cached_samples": None}

    def score(self, learner):
        """Return the score of the samples that are held out, and their weight."""
        if not self.held_out.size:
            return 0.0, 0.0
        estimator = copy.copy(self.setup.estimator)
        vars(estimator).pop("feature_names_in_", None)
        network = learner.network
        estimator.coefs_, estimator.intercepts_ = network.coefs, network.biases
        estimator.activation_parameters_ = network.parameters
        estimator.n_outputs_ = estimator.coefs_[-1].shape[1]
        estimator._set_functions()
        held_out = self.held_out
        weights = None if self.weights is None else self.weights[held_out]
        scorer = ValidationScorer(
            estimator, self.X[held_out], self.y[held_out], weights
        )
        weight = held_out.size if weights is None else weights.sum()
        return scorer.score(estimator), float(weight)

    def rows(self, indices):
        """Return features, targets and weights of some samples."""
        weights = None if self.weights is None else self.weights[indices]
        return self.X[indices], self.y[indices], weights

    def losses(self, learner, n_withheld):
        """Return the losses of the samples that judge the inputs."""
        return learner.losses(self.withheld(n_withheld))


class UnlabelledPartition(Partition):
    """Rows for a restricted Boltzmann machine.

    Parameters
    ----------
    setup, index
        As for Partition.
    X
        What `validated` returned.
    """

    has_even_batches = True
    shuffles = True

    def __init__(self, setup, index, X):
        super().__init__(setup, index, X)
        self.used, self.held_out = np.arange(X.shape[0]), None
        if setup.holds_out:
            self.used, self.held_out = self._hold_out(self.used)

    @staticmethod
    def validated(estimator, X):
        """Validate a block; return None if it is empty."""
        if X.shape[0] == 0:
            return None
        estimator = copy.copy(estimator)
        X = estimator._check_X(X, is_new=True)
        names = getattr(estimator, "feature_names_in_", None)
        return Description(*X.shape, names, X.dtype), (X,)

    def means(self):
        """Return the mean of each feature of the samples to train on."""
        return column_means(self.X if self.held_out is None else self.X[self.used])

    def learner(self, model, topology, streams, setting):
        """Return a learner of the model; the arrays are copied."""
        estimator = self.setup.estimator
        weights, hidden, visible, *values = (array.copy() for array in model.values)
        (layer,) = topology.layers([weights])
        boltzmann = BoltzmannModel(layer, hidden, visible, estimator._make_units())
        means = values[3] if len(values) > 3 else None
        previous = {"arrays": tuple(values[:3]), "hidden_means": means}
        batch_size = min(setting.batch_size, self.used.size)
        divergence = estimator._divergence(
            boltzmann, batch_size, streams["chain"], previous
        )
        return ContrastiveDivergenceLearner(
            divergence, as_rows(self.X, 1), self.used[:0]
        )

    def score(self, learner):
        """Return the score of the samples that are held out, and their number."""
        if not self.held_out.size:
            return 0.0, 0.0
        return learner.score(self.held_out), float(self.held_out.size)

    def rows(self, indices):
        """Return some rows, as a tuple."""
        return (self.X[indices],)
