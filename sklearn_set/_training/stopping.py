"""When training stops because nothing improves: MLPClassifier's rule."""

import numpy as np

from sklearn_set._training.schedules import CUT, LEAST_RATE


class StoppingRule:
    """Monitors the training loss, the validation score, or nothing.

    Parameters
    ----------
    monitors : {"loss", "validation_score", None}
        What must improve.
    tol : float
        By how much.
    n_iter_no_change : int or inf
        Epochs in a row that may pass without an improvement.
    verbose : bool, default=False
        Whether to print why training stops.
    """

    LABELS = {"loss": "Training loss", "validation_score": "Validation score"}

    def __init__(self, monitors, tol, n_iter_no_change, verbose=False):
        self.monitors = monitors
        self.tol = tol
        self._n_iter_no_change = n_iter_no_change
        self._verbose = verbose

    def begin(self, history):
        """Set the best loss, which is compared only if it is monitored."""
        if self.monitors != "loss":
            history.best_loss = None
        elif history.best_loss is None:
            history.best_loss = np.inf

    def is_met(self, state, schedule, rate):
        """Whether to stop; the schedule 'adaptive' cuts the learning rate instead.

        Parameters
        ----------
        state : TrainingState
            Its count of epochs without improvement starts again after a cut.
        schedule : Schedule
            Of the learning rate.
        rate : float
            The learning rate of the epoch that has ended.
        """
        if state.history.n_no_improvement <= self._n_iter_no_change:
            return False
        if not schedule.is_cut:
            self._print("Stopping.")
            return True
        if rate <= LEAST_RATE:
            self._print("Learning rate too small. Stopping.")
            return True
        self._print(f"Setting learning rate to {rate / CUT:f}")
        state.n_cuts += 1
        state.history.n_no_improvement = 0
        return False

    def _print(self, consequence):
        if self._verbose:
            print(
                f"{self.LABELS[self.monitors]} did not improve more than "
                f"tol={self.tol:f} for {self._n_iter_no_change} consecutive epochs. "
                f"{consequence}"
            )
