"""The perceptron that predicts numbers."""

from collections.abc import Sequence
from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import RegressorMixin
from sklearn.neural_network import MLPRegressor
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_set._export.dense_mlp import dense_regressor
from sklearn_set._mlp.base import BaseSETMLP
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._mlp.targets import NumberTargets
from sklearn_set._training.scales import warn_of_large_values
from sklearn_set._utils.compat import fit_context
from sklearn_set._utils.types import (
    Array,
    BatchTransform,
    Evolution,
    Init,
    Matrix,
    RandomState,
    Rates,
    Scoring,
    Sizes,
)


class SETMLPRegressor(RegressorMixin, BaseSETMLP):
    """Multi-layer perceptron regressor trained by Sparse Evolutionary Training.

    Each layer starts as a sparse random graph. At intervals (`evolve_every`), the
    weakest connections are dropped and the same number of new connections is added at
    random positions [1]_. By default, inputs that do not improve the predictions are
    removed, too. The network has a few percent of the weights of a dense one. Time and
    memory are proportional to the number of connections.

    Targets whose scale is far from 1 should be scaled, for instance by
    `sklearn.compose.TransformedTargetRegressor`.

    Parameters
    ----------
    loss : str, default='squared_error'
        The loss function to minimise, summed over the outputs.

        - 'squared_error' is half the squared error; the model predicts the mean
        - 'absolute_error' is the absolute error; the model predicts the median
        - 'huber' is half the squared error for errors up to `huber_delta`, and linear
          beyond, so that outliers have less influence
        - 'quantile' is the pinball loss; the model predicts the given `quantile`
        - 'poisson' is half the Poisson deviance, with the exponential as output
          activation, for counts and other targets >= 0

    hidden_layer_sizes : int or array-like of shape (n_layers - 2,), default=(1000, 100)
        The ith element is the number of units in the ith hidden layer. Sparse layers
        should be wider than dense ones. The defaults of this and other parameters were
        chosen on 13 data sets (doc/results.md).

    activation : str or list of str, default='relu'
        Activation function of the hidden layers: one for all, or one for each.

        - 'identity' returns f(x) = x
        - 'logistic' returns f(x) = 1 / (1 + exp(-x))
        - 'tanh' returns f(x) = tanh(x)
        - 'relu' returns f(x) = max(0, x)
        - 'leaky_relu' returns f(x) = max(x, 0.01 x)
        - 'elu' returns f(x) = x if x > 0 else exp(x) - 1
        - 'gelu' returns f(x) = x P(Z <= x), for a standard normal Z
        - 'silu' returns f(x) = x / (1 + exp(-x))
        - 'all_relu' returns f(x) = x if x > 0 else a x, where a is 0.6 in the first,
          third, ... hidden layer and -0.6 in the others [3]_
        - 'srelu' is piecewise linear with three pieces; each unit learns the two
          thresholds and the two outer slopes [4]_. The authors of SET use it.

    epsilon : float or None, default=20
        Sparsity parameter: a layer between n_in and n_out units has
        ``min(round(epsilon * (n_in + n_out)), n_in * n_out)`` connections. On average,
        a unit then has at least `epsilon` connections to each adjacent layer, and
        ``2 * epsilon`` between layers of the same size. None means a dense network,
        unless `density` is given.

    density : float, default=None
        Number of connections as a fraction of the weights of the dense network, in (0,
        1]. If given, it replaces `epsilon`. The connections are distributed over the
        layers in proportion to n_in + n_out, as with `epsilon`, except for layers that
        are full.

    zeta : float, default=0.3
        Fraction of the connections that is dropped and replaced by new ones when the
        network evolves. In [0, 1); 0 keeps the random topology fixed. Layers with more
        than 80 % of all possible connections do not evolve.

    evolution : {'inputs', 'set', 'cht', 'rigl', 'fixed'} or rule(s), default='inputs'
        How the network evolves.

        - 'set' drops the smallest positive and the smallest negative weights, and adds
          connections at random positions [1]_
        - 'inputs' is 'set' with a selection of the inputs: from 15 % to 50 % of the
          training, the weakest inputs lose all their connections, as long as the loss
          on a validation set does not increase. The set is a tenth of the training
          samples, which are not trained on for that time. With fewer than 500 samples
          it is 'set' (:class:`~sklearn_set.evolution.InputEvolution`)
        - 'cht' is 'set', except that new connections join units that are already joined
          by many paths of three connections (:class:`~sklearn_set.evolution.CHT`)
        - 'rigl' drops the smallest weights, and adds connections where the gradient of
          the loss on a batch is largest; the dropped fraction decreases from `zeta` to
          0 [5]_
        - 'fixed' keeps the random topology
        - a rule is an object such as ``sklearn_set.evolution.SET(annealed=True)``, or
          an instance of a user-defined class; the rules of a list are applied one after
          the other

    evolve_every : 'auto', int or str, default='auto'
        Number of epochs between two evolutions of the network, or number of batches if
        it is a string such as '100 steps'. 'auto' is the number of batches in an epoch,
        but at least 100 and at most 1000; with fewer, new connections are dropped
        before they can become strong. The network does not evolve after the last epoch.

    init : {'auto', 'he', 'glorot', 'normal'} or estimator, default='auto'
        Standard deviation of the initial weights, which are normally distributed:
        ``sqrt(2 / fan_in)`` for 'he', ``sqrt(2 / (fan_in + fan_out))`` for 'glorot' and
        0.1 for 'normal'. Here fan_in and fan_out are the mean numbers of connections of
        a unit, not the sizes of the layers. 'auto' is 'glorot' for the activations
        'identity', 'logistic' and 'tanh', and 'he' for the others; in an output layer
        whose fan_in is above 100, it is multiplied by ``sqrt(100 / fan_in)``. Biases,
        and the weights of connections that are added later, start at 0.

        An estimator must be a restricted Boltzmann machine, such as :class:`SETRBM`,
        with as many components as the first hidden layer has units. Its connections,
        weights and biases become those of that layer; the other layers are initialized
        as with 'auto'. If it is not fitted, a clone of it is first fitted to the
        training data. As hyper-parameter searches clone it, wrap a fitted one in a
        :class:`~sklearn.frozen.FrozenEstimator` there. Its units are logistic: use the
        activation 'logistic' for the first hidden layer.

    solver : {'sgd', 'adam', 'adamw', 'rmsprop'}, default='adam'
        The solver for weight optimization. When a connection is dropped, so is its
        solver state (such as its momentum).

        - 'sgd' is stochastic gradient descent with momentum; its state is one value for
          each connection
        - 'adam' is the method of Kingma and Ba [2]_; its state is two values
        - 'adamw' is Adam with decoupled weight decay [6]_
        - 'rmsprop' divides by the root of a running mean of squared gradients, with
          Adam's bias correction; its state is one value

    alpha : float, default=0.1
        Strength of the L2 regularization term. The term is divided by the number of
        samples in the batch when added to the loss, or by `batch_size` if there are
        fewer training samples than that. A smaller `batch_size` therefore needs a
        smaller `alpha`. With 'adamw', each step multiplies the weights by
        ``1 - learning_rate * alpha / batch_size`` instead.

    dropout : 'auto', float or list of float, default='auto'
        Fraction of the hidden units that is dropped at random for each sample, in [0,
        1); the others are scaled by ``1 / (1 - dropout)``. A list has a rate for the
        input and for each hidden layer: ``[0.2, 0.5, 0.5]`` for two hidden layers.
        'auto' is 0.5 for the input and 0.3 for the hidden layers of a classifier with
        at least 500 training samples, and otherwise no dropout. When the evolution
        'inputs' has removed inputs, the rate of the input is multiplied by the fraction
        that remains.

    batch_size : int or 'auto', default='auto'
        Size of minibatches. 'auto' is an eighth of the training samples, but at least 8
        and at most 32; up to 32 training samples are one batch. If there are fewer
        samples than `batch_size`, for example in a call of `partial_fit`, all of them
        are one batch.

    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine'}, default='cosine'
        Schedule of the learning rate, which changes between epochs.

        - 'constant' is `learning_rate_init` throughout
        - 'invscaling' is ``learning_rate_init / pow(t + 1, power_t)`` after t training
          samples
        - 'adaptive' divides the rate by 5 each time `n_iter_no_change` epochs bring no
          improvement, and stops training when the rate is below 1e-6
        - 'cosine' decreases along half a cosine, from `learning_rate_init` to almost 0
          in the last of `max_iter` epochs; calls of `partial_fit` count as epochs.
          Without `early_stopping`, all epochs are run

    learning_rate_init : float, default=0.002
        The initial learning rate of a layer whose units have 100 incoming connections.
        In each layer the rate is multiplied by ``min(100 / n, 100)``, where n is the
        mean number of incoming connections of a unit, so that one value suits layers of
        all widths and densities [7]_. With 'sgd', it is also multiplied by
        ``sqrt(n_units / 100)`` in hidden layers, and values such as 0.02 work better
        than the default.

    power_t : float, default=0.5
        The exponent of the learning rate 'invscaling'.

    max_iter : int, default=100
        Maximum number of epochs: how many times each sample is used.

    shuffle : bool, default=True
        Whether to shuffle samples in each epoch.

    random_state : int, RandomState instance, default=None
        Determines random number generation for the topology, the weights, the order of
        the samples, dropout, the validation set and `batch_transform`; each has an
        independent stream. Pass an int for reproducible results across multiple
        function calls.

    tol : float, default=1e-4
        Tolerance for the optimization. When the training loss, or with `early_stopping`
        the validation score, is not improving by at least `tol` for `n_iter_no_change`
        consecutive epochs, training stops, unless `learning_rate` is 'adaptive', or
        'cosine' without `early_stopping`.

    n_iter_no_change : int, default=10
        Maximum number of consecutive epochs without an improvement of at least `tol`;
        ``np.inf`` for no limit.

    early_stopping : bool, default=False
        Whether to stop when the score on a validation set is not improving, and to
        restore the best weights. The set is `X_val` and `y_val` of `fit`, or else a
        random part of the training data, stratified by class.

    validation_fraction : float, default=0.1
        Fraction of the training data to set aside for early stopping, in (0, 1).

    scoring : str or callable, default=None
        How to score the validation set. None uses the method `score`, and 'loss' the
        negative loss; otherwise a name from :ref:`sklearn:scoring_string_names` or a
        callable ``scorer(estimator, X, y)``.

    batch_transform : callable, default=None
        Data augmentation, applied to each training batch: ``batch_transform(X, rng)``
        gets a copy of the rows of the batch, of shape (n_batch, n_features), and a
        `numpy.random.Generator`, and returns an array of the same shape.

    verbose : bool or int, default=False
        Whether to print the loss of each epoch, and the validation score.

    warm_start : bool, default=False
        When set to True, a further call of `fit` continues training with the present
        weights, topology and solver state; otherwise it starts with a new network. For
        the stopping rule, each call starts a new count of epochs and a new best value.

    momentum : float, default=0.9
        Momentum for gradient descent update, in [0, 1]. Only used when solver='sgd'.

    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum. Only used when solver='sgd' and
        momentum > 0.

    beta_1 : float, default=0.9
        Exponential decay rate for estimates of the first moment, in [0, 1). Used by
        'adam' and 'adamw'.

    beta_2 : float, default=0.999
        Exponential decay rate for estimates of the second moment, in [0, 1). Used by
        'adam', 'adamw' and 'rmsprop'.

    adam_epsilon : float, default=1e-8
        Value for numerical stability in 'adam', 'adamw' and 'rmsprop'. Other estimators
        call it `epsilon`, which here is the sparsity parameter.

    quantile : float, default=0.5
        The quantile that is predicted, in (0, 1). Only used when loss='quantile'.

    huber_delta : float, default=1.0
        The loss is squared for errors up to this magnitude, and linear beyond. Only
        used when loss='huber'.

    Attributes
    ----------
    out_activation_ : str
        Activation of the output: 'exp' with the loss 'poisson', else 'identity'.

    coefs_ : list of csr_array of shape (n_in, n_out)
        The ith element holds the weights between layer i and layer i + 1. The list has
        ``n_layers_ - 1`` elements.

    intercepts_ : list of ndarray of shape (n_out,)
        The ith element holds the biases of layer i + 1.

    activations_ : list of str
        The activation of each hidden layer, as used by predictions. Setting
        `activation` after `fit` does not change it.

    activation_parameters_ : list of ndarray of shape (n_parameters, n_units)
        The learned parameters of each hidden layer's activation. With 'srelu', the four
        rows are t_l, a_l, t_r and a_r; the other activations have no parameters.

    feature_importances_ : ndarray of shape (`n_features_in_`,)
        Sum of the magnitudes of each input feature's weights, normalised to the sum 1.
        They are not informative if the first layer does not evolve because it is nearly
        dense, as with few features.

    n_connections_ : int
        Number of connections.

    density_ : float
        `n_connections_` as a fraction of the weights of the dense network.

    loss_ : float
        Mean training loss of the last epoch.

    loss_curve_ : list of float
        The ith element is the mean training loss of the ith epoch.

    best_loss_ : float or None
        The lowest training loss of an epoch of the last fit; None with
        `early_stopping`.

    validation_scores_ : list of float or None
        The score of each epoch on the validation set; None if there was none.

    best_validation_score_ : float or None
        The highest validation score of the last fit.

    n_iter_ : int
        Number of epochs of the last call.

    t_ : int
        Number of training samples seen, counted once in each epoch.

    n_layers_ : int
        Number of layers, the input included.

    n_outputs_ : int
        Number of outputs.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during `fit`, if `X` has them and they are all strings.

    See Also
    --------
    SETMLPClassifier : Sparse multi-layer perceptron classifier.
    sklearn.neural_network.MLPRegressor : The dense counterpart.

    Notes
    -----
    With ``evolve_every=1``, the network evolves after each epoch except the last.
    `partial_fit` and `warm_start` continue the count of epochs and steps.

    A sparse `X` is never made dense: the time for the first layer is proportional to
    the number of non-zeros. If more than about a tenth of `X` is non-zero, a dense `X`
    is faster. The model is the same up to rounding. The reported loss may differ
    slightly: for features that are absent from a batch, its penalty uses the weights
    from the last batch in which they were present.

    A pickle contains the solver's state only after `partial_fit` or with `warm_start`,
    when training may continue. The state is as large as the weights or twice as large.

    References
    ----------
    .. [1] D. C. Mocanu, E. Mocanu, P. Stone, P. H. Nguyen, M. Gibescu and A. Liotta.
       "Scalable training of artificial neural networks with adaptive sparse
       connectivity inspired by network science". Nature Communications 9, 2383 (2018).

    .. [2] D. P. Kingma and J. Ba. "Adam: a method for stochastic optimization".
       International Conference on Learning Representations (2015), arXiv:1412.6980.

    .. [3] S. Curci, D. C. Mocanu and M. Pechenizkiy. "Truly sparse neural networks at
       scale" (2021), arXiv:2102.01732.

    .. [4] X. Jin, C. Xu, J. Feng, Y. Wei, J. Xiong and S. Yan. "Deep learning with
       S-shaped rectified linear activation units". AAAI Conference on Artificial
       Intelligence (2016), arXiv:1512.07030.

    .. [5] U. Evci, T. Gale, J. Menick, P. S. Castro and E. Elsen. "Rigging the lottery:
       making all tickets winners". International Conference on Machine Learning (2020),
       arXiv:1911.11134.

    .. [6] I. Loshchilov and F. Hutter. "Decoupled weight decay regularization".
       International Conference on Learning Representations (2019), arXiv:1711.05101.

    .. [7] N. Dey, S. Bergsma and J. Hestness. "Sparse maximal update parameterization:
       a holistic approach to sparse training dynamics". Advances in Neural Information
       Processing Systems (2024), arXiv:2405.15743.

    Examples
    --------
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_set import SETMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> network = SETMLPRegressor(alpha=1, tol=1e-2, random_state=0)
    >>> reg = make_pipeline(
    ...     StandardScaler(),
    ...     TransformedTargetRegressor(network, transformer=StandardScaler()),
    ... )
    >>> reg.fit(X_train, y_train).score(X_test, y_test) > 0.3
    True
    """

    # In a saved model: the public name, which does not change.
    __module__ = "sklearn_set"

    _parameter_constraints: dict = {
        **BaseSETMLP._parameter_constraints,
        "loss": [StrOptions(set(LOSSES) - {"logistic", "softmax"})],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Sizes = (1000, 100),
        activation: str | Sequence[str] = "relu", *,
        epsilon: float | None = 20, density: float | None = None, zeta: float = 0.3,
        evolution: Evolution = "inputs", evolve_every: int | str = "auto",
        init: Init = "auto", solver: str = "adam", alpha: float = 0.1,
        dropout: Rates = "auto", batch_size: int | str = "auto",
        learning_rate: str = "cosine", learning_rate_init: float = 0.002,
        power_t: float = 0.5, max_iter: int = 100, shuffle: bool = True,
        random_state: RandomState = None, tol: float = 1e-4,
        n_iter_no_change: float = 10, early_stopping: bool = False,
        validation_fraction: float = 0.1, scoring: Scoring = None,
        batch_transform: BatchTransform = None, verbose: int = False,
        warm_start: bool = False, momentum: float = 0.9,
        nesterovs_momentum: bool = True, beta_1: float = 0.9, beta_2: float = 0.999,
        adam_epsilon: float = 1e-8, quantile: float = 0.5, huber_delta: float = 1.0,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.epsilon = epsilon
        self.density = density
        self.zeta = zeta
        self.evolution = evolution
        self.evolve_every = evolve_every
        self.init = init
        self.solver = solver
        self.alpha = alpha
        self.dropout = dropout
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.batch_transform = batch_transform
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.adam_epsilon = adam_epsilon
        self.quantile = quantile
        self.huber_delta = huber_delta
        self.loss = loss

    def _loss_name(self):
        return self.loss

    def _is_stratified(self):
        return False

    def _validate_input(self, X, y, *, incremental, is_new):
        X, y = self._validate(X, y, is_new, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1 and not issparse(y):
            y = column_or_1d(y, warn=True)
        self._check_targets(y)
        self.out_activation_ = LOSSES[self.loss].out_activation
        return X, y

    def _check_scales(self, X, y):
        super()._check_scales(X, y)
        if self.out_activation_ == "identity":
            remedy = (
                "Scale the targets, for instance by TransformedTargetRegressor("
                "regressor=..., transformer=StandardScaler())."
            )
            warn_of_large_values("y", y, remedy)

    def _check_targets(self, y):
        if issparse(y):
            raise ValueError("y is sparse: the values must be dense. Pass y.toarray().")
        if y.dtype.kind not in "biuf":
            raise ValueError(f"y must be numbers, got an array of dtype {y.dtype}.")
        # scikit-learn does not look into objects.
        if not np.isfinite(y).all():
            raise ValueError("y contains NaN or infinity. Remove those samples.")
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(
                "loss='poisson' needs targets y >= 0. Use another loss, or shift y."
            )

    def _targets(self, y, dtype):
        return NumberTargets(y, dtype)

    @fit_context(prefer_skip_nested_validation=False)  # `_fit_copy` validates, too
    def partial_fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Update the model with a single epoch over the given data.

        The network evolves before each call except the first, as it does between the
        epochs of `fit`. For a stream of small pieces use a small `zeta`, or 0 if there
        are few connections. The topology parameters `hidden_layer_sizes`, `epsilon` and
        `density` are those of the first call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples. Only their ratios within a batch
            matter, as in `fit`, not those between calls.

        Returns
        -------
        self : object
            The updated model.

        Raises
        ------
        ValueError
            If the input is not valid, or training diverges.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Matrix) -> Array:
        """Predict values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values.
        """
        outputs = self._outputs(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs

    def score(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination, R², on the given data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true values.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            R² of ``predict(X)``, at most 1.
        """
        check_is_fitted(self)
        sample_weight = self._validate_weights(
            sample_weight, y, ensure_non_negative=False
        )
        return super().score(X, y, sample_weight)

    def to_mlp(self) -> MLPRegressor:
        """Return the dense MLPRegressor of the same function.

        Use it for programs that support scikit-learn's classes only. Its training
        parameters are the defaults.

        Returns
        -------
        mlp : MLPRegressor
            Fitted: it predicts the same up to rounding. It has all weights of the dense
            network, most of them 0.

        Raises
        ------
        ValueError
            If MLPRegressor cannot express the model. It supports one of the activations
            'identity', 'logistic', 'relu' and 'tanh', the same for all hidden layers.
        """
        return dense_regressor(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
