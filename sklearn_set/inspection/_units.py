"""Units without effect."""

import numpy as np
from sklearn.utils import Bunch

from sklearn_set._training.estimator import SETEstimator
from sklearn_set._utils.types import Matrix
from sklearn_set.inspection._layers import weight_matrices


def idle_units(estimator: SETEstimator, X: Matrix | None = None) -> list[Bunch]:
    """Find the hidden units that have no effect on the outputs.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Samples for which the outputs of the units are compared.

    Returns
    -------
    layers : list of Bunch
        For each hidden layer ``dead``, a boolean array of shape (n_units,): units
        without incoming or without outgoing connections; and ``silent``, units whose
        output is the same for all samples of X, or None without X.
    """
    coefs = weight_matrices(estimator)
    has_input = [np.bincount(c.indices, minlength=c.shape[1]) > 0 for c in coefs]
    has_output = [np.diff(c.indptr) > 0 for c in coefs[1:]]
    if len(coefs) == 1 and not hasattr(estimator, "coefs_"):  # an RBM
        has_output = [True]
    dead = [~(a & b) for a, b in zip(has_input, has_output, strict=False)]
    silent = [None] * len(dead) if X is None else _silent(estimator, X)
    return [Bunch(dead=d, silent=s) for d, s in zip(dead, silent, strict=True)]


def _silent(estimator, X):
    """Return which units of each hidden layer have the same output for all of X."""
    batches = [
        [(out.min(axis=1), out.max(axis=1)) for out in outputs]
        for outputs in estimator._hidden_outputs(X)
    ]
    layers = [np.array(ranges) for ranges in zip(*batches, strict=True)]
    return [r[:, 0].min(axis=0) == r[:, 1].max(axis=0) for r in layers]
