"""Dropout of inputs and hidden units (Srivastava et al. 2014)."""

from sklearn_set._kernels.builds import _fast


class Dropout:
    """Sets a fraction of the activations to 0, and scales the others.

    The draws are a hash of a seed, so that no mask is kept for the backward pass, which
    drops the same units again.

    Parameters
    ----------
    rates : sequence of float
        Fraction to drop of the inputs and of each hidden layer, in [0, 1).
    rng : numpy.random.Generator, default=None
        Draws the seeds.
    """

    def __init__(self, rates, rng=None):
        self._rates = rates
        self._rng = rng
        self._seeds = [0] * len(rates)

    def reduce_for_inputs(self, factor):
        """Multiply the rate of the inputs by a factor, in [0, 1]."""
        if self._rates:
            self._rates = [self._rates[0] * factor, *self._rates[1:]]

    def renew(self):
        """Draw new seeds, for the next batch."""
        self._seeds = [self._rng.bit_generator.random_raw() for _ in self._rates]

    def drops(self, i):
        """Whether any inputs (i = 0) or units of the i-th hidden layer are dropped."""
        return i < len(self._rates) and self._rates[i] > 0

    def apply(self, i, values, n_threads):
        """Drop inputs (i = 0) or units of the i-th hidden layer, in place.

        Parameters
        ----------
        i : int
            0 for the inputs, else the number of the hidden layer.
        values : ndarray, C-contiguous
            Their activations or the gradient after them.
        n_threads : int
            Threads to use.
        """
        if self.drops(i):
            _fast.dropout(values.ravel(), self._seeds[i], self._rates[i], n_threads)


NO_DROPOUT = Dropout(())
