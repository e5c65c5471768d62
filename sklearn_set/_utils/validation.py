"""scikit-learn's validation of data, with errors that name what is wrong."""

import re
from contextlib import contextmanager

from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

NO_Y = "no_validation"  # scikit-learn's default
ERRORS = TypeError, ValueError, OverflowError


def validated(estimator, X, y=NO_Y, *, names=("X", "y"), **options):
    """Validate X, or X and y; for parameters see scikit-learn's `validate_data`.

    Parameters
    ----------
    estimator, X, y, options
        Passed to `validate_data`.
    names : (str, str), default=("X", "y")
        What X and y are called in messages.

    Raises
    ------
    TypeError, ValueError
        If they are not valid. The message names the one that is not.
    """
    _refuse_dates(X, names[0])
    try:
        return validate_data(estimator, X, y, **options)
    except ERRORS as error:
        if re.search(rf"\b({'|'.join(names)})\b|inconsistent numbers", str(error)):
            raise
        has_y = not (isinstance(y, str) and y == NO_Y)
        is_y = has_y and _is_valid(X, options)
        raise _named(names[is_y], error) from error


def validated_array(X, **options):
    """Validate X alone, as `validated` does; see scikit-learn's `check_array`."""
    _refuse_dates(X, "X")
    with naming("X"):
        return check_array(X, **options)


@contextmanager
def naming(name):
    """Name what is wrong in errors that do not."""
    try:
        yield
    except ERRORS as error:
        if re.search(rf"\b{name}\b", str(error)):
            raise
        raise _named(name, error) from error


def _named(name, error):
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"{name} is not valid: {error}")


def _refuse_dates(X, name):
    kind = getattr(getattr(X, "dtype", None), "kind", None)
    if kind in ("m", "M"):
        raise ValueError(
            f"{name} has the dtype {X.dtype}: dates are not numbers. Convert them to "
            "numbers whose scale suits the model."
        )


def _is_valid(X, options):
    try:
        check_array(X, accept_sparse=options["accept_sparse"], dtype=options["dtype"])
    except ERRORS:
        return False
    return True
