"""What differs between versions of scikit-learn, and its private helpers with types.

All versions from 1.7 are supported; some features need a newer one.
"""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import sklearn
from sklearn.base import _fit_context
from sklearn.utils._param_validation import validate_params

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for scikit-learn's class, without callbacks."""

        def set_callbacks(self, *callbacks: Any) -> NoReturn:
            """Say that this needs a newer scikit-learn.

            Parameters
            ----------
            *callbacks : callback instances
                Not used.

            Raises
            ------
            NotImplementedError
                Always.
            """
            raise NotImplementedError(
                "set_callbacks needs scikit-learn 1.9 or newer; version "
                f"{sklearn.__version__} is installed."
            )


# Whether this scikit-learn has callbacks.
HAS_CALLBACKS = hasattr(CallbackSupportMixin, "_init_callback_context")

try:
    from sklearn.utils._repr_html.fitted_attributes import AttrsDict
except ImportError:  # before 1.9, whose HTML has no table of fitted attributes
    AttrsDict = object

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
