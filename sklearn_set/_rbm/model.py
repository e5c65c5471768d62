"""A restricted Boltzmann machine on one sparse layer: its distributions.

The hidden units are the layer's sources and the visible ones its targets, so that the
layer's weight matrix is `components_` of scikit-learn, (n_hidden, n_visible).
Arrays are feature-major, (n_units, batch).
"""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._utils.checks import require_learned, require_shape


class BoltzmannModel:
    """Binary hidden units and visible units of some kind, with sparse connections.

    With weights W, hidden biases c and visible biases b:
    ``P(h = 1 | v) = expit(W v + c)``. Binary v given h has the mean
    ``expit(W.T h + b)``, Gaussian v ``variance W.T h + b``.

    Parameters
    ----------
    layer : SparseLayer
        From the hidden to the visible units.
    hidden_bias : ndarray of shape (n_hidden,)
        In the layer's dtype.
    visible_bias : ndarray of shape (n_visible,)
        In the layer's dtype.
    visible : BernoulliUnits or GaussianUnits
        The kind of the visible units.
    """

    def __init__(self, layer, hidden_bias, visible_bias, visible):
        require_learned("The hidden bias", hidden_bias, (layer.n_in,), layer.dtype)
        require_learned("The visible bias", visible_bias, (layer.n_out,), layer.dtype)
        self.layer = layer
        self.hidden_bias = np.ascontiguousarray(hidden_bias)
        self.visible_bias = np.ascontiguousarray(visible_bias)
        self.visible = visible

    def hidden_inputs(self, v, out=None):
        """Return ``W v + c`` of shape (n_hidden, batch)."""
        if out is None:
            out = np.empty((self.layer.n_in, v.shape[1]), dtype=v.dtype)
        self.layer.transposed_forward(v, self.hidden_bias, out)
        return out

    def hidden_probabilities(self, v, out=None):
        """Return ``P(h = 1 | v)`` of shape (n_hidden, batch)."""
        if out is None:
            out = np.empty((self.layer.n_in, v.shape[1]), dtype=v.dtype)
        self.layer.transposed_forward(v, self.hidden_bias, out, logistic=True)
        return out

    def visible_means(self, h, out=None, bias=None):
        """Return the means of v given h, of shape (n_visible, batch)."""
        if out is None:
            out = np.empty((self.layer.n_out, h.shape[1]), dtype=h.dtype)
        bias = self.visible_bias if bias is None else bias
        if self.visible.variance != 1:
            h = h * self.visible.variance
        self.layer.forward(h, bias, out, logistic=self.visible.is_binary)
        return out

    def sample(self, probabilities, rng, out=None):
        """Draw 1 with the given probabilities, 0 otherwise, in their dtype.

        The draws do not depend on the dtype.

        Parameters
        ----------
        probabilities : ndarray of shape (n_units, batch)
            Probabilities of a 1.
        rng : numpy.random.Generator
            Gives the seed of the draws.
        out : ndarray, default=None
            Output array of the same shape and dtype; may be `probabilities` itself.
        """
        if out is None:
            out = np.empty_like(probabilities)
        require_shape("The sample", out, probabilities.shape)
        seed = rng.bit_generator.random_raw()
        _fast.sample(probabilities, seed, out, self.layer.n_threads)
        return out

    def sample_visible(self, h, rng, out=None):
        """Draw v given h."""
        return self.visible.sample(self.visible_means(h, out), self, rng)

    def gibbs(self, v, rng):
        """Draw h given v, and v given that."""
        return self.sample_visible(self.sample(self.hidden_probabilities(v), rng), rng)

    def reconstruct(self, v):
        """Return the means of v given the probabilities of h given v."""
        return self.visible_means(self.hidden_probabilities(v))

    def negative_free_energy(self, v):
        """Return ``log sum_h exp(-E(v, h))`` of each sample, in float64.

        ``-F(v) = -energy(v, b) + sum_j log(1 + exp(c_j + (W v)_j))`` (Hinton 2012,
        section 16).
        """
        hidden = np.logaddexp(0, self.hidden_inputs(v), dtype=np.float64).sum(axis=0)
        return self.visible.negative_energy(v, self.visible_bias) + hidden

    def pseudo_log_likelihood(self, v):
        """Return ``sum_i log P(v_i | all other v)`` of each sample (Besag 1975).

        A connection affects the term of its visible unit only, so that all terms
        together take one sweep over the connections.

        Parameters
        ----------
        v : ndarray of shape (n_visible, batch)
            The data.

        Returns
        -------
        pseudo_log_likelihood : ndarray of shape (batch,), dtype float64
        """
        return self.visible.pseudo_log_likelihood(self, v, self.hidden_inputs(v))
