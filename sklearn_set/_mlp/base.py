"""What the perceptrons share: parameters, the network, the epochs, predictions."""

import copy
from itertools import chain, pairwise
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from sklearn_set._layers.batches import (
    as_rows,
    in_row_order,
    map_batches,
    predict_batch_size,
)
from sklearn_set._layers.sizes import links_per_layer
from sklearn_set._layers.solvers import SOLVERS
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._mlp.activations import ACTIVATIONS, Identity
from sklearn_set._mlp.dropout import NO_DROPOUT, Dropout
from sklearn_set._mlp.initializers import INITIALIZERS, initializer
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._mlp.network import Network
from sklearn_set._mlp.pretraining import learnt_layer
from sklearn_set._training.callbacks import FitTasks, NoTasks
from sklearn_set._training.estimator import SETEstimator
from sklearn_set._training.evolver import Clock
from sklearn_set._training.samples import Samples, Training
from sklearn_set._training.schedules import CUT, LEAST_RATE, SCHEDULES, Moment
from sklearn_set._training.validation_set import (
    Data,
    OwnValidation,
    Validation,
    is_finite,
)
from sklearn_set._utils.random import spawn_generators
from sklearn_set._utils.threads import effective_n_threads
from sklearn_set._utils.warnings import warn
from sklearn_set.evolution import RULES

# Samples for a step with batch_size='auto'.
AUTO_BATCH = 32

_FRACTION = Interval(Real, 0, 1, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")


class BaseSETMLP(SETEstimator):
    """What the classifier and the regressor share."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", _COUNT],
        "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
        "epsilon": [_POSITIVE, None],
        "density": [Interval(Real, 0, 1, closed="right"), None],
        "zeta": [_FRACTION],
        "evolution": [StrOptions(set(RULES)), HasMethods("evolve"), list, tuple],
        "evolve_every": [_COUNT, str],
        "init": [StrOptions({"auto", *INITIALIZERS}), HasMethods(["fit", "transform"])],
        "solver": [StrOptions(set(SOLVERS))],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "dropout": [_FRACTION, "array-like"],
        "batch_size": [StrOptions({"auto"}), _COUNT],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "learning_rate_init": [_POSITIVE],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [_COUNT],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "scoring": [str, callable, None],
        "batch_transform": [callable, None],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [_FRACTION],
        "beta_2": [_FRACTION],
        "adam_epsilon": [_POSITIVE],
    }

    def __init__(
        self,
        hidden_layer_sizes,
        activation,
        epsilon,
        density,
        zeta,
        evolution,
        evolve_every,
        init,
        solver,
        alpha,
        dropout,
        batch_size,
        learning_rate,
        learning_rate_init,
        power_t,
        max_iter,
        shuffle,
        random_state,
        tol,
        n_iter_no_change,
        early_stopping,
        validation_fraction,
        scoring,
        batch_transform,
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

    # -- what the parameters say ------------------------------------------

    def _hidden_sizes(self):
        sizes = self.hidden_layer_sizes
        sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
        if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
            raise ValueError(
                "hidden_layer_sizes must be an integer >= 1 or a list of them, got "
                f"{self.hidden_layer_sizes!r}."
            )
        return [int(size) for size in sizes]  # NumPy's integers may overflow

    def _activations(self):
        """Return the activation of each hidden layer."""
        names, n_hidden = self.activation, len(self._hidden_sizes())
        names = [names] * n_hidden if isinstance(names, str) else list(names)
        if len(names) != n_hidden or not all(name in ACTIVATIONS for name in names):
            raise ValueError(
                f"activation must be one of {sorted(ACTIVATIONS)}, or a list with one "
                f"of them for each of the {n_hidden} hidden layers, got "
                f"{self.activation!r}."
            )
        return [ACTIVATIONS[name](i) for i, name in enumerate(names, start=1)]

    def _dropout(self, rng=None):
        n_hidden = len(self._hidden_sizes())
        if isinstance(self.dropout, Real):
            rates = [0.0, *[float(self.dropout)] * n_hidden]
        else:
            rates = list(self.dropout)
        if len(rates) != n_hidden + 1 or not all(
            isinstance(rate, Real) and 0 <= rate < 1 for rate in rates
        ):
            raise ValueError(
                "dropout must be a rate in [0, 1) for the hidden layers, or a list of "
                f"{n_hidden + 1} rates, for the input and each of the {n_hidden} "
                f"hidden layers, got {self.dropout!r}."
            )
        return Dropout(rates, rng) if any(rates) else NO_DROPOUT

    def _check_settings(self, own_validation, *, incremental):
        """Refuse parameters that do not go together, before any work is done."""
        own_validation.check()
        self._activations()
        self._dropout()
        self._check_evolution(incremental=incremental)

    # -- the network ------------------------------------------------------

    def _start_streams(self):
        """Start the random streams, one for each purpose."""
        streams = spawn_generators(check_random_state(self.random_state), 6)
        self._weights_rng, self._topology_rng, self._shuffle_rng = streams[:3]
        self._dropout_rng, self._transform_rng, seeds = streams[3:]
        largest = np.iinfo(np.int32).max
        self._split_seed, self._init_seed = map(int, seeds.integers(largest, size=2))

    def _initialize(self, n_features, n_outputs, dtype, learnt=()):
        """Draw topology and weights, and start all that training keeps.

        The first layer is `learnt`, its weights and biases, if there are any.
        """
        n_units = [n_features, *self._hidden_sizes(), n_outputs]
        n_links = links_per_layer(n_units, self.epsilon, self.density)
        activations = self._activations()
        # The last layer has the scale of the layer before.
        scales = [*activations, (activations or [Identity()])[-1]]
        self.coefs_ = [
            self._random_coef(*pair, n, own, dtype)
            for pair, n, own in zip(pairwise(n_units), n_links, scales, strict=True)
        ]
        self.intercepts_ = [np.zeros(n, dtype=dtype) for n in n_units[1:]]
        if learnt:
            self.coefs_[0], self.intercepts_[0] = learnt
        self.activation_parameters_ = [
            own.start(n, dtype)
            for own, n in zip(activations, n_units[1:-1], strict=True)
        ]
        self.n_layers_, self.n_outputs_ = len(n_units), n_outputs
        self._start_record()

    def _learnt_layer(self, X, used):
        """Return the first layer's weights and biases if `init` is to learn them."""
        if isinstance(self.init, str):
            return ()
        sizes = self._hidden_sizes()
        if not sizes:
            raise ValueError(
                f"init={self.init!r} needs a hidden layer, but hidden_layer_sizes is "
                "empty."
            )
        everything = used.size == X.shape[0]
        X = X if everything else X[used]
        return learnt_layer(self.init, X, sizes[0], self._init_seed)

    def _random_coef(self, n_in, n_out, n_links, activation, dtype):
        """Draw a layer, whose links are distinct, and its weights."""
        layer = SparseLayer.random(
            n_in, n_out, n_links, self._topology_rng, dtype, effective_n_threads()
        )
        init = self.init if isinstance(self.init, str) else "auto"
        std = initializer(init, activation)(n_links / n_out, n_links / n_in)
        # Drawn in float64, so that either dtype gets the same weights.
        layer.links.weights[:] = std * self._weights_rng.standard_normal(n_links)
        return layer.coef

    def _start_record(self):
        self.t_ = 0
        self.loss_curve_ = []
        self.validation_scores_ = self.best_validation_score_ = None
        self.best_loss_ = None
        self._no_improvement_count = self._n_cuts = 0
        self._solver_states = None
        self._clock = Clock()

    def _network(self, max_batch):
        return Network.from_coefs(
            self.coefs_,
            self.intercepts_,
            self._activations(),
            self.activation_parameters_,
            LOSSES[self._loss_name()],
            max_batch,
            effective_n_threads(),
        )

    def _adopt(self, network):
        """Show a network's arrays, which go on changing, as fitted attributes."""
        self.coefs_, self.intercepts_ = network.coefs, network.biases
        self.activation_parameters_ = network.parameters
        self._count_links()

    def _count_links(self):
        self.n_connections_ = sum(coef.nnz for coef in self.coefs_)
        n_places = sum(coef.shape[0] * coef.shape[1] for coef in self.coefs_)
        self.density_ = self.n_connections_ / n_places

    # -- data -------------------------------------------------------------

    def _validate_weights(self, sample_weight, X):
        """Return the weights of the samples, or None if each is 1."""
        if sample_weight is None:
            return None
        return _check_sample_weight(
            sample_weight, X, dtype=X.dtype, ensure_non_negative=True
        )

    def _with_class_weights(self, weights, y):
        """Multiply the weights of the samples by those of their classes, if any."""
        return weights

    def _validate(self, X, y, fresh, **options):
        """Validate X and y; a fresh model takes their dtype and number of features."""
        dtype = (np.float64, np.float32) if fresh else self.coefs_[0].dtype
        return self._validate_data(X, y, dtype, reset=fresh, **options)

    def _validate_data(self, X, y, dtype, *, reset=False, **options):
        return validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=dtype,
            reset=reset, **options,
        )  # fmt: skip

    def _split(self, y, weights, has_validation_set):
        """Return which samples to learn from, and which to validate on, if any.

        Samples of weight 0 are left out, as if they were not there.
        """
        used = np.arange(y.shape[0]) if weights is None else np.flatnonzero(weights)
        if used.size == 0:
            raise ValueError(
                "All samples have weight 0: class_weight leaves none to learn from."
            )
        if not self.early_stopping or has_validation_set:
            return used, None
        train, held_out = train_test_split(
            used,
            test_size=self.validation_fraction,
            random_state=self._split_seed,
            stratify=y[used] if self._is_stratified() else None,
        )
        if held_out.size < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or "
                "the size of your dataset."
            )
        return np.sort(train), np.sort(held_out)

    def _validation(self, data, held_out, weights, own):
        """Return what to validate on, if anything: given by the user or held out."""
        if own.X is not None:
            X, y = self._validate_data(own.X, own.y, (np.float64, np.float32))
            self._check_targets(y)
            return Validation(self, own.X, y, self._validate_weights(own.weights, X))
        if held_out is None:
            return None
        weights = None if weights is None else weights[held_out]
        return Validation(self, *data.rows(held_out), weights)

    def _check_batch_size(self, n_samples, incremental):
        if self.batch_size == "auto":
            return min(AUTO_BATCH, n_samples)
        # The pieces of a stream may well be smaller, the last one above all.
        if self.batch_size > n_samples and not incremental:
            warn(
                f"batch_size={self.batch_size} is larger than the {n_samples} samples; "
                "it is clipped."
            )
        return min(int(self.batch_size), n_samples)

    def _check_same_layers(self, n_outputs):
        if n_outputs != self.n_outputs_:
            raise ValueError(
                f"y has {n_outputs} outputs where the model was fitted with "
                f"{self.n_outputs_}. Pass as many, or fit another model."
            )
        fitted = [coef.shape[1] for coef in self.coefs_[:-1]]
        if fitted != self._hidden_sizes():
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} is not what the model "
                f"was fitted with, {fitted}. Set it back, or call fit with "
                "warm_start=False."
            )

    # -- training ---------------------------------------------------------

    def _fit(self, X, y, sample_weight, own_validation, *, incremental):
        self._check_settings(own_validation, incremental=incremental)
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        given = X
        X, y = self._validate_input(X, y, incremental=incremental, fresh=fresh)
        own_weights = self._validate_weights(sample_weight, X)
        weights = self._with_class_weights(own_weights, y)
        # Callbacks and scorers see rows as the user would pass them to predict.
        data = Data(given if hasattr(self, "feature_names_in_") else X, y)
        if not incremental:
            X = in_row_order(X)
        if fresh:
            self._start_streams()
        used, held_out = self._split(y, weights, own_validation.X is not None)
        validation = self._validation(data, held_out, weights, own_validation)
        batch_size = self._check_batch_size(used.size, incremental)
        samples = Samples(
            X, self._targets(y, X.dtype), weights, used, batch_size,
            self.batch_transform, self._transform_rng,
        )  # fmt: skip
        if fresh:
            learnt = self._learnt_layer(X, used)
            self._initialize(X.shape[1], samples.n_outputs, X.dtype, learnt)
        self._check_same_layers(samples.n_outputs)
        tasks = NoTasks()
        if not incremental:
            self._n_cuts = 0
            tasks = FitTasks(self, self.max_iter, *data.lazily(used, own_weights))
        training = self._start_training(samples, batch_size)
        self._train(training, validation, tasks, incremental=incremental)
        tasks.finish()
        return self

    def _start_training(self, samples, batch_size):
        network = self._network(batch_size)
        solver = self._start_solver(network)
        self._adopt(network)
        return Training(
            network=network,
            solver=solver,
            samples=samples,
            batch_size=batch_size,
            alpha=self.alpha,
            dropout=self._dropout(self._dropout_rng),
            evolver=self._start_evolver(network.layers),
            shuffle_rng=self._shuffle_rng if self.shuffle else None,
        )

    def _start_solver(self, network):
        """Return the solver, going on from where its kind was last time, if it was."""
        solver = SOLVERS[self.solver](self, self.learning_rate_init)
        # From now on the network's, which lets go of them as it evolves.
        states, self._solver_states = self._solver_states, None
        if states is not None and self._solver_of_states == self.solver:
            solver.n_steps = self._n_solver_steps
        else:
            states = None
        network.start_states(solver.n_states, states)
        return solver

    def _train(self, training, validation, tasks, *, incremental):
        """Run the epochs, and leave a fitted model whatever ends them."""
        network, self.n_iter_ = training.network, 0
        if self.early_stopping:
            self.best_loss_ = None
        elif self.best_loss_ is None:
            self.best_loss_ = np.inf
        self._best = network.snapshot() if self.early_stopping else None
        try:
            self._run_epochs(training, validation, tasks, incremental)
        except KeyboardInterrupt:
            warn("Training interrupted by user.")
        finally:
            network.settle()
            best = vars(self).pop("_best")
            if best is not None:
                network.restore(best)
            self._adopt(network)
            self._solver_states, self._solver_of_states = network.states, self.solver
            self._n_solver_steps = training.solver.n_steps
            self._goes_on = incremental or self.warm_start
        self._check_finite()

    def _run_epochs(self, training, validation, tasks, incremental):
        schedule = SCHEDULES[self.learning_rate](self)
        for epoch in range(1 if incremental else self.max_iter):
            tasks.begin_epoch()
            # In pieces or at once: the epochs of partial_fit count on.
            done = self._clock.n_epochs if incremental else epoch
            moment = Moment(done, self.max_iter, self.t_, self._n_cuts)
            rate = self.learning_rate_init * schedule.factor(moment)
            self.loss_ = float(training.run_epoch(rate, moment.progress))
            self._record_epoch(training, validation)
            is_over = not np.isfinite(self.loss_) or self._is_stuck(schedule, rate)
            if tasks.end_epoch(self._fitted_copy) or is_over:
                return
        if not incremental:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached "
                "and the optimization hasn't converged yet. Raise max_iter, or tol to "
                "stop earlier.",
                ConvergenceWarning,
            )

    def _record_epoch(self, training, validation):
        self.n_iter_ += 1
        self.t_ += training.samples.used.size
        self.loss_curve_.append(self.loss_)
        if self.verbose:
            print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
        if validation is not None:
            self._record_score(validation, training.network)
        if not self.early_stopping:
            is_better = self.loss_ <= self.best_loss_ - self.tol
            self.best_loss_ = min(self.best_loss_, self.loss_)
            self._count(is_better)

    def _record_score(self, validation, network):
        score = validation.score(self) if is_finite(self._learnt()) else np.nan
        if self.validation_scores_ is None:
            self.validation_scores_, self.best_validation_score_ = [], -np.inf
        self.validation_scores_.append(score)
        if self.verbose:
            print(f"Validation score: {score:f}")
        is_better = score >= self.best_validation_score_ + self.tol
        if score > self.best_validation_score_:
            self.best_validation_score_ = score
            if self.early_stopping:
                self._best = network.snapshot()
        if self.early_stopping:
            self._count(is_better)

    def _count(self, is_better):
        """Count the epochs in a row without improvement."""
        self._no_improvement_count = 0 if is_better else self._no_improvement_count + 1

    def _is_stuck(self, schedule, rate):
        """Whether to stop as nothing improves, by MLPClassifier's rule."""
        if self._no_improvement_count <= self.n_iter_no_change:
            return False
        is_cut, is_last = schedule.is_cut, rate <= LEAST_RATE
        if is_cut and not is_last:
            self._n_cuts += 1
            self._no_improvement_count = 0
            what = f"Setting learning rate to {rate / CUT:f}"
        else:
            what = "Learning rate too small. Stopping." if is_cut else "Stopping."
        if self.verbose:
            measure = "Validation score" if self.early_stopping else "Training loss"
            print(
                f"{measure} did not improve more than tol={self.tol:f} for "
                f"{self.n_iter_no_change} consecutive epochs. {what}"
            )
        return not is_cut or is_last

    def _learnt(self):
        """Iterate over all arrays that are learnt."""
        weights = (coef.data for coef in self.coefs_)
        return chain(weights, self.intercepts_, self.activation_parameters_)

    def _check_finite(self):
        loss = self.loss_ if self.n_iter_ else 0.0  # 0: interrupted in the first epoch
        diverged = (
            "Training diverged: the loss or the weights are no longer finite. Scale X, "
            f"or lower learning_rate_init={self.learning_rate_init}."
        )
        if not is_finite(self._learnt()):
            raise ValueError(diverged)
        if not np.isfinite(loss):
            if not self.early_stopping:
                raise ValueError(diverged)
            warn(f"{diverged} The best weights are restored.", ConvergenceWarning)

    def _fitted_copy(self):
        """Return the fitted attributes as they are now, for callbacks to keep."""
        self._count_links()
        names = (
            "coefs_", "intercepts_", "activation_parameters_", "loss_curve_",
            "validation_scores_",
        )  # fmt: skip
        return copy.deepcopy({name: getattr(self, name) for name in names})

    # -- scikit-learn -----------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Fit the model to data matrix X and target(s) y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data. float32 stays float32; all else becomes float64.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values: numbers, class labels, or a multilabel indicator matrix.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative. An integer weight does what as many
            copies of the sample would do; weight 0 leaves it out.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation set, scored after each epoch (`validation_scores_`), and used
            for early stopping in place of a part of the training data.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Its weights.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If the input is not valid, or training diverges.
        """
        own = OwnValidation(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, own, incremental=False)

    def _outputs(self, X):
        """Compute the outputs of the last layer, (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = validate_data(
            self, X, accept_sparse="csr", dtype=self.coefs_[0].dtype, reset=False
        )
        network, rows, batch_size = self._to_predict(X)

        def outputs(selected):
            return network.outputs(rows.batch(selected, network.n_threads))

        return map_batches(outputs, X.shape[0], batch_size)

    # -- inspection -------------------------------------------------------

    def _weight_matrices(self):
        return self.coefs_

    def _hidden_outputs(self, X):
        """Iterate over batches of X with the outputs of each hidden layer."""
        X = validate_data(
            self, X, accept_sparse="csr", dtype=self.coefs_[0].dtype, reset=False
        )
        network, rows, batch_size = self._to_predict(X)
        for batch in gen_batches(X.shape[0], batch_size):
            selected = np.arange(batch.start, batch.stop)
            yield network.hidden(rows.batch(selected, network.n_threads))

    def _first_graph(self):
        """Return an estimator with the graph that this one started with."""
        if not isinstance(self.init, str):
            raise ValueError(
                "The first layer came from init. Pass a copy of the model, made "
                "before, as since."
            )
        first = clone(self)
        first._start_streams()
        first._initialize(self.n_features_in_, self.n_outputs_, self.coefs_[0].dtype)
        return first

    # -- predictions ------------------------------------------------------

    def _mean_loss(self, X, y, weights):
        """Compute the loss on some rows, without the penalty."""
        X, y = self._validate(X, y, fresh=False)
        targets = self._targets(y, X.dtype)
        network, rows, batch_size = self._to_predict(X)

        def losses(selected):
            sums = network.forward(rows.batch(selected, network.n_threads))
            return network.loss.gradient(sums, targets[selected].T)

        losses = map_batches(losses, X.shape[0], batch_size)
        return float(np.average(losses, weights=weights))

    def _to_predict(self, X):
        """Return a network, the rows of X, and how many to take at a time."""
        n_units = [X.shape[1], *(coef.shape[1] for coef in self.coefs_)]
        batch_size = predict_batch_size(n_units, X.dtype.itemsize)
        batch_size = min(batch_size, X.shape[0])
        return self._network(batch_size), as_rows(X, batch_size), batch_size

    @property
    def feature_importances_(self):
        """Strength of the input features: the sums of their weights' magnitudes.

        Normalised to the sum 1. Proposed as "neuron strength" by Atashgahi et al.
        (2022, Machine Learning 111:377).

        Returns
        -------
        importances : ndarray of shape (`n_features_in_`,)
        """
        check_is_fitted(self)
        strength = np.abs(self.coefs_[0]).sum(axis=1)
        total = strength.sum()
        return strength / total if total else strength

    def __sklearn_is_fitted__(self):
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
