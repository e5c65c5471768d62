"""Callbacks for `set_callbacks`, besides those of :mod:`sklearn.callback`."""

import os

from sklearn_set._training.callbacks import Callback

__all__ = ["Checkpoint"]


class Checkpoint(Callback):
    """Callback that saves a fit to a file, from which the fit resumes if it is killed.

    Set it with ``estimator.set_callbacks(Checkpoint(path))``. If the file exists when
    `fit` is called, training resumes after the last epoch that was saved. The resulting
    model is the same, bit for bit, as without the interruption. To resume, run the same
    script again. The file is removed at the end of `fit`, but kept after an interrupt
    by the user (Ctrl-C).

    Parameters
    ----------
    path : str or path-like
        The file; its folder must exist. Each fit needs a file of its own: do not share
        one between the fits of a search or of an ensemble.

    every : int, default=1
        Number of epochs between two saves.

    See Also
    --------
    sklearn_set.inspection.TopologyRecorder : Records the connections during a fit.

    Notes
    -----
    Each save writes a temporary file and then renames it, so that the checkpoint is
    complete at any time. It contains the weights, the state of the solver, the random
    streams, counters and curves, and with early stopping the best weights. It is a
    pickle: do not load a file from an untrusted source.

    `fit` raises an error, before any training, if the file was written with other
    parameters, other data or another version. The data are compared by a hash.

    After a resume, other callbacks are called for the remaining epochs only.
    `partial_fit` has no callbacks: save the estimator with joblib between its calls.

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
