"""Which inputs keep their connections, and the samples that judge it."""

import numpy as np


class InputSelection:
    """The living inputs of a network while an evolution rule looks for the best ones.

    It belongs to the training state, so that inputs that have lost all connections get
    none in later calls either.

    Attributes
    ----------
    living : ndarray of shape (n_features,), dtype bool, or None
        The inputs that may have connections; None for all.
    is_over : bool
        Whether the inputs no longer change. Then the withheld samples are trained on.
    withheld : ndarray of shape (n_withheld,), dtype intp
        The samples that judge the inputs, and are not trained on; empty if there are
        none, or the selection is over.
    best_losses : ndarray of shape (n_withheld,) or None
        The losses of the withheld samples with the best inputs so far.
    best_living : ndarray of shape (n_features,), dtype bool, or None
        Those inputs.
    n_missing : int
        Connections for which the living inputs have had no positions.
    n_worse : int
        How often in a row the loss was worse than that.
    """

    NONE = np.empty(0, dtype=np.intp)

    def __init__(self):
        self.living = None
        self.is_over = False
        self.withheld = self.NONE
        self.best_losses = self.best_living = None
        self.n_missing = self.n_worse = 0

    def begin(self, withheld):
        """Withhold samples, unless the selection is over.

        Losses of other samples do not compare with theirs: the inputs are judged anew,
        unless a fit resumes, with the samples that it withheld before.
        """
        if not np.array_equal(withheld, self.withheld):
            self.best_losses, self.n_worse = None, 0
        self.withheld = self.NONE if self.is_over else withheld

    def judge(self, losses):
        """Compare the losses of the withheld samples with the lowest so far.

        They are worse if their mean is larger by more than its standard error.

        Parameters
        ----------
        losses : ndarray of shape (n_withheld,)
            With the inputs that are living now.
        """
        if self.best_losses is None or losses.mean() < self.best_losses.mean():
            self.best_losses, self.best_living = losses, self.living.copy()
        differences = losses - self.best_losses
        error = differences.std() / np.sqrt(differences.size)
        self.n_worse = self.n_worse + 1 if differences.mean() > error else 0

    def finish(self):
        """Go back to the best inputs, if they were judged, and leave them as they are.

        Inputs that come back get connections as the layer grows.
        """
        if self.best_living is not None:
            self.living = self.best_living
        self.is_over, self.withheld = True, self.NONE
        self.best_losses = self.best_living = None

    def copy(self):
        """Return an independent copy, without `withheld`, which belongs to one call."""
        new = InputSelection()
        vars(new).update(vars(self), withheld=self.NONE)
        new.living = None if self.living is None else self.living.copy()
        return new

    @property
    def fraction_living(self):
        """Fraction of the inputs that may have connections."""
        return 1.0 if self.living is None else float(self.living.mean())
