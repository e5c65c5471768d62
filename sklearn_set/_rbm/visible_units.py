"""The kinds of visible units of a restricted Boltzmann machine.

A kind of unit defines the energy of its values v given biases b. With hidden units h,
weights W and their biases c, the model has the energy
``E(v, h) = energy(v, b) - c.h - h.W v``. A new kind is a class here, entered in
``VISIBLE_UNITS`` by name. Arrays are feature-major, (n_visible, batch).
"""

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, logit

from sklearn_set._kernels.builds import _fast
from sklearn_set._utils.warnings import warn

# The trapezoidal rule over a Gaussian, in standard deviations: its range beyond the
# outermost means, and its step. The error is about 1e-12.
REACH, STEP = 7.0, 0.8
# Largest sum of the magnitudes of a unit's weights for which that is affordable.
MAX_STRENGTH = 1e4
# Range of the mean square of standardized features, also of a few similar samples.
STANDARD = 0.01, 10.0


def column_means(X):
    """Return the mean of each column in float64, the same for a dense or CSR X."""
    if issparse(X):
        return np.bincount(X.indices, X.data, minlength=X.shape[1]) / X.shape[0]
    return X.sum(axis=0, dtype=np.float64) / X.shape[0]


class BernoulliUnits:
    """Binary units, or probabilities in [0, 1]: ``energy(v, b) = -b.v``.

    Parameters
    ----------
    std : float, default=1.0
        Must be 1.

    Raises
    ------
    ValueError
        If it is not 1.
    """

    is_binary = True  # then the mean is 1 / (1 + exp(-inputs))
    sample_dtype = bool  # of sampled values; None for the model's dtype
    std = variance = 1.0  # the inputs are W.T h times the variance, plus the biases

    def __init__(self, std=1.0):
        if std != 1:
            raise ValueError(
                f"visible_std={std} is for visible='gaussian'; binary units have no "
                "such parameter. Leave it at 1."
            )

    def check(self, X, name):
        """Warn if X does not suit such units; `name` is the estimator's."""
        # Not X.min() of a sparse X, which would sort the user's own arrays.
        values, implicit = (X.data, {"initial": 0}) if issparse(X) else (X, {})
        low, high = values.min(**implicit), values.max(**implicit)
        if low < 0 or high > 1:
            warn(
                f"{name} models features in [0, 1]; X goes from {low:.3g} to "
                f"{high:.3g}. Scale it, with sklearn.preprocessing.MinMaxScaler "
                "(MaxAbsScaler for a sparse X without negative values) in a pipeline, "
                "or binarize it; visible='gaussian' is for standardized features."
            )

    def first_bias(self, X):
        """Return the log-odds of each feature (Hinton 2012, section 8).

        The means are smoothed by one more sample, the mean of all features: features
        that are never or always 1 get finite odds.
        """
        return self.first_bias_of_means(column_means(X), X.shape[0])

    def first_bias_of_means(self, means, n_samples):
        """Return the same, from the means of the features and the number of samples."""
        means = (n_samples * means + means.mean()) / (n_samples + 1)
        least = 0.5 / means.size / (n_samples + 1)  # less than one 1 in all of X
        return logit(means.clip(least, 1 - least))

    def sample(self, means, model, rng):
        """Draw values with the given means, in place."""
        return model.sample(means, rng, out=means)

    def mean(self, inputs):
        """Return the mean of units with the given inputs, biases included."""
        return expit(inputs)

    def negative_energy(self, v, b):
        """Return ``-energy(v, b)`` of each sample, in float64."""
        return np.einsum("i,ib->b", b, v, dtype=np.float64)

    def log_integral(self, u, b):
        """Return ``log sum_v exp(u.v - energy(v, b))`` for each column of u."""
        return np.logaddexp(0, u + b[:, None]).sum(axis=0)

    def pseudo_log_likelihood(self, model, v, inputs):
        """Return ``sum_i log P(v_i | all other v)``; a flip of v_i is 1 - v_i."""
        out, n_threads = np.empty(v.shape[1]), model.layer.n_threads
        _fast.pseudo_log_likelihood(
            v, inputs, *model.layer.by_target(), model.layer.connections.weights,
            model.visible_bias, np.empty(inputs.shape), np.empty(inputs.shape),
            np.empty((n_threads, 2 * v.shape[1])), np.empty(v.shape), out, n_threads,
        )  # fmt: skip
        return out


class GaussianUnits:
    """Real units of one variance: ``energy(v, b) = |v - b|**2 / (2 variance)``.

    Parameters
    ----------
    std : float, default=1.0
        Standard deviation, given the hidden units.
    """

    is_binary = False  # then the mean is the inputs
    sample_dtype = None

    def __init__(self, std=1.0):
        self.std = float(std)
        self.variance = self.std**2

    def check(self, X, name):
        """Warn if X does not suit such units; `name` is the estimator's."""
        values = X.data if issparse(X) else X.ravel(order="K")
        square = np.einsum("k,k", values, values, dtype=np.float64) / np.prod(X.shape)
        low, high = STANDARD
        if not low <= square <= high:
            warn(
                f"{name} with visible='gaussian' models features of mean 0 and "
                f"variance 1; the mean square of X is {square:.3g}. Scale it, with "
                "sklearn.preprocessing.StandardScaler in a pipeline."
            )

    def first_bias(self, X):
        """Return the mean of each feature."""
        return column_means(X)

    def first_bias_of_means(self, means, n_samples):
        """Return the same, from the means of the features."""
        return means

    def sample(self, means, model, rng):
        """Draw values with the given means, in place."""
        # Drawn in float64, so that the draws do not depend on the dtype.
        means += self.std * rng.standard_normal(means.shape)
        return means

    def mean(self, inputs):
        """Return the mean of units with the given inputs, biases included."""
        return inputs

    def negative_energy(self, v, b):
        """Return ``-energy(v, b)`` of each sample, in float64."""
        differences = v - b[:, None]
        squares = np.einsum("ib,ib->b", differences, differences, dtype=np.float64)
        return -0.5 / self.variance * squares

    def log_integral(self, u, b):
        """Return ``log of the integral of exp(u.v - energy(v, b))`` over v."""
        exponents = u * (b[:, None] + 0.5 * self.variance * u)
        return (exponents + 0.5 * np.log(2 * np.pi * self.variance)).sum(axis=0)

    def pseudo_log_likelihood(self, model, v, inputs):
        """Return ``sum_i log p(v_i | all other v)``."""
        # The kernel is for units of variance 1: v / std, with scaled weights and
        # biases.
        std, layer, out = self.std, model.layer, np.empty(v.shape[1])
        weights, bias = layer.connections.weights * std, model.visible_bias / std
        lowest, n_nodes = self._nodes(layer, weights, bias)
        room = int(n_nodes.max()) * (2 * v.shape[1] + 1)
        _fast.gaussian_pseudo_log_likelihood(
            v / std, inputs, *layer.by_target(), weights, bias,
            lowest, n_nodes, STEP, np.empty(inputs.shape), np.empty(inputs.shape),
            np.empty((layer.n_threads, room)), np.empty(v.shape), out,
            layer.n_threads,
        )  # fmt: skip
        return out - v.shape[0] * np.log(std)

    def _nodes(self, layer, weights, bias):
        """Return the nodes of the trapezoidal rule of each unit: lowest, and number."""
        targets = layer.connections.targets
        signed = np.minimum(weights, 0), np.maximum(weights, 0)
        low, high = (
            np.bincount(targets, part, minlength=layer.n_out) for part in signed
        )
        strength = float((high - low).max())
        if not strength <= MAX_STRENGTH:
            raise ValueError(
                f"The pseudo-likelihood cannot be computed: the weights of a visible "
                f"unit sum up to {strength:.3g}. Training diverged: lower "
                "learning_rate."
            )
        n_nodes = np.ceil((high - low + 2 * REACH) / STEP) + 1
        return bias + low - REACH, n_nodes.astype(np.int32)


VISIBLE_UNITS = {"bernoulli": BernoulliUnits, "gaussian": GaussianUnits}
