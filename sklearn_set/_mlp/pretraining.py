"""A first layer that has been pretrained without labels."""

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_set._utils.checks import checked_coef


def pretrained_layer(estimator, X, n_units, seed):
    """Return the weights and hidden biases of a restricted Boltzmann machine.

    Parameters
    ----------
    estimator : estimator
        With `components_` and `intercept_hidden_` when it is fitted, as SETRBM and
        BernoulliRBM are. One that is not fitted yet is cloned and fitted to X.
    X : {ndarray, csr_array} of shape (n_samples, n_features)
        Validated.
    n_units : int
        The size that the layer must have.
    seed : int
        Random state of the clone, if its own is None.

    Returns
    -------
    coef : csr_array of shape (n_features, n_units)
    intercept : ndarray of shape (n_units,)
        Both are copies, in the dtype of X.

    Raises
    ------
    ValueError
        If the estimator does not fit X or `n_units`, or is of another kind.
    """
    fitted = _fitted(estimator, X, seed)
    try:
        components, intercept = fitted.components_, fitted.intercept_hidden_
    except AttributeError as error:
        raise ValueError(
            "init must be a name or a restricted Boltzmann machine such as SETRBM, "
            f"with components_ and intercept_hidden_, got {estimator!r}."
        ) from error
    if components.shape != (n_units, X.shape[1]):
        raise ValueError(
            f"init has {components.shape[0]} hidden units and {components.shape[1]} "
            f"features, where hidden_layer_sizes starts with {n_units} and X has "
            f"{X.shape[1]} features. Make them the same."
        )
    if issparse(components):
        components = checked_coef(components)
    coef = csr_array(components).T.tocsr().astype(X.dtype)
    return coef, np.array(intercept, dtype=X.dtype)


def _fitted(estimator, X, seed):
    try:
        check_is_fitted(estimator)
        return estimator
    except NotFittedError:
        estimator = clone(estimator)
    if estimator.get_params().get("random_state", seed) is None:
        estimator.set_params(random_state=seed)
    with config_context(skip_parameter_validation=False):  # it has not been checked
        return estimator.fit(X)
