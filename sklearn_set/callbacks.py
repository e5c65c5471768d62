"""Callbacks for `set_callbacks`, besides those of :mod:`sklearn.callback`."""

import os

from sklearn_set._training.callbacks import Callback

__all__ = ["Checkpoint"]


class Checkpoint(Callback):
    """Callback that saves a fit to a file, from which the fit resumes if it is killed.

    Set it with ``estimator.set_callbacks(Checkpoint(path))``. When `fit` is called and
    the file is there, it resumes after the last epoch that was saved, and ends with the
    same model, bit for bit, as if it had not been interrupted. So a script is simply
    run again. When `fit` has come to its end the file is removed; it stays after an
    interrupt by the user (Ctrl-C).

    Parameters
    ----------
    path : str or path-like
        The file; its folder must exist. Each fit needs its own: do not use one for the
        fits of a search or of an ensemble.

    every : int, default=1
        Number of epochs from one save to the next.

    See Also
    --------
    sklearn_set.inspection.TopologyRecorder : Records the connections during a fit.

    Notes
    -----
    The file is written beside and then renamed, so that it is complete at any moment.
    It holds the weights, the state of the solver, the random streams, counters and
    curves, and with early stopping the best weights. It is a pickle: do not use one
    that comes from someone you do not trust.

    `fit` refuses a file that was written with other parameters, other data or by
    another version, before any work is done. The data are compared by a hash.

    Other callbacks are told of the remaining epochs only. `partial_fit` has no
    callbacks: between its calls, save the estimator itself with joblib.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_set import SETMLPClassifier
    >>> from sklearn_set.callbacks import Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = SETMLPClassifier((50,), max_iter=20, tol=0, random_state=0)
    >>> clf = clf.set_callbacks(Checkpoint("iris.checkpoint", every=5))
    >>> clf.fit(X, y).n_iter_  # or, if it is killed, call it again
    20
    """

    # `fit` itself saves and resumes: the callback only asks for it.
    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        self.path = path
        self.every = every
