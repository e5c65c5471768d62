"""Learning-rate schedules: by what the first rate is multiplied in an epoch.

A new one is a class here with `factor`, entered in ``SCHEDULES`` by name. The rate
stays the same within an epoch.
"""

import math
from typing import NamedTuple

# By what 'adaptive' divides the rate, and the rate at which it gives up.
CUT = 5.0
LEAST_RATE = 1e-6


def half_cosine(progress):
    """Return the factor that falls from 1 to 0 as `progress` goes from 0 to 1."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


class Moment(NamedTuple):
    """How far training has come."""

    epoch: int  # that is about to begin, counted from 0
    n_epochs: int  # that are to be made
    t: int  # training samples that have been used
    n_cuts: int  # how often the loss or the score has stopped improving

    @property
    def progress(self):
        """Share of the epochs that are done, below 1."""
        return min(self.epoch, self.n_epochs - 1) / self.n_epochs


class Constant:
    """The first rate throughout."""

    is_cut = False  # whether the rate, instead of training, ends when stuck

    def factor(self, moment):
        """Return the factor of ``learning_rate_init`` for the epoch to come."""
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

    def factor(self, moment):
        """Return the factor of ``learning_rate_init`` for the epoch to come."""
        return 1.0 / (moment.t + 1) ** self.power_t if moment.t else 1.0


class Adaptive(Constant):
    """A fifth of the rate each time that training is stuck, as in scikit-learn."""

    is_cut = True

    def factor(self, moment):
        """Return the factor of ``learning_rate_init`` for the epoch to come."""
        return CUT**-moment.n_cuts


class Cosine(Constant):
    """Half a cosine from 1 to almost 0 (Loshchilov and Hutter 2017, arXiv 1608.03983).

    The factor is ``(1 + cos(pi * progress)) / 2``.
    """

    def factor(self, moment):
        """Return the factor of ``learning_rate_init`` for the epoch to come."""
        return half_cosine(moment.progress)


SCHEDULES = {
    "adaptive": lambda own: Adaptive(),
    "constant": lambda own: Constant(),
    "cosine": lambda own: Cosine(),
    "invscaling": lambda own: InvScaling(own.power_t),
}
