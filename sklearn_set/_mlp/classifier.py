"""The perceptron that predicts classes."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse, vstack
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted

from sklearn_set._export.dense_mlp import dense_classifier
from sklearn_set._layers.batches import stack_batches
from sklearn_set._mlp.base import BaseSETMLP
from sklearn_set._mlp.targets import ClassTargets, LabelTargets
from sklearn_set._mlp.weights import check_class_weight, with_class_weights
from sklearn_set._utils.checks import checked_csr
from sklearn_set._utils.compat import fit_context
from sklearn_set._utils.types import (
    Array,
    BatchTransform,
    ClassWeight,
    Evolution,
    Init,
    Matrix,
    RandomState,
    Rates,
    Scoring,
    Sizes,
)
from sklearn_set._utils.validation import naming

# The kinds of targets that have one class for each sample; the other has labels.
ONE_CLASS = ("binary", "multiclass")


class SETMLPClassifier(ClassifierMixin, BaseSETMLP):
    """Multi-layer perceptron classifier trained by Sparse Evolutionary Training.

    Each layer starts as a sparse random graph. At intervals (`evolve_every`), the
    weakest connections are dropped and the same number of new connections is added at
    random positions [1]_. By default, inputs that do not improve the predictions are
    removed, too. The network has a few percent of the weights of a dense one. Time and
    memory are proportional to the number of connections. The loss is the log-loss.

    Parameters
    ----------
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

    class_weight : dict, list of dict or 'balanced', default=None
        Weights of the classes, as ``{label: weight}``. The weight of a sample is
        multiplied by the weight of its class. 'balanced' gives all classes the same
        total weight. For a multilabel indicator matrix, pass a list with a dict for
        each label.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, or the numbers of the labels of a multilabel target.

    out_activation_ : str
        Activation of the output: 'softmax' for several classes, 'logistic' for two and
        for multilabel targets.

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
    SETMLPRegressor : Sparse multi-layer perceptron regressor.
    SETRBM : Sparse restricted Boltzmann machine, for unsupervised feature learning.
    sklearn.neural_network.MLPClassifier : The dense counterpart.

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
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_set import SETMLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> clf = make_pipeline(
    ...     StandardScaler(), SETMLPClassifier(max_iter=30, random_state=0)
    ... )
    >>> clf.fit(X_train, y_train).score(X_test, y_test) > 0.95
    True
    >>> clf[-1].n_connections_
    44280
    """

    # In a saved model: the public name, which does not change.
    __module__ = "sklearn_set"

    _parameter_constraints: dict = {
        **BaseSETMLP._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
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
        adam_epsilon: float = 1e-8, class_weight: ClassWeight = None,
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
        self.class_weight = class_weight

    _private_fitted = (*BaseSETMLP._private_fitted, "_label_binarizer")

    def _loss_name(self):
        return self.out_activation_

    def _is_stratified(self):
        return self._target_kind() in ONE_CLASS

    def _target_kind(self):
        """Return scikit-learn's name of the kind of targets."""
        return self._label_binarizer.y_type_

    def _validate_input(self, X, y, *, incremental, is_new):
        X, y = self._validate(X, y, is_new)
        with naming("y"):
            if issparse(y) and y.shape[1] == 1:
                raise ValueError("y is one sparse column: pass y.toarray().ravel().")
            check_classification_targets(y)
            if y.ndim == 2:
                y = _column_or_indicators(y)
        if is_new and not incremental:
            self._set_classes(y)
        else:
            self._check_classes(y, incremental)
        return X, y

    def _check_targets(self, y):
        if y.ndim == 2:
            _column_or_indicators(y, "y_val")
        unknown = np.setdiff1d(unique_labels(y), self.classes_)
        if unknown.size:
            raise ValueError(
                f"`y_val` has classes not in `y`, {unknown}. Leave out their rows."
            )

    def _targets(self, y, dtype):
        if y.ndim == 2:
            return LabelTargets(y)
        numbers = np.searchsorted(self.classes_, y).astype(np.int32)
        return ClassTargets(numbers, self.classes_.size)

    def _relative_weights(self, weights, y):
        """Multiply the weights of the samples by those of their classes, if any."""
        weights = super()._relative_weights(weights, y)
        if self.class_weight is None:
            return weights
        return with_class_weights(weights, self.class_weight, y, self.classes_)

    def _check_settings(self, given, *, incremental):
        super()._check_settings(given, incremental=incremental)
        check_class_weight(self.class_weight)
        if incremental and isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which sees a "
                "part of the data only. Pass a dict, such as the result of sklearn's "
                "compute_class_weight('balanced', ...) for all data."
            )

    def _set_classes(self, labels):
        """Set the classes to those of labels or of an indicator matrix."""
        binarizer = LabelBinarizer().fit(labels)
        self._label_binarizer = binarizer
        self.classes_ = binarizer.classes_
        is_multiclass = binarizer.y_type_ == "multiclass"
        self.out_activation_ = "softmax" if is_multiclass else "logistic"

    def _check_classes(self, y, incremental):
        if (y.ndim == 1) != (self._target_kind() in ONE_CLASS):
            raise ValueError(
                "`y` must be the same kind of targets as in the previous call, which "
                f"was {self._target_kind()}; pass "
                + ("one class" if y.ndim == 2 else "an indicator of the labels")
                + " for each sample."
            )
        classes = unique_labels(y)
        if incremental:
            if np.setdiff1d(classes, self.classes_).size:
                raise ValueError(
                    "`y` has classes not in `self.classes_`. `self.classes_` has "
                    f"{self.classes_}; `y` has {classes}. Name all classes in the "
                    "first call to partial_fit."
                )
        elif set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes_}, `y` has "
                f"{classes}."
            )

    @fit_context(prefer_skip_nested_validation=False)  # `_fit_copy` validates, too
    def partial_fit(
        self,
        X: Matrix,
        y: Matrix,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
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

        classes : array of shape (n_classes,), default=None
            Classes across all calls to partial_fit. Required for the first call; `y`
            need not contain all of them. With a multilabel indicator matrix, its column
            numbers.

        Returns
        -------
        self : object
            The updated model.

        Raises
        ------
        ValueError
            If the input is not valid, `y` has a class that is not in `classes`, or
            training diverges.
        """
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def _fit_model(self, original, X, y, *data, incremental, classes=None):
        with naming("classes"):
            is_first = incremental and _check_partial_fit_first_call(self, classes)
        if is_first:
            with naming("y"):
                is_multilabel = type_of_target(y).startswith("multilabel")
            if is_multilabel and not np.array_equal(classes, unique_labels(y)):
                raise ValueError(
                    "`classes` must be the numbers of the columns of a multilabel `y`, "
                    f"{unique_labels(y)}, got {classes!r}."
                )
            self._set_classes(y if is_multilabel else classes)
        return super()._fit_model(original, X, y, *data, incremental=incremental)

    def predict(self, X: Matrix) -> Array:
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : {ndarray, sparse matrix} of shape (n_samples,) or (n_samples, n_classes)
            The predicted classes. With a multilabel target it is an indicator matrix,
            which is sparse (CSR) if the `y` of `fit` was, as in `MLPClassifier`.
        """
        X = self._validate_to_predict(X)
        blocks, kind = self._output_blocks(X), self._target_kind()
        if kind == "multiclass":
            numbers = (outputs.argmax(axis=0) for outputs in blocks)
            return self.classes_[stack_batches(numbers, X.shape[0])]
        if kind == "binary":
            # One class has number 0 whatever the output, which is not trained.
            last = self.classes_.size - 1
            numbers = (last * (outputs[0] > 0.5) for outputs in blocks)
            return self.classes_[stack_batches(numbers, X.shape[0])]
        if not self._label_binarizer.sparse_input_:
            labels = ((outputs > 0.5).astype(int) for outputs in blocks)
            return stack_batches(labels, X.shape[0])
        inverse = self._label_binarizer.inverse_transform
        return vstack([inverse(outputs.T) for outputs in blocks], format="csr")

    def score(
        self, X: Matrix, y: Matrix, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy on the given data and labels.

        With a multilabel target, it is the fraction of samples whose labels are all
        predicted correctly (subset accuracy).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_classes)
            The true labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            The accuracy of ``predict(X)``.
        """
        check_is_fitted(self)
        sample_weight = self._validate_weights(
            sample_weight, y, ensure_non_negative=False
        )
        if self._target_kind() in ONE_CLASS or type_of_target(y) in ONE_CLASS:
            return super().score(X, y, sample_weight)
        # By blocks: the predicted labels of all samples would be a large matrix.
        X = self._validate_to_predict(X)
        with naming("y"):
            y = check_array(y, accept_sparse="csr", dtype=None)
            targets = LabelTargets(_column_or_indicators(y))
        check_consistent_length(X, y)
        if targets.n_outputs != self.n_outputs_:
            raise ValueError(
                f"y has {targets.n_outputs} labels, but the model was fitted with "
                f"{self.n_outputs_}."
            )
        matches, start = np.empty(X.shape[0], dtype=bool), 0
        for outputs in self._output_blocks(X):
            rows = np.arange(start, start + outputs.shape[1])
            matches[rows] = ((outputs > 0.5) == targets.batch(rows)).all(axis=0)
            start += rows.size
        return accuracy_score(
            np.ones_like(matches), matches, sample_weight=sample_weight
        )

    def predict_proba(self, X: Matrix) -> Array:
        """Probability estimates.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y_prob : ndarray of shape (n_samples, n_classes)
            The predicted probability of the sample for each class in the model, where
            classes are ordered as they are in `self.classes_`. With a multilabel
            target, the probability that each label holds. 1 if there is one class.
        """
        outputs = self._outputs(X)
        if self.classes_.size == 1:
            return np.ones_like(outputs)
        if self._target_kind() == "binary":
            return np.hstack([1 - outputs, outputs])
        return outputs

    def predict_log_proba(self, X: Matrix) -> Array:
        """Return the log of probability estimates.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        log_y_prob : ndarray of shape (n_samples, n_classes)
            The predicted log-probability of the sample for each class in the model,
            where classes are ordered as they are in `self.classes_`. Equivalent to
            ``log(predict_proba(X))``.
        """
        with np.errstate(divide="ignore"):  # a probability may round to 0
            proba = self.predict_proba(X)
            return np.log(proba, out=proba)

    def to_mlp(self) -> MLPClassifier:
        """Return the dense MLPClassifier of the same function.

        Use it for programs that support scikit-learn's classes only. Its training
        parameters are the defaults.

        Returns
        -------
        mlp : MLPClassifier
            Fitted: it predicts the same up to rounding. It has all weights of the dense
            network, most of them 0.

        Raises
        ------
        ValueError
            If MLPClassifier cannot express the model. It supports one of the
            activations 'identity', 'logistic', 'relu' and 'tanh', the same for all
            hidden layers, and at least two classes.
        """
        return dense_classifier(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _column_or_indicators(y, name="y"):
    """Return a column as one dimension, or else a checked indicator matrix.

    Parameters
    ----------
    y : {ndarray, csr_array} of shape (n_samples, n_labels)
        The targets.
    name : str, default="y"
        For messages.

    Raises
    ------
    ValueError
        If an indicator has values besides 0 and 1, such as text, or a sparse one is not
        valid.
    """
    if y.shape[1] == 1 and not issparse(y):
        return column_or_1d(y, warn=True)
    if issparse(y):
        y = checked_csr(name, y)
    values = y.data if issparse(y) else y
    try:
        low, high = values.min(initial=0), values.max(initial=0)
        is_valid, found = 0 <= low <= high <= 1, f"values from {low} to {high}"
    except TypeError:
        is_valid, found = False, f"other values, such as {str(values.flat[0])!r}"
    if not is_valid:
        raise ValueError(
            f"{name} must be a matrix of 0 and 1 where samples have several labels, "
            f"got {found}. For several outputs with classes of their own use "
            "sklearn.multioutput.MultiOutputClassifier(SETMLPClassifier(...))."
        )
    return y
