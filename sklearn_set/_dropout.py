"""Dropout: units that a batch has to do without (Srivastava et al. 2014)."""

from sklearn_set._builds import _fast


class Dropout:
    """Sets a share of the activations to 0, and scales up the others.

    The draws are a hash of a seed, so that nothing has to be kept for the backward
    pass, which drops the same again.

    Parameters
    ----------
    rates : sequence of float
        Share to drop of the inputs and of each hidden layer, in [0, 1).
    rng : numpy.random.Generator, default=None
        Where `renew` takes seeds from.
    """

    def __init__(self, rates, rng=None):
        self._rates = rates
        self._rng = rng
        self._seeds = [0] * len(rates)

    def renew(self):
        """Draw for another batch."""
        self._seeds = [self._rng.bit_generator.random_raw() for _ in self._rates]

    def drops(self, i):
        """Return whether any of the inputs (i = 0) or of the i-th hidden layer go."""
        return i < len(self._rates) and self._rates[i] > 0

    def apply(self, i, values, n_threads):
        """Drop among the inputs (i = 0) or the i-th hidden layer's units, in place.

        Parameters
        ----------
        i : int
            Which units.
        values : ndarray, C-contiguous
            Their activations or the gradient after them.
        n_threads : int
            Threads to use.
        """
        if self.drops(i):
            _fast.dropout(values.ravel(), self._seeds[i], self._rates[i], n_threads)


NO_DROPOUT = Dropout(())
