"""The perceptrons that a Dask cluster trains."""

import dask
import numpy as np
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted

from sklearn_set._dask import tasks
from sklearn_set._dask.collections import is_collection
from sklearn_set._dask.docs import documented
from sklearn_set._dask.estimator import (
    CONSTRAINTS,
    DaskEstimator,
    no_partial_fit,
    score_rows,
)
from sklearn_set._dask.learner import DistributedLearner
from sklearn_set._dask.partitions import LabelledPartition
from sklearn_set._mlp.classifier import SETMLPClassifier
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._mlp.regressor import SETMLPRegressor
from sklearn_set._mlp.settings import checked_batch_size
from sklearn_set._mlp.weights import _class_factors, relative_weights, warn_if_alone
from sklearn_set._training.callbacks import fit_callbacks
from sklearn_set._training.validation_set import GivenValidationSet


class DaskSETMLP(DaskEstimator):
    """What the classifier and the regressor share."""

    _kind = LabelledPartition

    def _fit_model(self, original, X, y, sample_weight, given, *, incremental):
        self._check_settings(given, incremental=False)
        self._check_init()
        is_new = self._is_new(False)
        cluster, descriptions = self._open(
            {"X": X, "y": y, "sample_weight": sample_weight}
        )
        dtype = self._set_features(descriptions, is_new)
        if not is_new:
            dtype = self.coefs_[0].dtype
        self._set_targets(descriptions, is_new)
        given = GivenValidationSet(*dask.compute(*given))
        state = self._start_state() if is_new else self._continued_state()
        checkpoint = self._open_checkpoint(
            state, incremental=False, data=self._data_hashes(cluster), X_val=given.X,
            y_val=given.y, sample_weight_val=given.sample_weight,
        )  # fmt: skip
        if checkpoint.saved is not None:
            state, is_new = self._resume(checkpoint.saved), False
        holds_out = self.early_stopping and given.X is None
        weights = self._weighting(cluster, descriptions)
        setup = self._setup(descriptions, dtype, state, holds_out=holds_out, **weights)
        sizes, n_held = np.transpose(cluster.prepare(setup)).tolist()
        self._check_sizes(sizes, n_held, holds_out)
        learner, batches = self._distributed(cluster, sizes, dtype, state, is_new)
        scorer = None
        if holds_out:
            scorer = _RemoteScorer(learner)
        elif given.X is not None:
            scorer = self._given_scorer(*self._few_rows(cluster), given)
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        callbacks = fit_callbacks(
            original, self.max_iter, lambda: X, lambda: y, metadata
        )
        self._train(learner, batches, state, scorer, callbacks, checkpoint, False)
        return callbacks, checkpoint

    def _check_init(self):
        if not isinstance(self.init, str):
            raise ValueError(
                f"{type(self).__name__} takes names for init only, got {self.init!r}. "
                "Fit a DaskSETRBM, and use its transform."
            )

    def _distributed(self, cluster, sizes, dtype, state, is_new):
        """Return the learner and the segments of its epochs."""
        n_samples = sum(sizes)
        batch_size = checked_batch_size(self.batch_size, n_samples, incremental=False)
        batches = self._batches(sizes, batch_size, state, self.shuffle)
        n = self._n_withheld(n_samples, self.max_iter, batches.n_batches)
        withheld = [n * size // n_samples for size in sizes]
        batches.set_withheld(withheld)
        state.selection.begin(np.arange(sum(withheld)))
        lazy_step = (state.learner or {}).get("last_lazy_step")
        samples = self._few_samples(batch_size, dtype)
        local = self._learner(samples, batch_size, state, np.arange(n_samples), is_new)
        learner = DistributedLearner(
            local, cluster, state, batch_size, n_samples, batches.n_replicas, withheld,
            self._rows_setter(local, batch_size, state),
        )  # fmt: skip
        learner.continue_from(lazy_step)
        return learner, batches

    def _few_samples(self, batch_size, dtype):
        """Return samples that have the sizes of the data, but no values."""
        X = np.zeros((1, self.n_features_in_), dtype=dtype)
        return self._samples(X, self._any_targets()[:1], None, batch_size)

    def _rows_setter(self, local, batch_size, state):
        """Return a function that lets the local learner use some rows."""

        def set_rows(X, y, weights):
            rng = state.streams["transform"]
            local.set_samples(self._samples(X, y, weights, batch_size, rng))

        return set_rows

    def _few_rows(self, cluster):
        """Return some rows and targets, with which a validation set is compared."""
        X, y, _ = cluster.on_partition(0, tasks.training_rows, slice(1000), 0)
        return X, y

    @staticmethod
    def _check_sizes(sizes, n_held, holds_out):
        if min(sizes) == 0:
            raise ValueError(
                f"Partition {sizes.index(0)} has no samples to train on: their weights "
                "are 0. Repartition the data, or leave it out."
            )
        if holds_out and sum(n_held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or "
                "the size of your dataset."
            )

    def _weighting(self, cluster, descriptions):
        """Return the parts of Setup that concern weights."""
        largest = [each.largest_weight for each in descriptions]
        largest = max((w for w in largest if w is not None), default=None)
        warn_if_alone(largest, self.batch_size)
        return {"largest_weight": largest}

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
        """Fit the model to the partitions of X and y, on the workers that hold them.

        Parameters
        ----------
        X : dask array or data frame of shape (n_samples, n_features)
            The training data, dense or in blocks of sparse matrices. float32 stays
            float32; all else becomes float64.

        y : dask array, series or data frame
            The target values, (n_samples,) or (n_samples, n_outputs), divided into
            partitions as X is.

        sample_weight : dask array or series of shape (n_samples,), default=None
            Non-negative weights of the samples, divided into partitions as X is.

        X_val : {array-like, sparse matrix, dask collection}, default=None
            A validation set, scored by the client after each epoch
            (`validation_scores_`), and used for early stopping in place of a part of
            the training data. The client must have memory for it.

        y_val : {array-like, dask collection}, default=None
            Its targets.

        sample_weight_val : {array-like, dask collection}, default=None
            Its weights.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        TypeError
            If X or y is not a Dask collection.
        ValueError
            If the input is not valid, there is no client, or training diverges. The
            estimator then is as it was before the call.
        RuntimeError
            If a partition is lost and cannot be computed again.
        """
        return super().fit(
            X, y, sample_weight, X_val=X_val, y_val=y_val,
            sample_weight_val=sample_weight_val,
        )  # fmt: skip

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : {dask collection, array-like, sparse matrix}
            The input data.

        Returns
        -------
        y : {dask array, ndarray} of shape (n_samples,) or (n_samples, n_outputs)
            The same as from the plain estimator; lazy if X is a Dask collection.
        """
        return self._predict("predict", X, *self._predicted())

    def score(self, X, y, sample_weight=None):
        """Return the score of the predictions, as the plain estimator does.

        Parameters
        ----------
        X : {dask collection, array-like, sparse matrix}
            The input data.
        y : {dask collection, array-like}
            True targets.
        sample_weight : {dask collection, array-like}, default=None
            Weights of the samples.

        Returns
        -------
        score : float
            Accuracy of a classifier, R2 of a regressor. Predictions are computed by the
            workers, and compared on the client.
        """
        if not is_collection(X):
            return super().score(X, y, sample_weight)
        return score_rows(self, X, y, sample_weight, self._metric)


class _RemoteScorer:
    """Scores the samples that are held out, where they are."""

    def __init__(self, learner):
        self._learner = learner

    def score(self, estimator):
        """Return the mean score of the partitions."""
        return self._learner.score()


class DaskSETMLPClassifier(DaskSETMLP, SETMLPClassifier):
    __doc__ = documented(SETMLPClassifier)

    _plain = SETMLPClassifier
    _metric = staticmethod(accuracy_score)
    _parameter_constraints: dict = {
        **SETMLPClassifier._parameter_constraints, **CONSTRAINTS,
    }  # fmt: skip
    partial_fit = no_partial_fit

    def __init__(
        self,
        hidden_layer_sizes=(1000, 100), activation="relu", *,
        epsilon=20, density=None, zeta=0.3, evolution="inputs", evolve_every="auto",
        init="auto", solver="adam", alpha=0.1, dropout="auto", batch_size="auto",
        learning_rate="cosine", learning_rate_init=0.002, power_t=0.5,
        max_iter=100, shuffle=True, random_state=None, tol=1e-4, n_iter_no_change=10,
        early_stopping=False, validation_fraction=0.1, scoring=None,
        batch_transform=None, verbose=False, warm_start=False,
        momentum=0.9, nesterovs_momentum=True, beta_1=0.9, beta_2=0.999,
        adam_epsilon=1e-8,
        class_weight=None, rounds_per_epoch=1, n_replicas=None, persist=True,
        client=None,
    ):  # fmt: skip
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes, activation=activation,
            epsilon=epsilon, density=density, zeta=zeta, evolution=evolution,
            evolve_every=evolve_every, init=init, solver=solver, alpha=alpha,
            dropout=dropout, batch_size=batch_size, learning_rate=learning_rate,
            learning_rate_init=learning_rate_init, power_t=power_t, max_iter=max_iter,
            shuffle=shuffle, random_state=random_state, tol=tol,
            n_iter_no_change=n_iter_no_change, early_stopping=early_stopping,
            validation_fraction=validation_fraction, scoring=scoring,
            batch_transform=batch_transform, verbose=verbose, warm_start=warm_start,
            momentum=momentum, nesterovs_momentum=nesterovs_momentum, beta_1=beta_1,
            beta_2=beta_2, adam_epsilon=adam_epsilon,
            class_weight=class_weight,
        )  # fmt: skip
        self.rounds_per_epoch = rounds_per_epoch
        self.n_replicas = n_replicas
        self.persist = persist
        self.client = client

    def _set_targets(self, descriptions, is_new):
        """Set the classes to those of all partitions."""
        labels = np.unique(np.concatenate([each.classes for each in descriptions]))
        n_outputs = descriptions[0].n_outputs
        if any(each.n_outputs != n_outputs for each in descriptions):
            raise ValueError(
                "All partitions of y must have the same number of columns."
            )
        if n_outputs is not None:  # an indicator matrix, in which all labels occur
            labels = np.vstack([np.zeros(n_outputs, int), np.ones(n_outputs, int)])
        if is_new:
            self._set_classes(labels)
        else:
            self._check_classes(labels, False)

    def _any_targets(self):
        n = self.classes_.size
        is_multilabel = self._label_binarizer.y_type_.startswith("multilabel")
        return np.ones((1, n), dtype=int) if is_multilabel else self.classes_

    def _weighting(self, cluster, descriptions):
        """Add the weights of the classes, from those of all partitions."""
        parts = super()._weighting(cluster, descriptions)
        if self.class_weight is None:
            return parts
        if descriptions[0].n_outputs is not None or isinstance(self.class_weight, list):
            raise ValueError(
                "DaskSETMLPClassifier takes class_weight for labels only. For a "
                "multilabel y pass sample_weight."
            )
        sums = cluster.class_sums(parts["largest_weight"], self.classes_)
        totals = sum(total for total, _ in sums)
        codes = np.arange(self.classes_.size)
        factors = _class_factors(self.class_weight, self.classes_, codes, totals)
        factors = relative_weights(factors)
        largest = max(float((most * factors).max()) for _, most in sums)
        if not largest:
            raise ValueError(
                "All samples have weight 0: class_weight leaves none to learn from."
            )
        return {**parts, "class_factors": factors, "largest_product": largest}

    def _predicted(self):
        check_is_fitted(self)
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return self.n_outputs_, int
        return None, self.classes_.dtype

    def predict_proba(self, X):
        """Probability estimates.

        Parameters
        ----------
        X : {dask collection, array-like, sparse matrix}
            The input data.

        Returns
        -------
        y_prob : {dask array, ndarray} of shape (n_samples, n_classes)
            The same as from the plain estimator; lazy if X is a Dask collection.
        """
        check_is_fitted(self)
        dtype = self.coefs_[0].dtype
        return self._predict("predict_proba", X, self.classes_.size, dtype)


class DaskSETMLPRegressor(DaskSETMLP, SETMLPRegressor):
    __doc__ = documented(SETMLPRegressor)

    _plain = SETMLPRegressor
    _metric = staticmethod(r2_score)
    _parameter_constraints: dict = {
        **SETMLPRegressor._parameter_constraints, **CONSTRAINTS,
    }  # fmt: skip
    partial_fit = no_partial_fit

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(1000, 100), activation="relu", *,
        epsilon=20, density=None, zeta=0.3, evolution="inputs", evolve_every="auto",
        init="auto", solver="adam", alpha=0.1, dropout="auto", batch_size="auto",
        learning_rate="cosine", learning_rate_init=0.002, power_t=0.5,
        max_iter=100, shuffle=True, random_state=None, tol=1e-4, n_iter_no_change=10,
        early_stopping=False, validation_fraction=0.1, scoring=None,
        batch_transform=None, verbose=False, warm_start=False,
        momentum=0.9, nesterovs_momentum=True, beta_1=0.9, beta_2=0.999,
        adam_epsilon=1e-8, quantile=0.5, huber_delta=1.0,
        rounds_per_epoch=1, n_replicas=None, persist=True, client=None,
    ):  # fmt: skip
        super().__init__(
            loss=loss, hidden_layer_sizes=hidden_layer_sizes, activation=activation,
            epsilon=epsilon, density=density, zeta=zeta, evolution=evolution,
            evolve_every=evolve_every, init=init, solver=solver, alpha=alpha,
            dropout=dropout, batch_size=batch_size, learning_rate=learning_rate,
            learning_rate_init=learning_rate_init, power_t=power_t, max_iter=max_iter,
            shuffle=shuffle, random_state=random_state, tol=tol,
            n_iter_no_change=n_iter_no_change, early_stopping=early_stopping,
            validation_fraction=validation_fraction, scoring=scoring,
            batch_transform=batch_transform, verbose=verbose, warm_start=warm_start,
            momentum=momentum, nesterovs_momentum=nesterovs_momentum, beta_1=beta_1,
            beta_2=beta_2, adam_epsilon=adam_epsilon, quantile=quantile,
            huber_delta=huber_delta,
        )  # fmt: skip
        self.rounds_per_epoch = rounds_per_epoch
        self.n_replicas = n_replicas
        self.persist = persist
        self.client = client

    def _set_targets(self, descriptions, is_new):
        """Check that all partitions have the same targets."""
        self._n_columns = descriptions[0].n_outputs
        if any(each.n_outputs != self._n_columns for each in descriptions):
            raise ValueError(
                "All partitions of y must have the same number of columns."
            )
        self.out_activation_ = LOSSES[self.loss].out_activation

    def _any_targets(self):
        n = self._n_columns
        return np.zeros(1) if n is None else np.zeros((1, n))

    def _predicted(self):
        check_is_fitted(self)
        n_columns = None if self.n_outputs_ == 1 else self.n_outputs_
        return n_columns, self.coefs_[0].dtype
