"""The base class of all contestants."""


class Contestant:
    """A network with the interface that is timed.

    Attributes
    ----------
    learning_rate, momentum : float
        The same for all; Nesterov's momentum.
    """

    learning_rate = 0.01
    momentum = 0.9

    def prepare(self, X, y, hidden, batch, epsilon):
        """Build the network and store the data; not timed.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_features)
            The data.
        y : ndarray of shape (n_samples,) or None
            Classes 0, 1, ...
        hidden : tuple of int
            Sizes of the hidden layers.
        batch : int
            Batch size.
        epsilon : float
            Sparsity: a layer has ``epsilon * (n_in + n_out)`` connections. Dense
            networks ignore it.
        """
        raise NotImplementedError

    def epoch(self):
        """Pass over the data once."""
        raise NotImplementedError

    def predict(self, X):
        """Return the class of each row."""
        raise NotImplementedError


def count_connections(n_in, n_out, epsilon):
    """Return the number of connections of a layer of all sparse contestants."""
    return min(round(epsilon * (n_in + n_out)), n_in * n_out)
