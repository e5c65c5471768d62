"""The layers of a fitted model: their connections, degrees and strengths."""

from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from sklearn_set._training.estimator import SETEstimator
from sklearn_set._utils.checks import checked_coef
from sklearn_set._utils.types import Array


def weight_matrices(estimator: SETEstimator) -> list[csr_array]:
    """Return the weights of each layer, from the input to the output.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    Returns
    -------
    coefs : list of csr_array of shape (n_in, n_out)
        The perceptrons' `coefs_`; of an RBM ``components_.T``, from the
        visible to the hidden units.

    Raises
    ------
    TypeError
        If it is another kind of estimator.
    ValueError
        If a matrix has been changed such that it is no valid CSR matrix.
    """
    if not hasattr(estimator, "_weight_matrices"):
        raise TypeError(
            "estimator must be a SETMLPClassifier, SETMLPRegressor or SETRBM, got a "
            f"{type(estimator).__name__}. Pass the step of a Pipeline, such as "
            "pipeline[-1], or the best_estimator_ of a search."
        )
    check_is_fitted(estimator)
    weights = [_checked(W) for W in estimator._weight_matrices()]
    for first, second in pairwise(weights):
        if first.shape[1] != second.shape[0]:
            raise ValueError(
                "The weight matrices of the model do not fit each other: their shapes "
                f"are {[W.shape for W in weights]}. Fit it again."
            )
    return weights


def _checked(W):
    """Return a weight matrix as a csr_array; W may be the transpose of one.

    Checked in full first, because SciPy's loops would crash if it had been changed.
    """
    if getattr(W, "format", None) == "csc":
        return csr_array(checked_coef(W.T).T)
    return csr_array(checked_coef(W))


def pattern(coef):
    """Return the positions of the connections of a layer as ones."""
    ones = np.ones(coef.nnz, dtype=np.float32)
    return csr_array((ones, coef.indices, coef.indptr), shape=coef.shape)


def degrees(estimator: SETEstimator) -> list[Bunch]:
    """Count the connections of each unit.

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    Returns
    -------
    layers : list of Bunch
        For each layer of connections ``out_degree``, an array of shape (n_in,): the
        number of connections that start at each unit before it, and ``in_degree``, of
        shape (n_out,): the number that end at each unit after it.
    """
    return [
        Bunch(
            out_degree=np.diff(coef.indptr),
            in_degree=np.bincount(coef.indices, minlength=coef.shape[1]),
        )
        for coef in weight_matrices(estimator)
    ]


def input_strength(estimator: SETEstimator) -> Array:
    """Sum up the magnitudes of each input feature's weights.

    Called "neuron strength" by Atashgahi et al. (2022, Machine Learning 111:377).

    Parameters
    ----------
    estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
        Fitted.

    Returns
    -------
    strength : ndarray of shape (`n_features_in_`,)
        The perceptrons' `feature_importances_` are the same, normalised.
    """
    return np.abs(weight_matrices(estimator)[0]).sum(axis=1)
