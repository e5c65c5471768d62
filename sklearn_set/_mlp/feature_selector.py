"""Selection of features without targets, by a denoising autoencoder."""

from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils._param_validation import Interval, RealNotInt
from sklearn.utils.validation import check_is_fitted

from sklearn_set._mlp.base import BaseSETMLP
from sklearn_set._mlp.regressor import SETMLPRegressor
from sklearn_set._mlp.settings import CONSTRAINTS
from sklearn_set._utils.compat import fit_context
from sklearn_set._utils.mapped import check_mapped
from sklearn_set._utils.types import Array, Matrix, RandomState, Sizes
from sklearn_set._utils.validation import validated

DTYPES = np.float64, np.float32


class UnsupervisedFeatureSelector(SelectorMixin, BaseEstimator):
    """Feature selection without targets, by the weights of a denoising autoencoder.

    An autoencoder with sparse connections, which evolve, learns to reconstruct `X` from
    `X` with Gaussian noise. The importance of a feature is the sum of the magnitudes of
    the weights of its input unit; the most important features are selected [1]_.

    With few hidden units, the selected features are those that have much in common with
    others. With as many units as features or more, each feature can be reconstructed
    from itself, and the importances say little. If there are targets, select with them:
    :class:`~sklearn.feature_selection.SelectFromModel` with a :class:`SETMLPClassifier`
    or a :class:`SETMLPRegressor`.

    Features with a large variance dominate the loss. Standardize them, unless they have
    a common unit in which the variance matters, as pixels have.

    Parameters
    ----------
    n_features_to_select : int, float or None, default=None
        Number of features to select, or if it is a float in (0, 1] their fraction. None
        selects half of the features. It can be changed after `fit`.

    hidden_layer_sizes : int or array-like of shape (n_hidden_layers,), default=20
        Number of units of each hidden layer.

    noise : float, default=0.2
        Standard deviation of the noise, in the unit of `X`. The noise is drawn anew in
        each epoch. To a sparse `X` it is added only where values are stored.

    epsilon : float or None, default=5
        Sparsity parameter: a layer between n_in and n_out units has
        ``min(round(epsilon * (n_in + n_out)), n_in * n_out)`` connections. None means a
        dense network.

    zeta : float, default=0.3
        Fraction of the connections that is dropped and replaced by new ones when the
        network evolves, in [0, 1). Layers with more than 80 % of all possible
        connections do not evolve.

    max_iter : int, default=100
        Number of epochs.

    random_state : int, RandomState instance, default=None
        Determines random number generation for the topology, the weights, the order of
        the samples and the noise. Pass an int for reproducible results across multiple
        function calls.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (`n_features_in_`,)
        Sum of the magnitudes of each feature's weights, normalised to the sum 1.

    loss_curve_ : list of float
        The ith element is the mean training loss of the ith epoch: half the squared
        error, summed over the features.

    n_iter_ : int
        Number of epochs.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during `fit`, if `X` has them and they are all strings.

    See Also
    --------
    SETMLPClassifier : Its `feature_importances_` rank features for given classes.
    sklearn.feature_selection.VarianceThreshold : Removes features of low variance.

    Notes
    -----
    The hidden units have the activation 'tanh'; the outputs are linear. The other
    parameters are the defaults of :class:`SETMLPRegressor`. The autoencoders of [1]_
    have 1000 units, ``epsilon=13`` and ``zeta=0.2``.

    A sparse `X` is never made dense; only the targets of a batch are.

    References
    ----------
    .. [1] Z. Atashgahi, G. Sokar, T. van der Lee, E. Mocanu, D. C. Mocanu, R. Veldhuis
       and M. Pechenizkiy. "Quick and robust feature selection: the strength of
       energy-efficient sparse training for autoencoders". Machine Learning 111, 377
       (2022), arXiv:2012.00560.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_set import UnsupervisedFeatureSelector
    >>> X, _ = load_digits(return_X_y=True)
    >>> selector = UnsupervisedFeatureSelector(20, max_iter=5, random_state=0)
    >>> make_pipeline(StandardScaler(), selector).fit_transform(X).shape
    (1797, 20)
    """

    # In a saved model: the public name, which does not change.
    __module__ = "sklearn_set"

    _parameter_constraints: dict = {
        "n_features_to_select": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        "noise": [Interval(Real, 0, None, closed="left")],
        **{
            name: CONSTRAINTS[name]
            for name in (
                "hidden_layer_sizes", "epsilon", "zeta", "max_iter", "random_state",
            )
        },
    }  # fmt: skip

    feature_importances_: Array
    loss_curve_: list[float]
    n_iter_: int
    n_features_in_: int
    feature_names_in_: Array

    def __init__(
        self, n_features_to_select: float | None = None, *,
        hidden_layer_sizes: Sizes = 20, noise: float = 0.2,
        epsilon: float | None = 5, zeta: float = 0.3, max_iter: int = 100,
        random_state: RandomState = None,
    ) -> None:  # fmt: skip
        self.n_features_to_select = n_features_to_select
        self.hidden_layer_sizes = hidden_layer_sizes
        self.noise = noise
        self.epsilon = epsilon
        self.zeta = zeta
        self.max_iter = max_iter
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Matrix, y: Any = None) -> Self:
        """Train the autoencoder.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.

        y : object, default=None
            Not used.

        Returns
        -------
        self : object
            The fitted selector.

        Raises
        ------
        ValueError
            If the input is not valid, `n_features_to_select` exceeds the number of
            features, or training diverges.
        """
        check_mapped(X, DTYPES)
        X = validated(self, X, accept_sparse="csr", dtype=DTYPES)
        self._n_to_select(X.shape[1])
        autoencoder = self._autoencoder().fit(X, X)
        self.feature_importances_ = autoencoder.feature_importances_
        self.loss_curve_ = autoencoder.loss_curve_
        self.n_iter_ = autoencoder.n_iter_
        return self

    def _autoencoder(self):
        return _Autoencoder(
            hidden_layer_sizes=self.hidden_layer_sizes,
            activation="tanh",
            epsilon=self.epsilon,
            zeta=self.zeta,
            evolution="set",  # "inputs" would remove features: none is without a target
            max_iter=self.max_iter,
            random_state=self.random_state,
            batch_transform=partial(_with_noise, noise=self.noise),
        )

    def _n_to_select(self, n_features):
        """Return how many of `n_features` features are selected, at least one."""
        n = self.n_features_to_select
        if n is None:
            return max(n_features // 2, 1)
        if not isinstance(n, Integral):
            return max(int(n * n_features), 1)
        if n > n_features:
            raise ValueError(
                f"n_features_to_select={n} is more than the {n_features} features of "
                "X. Set a smaller number, or a fraction."
            )
        return n

    def _get_support_mask(self):
        check_is_fitted(self)
        importances = self.feature_importances_
        n_selected = self._n_to_select(importances.size)
        mask = np.zeros(importances.size, dtype=bool)
        mask[np.argsort(-importances, kind="stable")[:n_selected]] = True
        return mask

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class _Autoencoder(SETMLPRegressor):
    """The regressor with the targets X, dense or sparse, validated before."""

    def _validate_input(self, X, y, *, incremental, is_new):
        self.n_features_in_, self.out_activation_ = X.shape[1], "identity"
        return X, X

    def _check_scales(self, X, y):
        BaseSETMLP._check_scales(self, X, y)  # the targets are X, too


def _with_noise(X, rng, noise):
    """Add Gaussian noise to the values of a batch, which may be sparse."""
    values = X.data if issparse(X) else X
    values += noise * rng.standard_normal(values.shape, dtype=values.dtype)
    return X
