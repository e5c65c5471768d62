"""The transformer whose features are a perceptron's hidden units."""

from numbers import Integral
from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_is_fitted

from sklearn_set._utils.compat import fit_context
from sklearn_set._utils.types import Array, Matrix


class HiddenFeatures(
    ClassNamePrefixFeaturesOutMixin, MetaEstimatorMixin, TransformerMixin, BaseEstimator
):
    """Transformer whose features are the activations of a perceptron's hidden layer.

    Use it as a step of a pipeline, before another estimator. The perceptron learns the
    features from the targets.

    Parameters
    ----------
    estimator : SETMLPClassifier or SETMLPRegressor
        The perceptron, of which a clone is fitted. To use one that is already fitted,
        wrap it in a :class:`~sklearn.frozen.FrozenEstimator`.

    layer : int, default=-1
        Which hidden layer: 0 is the first, -1 the last.

    Attributes
    ----------
    estimator_ : SETMLPClassifier or SETMLPRegressor
        The fitted perceptron.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during `fit`, if `X` has them and they are all strings.

    See Also
    --------
    SETRBM : Learns features without targets.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> from sklearn_set import HiddenFeatures, SETMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = SETMLPClassifier((50, 20), max_iter=20, random_state=0)
    >>> model = make_pipeline(HiddenFeatures(network), SVC()).fit(X, y)
    >>> model[0].transform(X).shape
    (150, 20)
    """

    __module__ = "sklearn_set"

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "hidden_outputs"])],
        "layer": [Integral],
    }

    def __init__(self, estimator: BaseEstimator, *, layer: int = -1) -> None:
        self.estimator = estimator
        self.layer = layer

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Matrix, y: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Fit a clone of the perceptron.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The targets.

        **fit_params : dict
            Passed to the perceptron's `fit`.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        return self

    def transform(self, X: Matrix) -> Array:
        """Compute the activations of the hidden layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        features : ndarray of shape (n_samples, n_units)
            The activations, one column for each unit.
        """
        check_is_fitted(self)
        return self.estimator_.hidden_outputs(X, self.layer)

    @property
    def n_features_in_(self) -> int:
        """Number of features seen during `fit`."""
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    @property
    def feature_names_in_(self) -> Array:
        """Names of features seen during `fit`."""
        check_is_fitted(self)
        return self.estimator_.feature_names_in_

    @property
    def _n_features_out(self):
        return self.estimator_.coefs_[:-1][self.layer].shape[1]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
