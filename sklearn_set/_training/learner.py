"""What the training loop asks of a model that it trains."""

import numpy as np


class Learner:
    """A model, the solver that changes it, and the data it is trained on.

    The base of all learners. A learner implements `learn` and `end_epoch`; the other
    methods matter to models with sparse layers or early stopping.

    Attributes
    ----------
    solver : Solver or None
        The loop sets its `learning_rate` before each epoch.
    layers : sequence of SparseLayer
        The layers that evolve.
    diverged : bool
        Whether the last epoch ended with values that are not finite.
    """

    solver = None
    layers = ()
    diverged = False

    @property
    def timed_layers(self):
        """The layers whose kernels `learn` calls in this process."""
        return self.layers

    def begin_epoch(self):
        """Get ready for an epoch."""

    def learn(self, indices):
        """Make one step of the solver on a batch.

        Parameters
        ----------
        indices : ndarray of shape (batch,), dtype intp
            The samples of the batch.
        """
        raise NotImplementedError

    def n_steps(self, indices):
        """Return how many steps of the solver `learn` makes: one."""
        return 1

    def end_epoch(self):
        """Evaluate the epoch.

        Returns
        -------
        metrics : dict of str to float
            What the history records. The stopping rule looks at ``"loss"``.
        """
        return {}

    def flush(self):
        """Apply pending lazy updates, so that all weights are up to date."""

    def follow_topology(self):
        """Adapt to the connections, after an evolution."""

    def layer_gradients(self, indices):
        """Compute the loss's gradient on a batch, layer by layer, without a step.

        Parameters
        ----------
        indices : ndarray of shape (batch,), dtype intp
            The samples of the batch.

        Returns
        -------
        gradients : iterable of (SparseLayer, ndarray, ndarray)
            As `Network.layer_gradients` returns them.
        """
        raise NotImplementedError

    def losses(self, indices):
        """Compute the loss of samples that are not trained on.

        Parameters
        ----------
        indices : ndarray of shape (n,), dtype intp
            The samples.

        Returns
        -------
        losses : ndarray of shape (n,)
        """
        raise NotImplementedError

    def reduce_input_dropout(self, factor):
        """Multiply the inputs' dropout rate from now on, if the model has one."""

    def arrays(self):
        """Iterate over all arrays that are learned."""
        return iter(())

    def snapshot(self):
        """Return copies of all that training changes in the model."""
        raise NotImplementedError

    def restore(self, snapshot):
        """Go back to a snapshot, whose arrays the model takes over."""
        raise NotImplementedError

    def state(self):
        """Return what a later call needs to continue, besides the weights."""
        return None

    # -- models that are trained on several machines -----------------------

    def values(self):
        """Return all arrays that steps change, which averages are made of.

        Returns
        -------
        values : list of ndarray
            Weights, biases and the solver's state, not copied.
        """
        raise NotImplementedError

    def take_values(self, values):
        """Overwrite all that `values` returns.

        Parameters
        ----------
        values : list of ndarray
            As `values` returned them, for the same connections.
        """
        for mine, given in zip(self.values(), values, strict=True):
            mine[...] = given

    def own_state(self):
        """Return what is not averaged, but kept for each copy of the model."""
        return {}

    def take_own_states(self, states):
        """Take over what copies of the model have kept.

        Parameters
        ----------
        states : list of dict
            What `own_state` of each returned.
        """

    def is_finite(self):
        """Whether all learned values are finite."""
        return all(np.isfinite(array).all() for array in self.arrays())
