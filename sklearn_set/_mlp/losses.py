"""Losses, each with the output activation that belongs to it.

Arrays are feature-major, (n_outputs, batch), and changed in place. A new one is a class
here with `activate` and `gradient`, entered in ``LOSSES`` by name; one with parameters
of its own takes them from the estimator in `from_estimator`.
"""

from functools import reduce

import numpy as np
from scipy.special import expit, xlogy

from sklearn_set._kernels.builds import _fast
from sklearn_set._utils.checks import require_shape


class Loss:
    """Base of all losses."""

    @classmethod
    def from_estimator(cls, estimator):
        """Return the loss with the estimator's parameters, if it has any.

        Parameters
        ----------
        estimator : BaseSETMLP
            The perceptron that is trained.
        """
        return cls()


class SoftmaxCrossEntropy(Loss):
    """Log-loss of one class out of several."""

    out_activation = "softmax"

    @staticmethod
    def activate(z):
        """Replace the last layer's sums by class probabilities."""
        z -= z.max(axis=0)
        np.exp(z, out=z)
        # Class by class: NumPy's sum over an axis adds the terms of a single sample in
        # another order than those of a batch.
        z /= reduce(np.add, z)

    @staticmethod
    def gradient(z, y):
        """Replace the last layer's sums by the loss's gradient.

        Parameters
        ----------
        z : ndarray of shape (n_outputs, batch)
            The last layer's sums; on return the gradient.
        y : ndarray of shape (n_outputs, batch), dtype bool
            True at each sample's class.

        Returns
        -------
        losses : ndarray of shape (batch,), dtype float64
            ``log(sum exp z) - z[class]``.
        """
        require_shape("The targets", y, z.shape)
        losses = np.empty(z.shape[1])
        scratch = np.empty((2, z.shape[1]), dtype=z.dtype)
        is_class = y.astype(bool, copy=False).view(np.uint8)
        _fast.softmax_gradient(z, is_class, scratch, losses)
        return losses


class LogisticCrossEntropy(Loss):
    """Log-loss of one or several yes/no outputs."""

    out_activation = "logistic"

    @staticmethod
    def activate(z):
        """Replace the last layer's sums by probabilities."""
        expit(z, out=z)

    @staticmethod
    def gradient(z, y):
        """Replace the last layer's sums by the loss's gradient.

        Parameters
        ----------
        z : ndarray of shape (n_outputs, batch)
            The last layer's sums; on return the gradient.
        y : ndarray of shape (n_outputs, batch), dtype bool
            Whether each output holds.

        Returns
        -------
        losses : ndarray of shape (batch,), dtype float64
            ``log(1 + exp z) - y z``, summed over the outputs.
        """
        losses = np.logaddexp(0, z).sum(axis=0, dtype=np.float64)
        losses -= z.sum(axis=0, where=y, dtype=np.float64)
        expit(z, out=z)
        z -= y
        return losses


class SquaredError(Loss):
    """Half the squared error."""

    out_activation = "identity"

    @staticmethod
    def activate(z):
        """Leave the last layer's sums as they are: the predictions."""

    @staticmethod
    def gradient(z, y):
        """Replace the last layer's sums by the loss's gradient.

        Parameters
        ----------
        z : ndarray of shape (n_outputs, batch)
            The last layer's sums; on return the gradient.
        y : ndarray of shape (n_outputs, batch)
            The targets.

        Returns
        -------
        losses : ndarray of shape (batch,), dtype float64
            ``(z - y) ** 2 / 2``, summed over the outputs.
        """
        z -= y
        with np.errstate(over="ignore"):  # the training loop reports it
            return 0.5 * np.square(z).sum(axis=0, dtype=np.float64)


class AbsoluteError(SquaredError):
    """The absolute error, minimised by the median."""

    @staticmethod
    def gradient(z, y):
        """Replace the last layer's sums by the loss's gradient, the error's sign.

        Parameters
        ----------
        z : ndarray of shape (n_outputs, batch)
            The last layer's sums; on return the gradient.
        y : ndarray of shape (n_outputs, batch)
            The targets.

        Returns
        -------
        losses : ndarray of shape (batch,), dtype float64
            ``|z - y|``, summed over the outputs.
        """
        z -= y
        losses = np.abs(z).sum(axis=0, dtype=np.float64)
        np.sign(z, out=z)
        return losses


class Huber(SquaredError):
    """The squared error of small errors, and the absolute error of large ones.

    Parameters
    ----------
    delta : float, default=1.0
        The error at which one becomes the other.
    """

    def __init__(self, delta=1.0):
        self.delta = delta

    @classmethod
    def from_estimator(cls, estimator):
        """Return the loss with the estimator's `huber_delta`."""
        return cls(float(estimator.huber_delta))

    def gradient(self, z, y):
        """Replace the last layer's sums by the loss's gradient, the clipped error.

        Parameters
        ----------
        z : ndarray of shape (n_outputs, batch)
            The last layer's sums; on return the gradient.
        y : ndarray of shape (n_outputs, batch)
            The targets.

        Returns
        -------
        losses : ndarray of shape (batch,), dtype float64
            ``e ** 2 / 2`` of errors e up to delta, ``delta (|e| - delta / 2)`` of
            others, summed over the outputs.
        """
        z -= y
        clipped = np.clip(z, -self.delta, self.delta)
        losses = (clipped * (z - 0.5 * clipped)).sum(axis=0, dtype=np.float64)
        z[:] = clipped
        return losses


class Quantile(SquaredError):
    """The pinball loss, minimised by a quantile.

    Parameters
    ----------
    quantile : float, default=0.5
        Which one, in (0, 1).
    """

    def __init__(self, quantile=0.5):
        self.quantile = quantile

    @classmethod
    def from_estimator(cls, estimator):
        """Return the loss with the estimator's `quantile`."""
        return cls(float(estimator.quantile))

    def gradient(self, z, y):
        """Replace the last layer's sums by the loss's gradient.

        Parameters
        ----------
        z : ndarray of shape (n_outputs, batch)
            The last layer's sums; on return the gradient.
        y : ndarray of shape (n_outputs, batch)
            The targets.

        Returns
        -------
        losses : ndarray of shape (batch,), dtype float64
            ``quantile (y - z)`` where that is positive, else
            ``(1 - quantile) (z - y)``, summed over the outputs.
        """
        z -= y
        slopes = np.where(z > 0, 1 - self.quantile, -self.quantile)
        losses = (slopes * z).sum(axis=0, dtype=np.float64)
        np.copyto(z, slopes, where=z != 0)  # 0 at the corner
        return losses


class Poisson(Loss):
    """Half the Poisson deviance, of the exponential of the last layer's sums."""

    out_activation = "exp"

    @staticmethod
    def activate(z):
        """Replace the last layer's sums by the expected counts."""
        np.exp(z, out=z)

    @staticmethod
    def gradient(z, y):
        """Replace the last layer's sums by the loss's gradient.

        Parameters
        ----------
        z : ndarray of shape (n_outputs, batch)
            The last layer's sums; on return the gradient.
        y : ndarray of shape (n_outputs, batch)
            The targets, >= 0.

        Returns
        -------
        losses : ndarray of shape (batch,), dtype float64
            ``y log(y) - y z - y + exp z``, summed over the outputs.
        """
        losses = (xlogy(y, y) - y * z - y).sum(axis=0, dtype=np.float64)
        with np.errstate(over="ignore"):  # the training loop reports it
            np.exp(z, out=z)
        losses += z.sum(axis=0, dtype=np.float64)
        z -= y
        return losses


LOSSES = {
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "logistic": LogisticCrossEntropy,
    "poisson": Poisson,
    "quantile": Quantile,
    "softmax": SoftmaxCrossEntropy,
    "squared_error": SquaredError,
}
