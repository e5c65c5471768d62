"""scikit-learn's callbacks: a fit is one task, with one subtask for each epoch."""


class FitTasks:
    """Tells an estimator's callbacks where its fit is.

    Parameters
    ----------
    estimator : estimator
        That is being fitted.
    n_epochs : int
        The most epochs that there will be.
    X, y, metadata
        What the callbacks get to see; callables are called when one wants it.
    """

    def __init__(self, estimator, n_epochs, X, y, metadata):
        self._about = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
        self._fit.call_on_fit_task_begin(**self._about)
        self._epoch = None

    def begin_epoch(self):
        """Tell that an epoch begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._about)

    def end_epoch(self, attributes):
        """Tell that an epoch has ended.

        Parameters
        ----------
        attributes : callable
            Returns the fitted attributes as they are now.

        Returns
        -------
        stop : bool
            Whether a callback wants training to stop.
        """
        return self._epoch.call_on_fit_task_end(
            **self._about, reconstruction_attributes=attributes
        )

    def finish(self):
        """Tell that the fit has ended."""
        self._fit.call_on_fit_task_end(**self._about, reconstruction_attributes={})


class NoTasks:
    """The same for a call that has no callbacks, such as `partial_fit`."""

    def begin_epoch(self):
        """Do nothing."""

    def end_epoch(self, attributes):
        """Never stop."""
        return False

    def finish(self):
        """Do nothing."""
