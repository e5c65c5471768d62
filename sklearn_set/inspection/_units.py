"""Units that take no part."""

import numpy as np
from sklearn.utils import Bunch

from sklearn_set.inspection._layers import weight_matrices


def idle_units(estimator, X=None):
    """Find the hidden units that do nothing.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Samples to watch the units by.

    Returns
    -------
    layers : list of Bunch
        For each hidden layer ``dead``, a boolean array of shape (n_units,): units
        without links to one of the sides; and ``silent``, units whose output is the
        same for all samples of X, or None without them.
    """
    coefs = weight_matrices(estimator)
    has_input = [np.bincount(c.indices, minlength=c.shape[1]) > 0 for c in coefs]
    has_output = [np.diff(c.indptr) > 0 for c in coefs[1:]]
    if len(coefs) == 1 and not hasattr(estimator, "coefs_"):  # a Boltzmann machine
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
    of_layers = [np.array(layer) for layer in zip(*batches, strict=True)]
    return [own[:, 0].min(axis=0) == own[:, 1].max(axis=0) for own in of_layers]
