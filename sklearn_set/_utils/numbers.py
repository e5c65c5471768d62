"""Numbers that users pass."""

from numbers import Integral, Number, Real

import numpy as np


def python_number(value):
    """Return a number as Python's int or float; anything else as it is.

    NumPy's numbers keep their type in arithmetic: integers of few bits overflow.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def is_unknown_number(value):
    """Whether a number is of a kind that NumPy does not know, or not real."""
    is_known = isinstance(value, int | float | np.integer | np.floating)
    return isinstance(value, Number) and not is_known


def as_list(values):
    """Return the elements of an ordered collection as Python's, or None.

    Parameters
    ----------
    values : object
        A list, tuple, range or array; a set or a dict has no order.

    Returns
    -------
    values : list or None
    """
    if isinstance(values, np.ndarray):
        values = values.tolist() if values.ndim else None
    is_ordered = hasattr(values, "__len__") and hasattr(values, "__getitem__")
    if not is_ordered or isinstance(values, str | dict):
        return None
    return [python_number(value) for value in values]
