"""Warnings that point at the user's line."""

import sys
import warnings

_INTERNAL = ("sklearn", "sklearn_set")


def warn(message, category=UserWarning):
    """Issue a warning as if from the first caller outside this package.

    Parameters
    ----------
    message : str
        What the user reads.
    category : type, default=UserWarning
        The warning's class.
    """
    level, frame = 2, sys._getframe(1)
    while frame and frame.f_globals.get("__name__", "").split(".")[0] in _INTERNAL:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
