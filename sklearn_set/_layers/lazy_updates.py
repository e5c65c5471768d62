"""Lazy updates: with a sparse X most features of the first layer are absent in a batch.

The gradient of an absent feature's weights is 0, but momentum and weight decay still
move them. To do that in each batch would cost a sweep over all weights. The update
stays pending until the feature is present again: then SGD's steps are applied by one
linear map, whatever their number, and those of other solvers one by one. The weights
are equal to those of the dense computation up to rounding.
"""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.solvers import STEP_DTYPE, zero_gradient_powers

# Number of steps after which all rows are flushed.
MAX_STEPS = 1024


class LazyUpdates:
    """The steps that are pending for the rows of a layer.

    Parameters
    ----------
    connections : Connections
        The layer's arrays, changed in place.
    n_threads : int
        Threads for each kernel; may be changed.
    last : ndarray of shape (1,), dtype STEP_DTYPE, default=None
        The last step of an earlier call, as `last` returned it. It decides how the
        first batch is rounded, so that calls of `partial_fit` round as one `fit` does.
    """

    def __init__(self, connections, n_threads, last=None):
        n_in = connections.indptr.size - 1
        self._connections = connections
        self.n_threads = n_threads
        self._all_rows = np.arange(n_in, dtype=np.int32)
        self._last_step = np.zeros(n_in, dtype=np.int32)  # of each row
        self._n_steps = 0  # since all rows were up to date
        self._steps = np.empty(MAX_STEPS, dtype=STEP_DTYPE)
        self._powers = None  # of one step, used instead of the steps if it is linear
        self._powers_of = None  # that step, as bytes
        self.squared_norms = np.empty(n_in)  # of each row when it was last up to date
        self._flush_rows(self._all_rows)
        if last is not None:
            self._change(last)

    @property
    def last(self):
        """The last step without its gradient; None if the solver is not linear."""
        if self._powers is None:
            return None
        return np.frombuffer(self._powers_of, dtype=STEP_DTYPE).copy()

    def _flush_rows(self, rows):
        indptr, _, weights, state = self._connections
        _fast.flush_pending(
            rows, self._powers, self._steps, self._n_steps, self._last_step, indptr,
            weights, state, self.squared_norms, self.n_threads,
        )  # fmt: skip

    def pending(self, rows=None):
        """Return what the kernels need to apply pending steps themselves.

        Where they cannot, because the solver is not linear, the rows are flushed.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,), dtype int32, default=None
            The rows that are used next; None if they have been passed before.

        Returns
        -------
        powers : ndarray of shape (MAX_STEPS, 4) or None
            The maps of weight and velocity that pending steps amount to, by their
            number; None if the weights of the rows are up to date.
        n_steps : int
            Number of steps since all rows were up to date.
        last_step : ndarray of shape (n_in,), dtype int32
            The last step that has been applied to each row.
        """
        if rows is not None and self._powers is None:
            self._flush_rows(rows)
        return self._powers, self._n_steps, self._last_step

    def flush(self):
        """Bring all rows up to date."""
        self._flush_rows(self._all_rows)
        self._n_steps = 0  # first: an interrupt must not make these steps pending again
        self._last_step[:] = 0

    def begin(self, step):
        """Get ready for a step; `end` counts it.

        Parameters
        ----------
        step : ndarray of shape (1,), dtype STEP_DTYPE
            The solver's step.
        """
        if self._n_steps + 1 >= MAX_STEPS:
            self.flush()
        without_gradient = step.copy()
        without_gradient["gradient_scale"] = 0.0  # the scale does not matter
        if without_gradient.tobytes() != self._powers_of:
            self._change(without_gradient)
        if self._powers is None:
            self._steps[self._n_steps] = step[0]

    def _change(self, step):
        """Compute the powers of a step that differs from the last one."""
        powers = zero_gradient_powers(step, MAX_STEPS)
        if powers is not None:
            self.flush()
            self._powers, self._powers_of = powers, step.tobytes()

    def end(self):
        """Count the step that `begin` announced."""
        self._n_steps += 1
