"""Losses, each with the output activation that belongs to it.

Arrays are feature-major, (n_outputs, batch), and changed in place. With these pairs
the gradient with respect to the last layer's sums z is ``activation(z) - y``.
"""

from functools import reduce

import numpy as np
from scipy.special import expit


class SoftmaxCrossEntropy:
    """Log-loss of one class out of several."""

    out_activation = "softmax"

    @staticmethod
    def activate(z):
        """Replace the last layer's sums by class probabilities."""
        z -= z.max(axis=0)
        np.exp(z, out=z)
        # Class by class: NumPy's sum over an axis groups the terms of a lone sample
        # in another way than those of a batch.
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
        loss : float
            ``log(sum exp z) - z[class]``, summed over the batch.
        """
        z -= z.max(axis=0)
        loss = -z.sum(where=y, dtype=np.float64)
        np.exp(z, out=z)
        total = z.sum(axis=0)
        z /= total
        z -= y
        return loss + np.log(total).sum(dtype=np.float64)


class LogisticCrossEntropy:
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
        loss : float
            ``log(1 + exp z) - y z``, summed over outputs and batch.
        """
        loss = np.logaddexp(0, z).sum(dtype=np.float64)
        loss -= z.sum(where=y, dtype=np.float64)
        expit(z, out=z)
        z -= y
        return loss


LOSSES = {
    loss.out_activation: loss for loss in (SoftmaxCrossEntropy, LogisticCrossEntropy)
}
