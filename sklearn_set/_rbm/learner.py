"""The learner of the restricted Boltzmann machine."""

import numpy as np

from sklearn_set._layers.batches import map_batches, predict_batch_size
from sklearn_set._training.learner import Learner

# Training samples on which the epochs are evaluated: one of MONITORED_PART, but at
# least and at most MONITORED, because each evaluation takes time.
MONITORED = 10, 100
MONITORED_PART = 50


class ContrastiveDivergenceLearner(Learner):
    """Trains a restricted Boltzmann machine on rows of data.

    Parameters
    ----------
    divergence : ContrastiveDivergence
        Makes the steps.
    rows : DenseRows or SparseRows
        The data.
    monitored : ndarray of shape (n_monitored,)
        Indices of the samples on which each epoch is evaluated.
    """

    def __init__(self, divergence, rows, monitored):
        self.model = divergence.model
        self.solver = divergence.solver
        self.layers = [divergence.model.layer]
        self.divergence = divergence
        self._rows = rows
        self._monitored = rows.dense_batch(monitored, self._n_threads)

    def set_rows(self, rows):
        """Use other rows from now on."""
        self._rows = rows

    @property
    def _n_threads(self):
        return self.model.layer.n_threads

    def _load(self, indices):
        v = self.divergence.batch(indices.size)
        self._rows.dense(indices, v, self._n_threads)
        return v

    def learn(self, indices):
        """Make one step of contrastive divergence on a batch."""
        self.divergence.learn(self._load(indices))

    def end_epoch(self):
        """Return the metrics of the monitored samples."""
        self.diverged = not self.is_finite()
        if self.diverged:
            return {"reconstruction_error": np.nan, "pseudo_likelihood": np.nan}
        v = self._monitored
        errors = np.square(self.model.reconstruct(v) - v, dtype=np.float64)
        likelihood = self.model.pseudo_log_likelihood(v).mean()
        return {
            "reconstruction_error": float(errors.mean()),
            "pseudo_likelihood": float(likelihood),
        }

    def score(self, indices):
        """Return the mean pseudo-likelihood of some samples."""
        model, rows, name = self.model, self._rows, "pseudo_log_likelihood"
        scores = map_rows(model, model.pseudo_log_likelihood, rows, name, indices)
        return float(scores.mean())

    def layer_gradients(self, indices):
        """Return the gradient on a batch."""
        return self.divergence.layer_gradients(self._load(indices))

    def arrays(self):
        """Iterate over weights and biases."""
        model = self.model
        yield from (model.layer.connections.weights, model.hidden_bias)
        yield model.visible_bias

    def snapshot(self):
        """Return copies of all that training changes."""
        return self.divergence.snapshot()

    def restore(self, snapshot):
        """Go back to a snapshot, whose arrays the model takes over."""
        self.divergence.restore(snapshot)

    def values(self):
        """Return weights, biases, the solver's states and the means, not copied."""
        sparsity = self.divergence.sparsity
        means = [] if sparsity is None else [sparsity.means]
        return [*self.arrays(), *self.divergence.states, *means]

    def own_state(self):
        """Return the persistent chains, if there are any."""
        return {"chains": self.divergence.chains}

    def take_own_states(self, states):
        """Continue with the chains of the first copy of the model."""
        chains = states[0]["chains"]
        self.divergence.chains = None if chains is None else chains.copy()

    def state(self):
        """Return the solver's arrays, and the running means of the hidden units."""
        sparsity = self.divergence.sparsity
        return {
            "arrays": self.divergence.states,
            "hidden_means": None if sparsity is None else sparsity.means,
        }


def monitored_samples(used, seed):
    """Choose the samples on which the epochs of a call are evaluated.

    Parameters
    ----------
    used : ndarray of shape (n_used,)
        The samples to train on.
    seed : int
        Determines the choice.

    Returns
    -------
    samples : ndarray of shape (n_monitored,)
        Ascending.
    """
    rng = np.random.default_rng(seed)
    n = int(np.clip(used.size // MONITORED_PART, *MONITORED))
    return np.sort(rng.choice(used, min(n, used.size), replace=False))


def map_rows(model, function, rows, name, indices=None):
    """Apply a function of feature-major batches, and stack its results by rows.

    Parameters
    ----------
    model : BoltzmannModel
        Whose sizes and threads determine the batches.
    function : callable
        Takes an array of shape (n_features, batch); the batch is the last axis of what
        it returns.
    rows : DenseRows or SparseRows
        The data.
    name : str
        What the function computes, as for `on_fastest_threads`.
    indices : ndarray of shape (n_selected,), default=None
        Which samples; None for all.

    Returns
    -------
    result : ndarray of shape (n_selected, ...)
    """
    sizes = model.layer.n_in, model.layer.n_out
    itemsize, n_connections = rows.dtype.itemsize, model.layer.n_connections
    batch_size = predict_batch_size(sizes, itemsize, n_connections)
    if indices is None:
        indices = np.arange(rows.n_samples)
    return map_batches(
        lambda part: function(rows.dense_batch(indices[part], model.layer.n_threads)),
        indices.size,
        batch_size,
        [model.layer],
        name,
    )
