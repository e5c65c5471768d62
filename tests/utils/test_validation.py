"""Errors of scikit-learn's validation, and what they are about."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from sklearn_set._utils.validation import naming, validated, validated_array

X = np.arange(12.0).reshape(4, 3)
OPTIONS = {"accept_sparse": "csr", "dtype": np.float64}
BAD = {
    "dict": ({}, TypeError),
    "dates": (X.astype("datetime64[s]"), ValueError),
    "complex": (1j * X, ValueError),
    "too large": ([[10**400]] * 4, ValueError),
    "dimensions": (X[..., None], ValueError),
}


@pytest.mark.parametrize("bad, kind", BAD.values(), ids=BAD)
def test_errors_name_X(bad, kind):
    with pytest.raises(kind, match=r"\bX\b"):
        validated(BaseEstimator(), bad, **OPTIONS)
    with pytest.raises(kind, match=r"\bX\b"):
        validated(BaseEstimator(), bad, np.zeros(4), **OPTIONS)
    with pytest.raises(kind, match=r"\bX_val\b"):
        validated(
            BaseEstimator(), bad, np.zeros(4), names=("X_val", "y_val"), **OPTIONS
        )
    with pytest.raises(kind, match=r"\bX\b"):
        validated_array(bad, **OPTIONS)


@pytest.mark.parametrize("bad", [3, "text", 1j * X[:, 0], X[..., None], [[1], [1, 2]]])
def test_errors_name_y(bad):
    with pytest.raises((TypeError, ValueError), match=r"\by\b"):
        validated(BaseEstimator(), X, bad, multi_output=True, **OPTIONS)
    with pytest.raises((TypeError, ValueError), match=r"\by_val\b"):
        validated(
            BaseEstimator(), X, bad, names=("X_val", "y_val"), multi_output=True,
            **OPTIONS,
        )  # fmt: skip


def test_what_is_named_already_stays():
    with pytest.raises(ValueError, match="^Input X contains NaN"):
        validated(BaseEstimator(), np.nan * X, **OPTIONS)
    with pytest.raises(ValueError, match="^y is wrong$"), naming("y"):
        raise ValueError("y is wrong")
    with pytest.raises(ValueError, match="^y is not valid: wrong$"), naming("y"):
        raise ValueError("wrong")
