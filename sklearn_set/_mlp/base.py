"""What the perceptrons share: from `fit` to the training loop, and predictions."""

from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, issparse
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_scalar, column_or_1d
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from sklearn_set._layers.batches import (
    as_rows,
    in_row_order,
    map_batches,
    map_blocks,
    predict_batch_size,
    row_batches,
    stack_batches,
)
from sklearn_set._layers.solvers import SOLVERS
from sklearn_set._mlp import initialization
from sklearn_set._mlp.learner import NetworkLearner
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._mlp.network import Network
from sklearn_set._mlp.settings import (
    CONSTRAINTS,
    activation_names,
    check_scoring_name,
    checked_batch_size,
    dropout_of_layers,
    hidden_activations,
    hidden_sizes,
    penalty_of_batches,
)
from sklearn_set._mlp.weights import relative_weights, warn_if_alone
from sklearn_set._training.callbacks import NoCallbacks, fit_callbacks
from sklearn_set._training.estimator import SETEstimator
from sklearn_set._training.evolver import Period
from sklearn_set._training.samples import Batches, LabelledSamples
from sklearn_set._training.scales import warn_of_large_values, warn_of_other_scale
from sklearn_set._training.schedules import SCHEDULES
from sklearn_set._training.validation_set import (
    GivenValidationSet,
    TrainingData,
    ValidationScorer,
    hold_out,
)
from sklearn_set._utils.checks import checked_coef, checked_dtype
from sklearn_set._utils.compat import fit_context
from sklearn_set._utils.mapped import check_mapped
from sklearn_set._utils.threads import effective_n_threads
from sklearn_set._utils.types import Array, Matrix
from sklearn_set._utils.validation import naming, validated
from sklearn_set._utils.warnings import warn
from sklearn_set.evolution import as_rules, n_withheld

# Least number of evolutions in a fit in which inputs are selected. In about a third of
# them inputs are removed.
MIN_EVOLUTIONS = 6


class BaseSETMLP(SETEstimator):
    """What the classifier and the regressor share.

    A subclass has the parameters in its signature, and implements `_loss_name`,
    `_is_stratified`, `_validate_input`, `_check_targets` and `_targets`.
    """

    _parameter_constraints: dict = CONSTRAINTS
    _streams = ("weights", "topology", "shuffle", "dropout", "transform")
    _seeds = ("split", "init", "selection")
    _monitored = "loss"
    _private_fitted = (*SETEstimator._private_fitted, "_trained_loss")

    activations_: list[str]
    out_activation_: str
    coefs_: list[csr_array]
    intercepts_: list[Array]
    activation_parameters_: list[Array]
    n_layers_: int
    n_outputs_: int
    n_connections_: int
    density_: float
    n_iter_: int
    t_: int
    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    n_features_in_: int
    feature_names_in_: Array

    # -- validation -------------------------------------------------------

    def _check_settings(self, given, *, incremental):
        """Refuse parameters that do not go together, before any work is done."""
        given.check()
        n_hidden = len(hidden_sizes(self.hidden_layer_sizes))
        hidden_activations(self.activation, n_hidden)
        dropout_of_layers(self.dropout, n_hidden)
        check_scoring_name(self.scoring)
        self._check_evolution(incremental=incremental)

    def _validate_weights(self, sample_weight, X, name="sample_weight", **options):
        """Return the weights of the samples, or None if each is 1."""
        if sample_weight is None:
            return None
        options = {"ensure_non_negative": True} | options
        with naming(name):
            return _check_sample_weight(sample_weight, X, dtype=np.float64, **options)

    def _relative_weights(self, weights, y):
        """Return the weights of the samples relative to the largest one, or None."""
        return None if weights is None else relative_weights(weights)

    def _validate(self, X, y, is_new, **options):
        """Validate X and y; a new model takes their dtype and number of features."""
        dtype = (np.float64, np.float32) if is_new else checked_dtype(self.coefs_[0])
        return self._validate_data(X, y, dtype, reset=is_new, **options)

    def _validate_data(self, X, y, dtype, *, reset=False, **options):
        check_mapped(X, dtype)
        return validated(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=dtype,
            reset=reset, **options,
        )  # fmt: skip

    def _check_same_layers(self, n_outputs):
        if n_outputs != self.n_outputs_:
            raise ValueError(
                f"y has {n_outputs} outputs where the model was fitted with "
                f"{self.n_outputs_}. Pass as many, or fit another model."
            )
        fitted = [coef.shape[1] for coef in self.coefs_[:-1]]
        if fitted != hidden_sizes(self.hidden_layer_sizes):
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} is not what the model "
                f"was fitted with, {fitted}. Set it back, or call fit with "
                "warm_start=False."
            )
        activations = hidden_activations(self.activation, len(fitted))
        n_learned = [activation.n_parameters for activation in activations]
        if n_learned != [len(values) for values in self.activation_parameters_]:
            raise ValueError(
                f"activation={self.activation!r} does not have the learned parameters "
                "of the activations that the model was fitted with. Set it back, or "
                "call fit with warm_start=False."
            )

    def _split(self, y, weights, has_validation_set, state):
        """Return the samples to train on, and those to validate on, if any.

        Samples of weight 0 are left out, as if they were not there.
        """
        used = np.arange(y.shape[0]) if weights is None else np.flatnonzero(weights)
        if used.size == 0:
            reason = "class_weight leaves none to learn from"
            if getattr(self, "class_weight", None) is None:
                reason = "sample weights must contain at least one non-zero number"
            raise ValueError(f"All samples have weight 0: {reason}.")
        if not self.early_stopping or has_validation_set:
            return used, None
        labels = y[used] if self._is_stratified() else None
        train, held_out = hold_out(
            used, self.validation_fraction, state.seeds["split"], labels
        )
        if held_out.size < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or "
                "the size of your dataset."
            )
        return train, held_out

    def _given_scorer(self, X, y, given):
        """Return the scorer of a validation set, which must be like X and y."""
        X_val, y_val = self._validate_data(
            given.X, given.y, (np.float64, np.float32), names=("X_val", "y_val")
        )
        if y_val.ndim == 2 and y_val.shape[1] == 1 and not issparse(y_val):
            y_val = column_or_1d(y_val, warn=True)
        if y_val.shape[1:] != y.shape[1:]:
            raise ValueError(
                f"y_val has the shape {y_val.shape} where y has {y.shape}. Pass the "
                "same kind of targets, with as many outputs."
            )
        with naming("y_val"):
            self._check_targets(y_val)
        warn_of_other_scale(X, X_val)
        weights = self._validate_weights(
            given.sample_weight, X_val, "sample_weight_val"
        )
        weights = None if weights is None else relative_weights(weights)
        return ValidationScorer(self, given.X, y_val, weights)

    def _held_out_scorer(self, data, held_out, weights):
        """Return the scorer of the samples that are held out, if any."""
        if held_out is None:
            return None
        weights = None if weights is None else weights[held_out]
        return ValidationScorer(self, *data.rows(held_out), weights)

    # -- training ---------------------------------------------------------

    def _fit_model(self, original, X, y, sample_weight, given, *, incremental):
        self._check_settings(given, incremental=incremental)
        is_new = self._is_new(incremental)
        original_X = X
        X, y = self._validate_input(X, y, incremental=incremental, is_new=is_new)
        if is_new:
            self._check_scales(X, y)
        sample_weight = self._validate_weights(sample_weight, X)
        weights = self._relative_weights(sample_weight, y)
        # Callbacks and scorers see rows as the user would pass them to predict.
        data = TrainingData(original_X if hasattr(self, "feature_names_in_") else X, y)
        state = self._start_state() if is_new else self._continued_state()
        checkpoint = self._open_checkpoint(
            state, incremental=incremental, X=X, y=y, sample_weight=sample_weight,
            X_val=given.X, y_val=given.y, sample_weight_val=given.sample_weight,
        )  # fmt: skip
        if checkpoint.saved is not None:
            state, is_new = self._resume(checkpoint.saved), False
        used, held_out = self._split(y, weights, given.X is not None, state)
        if given.X is not None:
            scorer = self._given_scorer(X, y, given)
        else:
            scorer = self._held_out_scorer(data, held_out, weights)
        batch_size = checked_batch_size(
            self.batch_size, used.size, incremental=incremental
        )
        n_epochs = 0 if incremental else self.max_iter
        n = self._n_withheld(used.size, n_epochs, -(-used.size // batch_size))
        rng = np.random.default_rng(state.seeds["selection"])
        state.selection.begin(rng.permutation(used)[:n])
        warn_if_alone(weights, batch_size)
        X = X if incremental else in_row_order(X)
        rng = state.streams["transform"]
        samples = self._samples(X, y, weights, batch_size, rng)
        learner = self._learner(samples, batch_size, state, used, is_new)
        batches = Batches(
            used, batch_size, self._shuffle_stream(state), selection=state.selection
        )
        callbacks = NoCallbacks()
        if not incremental:
            shown = data.for_callbacks(used, sample_weight)
            callbacks = fit_callbacks(original, self.max_iter, *shown)
        self._train(learner, batches, state, scorer, callbacks, checkpoint, incremental)
        return callbacks, checkpoint

    def _check_scales(self, X, y):
        """Warn if the data have not been scaled."""
        remedy = "Scale the features, for instance by StandardScaler in a Pipeline."
        warn_of_large_values("X", X, remedy)

    def _n_withheld(self, n_samples, n_epochs, n_batches):
        """Return how many training samples evolution rules want to judge inputs by.

        None if the network evolves too seldom to find them. Raises ValueError if a
        rule's parameters are not valid.
        """
        rules = as_rules(self.evolution)
        n = max([n_withheld(rule, n_samples) for rule in rules], default=0)
        n_steps = Period.parse(self.evolve_every).n_steps(n_batches)
        return 0 if n_epochs * n_batches < MIN_EVOLUTIONS * n_steps else n

    def _samples(self, X, y, weights, max_batch, rng=None):
        return LabelledSamples(
            X, self._targets(y, X.dtype), weights, max_batch, self.batch_transform, rng
        )

    def _shuffle_stream(self, state):
        return state.streams["shuffle"] if self.shuffle else None

    def _learner(self, samples, batch_size, state, used, is_new):
        if is_new:
            network = self._new_network(samples, batch_size, state, used)
        else:
            self._check_same_layers(samples.n_outputs)
            network = self._network(
                batch_size, self.activation, self._loss(), copy=True
            )
        rng = state.streams["dropout"]
        previous = state.take_learner()
        return self._network_learner(network, samples, used.size, rng, previous)

    def _network_learner(self, network, samples, n_samples, rng, previous):
        """Return the learner of a network.

        Parameters
        ----------
        network, samples, previous
            As for NetworkLearner.
        n_samples : int
            The number of all training samples.
        rng : numpy.random.Generator
            For dropout.
        """
        n_hidden = len(network.layers) - 1
        n_auto = n_samples if is_classifier(self) else 0
        return NetworkLearner(
            network,
            SOLVERS[self.solver].from_estimator(self, self.learning_rate_init),
            self.solver,
            samples,
            penalty_of_batches(self.alpha, self.batch_size, n_samples),
            dropout_of_layers(self.dropout, n_hidden, n_auto, rng),
            previous,
        )

    def _new_network(self, samples, max_batch, state, used):
        """Return a network with random connections and weights."""
        sizes = hidden_sizes(self.hidden_layer_sizes)
        pretrained = initialization.pretrained_first_layer(
            self.init, sizes, samples.X, used, state.seeds["init"]
        )
        n_units, dtype = [samples.n_features, *sizes, samples.n_outputs], samples.dtype
        activations = hidden_activations(self.activation, len(sizes))
        coefs = initialization.random_coefs(n_units, activations, self, state, dtype)
        biases = initialization.zero_biases(n_units, dtype)
        if pretrained is not None:
            coefs[0], biases[0] = pretrained
        parameters = initialization.first_parameters(activations, n_units, dtype)
        return Network.from_coefs(
            coefs, biases, activations, parameters, self._loss(), max_batch,
            effective_n_threads(),
        )  # fmt: skip

    def _loss(self, name=None):
        return LOSSES[name or self._loss_name()].from_estimator(self)

    def _network(self, max_batch, activation, loss, *, copy=False):
        """Return the fitted network, over the fitted attributes or copies of them."""
        if len(self.coefs_) != len(self.intercepts_):
            raise ValueError(
                f"The model has {len(self.coefs_)} weight matrices in coefs_ and "
                f"{len(self.intercepts_)} biases in intercepts_. Fit it again."
            )
        activations = hidden_activations(activation, len(self.coefs_) - 1)
        return Network.from_coefs(
            self.coefs_, self.intercepts_, activations, self.activation_parameters_,
            loss, max_batch, effective_n_threads(), copy=copy,
        )  # fmt: skip

    def _train(
        self, learner, batches, state, scorer, callbacks, checkpoint, incremental
    ):
        def validation_score():
            self._set_fitted(learner, state)
            score = scorer.score(self)
            self._release_weights()
            return score

        is_complete = self._run_loop(
            learner, batches, state, callbacks, checkpoint,
            schedule="learning_rate", learning_rate="learning_rate_init",
            n_epochs=self.max_iter, incremental=incremental,
            validation_score=None if scorer is None else validation_score,
        )  # fmt: skip
        runs_to_end = SCHEDULES[self.learning_rate].runs_to_end
        if is_complete and not incremental and not runs_to_end:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached "
                "and the optimization hasn't converged yet. Raise max_iter, or tol to "
                "stop earlier.",
                ConvergenceWarning,
            )
        self._set_fitted(learner, state)

    @staticmethod
    def _report(n_iter, metrics, seconds):
        """Return the line that `verbose` prints after an epoch, as in scikit-learn."""
        return f"Iteration {n_iter}, loss = {metrics['loss']:.8f}"

    def _set_fitted(self, learner, state):
        """Set the fitted attributes to the present values of the learner."""
        network, history = learner.network, state.history
        self.coefs_, self.intercepts_ = network.coefs, network.biases
        self.activation_parameters_ = network.parameters
        self._set_functions()
        self.n_layers_, self.n_outputs_ = len(self.coefs_) + 1, self.coefs_[-1].shape[1]
        self.n_connections_ = sum(coef.nnz for coef in self.coefs_)
        n_positions = sum(coef.shape[0] * coef.shape[1] for coef in self.coefs_)
        self.density_ = self.n_connections_ / n_positions
        self.n_iter_, self.t_ = state.n_iter, state.n_samples
        self.loss_curve_ = history.curves.get("loss", [])
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.inf
        self.best_loss_ = history.best_loss
        self.validation_scores_ = history.validation_scores
        self.best_validation_score_ = history.best_validation_score
        self._training_state = state.to_dict()

    def _set_functions(self):
        """Keep what predictions compute, whatever `set_params` changes later."""
        self.activations_ = activation_names(self.activation, len(self.coefs_) - 1)
        self._trained_loss = self._loss_name()

    def _release_weights(self):
        del self.coefs_

    # -- scikit-learn -----------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Matrix,
        y: Matrix,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Matrix | None = None,
        y_val: Matrix | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the model to data matrix X and target(s) y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data. float32 stays float32; all else becomes float64.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values: numbers, class labels, or a multilabel indicator matrix.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples. Only their ratios within a batch
            matter: a common factor has no effect. An integer weight has the same effect
            as that number of copies of the sample; samples of weight 0 are left out.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation set, scored after each epoch (`validation_scores_`), and used
            for early stopping in place of a part of the training data. It must be
            scaled in the same way as X. In a pipeline, enable metadata routing and pass
            ``transform_input=["X_val"]`` to the Pipeline.

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
            If the input is not valid, or training diverges. The estimator is then
            unchanged.
        """
        given = GivenValidationSet(X_val, y_val, sample_weight_val)
        return self._fit_copy(X, y, sample_weight, given, incremental=False)

    def _partial_fit(self, X, y, sample_weight, **options):
        """Train for one epoch, after those of earlier calls."""
        given = GivenValidationSet()
        return self._fit_copy(X, y, sample_weight, given, incremental=True, **options)

    def _validate_to_predict(self, X):
        check_is_fitted(self)
        dtype = checked_dtype(self.coefs_[0])
        check_mapped(X, dtype)
        return validated(self, X, accept_sparse="csr", dtype=dtype, reset=False)

    def _outputs(self, X):
        """Compute the outputs of the last layer, (n_samples, n_outputs)."""
        X = self._validate_to_predict(X)
        return stack_batches(self._output_blocks(X), X.shape[0])

    def _output_blocks(self, X):
        """Iterate over blocks of a validated X with the outputs, (n_outputs, batch)."""
        network, rows, batch_size = self._to_predict(X)

        def outputs(indices):
            return network.outputs(rows.batch(indices, network.n_threads))

        return map_blocks(outputs, X.shape[0], batch_size, network.layers, "outputs")

    def hidden_outputs(self, X: Matrix, layer: int = -1) -> Array:
        """Compute the activations of a hidden layer, for instance as features.

        In a pipeline, use :class:`HiddenFeatures`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data; a sparse X is not made dense.

        layer : int, default=-1
            Which hidden layer: 0 is the first, -1 the last.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_units)
            The activations, in the dtype of the weights, without dropout.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        check_is_fitted(self)
        n_hidden = len(self.coefs_) - 1
        check_scalar(layer, "layer", Integral)
        if not -n_hidden <= layer < n_hidden:
            raise ValueError(
                f"layer={layer} does not exist: the model has {n_hidden} hidden layers."
            )
        batches = [each[layer].T.copy() for each in self._hidden_outputs(X)]
        return np.concatenate(batches)

    # -- inspection -------------------------------------------------------

    def _weight_matrices(self):
        return self.coefs_

    def _hidden_outputs(self, X):
        """Iterate over batches of X with the outputs of each hidden layer."""
        X = self._validate_to_predict(X)
        network, rows, batch_size = self._to_predict(X)
        for indices in row_batches(X.shape[0], batch_size):
            yield network.hidden(rows.batch(indices, network.n_threads))

    def _initial_model(self):
        """Return an estimator with the connections that this one started with."""
        if not isinstance(self.init, str):
            raise ValueError(
                "The first layer came from init, so that its initial connections "
                "cannot be drawn again. Pass an earlier copy of the model as since."
            )
        initial = clone(self)
        sizes = hidden_sizes(self.hidden_layer_sizes)
        initial.coefs_ = initialization.random_coefs(
            [self.n_features_in_, *sizes, self.n_outputs_],
            hidden_activations(self.activation, len(sizes)),
            initial, initial._start_state(), self.coefs_[0].dtype,
        )  # fmt: skip
        return initial

    # -- predictions ------------------------------------------------------

    def _mean_loss(self, X, y, weights):
        """Compute the loss on some rows, without the penalty."""
        X, y = self._validate(X, y, is_new=False)
        targets = self._targets(y, X.dtype)
        network, rows, batch_size = self._to_predict(X)

        def losses(indices):
            sums = network.forward(rows.batch(indices, network.n_threads))
            return network.loss.gradient(sums, targets.batch(indices))

        losses = map_batches(losses, X.shape[0], batch_size, network.layers, "losses")
        return float(np.average(losses, weights=weights))

    def _to_predict(self, X):
        """Return a network, the rows of X, and how many to predict at a time."""
        n_units = [X.shape[1], *(coef.shape[1] for coef in self.coefs_)]
        batch_size = predict_batch_size(
            n_units, X.dtype.itemsize, sum(coef.nnz for coef in self.coefs_)
        )
        batch_size = min(batch_size, X.shape[0])
        loss = self._loss(self._trained_loss)
        network = self._network(batch_size, self.activations_, loss)
        return network, as_rows(X, batch_size), batch_size

    @property
    def feature_importances_(self) -> Array:
        """Strength of the input features: the sums of their weights' magnitudes.

        Normalised to the sum 1. Proposed as "neuron strength" by Atashgahi et al.
        (2022, Machine Learning 111:377).

        Returns
        -------
        importances : ndarray of shape (`n_features_in_`,)
        """
        check_is_fitted(self)
        strength = np.abs(checked_coef(self.coefs_[0])).sum(axis=1)
        total = strength.sum()
        return strength / total if total else strength

    def __sklearn_is_fitted__(self):
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
