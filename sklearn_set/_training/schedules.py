"""Learning-rate schedules: the factor of the initial learning rate in each epoch.

A new one is a class here with `factor`, entered in ``SCHEDULES`` by name. The rate is
constant within an epoch.
"""

import math
from typing import NamedTuple

# 'adaptive' divides the rate by CUT, and stops training at LEAST_RATE.
CUT = 5.0
LEAST_RATE = 1e-6


def half_cosine(progress):
    """Return the factor that falls from 1 to 0 as `progress` goes from 0 to 1."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


class TrainingProgress(NamedTuple):
    """How far training has come when an epoch begins."""

    epoch: int  # counted from 0
    n_epochs: int  # planned in all
    n_samples: int  # training samples used so far
    n_cuts: int  # how often 'adaptive' has cut the learning rate

    @property
    def fraction(self):
        """Fraction of the planned epochs that are done, below 1."""
        return min(self.epoch, self.n_epochs - 1) / self.n_epochs


class Constant:
    """The initial rate in all epochs."""

    is_cut = False  # whether the rate is cut, instead of stopping, without improvement
    runs_to_end = False  # whether the training loss does not stop training

    @classmethod
    def from_estimator(cls, estimator):
        """Return the schedule with the parameters of an estimator."""
        return cls()

    def factor(self, progress):
        """Return the factor of the initial learning rate for the next epoch."""
        return 1.0


class InvScaling(Constant):
    """``1 / (t + 1) ** power_t`` after t training samples, as in scikit-learn.

    Parameters
    ----------
    power_t : float
        The exponent.
    """

    def __init__(self, power_t):
        self.power_t = power_t

    @classmethod
    def from_estimator(cls, estimator):
        """Return the schedule with the parameters of an estimator."""
        return cls(estimator.power_t)

    def factor(self, progress):
        """Return the factor of the initial learning rate for the next epoch."""
        if not progress.n_samples:
            return 1.0
        try:
            return 1.0 / (progress.n_samples + 1) ** float(self.power_t)
        except OverflowError:
            return 0.0


class Adaptive(Constant):
    """Divide the rate by 5 each time that nothing improves, as in scikit-learn."""

    is_cut = True

    def factor(self, progress):
        """Return the factor of the initial learning rate for the next epoch."""
        return CUT**-progress.n_cuts


class Cosine(Constant):
    """Half a cosine from 1 to almost 0 (Loshchilov and Hutter 2017, arXiv 1608.03983).

    The factor is ``(1 + cos(pi * progress)) / 2``. What is learned while the rate falls
    would be lost if the training loss stopped training before.
    """

    runs_to_end = True

    def factor(self, progress):
        """Return the factor of the initial learning rate for the next epoch."""
        return half_cosine(progress.fraction)


SCHEDULES = {
    "adaptive": Adaptive,
    "constant": Constant,
    "cosine": Cosine,
    "invscaling": InvScaling,
}
