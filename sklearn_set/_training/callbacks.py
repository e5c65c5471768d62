"""scikit-learn's callbacks: a fit is one task, with one subtask for each epoch."""

from typing import Any

from sklearn_set._utils.compat import HAS_CALLBACKS


class Callback:
    """The methods of scikit-learn's callback protocol: they do nothing.

    The base of this package's callbacks, which override what they need.
    """

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing.

        Parameters
        ----------
        estimator : estimator
            That is about to be fitted.
        context : CallbackContext
            Of its fit.
        """

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing.

        Parameters
        ----------
        estimator : estimator
            That has been fitted.
        context : CallbackContext
            Of its fit.
        """

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing.

        Parameters
        ----------
        estimator : estimator
            That is being fitted.
        context : CallbackContext
            Of the task.
        """

    def on_fit_task_end(self, estimator: Any, context: Any) -> Any:
        """Do nothing.

        Parameters
        ----------
        estimator : estimator
            That is being fitted.
        context : CallbackContext
            Of the task.
        """


class FitCallbacks:
    """Calls an estimator's callbacks at the beginning and the end of fit and epochs.

    Parameters
    ----------
    estimator : estimator
        The estimator that is being fitted.
    n_epochs : int
        The maximum number of epochs.
    X, y, metadata
        The training data that callbacks see; callables are called if one asks for it.
    """

    def __init__(self, estimator, n_epochs, X, y, metadata):
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
        self._fit.call_on_fit_task_begin(**self._data)
        self._epoch = None

    def begin_epoch(self):
        """Call the callbacks at the beginning of an epoch."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self, fitted_attributes):
        """Call the callbacks at the end of an epoch.

        Parameters
        ----------
        fitted_attributes : callable
            Returns copies of the fitted attributes as they are now.

        Returns
        -------
        stop : bool
            Whether a callback asks to stop training.
        """
        return self._epoch.call_on_fit_task_end(
            **self._data, reconstruction_attributes=fitted_attributes
        )

    def finish(self):
        """Call the callbacks at the end of the fit; the estimator is fitted."""
        self._fit.call_on_fit_task_end(**self._data, reconstruction_attributes={})


class NoCallbacks:
    """Stands in for FitCallbacks where there are none, as in `partial_fit`."""

    def begin_epoch(self):
        """Do nothing."""

    def end_epoch(self, fitted_attributes):
        """Never stop."""
        return False

    def finish(self):
        """Do nothing."""


def fit_callbacks(estimator, n_epochs, X, y, metadata):
    """Return the callbacks of a fit; none before scikit-learn 1.9.

    Parameters
    ----------
    estimator, n_epochs, X, y, metadata
        As for FitCallbacks.
    """
    if not HAS_CALLBACKS:
        return NoCallbacks()
    return FitCallbacks(estimator, n_epochs, X, y, metadata)
