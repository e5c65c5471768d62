"""What differs between versions of scikit-learn, and its private helpers with types."""

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.base import _fit_context
from sklearn.utils._param_validation import validate_params

Method = TypeVar("Method", bound=Callable[..., Any])


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]:
    """Return scikit-learn's decorator of `fit`, which keeps the type of the method.

    Parameters
    ----------
    prefer_skip_nested_validation : bool
        Whether estimators that `fit` calls skip their validation.
    """
    return _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)


def checked_params(constraints: dict[str, Any]) -> Callable[[Method], Method]:
    """Return scikit-learn's decorator of a method whose parameters are validated.

    Parameters
    ----------
    constraints : dict
        As `_parameter_constraints` of an estimator.
    """
    return validate_params(constraints, prefer_skip_nested_validation=True)
