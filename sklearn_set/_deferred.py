"""Steps put off: with a sparse X most sources of the first layer have no signal.

In a batch where a source is 0 throughout, the solver still moves its links, by momentum
and decay. Doing that at once would cost a sweep over all links for each batch. It is
put off until the source is present again, and then made up for: with SGD in passing, by
one linear map whatever the number of steps, with other solvers step by step. The
weights are those of the dense computation, but for rounding.
"""

import numpy as np

from sklearn_set._builds import _fast
from sklearn_set._solvers import STEP_DTYPE, waiting_powers

# Steps after which all sources are brought up to date.
MAX_STEPS = 1024


class DeferredSteps:
    """What the sources of a layer still owe.

    Parameters
    ----------
    links : Links
        The layer's arrays, which `wake` changes in place.
    n_threads : int
        Threads for each kernel.
    """

    def __init__(self, links, n_threads):
        n_in = links.indptr.size - 1
        self._links = links
        self._n_threads = n_threads
        self._all = np.arange(n_in, dtype=np.int32)
        self.seen = np.zeros(n_in, dtype=np.int32)  # each source's last step
        self._clock = 0  # steps made since all were up to date
        self._steps = np.empty(MAX_STEPS, dtype=STEP_DTYPE)
        self._powers = None  # of one step, instead of the list, if it is linear
        self._powers_of = None
        self.squares = np.empty(n_in)  # sum of squared weights when last up to date
        self.wake(self._all)

    def wake(self, sources):
        """Bring sources up to date.

        Parameters
        ----------
        sources : ndarray of shape (n_sources,), dtype int32
            Without repetitions.
        """
        indptr, _, weights, state = self._links
        _fast.flush_pending(
            sources, self._powers, self._steps, self._clock, self.seen, indptr, weights,
            state, self.squares, self._n_threads,
        )  # fmt: skip

    def owed(self, sources=None):
        """Say what sources owe; what the kernels cannot make up for is settled.

        Parameters
        ----------
        sources : ndarray of shape (n_sources,), dtype int32, default=None
            Those about to be used; None if they have been given before.

        Returns
        -------
        powers : ndarray of shape (MAX_STEPS, 4) or None
            What as many steps as a source has missed do to weight and velocity; None if
            the weights of `sources` are up to date.
        clock : int
            Number of steps made.
        seen : ndarray of shape (n_in,), dtype int32
            Each source's last step.
        """
        if sources is not None and self._powers is None:
            self.wake(sources)
        return self._powers, self._clock, self.seen

    def settle(self):
        """Bring all sources up to date."""
        self.wake(self._all)
        self.seen[:] = 0
        self._clock = 0

    def start(self, step):
        """Make ready for a step, which `finish` counts.

        Parameters
        ----------
        step : ndarray of shape (1,), dtype STEP_DTYPE
            The solver's coefficients.
        """
        if self._clock + 1 >= MAX_STEPS:
            self.settle()
        waiting = step.copy()
        waiting["gradient_scale"] = 0.0  # of a gradient of 0 it does not matter
        if waiting.tobytes() != self._powers_of:
            self._change(step, waiting)
        if self._powers is None:
            self._steps[self._clock] = step[0]

    def _change(self, step, waiting):
        """Take up a step that is not the last one's; powers are those of one step."""
        powers = waiting_powers(step, MAX_STEPS)
        if powers is not None:
            self.settle()
            self._powers, self._powers_of = powers, waiting.tobytes()

    def finish(self):
        """Count the step that `start` announced."""
        self._clock += 1
