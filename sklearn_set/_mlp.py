"""Multi-layer perceptrons that scikit-learn sees."""

from itertools import chain, pairwise
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state, column_or_1d, gen_batches
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_set._activations import ACTIVATIONS
from sklearn_set._batches import as_rows, map_batches, predict_batch_size
from sklearn_set._connectivity import SparseLayer, erdos_renyi_n_links
from sklearn_set._evolution import SET
from sklearn_set._losses import LOSSES
from sklearn_set._network import Network
from sklearn_set._random import spawn_generators
from sklearn_set._solvers import SOLVERS
from sklearn_set._threads import effective_n_threads
from sklearn_set._warnings import warn


class _BaseSETMLP(BaseEstimator):
    """What a classifier and a regressor share: parameters and the epoch loop."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "zeta": [Interval(Real, 0, 1, closed="left")],
        "solver": [StrOptions(set(SOLVERS))],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "adam_epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        hidden_layer_sizes,
        activation,
        epsilon,
        zeta,
        solver,
        alpha,
        batch_size,
        learning_rate_init,
        max_iter,
        shuffle,
        random_state,
        tol,
        n_iter_no_change,
        verbose,
        warm_start,
        momentum,
        nesterovs_momentum,
        beta_1,
        beta_2,
        adam_epsilon,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.epsilon = epsilon
        self.zeta = zeta
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.adam_epsilon = adam_epsilon

    # -- the network ------------------------------------------------------

    def _hidden_sizes(self):
        sizes = self.hidden_layer_sizes
        sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
        if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
            raise ValueError(
                "hidden_layer_sizes must be an integer >= 1 or a list of them, got "
                f"{self.hidden_layer_sizes!r}."
            )
        return [int(size) for size in sizes]  # NumPy's integers may overflow

    def _initialize(self, n_features, n_outputs, dtype):
        """Draw topology and weights, and start all that training keeps."""
        weights_rng, self._topology_rng, self._shuffle_rng = spawn_generators(
            check_random_state(self.random_state), 3
        )
        n_units = [n_features, *self._hidden_sizes(), n_outputs]
        n_links = [
            erdos_renyi_n_links(*pair, self.epsilon) for pair in pairwise(n_units)
        ]
        self.coefs_ = [
            self._random_coef(*pair, n, weights_rng, dtype)
            for pair, n in zip(pairwise(n_units), n_links, strict=True)
        ]
        self.intercepts_ = [np.zeros(n, dtype=dtype) for n in n_units[1:]]
        self.n_layers_ = len(n_units)
        self.n_outputs_ = n_outputs
        self.n_connections_ = sum(n_links)
        self.density_ = self.n_connections_ / sum(a * b for a, b in pairwise(n_units))
        self.t_ = 0
        self.loss_curve_ = []
        self.best_loss_ = np.inf
        self._no_improvement_count = 0
        self._solver_states = None

    def _random_coef(self, n_in, n_out, n_links, weights_rng, dtype):
        """Draw a layer; its weights' scale goes by the links that a unit has.

        By the number of units instead, signals would die with the sparsity.
        """
        layer = SparseLayer.random(
            n_in, n_out, n_links, self._topology_rng, dtype, effective_n_threads()
        )
        initial_std = ACTIVATIONS[self.activation].initial_std
        std = initial_std(fan_in=n_links / n_out, fan_out=n_links / n_in)
        # Drawn in float64, so that either dtype gets the same weights.
        layer.links.weights[:] = std * weights_rng.standard_normal(n_links)
        return layer.coef

    def _network(self, max_batch):
        return Network.from_coefs(
            self.coefs_,
            self.intercepts_,
            ACTIVATIONS[self.activation],
            LOSSES[self.out_activation_],
            max_batch,
            effective_n_threads(),
        )

    # -- training ---------------------------------------------------------

    def _fit(self, X, y, *, incremental):
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._validate_input(X, y, incremental=incremental, fresh=fresh)
        batch_size = self._check_batch_size(X.shape[0])
        rows = as_rows(X, batch_size)
        if fresh:
            self._initialize(X.shape[1], y.shape[1], X.dtype)
        self._check_same_layers()
        network = self._network(batch_size)
        solver = self._start_solver(network)
        self.n_iter_ = 0
        try:
            self._run_epochs(network, solver, rows, y, batch_size, incremental)
        except KeyboardInterrupt:
            warn("Training interrupted by user.")
        finally:
            network.settle()
            self.coefs_, self.intercepts_ = network.coefs, network.biases
            self._solver_states, self._n_solver_steps = network.states, solver.n_steps
        self._check_finite()
        return self

    def _start_solver(self, network):
        """Return the solver, going on from where its kind was last time, if it was."""
        solver = SOLVERS[self.solver](self)
        states = self._solver_states
        if states is not None and len(states[0][0]) == solver.n_states:
            solver.n_steps = self._n_solver_steps
        network.start_states(solver.n_states, states)
        return solver

    def _check_batch_size(self, n_samples):
        if self.batch_size == "auto":
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warn(
                f"batch_size={self.batch_size} is larger than the {n_samples} samples; "
                "it is clipped."
            )
        return min(int(self.batch_size), n_samples)

    def _check_same_layers(self):
        fitted = [coef.shape[1] for coef in self.coefs_[:-1]]
        if fitted != self._hidden_sizes():
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} is not what the model "
                f"was fitted with, {fitted}. Set it back, or call fit with "
                "warm_start=False."
            )

    def _run_epochs(self, network, solver, rows, y, batch_size, incremental):
        for _ in range(1 if incremental else self.max_iter):
            if self.t_:  # between epochs: never after the last
                self._evolve(network)
            self.loss_ = self._run_epoch(network, solver, rows, y, batch_size)
            self.n_iter_ += 1
            self.t_ += y.shape[0]
            self.loss_curve_.append(self.loss_)
            if self.verbose:
                print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
            if not np.isfinite(self.loss_) or self._has_converged():
                return
        if not incremental:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached "
                "and the optimization hasn't converged yet. Raise max_iter, or tol to "
                "stop earlier.",
                ConvergenceWarning,
            )

    def _evolve(self, network):
        rule = SET(self.zeta)
        for i, layer in enumerate(network.layers):
            rule.evolve(layer, self._topology_rng)
            self.coefs_[i] = layer.coef  # lets go of the old arrays

    def _run_epoch(self, network, solver, rows, y, batch_size):
        """Pass over the data once and return the mean loss."""
        n_samples = y.shape[0]
        order = np.arange(n_samples)
        if self.shuffle:
            self._shuffle_rng.shuffle(order)
        total = 0.0
        for batch in gen_batches(n_samples, batch_size):
            selected = order[batch]
            x = rows.batch(selected, network.n_threads)
            loss = network.learn(x, y[selected].T, solver, self.alpha)
            total += loss * selected.size
        network.settle()
        return total / n_samples

    def _has_converged(self):
        """Whether the training loss has stopped falling, by MLPClassifier's rule."""
        if self.loss_ > self.best_loss_ - self.tol:
            self._no_improvement_count += 1
        else:
            self._no_improvement_count = 0
        self.best_loss_ = min(self.best_loss_, self.loss_)
        if self._no_improvement_count <= self.n_iter_no_change:
            return False
        if self.verbose:
            print(
                f"Training loss did not improve more than tol={self.tol:f} for "
                f"{self.n_iter_no_change} consecutive epochs. Stopping."
            )
        return True

    def _check_finite(self):
        weights = chain((coef.data for coef in self.coefs_), self.intercepts_)
        loss = self.loss_ if self.n_iter_ else 0.0  # 0: interrupted in the first epoch
        if not (np.isfinite(loss) and all(np.isfinite(w).all() for w in weights)):
            raise ValueError(
                "Training diverged: the loss or the weights are no longer finite. "
                f"Scale X, or lower learning_rate_init={self.learning_rate_init}."
            )

    # -- scikit-learn -----------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Fit the model to data matrix X and target(s) y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data. float32 stays float32; all else becomes float64.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If the input is not valid, or training diverges.
        """
        return self._fit(X, y, incremental=False)

    def _outputs(self, X):
        """Compute the outputs of the last layer, (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = validate_data(
            self, X, accept_sparse="csr", dtype=self.coefs_[0].dtype, reset=False
        )
        n_units = [X.shape[1], *(coef.shape[1] for coef in self.coefs_)]
        batch_size = predict_batch_size(n_units, X.dtype.itemsize)
        batch_size = min(batch_size, X.shape[0])
        network, rows = self._network(batch_size), as_rows(X, batch_size)

        def outputs(selected):
            return network.outputs(rows.batch(selected, network.n_threads))

        return map_batches(outputs, X.shape[0], batch_size)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class SETMLPClassifier(ClassifierMixin, _BaseSETMLP):
    """Multi-layer perceptron classifier trained by Sparse Evolutionary Training.

    Each layer starts as a sparse random graph. After every epoch but the last, the
    links with the weakest weights are dropped and as many new ones grow at random
    places [1]_. The network learns its own topology, with a few percent of the weights
    of a dense one; time and memory grow with the links.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of shape (n_layers - 2,), default=(500, 500)
        The ith element is the number of units in the ith hidden layer. Sparse layers
        want to be wider than dense ones.

    activation : {'identity', 'logistic', 'tanh', 'relu'}, default='relu'
        Activation function of the hidden layers.

        - 'identity' returns f(x) = x
        - 'logistic' returns f(x) = 1 / (1 + exp(-x))
        - 'tanh' returns f(x) = tanh(x)
        - 'relu' returns f(x) = max(0, x)

    epsilon : float, default=20
        Sparsity parameter: a layer between n_in and n_out units has
        ``min(round(epsilon * (n_in + n_out)), n_in * n_out)`` links, so that a unit has
        about `epsilon` links on either side, however wide the layers.

    zeta : float, default=0.3
        Fraction of the links, among the positive weights and among the negative ones,
        that is dropped and regrown after each epoch. In [0, 1); 0 keeps the random
        topology fixed. Layers with more than 80 % of all possible links do not evolve.

    solver : {'sgd', 'adam'}, default='sgd'
        The solver for weight optimization.

        - 'sgd' is stochastic gradient descent with momentum
        - 'adam' is the method of Kingma and Ba [2]_; it keeps two values for each link,
          where 'sgd' keeps one

    alpha : float, default=0.0001
        Strength of the L2 regularization term. The L2 regularization term is divided
        by the sample size when added to the loss.

    batch_size : int or 'auto', default='auto'
        Size of minibatches. When set to "auto", ``batch_size=min(200, n_samples)``.

    learning_rate_init : float, default=0.01
        The learning rate, constant throughout.

    max_iter : int, default=200
        Maximum number of epochs: how many times each sample is used.

    shuffle : bool, default=True
        Whether to shuffle samples in each epoch.

    random_state : int, RandomState instance, default=None
        Determines random number generation for the topology, the weights and the order
        of the samples, each of which has a stream of its own. Pass an int for
        reproducible results across multiple function calls.

    tol : float, default=1e-4
        Tolerance for the optimization. When the training loss is not improving by at
        least `tol` for `n_iter_no_change` consecutive epochs, training stops.

    n_iter_no_change : int, default=10
        Maximum number of epochs to not meet `tol` improvement; ``np.inf`` never stops
        before `max_iter`.

    verbose : bool, default=False
        Whether to print progress messages to stdout.

    warm_start : bool, default=False
        When set to True, reuse the solution of the previous call to fit as
        initialization, its topology (whatever `epsilon` is now) and the solver's state
        included; otherwise, just erase the previous solution.

    momentum : float, default=0.9
        Momentum for gradient descent update. Should be between 0 and 1. Only used when
        solver='sgd'.

    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum. Only used when solver='sgd' and
        momentum > 0.

    beta_1 : float, default=0.9
        Exponential decay rate for estimates of the first moment, in [0, 1). Only used
        when solver='adam'.

    beta_2 : float, default=0.999
        Exponential decay rate for estimates of the second moment, in [0, 1). Only used
        when solver='adam'.

    adam_epsilon : float, default=1e-8
        Value for numerical stability in adam. MLPClassifier's `epsilon`, which is the
        sparsity here. Only used when solver='adam'.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.

    loss_ : float
        The training loss of the last epoch.

    best_loss_ : float
        The lowest training loss of an epoch.

    loss_curve_ : list of float
        The training loss of each epoch.

    t_ : int
        The number of training samples seen during fitting.

    coefs_ : list of csr_array of shape (n_in, n_out)
        The ith element holds the weights between layers i and i + 1, sparse.

    intercepts_ : list of ndarray of shape (n_out,)
        The ith element holds the biases of layer i + 1.

    n_connections_ : int
        Number of links of the network.

    density_ : float
        `n_connections_` as a share of the weights of the dense network.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when `X` has feature
        names that are all strings.

    n_iter_ : int
        The number of epochs of the last call.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of outputs.

    out_activation_ : str
        Name of the output activation function.

    See Also
    --------
    SETRBM : Sparse restricted Boltzmann machine, for features without labels.
    sklearn.neural_network.MLPClassifier : The dense counterpart.

    Notes
    -----
    First weights are normal with the standard deviation of He (relu) or Glorot (the
    others), computed with the links that a unit has rather than with the units it could
    be linked to. The first biases are 0, and so are the weights of links that grow
    later.

    The evolution step is made before each epoch but the first one, which is the same as
    after each but the last; `partial_fit` and `warm_start` go on in the same way.

    A sparse `X` is never made dense: the first layer takes time in proportion to the
    non-zeros. If more than about a tenth of `X` is non-zero, a dense `X` is faster. The
    model is the same but for rounding; the penalty in the reported loss counts the
    links of features that are absent from a batch as when they were last present.

    References
    ----------
    .. [1] D. C. Mocanu, E. Mocanu, P. Stone, P. H. Nguyen, M. Gibescu and A. Liotta.
       "Scalable training of artificial neural networks with adaptive sparse
       connectivity inspired by network science". Nature Communications 9, 2383 (2018).

    .. [2] D. P. Kingma and J. Ba. "Adam: a method for stochastic optimization".
       International Conference on Learning Representations (2015), arXiv:1412.6980.

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
    ...     StandardScaler(), SETMLPClassifier(tol=1e-2, random_state=0)
    ... )
    >>> clf.fit(X_train, y_train).score(X_test, y_test) > 0.95
    True
    >>> clf[-1].n_connections_
    36280
    """

    def __init__(
        self,
        hidden_layer_sizes=(500, 500),
        activation="relu",
        *,
        epsilon=20,
        zeta=0.3,
        solver="sgd",
        alpha=0.0001,
        batch_size="auto",
        learning_rate_init=0.01,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        n_iter_no_change=10,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        adam_epsilon=1e-8,
    ):
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            epsilon=epsilon,
            zeta=zeta,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate_init=learning_rate_init,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            beta_1=beta_1,
            beta_2=beta_2,
            adam_epsilon=adam_epsilon,
        )

    def _validate_input(self, X, y, *, incremental, fresh):
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=(np.float64, np.float32) if fresh else self.coefs_[0].dtype,
            reset=fresh,
        )
        check_classification_targets(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if fresh and not incremental:
            self._set_classes(y)
        else:
            self._check_classes(y, incremental)
        return X, self._label_binarizer.transform(y).astype(bool)

    def _set_classes(self, labels):
        """Learn the classes from labels or, for several outputs, an indicator matrix.

        Raises
        ------
        ValueError
            If there are fewer than two classes.
        """
        binarizer = LabelBinarizer().fit(labels)
        if not binarizer.y_type_.startswith("multilabel") and (
            binarizer.classes_.size < 2
        ):
            raise ValueError(
                "A classifier needs samples of at least two classes; the labels hold "
                f"only one class, {binarizer.classes_.tolist()[0]!r}."
            )
        self._label_binarizer = binarizer
        self.classes_ = binarizer.classes_
        is_multiclass = binarizer.y_type_ == "multiclass"
        self.out_activation_ = "softmax" if is_multiclass else "logistic"

    def _check_classes(self, y, incremental):
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

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, *, classes=None):
        """Update the model with a single epoch over the given data.

        The links evolve before each call but the first, as they do between the epochs
        of `fit`. For a stream of small pieces use a small `zeta`, or 0. The topology
        parameters `hidden_layer_sizes` and `epsilon` are those of the first call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values.

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
        is_first = _check_partial_fit_first_call(self, classes)
        try:
            if is_first:
                is_multilabel = type_of_target(y).startswith("multilabel")
                self._set_classes(y if is_multilabel else classes)
            return self._fit(X, y, incremental=True)
        except ValueError:
            if is_first and not hasattr(self, "coefs_"):
                del self.classes_  # the next call is the first again
            raise

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            The predicted classes.
        """
        outputs = self._outputs(X)
        if self._label_binarizer.y_type_ == "multiclass":  # a tenth of the time
            return self.classes_[outputs.argmax(axis=1)]
        if self.n_outputs_ == 1:
            outputs = outputs.ravel()
        return self._label_binarizer.inverse_transform(outputs)

    def predict_proba(self, X):
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
            target, the probability that each label holds.
        """
        outputs = self._outputs(X)
        if self.n_outputs_ == 1 and self._label_binarizer.y_type_ == "binary":
            return np.hstack([1 - outputs, outputs])
        return outputs

    def predict_log_proba(self, X):
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
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
