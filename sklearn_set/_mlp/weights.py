"""Weights of samples and classes: they say how samples compare.

Multiplied by a constant they mean the same, whatever their size: they are kept relative
to the largest one, which is 1.
"""

from numbers import Real

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.class_weight import compute_class_weight

from sklearn_set._utils.warnings import warn


def relative_weights(weights):
    """Divide weights by the largest one, so that no sum or product of them overflows.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,), dtype float64
        Finite, not negative.

    Returns
    -------
    relative : ndarray of shape (n_samples,), dtype float64
        In [0, 1].
    """
    largest = weights.max(initial=0.0)
    return weights / largest if largest else weights


def warn_if_alone(weights, batch_size):
    """Warn of weights that compare nothing, as each batch consists of one sample.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,) or None
        Weights of the samples that are used.
    batch_size : int
        The number of samples in a batch.
    """
    if weights is not None and batch_size == 1:
        warn(
            "Sample weights are relative within a batch: in batches of one sample they "
            "have no effect. Pass more samples at a time, or raise batch_size."
        )


def check_class_weight(class_weight):
    """Raise ValueError if a weight of a class is not a finite number >= 0.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
        The classifier's parameter.
    """
    if class_weight is None or isinstance(class_weight, str):
        return
    is_list = isinstance(class_weight, list)
    for weights in class_weight if is_list else [class_weight]:
        if not isinstance(weights, dict):
            raise ValueError(
                "class_weight must be 'balanced', a dict, or for a multilabel target a "
                f"list with a dict for each label, got {class_weight!r}."
            )
        for label, weight in weights.items():
            if not (isinstance(weight, Real) and 0 <= weight < np.inf):
                raise ValueError(
                    f"class_weight has the weight {weight!r} for the class {label!r}: "
                    "weights must be finite numbers >= 0."
                )


def with_class_weights(weights, class_weight, y, classes):
    """Multiply the weights of samples by those of their classes.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,) or None
        None if each is 1.
    class_weight : dict, list of dict or "balanced"
        The classifier's parameter, checked.
    y : {ndarray, sparse matrix} of shape (n_samples,) or (n_samples, n_labels)
        Labels, or a multilabel indicator matrix.
    classes : ndarray of shape (n_classes,)
        All labels; not used with an indicator matrix.

    Returns
    -------
    products : ndarray of shape (n_samples,), dtype float64
        Relative to the largest one.

    Raises
    ------
    ValueError
        If `class_weight` does not fit `y`.
    """
    given = np.ones(y.shape[0]) if weights is None else weights
    products = given
    for labels, values, weight in _targets(y, classes, class_weight):
        codes = np.searchsorted(values, labels)
        factors = _class_factors(weight, values, codes, given)
        products = relative_weights(products * relative_weights(factors)[codes])
    return products


def _targets(y, classes, class_weight):
    """Iterate over the targets: labels of the samples, all classes, class weights."""
    is_multilabel = y.ndim == 2
    if isinstance(class_weight, list) != is_multilabel and class_weight != "balanced":
        kind, needed = (
            ("a multilabel y", "a list with a dict for each label")
            if is_multilabel
            else ("labels", "one dict")
        )
        raise ValueError(f"class_weight must be {needed} or 'balanced' for {kind}.")
    if not is_multilabel:
        return [(y, classes, class_weight)]
    n_labels = y.shape[1]
    each = [class_weight] * n_labels if class_weight == "balanced" else class_weight
    if len(each) != n_labels:
        raise ValueError(
            f"class_weight has {len(each)} dicts where y has {n_labels} labels. Give "
            "one for each."
        )
    return (  # one column at a time: all of them are a large matrix
        (column, np.arange(2), weight)
        for column, weight in zip(_columns(y), each, strict=True)
    )


def _columns(y):
    """Iterate over the columns of an indicator matrix, as 0 and 1."""
    y = y.tocsc() if issparse(y) else y
    for k in range(y.shape[1]):
        column = y[:, [k]].toarray().ravel() if issparse(y) else y[:, k]
        yield (column != 0).astype(int)


def _class_factors(class_weight, classes, codes, weights):
    """Return the factor of each class.

    With "balanced" it is such that all classes have the same total weight, those aside
    that have none.
    """
    if class_weight != "balanced":
        values = compute_class_weight(class_weight, classes=classes, y=classes)
        return values.astype(np.float64)
    totals = np.bincount(codes, weights, minlength=classes.size)
    return np.divide(1, totals, out=np.zeros(classes.size), where=totals > 1e-300)
