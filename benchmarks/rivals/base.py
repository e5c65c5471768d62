"""What all contestants have in common."""


class Contestant:
    """A network behind the interface that the runner times.

    Attributes
    ----------
    learning_rate, momentum : float
        The same for all; the momentum is Nesterov's.
    """

    learning_rate = 0.01
    momentum = 0.9

    def prepare(self, X, y, hidden, batch, epsilon):
        """Build the network and keep the data; not timed.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_features)
            The data.
        y : ndarray of shape (n_samples,) or None
            Classes 0, 1, ...
        hidden : tuple of int
            Sizes of the hidden layers.
        batch : int
            Rows of a step.
        epsilon : float
            Sparsity: ``epsilon * (n_in + n_out)`` links a layer. Dense ones ignore it.
        """
        raise NotImplementedError

    def epoch(self):
        """Pass over the data once."""
        raise NotImplementedError

    def predict(self, X):
        """Return the class of each row."""
        raise NotImplementedError


def n_links(n_in, n_out, epsilon):
    """Count the links of a layer, by the rule that all sparse contestants follow."""
    return min(round(epsilon * (n_in + n_out)), n_in * n_out)
