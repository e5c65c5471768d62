"""What each epoch measured, and whether that was an improvement."""

import copy

import numpy as np


class History:
    """Curves of the metrics, validation scores, and the best of them.

    Attributes
    ----------
    curves : dict of str to list of float
        The metrics of all epochs, by name.
    validation_scores : list of float or None
        None as long as nothing has been scored.
    best_loss, best_validation_score : float or None
        The lowest training loss and the highest validation score of the last fit.
    n_no_improvement : int
        Epochs in a row without an improvement of what the stopping rule monitors.
    """

    def __init__(self):
        self.curves = {}
        self.validation_scores = self.best_validation_score = None
        self.best_loss = None
        self.n_no_improvement = 0

    def copy(self):
        """Return an independent copy."""
        history = copy.copy(self)
        history.curves = {name: curve.copy() for name, curve in self.curves.items()}
        if self.validation_scores is not None:
            history.validation_scores = self.validation_scores.copy()
        return history

    def begin_fit(self):
        """Start new counts: earlier fits are no measure of this one."""
        self.best_loss = self.best_validation_score = None
        self.n_no_improvement = 0

    def record(self, metrics):
        """Append the metrics of an epoch."""
        for name, value in metrics.items():
            self.curves.setdefault(name, []).append(value)

    def record_score(self, score):
        """Append a validation score; return the best one before it."""
        if self.validation_scores is None:
            self.validation_scores = []
        best = self.best_validation_score
        best = -np.inf if best is None else best
        self.validation_scores.append(score)
        self.best_validation_score = score if score > best else best
        return best

    def compare_loss(self, tol):
        """Count an improvement if the loss is `tol` or more below the lowest so far."""
        loss, best = self.curves["loss"][-1], self.best_loss
        self.count(loss <= best - tol)
        self.best_loss = min(best, loss)

    def count(self, is_improvement):
        """Count the epochs in a row without improvement."""
        self.n_no_improvement = 0 if is_improvement else self.n_no_improvement + 1
