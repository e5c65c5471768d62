"""Estimators that the workers of a Dask cluster train together.

They need the packages of ``pip install "sklearn_set[dask]"``.
"""

try:
    import distributed  # noqa: F401
except ImportError as error:
    raise ImportError(
        'sklearn_set.dask needs Dask: pip install "sklearn_set[dask]".'
    ) from error

from sklearn_set._dask.perceptrons import DaskSETMLPClassifier, DaskSETMLPRegressor
from sklearn_set._dask.rbm import DaskSETRBM

__all__ = ["DaskSETMLPClassifier", "DaskSETMLPRegressor", "DaskSETRBM"]
