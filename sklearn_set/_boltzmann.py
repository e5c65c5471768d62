"""A restricted Boltzmann machine on one sparse layer: sampling and learning.

The hidden units are the layer's sources and the visible ones its targets, so that the
layer's weight matrix is `components_` of scikit-learn, (n_hidden, n_visible).
Arrays are feature-major, (n_units, batch).
"""

import numpy as np

from sklearn_set._builds import _fast
from sklearn_set._memory import Buffer
from sklearn_set._solvers import start_state
from sklearn_set._validation import require_shape


class BoltzmannMachine:
    """Binary hidden units, and visible units in [0, 1], joined by sparse links.

    With weights W, hidden biases c and visible biases b:
    ``P(h = 1 | v) = expit(W v + c)`` and ``P(v = 1 | h) = expit(W.T h + b)``.

    Parameters
    ----------
    layer : SparseLayer
        From the hidden to the visible units; changed in place by `learn`.
    hidden_bias : ndarray of shape (n_hidden,)
        Changed in place by `learn`.
    visible_bias : ndarray of shape (n_visible,)
        Changed in place by `learn`.
    """

    def __init__(self, layer, hidden_bias, visible_bias):
        require_shape("The hidden bias", hidden_bias, (layer.n_in,))
        require_shape("The visible bias", visible_bias, (layer.n_out,))
        self.layer = layer
        self.hidden_bias = np.ascontiguousarray(hidden_bias)
        self.visible_bias = np.ascontiguousarray(visible_bias)

    def prepare(self, max_batch):
        """Make ready to learn from batches of at most so many samples."""
        self.hidden_bias = np.require(self.hidden_bias, requirements="W")
        self.visible_bias = np.require(self.visible_bias, requirements="W")
        self.layer.prepare(start_state(self.layer.links.weights, 0))
        n_hidden, n_visible, dtype = self.layer.n_in, self.layer.n_out, self.layer.dtype
        self._visible = [Buffer(n_visible, max_batch, dtype) for _ in range(2)]
        self._hidden = [Buffer(n_hidden, max_batch, dtype) for _ in range(3)]

    def batch(self, n_samples):
        """Return the array for the data of a batch, to be filled for `learn`."""
        return self._visible[0].view(self.layer.n_out, n_samples)

    def hidden_inputs(self, v):
        """Return ``W v + c`` of shape (n_hidden, batch)."""
        out = np.empty((self.layer.n_in, v.shape[1]), dtype=v.dtype)
        self.layer.to_sources(v, self.hidden_bias, out)
        return out

    def hidden_probabilities(self, v, out=None):
        """Return ``P(h = 1 | v)`` of shape (n_hidden, batch)."""
        if out is None:
            out = np.empty((self.layer.n_in, v.shape[1]), dtype=v.dtype)
        self.layer.to_sources(v, self.hidden_bias, out, logistic=True)
        return out

    def visible_probabilities(self, h, out=None):
        """Return ``P(v = 1 | h)`` of shape (n_visible, batch)."""
        if out is None:
            out = np.empty((self.layer.n_out, h.shape[1]), dtype=h.dtype)
        self.layer.to_targets(h, self.visible_bias, out, logistic=True)
        return out

    def sample(self, probabilities, rng, out=None):
        """Draw 1 with the given probabilities, 0 otherwise, in their dtype.

        Either dtype draws the same: the same seed gives the same chain.

        Parameters
        ----------
        probabilities : ndarray of shape (n_units, batch)
            Chances of a 1.
        rng : numpy.random.Generator
            Gives the seed of the draws.
        out : ndarray, default=None
            Of the same shape and dtype; what is written and returned.
        """
        if out is None:
            out = np.empty_like(probabilities)
        require_shape("The sample", out, probabilities.shape)
        seed = rng.bit_generator.random_raw()
        _fast.sample(probabilities, seed, out, self.layer.n_threads)
        return out

    def learn(self, v, cd_steps, solver, alpha, rng):
        """One step of contrastive divergence, CD-k (Hinton 2002, 2012).

        The hidden units are sampled at each step of the chain. The visible units of
        the chain, and both units in the statistics, take their probabilities, which
        learns the same with less noise.

        Parameters
        ----------
        v : ndarray of shape (n_visible, batch)
            The data, in the array that `batch` returned.
        cd_steps : int
            Steps of Gibbs sampling, k.
        solver : SGD
            Turns gradients into steps.
        alpha : float
            Strength of the L2 penalty on the weights.
        rng : numpy.random.Generator
            Samples the hidden units.
        """
        batch = v.shape[1]
        chain_v = self._visible[1].view(self.layer.n_out, batch)
        h, chain_h, sample = (b.view(self.layer.n_in, batch) for b in self._hidden)
        probabilities = self.hidden_probabilities(v, h)
        for _ in range(cd_steps):
            self.sample(probabilities, rng, sample)
            self.visible_probabilities(sample, chain_v)
            probabilities = self.hidden_probabilities(chain_v, chain_h)
        self._step(v, h, chain_v, chain_h, solver, alpha)

    def _step(self, v, h, chain_v, chain_h, solver, alpha):
        """Climb ``<v h> of the data - <v h> of the chain``, less the penalty."""
        scale = -1.0 / v.shape[1]  # solvers go downhill
        link_step, bias_step = solver.steps(scale, alpha)
        nothing, n_threads = np.empty((0, 0), dtype=v.dtype), self.layer.n_threads
        _fast.update(v, self.visible_bias, nothing, bias_step, n_threads, chain_v)
        _fast.update(h, self.hidden_bias, nothing, bias_step, n_threads, chain_h)
        self.layer.learn(h, v, None, link_step, less=(chain_h, chain_v))

    def pseudo_log_likelihood(self, v):
        """Return ``sum_i log P(v_i | all other v)`` of each sample (Besag 1975).

        A flip of v_i is 1 - v_i. A link sees a flip of its own visible unit only, so
        that all terms together cost one sweep over the links.

        Parameters
        ----------
        v : ndarray of shape (n_visible, batch)
            The data.

        Returns
        -------
        pseudo_log_likelihood : ndarray of shape (batch,), dtype float64
        """
        inputs = self.hidden_inputs(v)
        out = np.empty(v.shape[1])
        _fast.pseudo_log_likelihood(
            v, inputs, *self.layer.by_target(), self.layer.links.weights,
            self.visible_bias, np.empty(inputs.shape), np.empty(v.shape), out,
            self.layer.n_threads,
        )  # fmt: skip
        return out
