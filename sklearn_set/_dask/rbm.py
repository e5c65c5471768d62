"""The restricted Boltzmann machine that a Dask cluster trains."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_set._dask import tasks
from sklearn_set._dask.docs import documented
from sklearn_set._dask.estimator import CONSTRAINTS, DaskEstimator, no_partial_fit
from sklearn_set._dask.learner import DistributedLearner
from sklearn_set._dask.partitions import UnlabelledPartition
from sklearn_set._layers.batches import as_rows
from sklearn_set._rbm.learner import ContrastiveDivergenceLearner, monitored_samples
from sklearn_set._rbm.rbm import SETRBM
from sklearn_set._training.callbacks import fit_callbacks


class DaskSETRBM(DaskEstimator, SETRBM):
    __doc__ = documented(SETRBM)

    _plain = SETRBM
    _kind = UnlabelledPartition
    _parameter_constraints: dict = {**SETRBM._parameter_constraints, **CONSTRAINTS}
    partial_fit = no_partial_fit

    def __init__(
        self,
        n_components=256, *,
        epsilon=10, density=None, zeta=0.3, evolution="set", evolve_every=1,
        final_prune=False, visible="bernoulli", visible_std=1.0,
        learning_rate=0.1, learning_rate_schedule="constant", momentum=0.0,
        batch_size=10, n_iter=10, cd_steps=1, persistent=False, alpha=0.0001,
        sparsity_target=None, sparsity_cost=0.1, early_stopping=False,
        validation_fraction=0.1, n_iter_no_change=10, tol=1e-4, warm_start=False,
        verbose=0, random_state=None,
        rounds_per_epoch=1, n_replicas=None, persist=True, client=None,
    ):  # fmt: skip
        super().__init__(
            n_components=n_components, epsilon=epsilon, density=density, zeta=zeta,
            evolution=evolution, evolve_every=evolve_every, final_prune=final_prune,
            visible=visible, visible_std=visible_std, learning_rate=learning_rate,
            learning_rate_schedule=learning_rate_schedule, momentum=momentum,
            batch_size=batch_size, n_iter=n_iter, cd_steps=cd_steps,
            persistent=persistent, alpha=alpha, sparsity_target=sparsity_target,
            sparsity_cost=sparsity_cost, early_stopping=early_stopping,
            validation_fraction=validation_fraction, n_iter_no_change=n_iter_no_change,
            tol=tol, warm_start=warm_start, verbose=verbose, random_state=random_state,
        )  # fmt: skip
        self.rounds_per_epoch = rounds_per_epoch
        self.n_replicas = n_replicas
        self.persist = persist
        self.client = client

    def fit(self, X, y=None):
        """Fit the model to the partitions of X, on the workers that hold them.

        Parameters
        ----------
        X : dask array or data frame of shape (n_samples, n_features)
            Training data, dense or in blocks of sparse matrices. float32 stays float32;
            all else becomes float64.

        y : object, default=None
            Not used for training, but passed to callbacks.

        Returns
        -------
        self : DaskSETRBM
            The fitted model.

        Raises
        ------
        TypeError
            If X is not a Dask collection.
        ValueError
            If the input is not valid, there is no client, or training diverges.
        RuntimeError
            If a partition is lost and cannot be computed again.
        """
        return super().fit(X, y)

    def _fit_model(self, original, X, y=None, *, incremental):
        self._check_evolution(incremental=False)
        self._check_inputs()
        is_new = self._is_new(False)
        cluster, descriptions = self._open({"X": X})
        dtype = self._set_features(descriptions, is_new)
        state = self._start_state() if is_new else self._continued_state()
        checkpoint = self._open_checkpoint(
            state, incremental=False, data=self._data_hashes(cluster)
        )
        if checkpoint.saved is not None:
            state, is_new = self._resume(checkpoint.saved), False
        if not is_new:
            dtype = self.components_.dtype
        setup = self._setup(descriptions, dtype, state, holds_out=self.early_stopping)
        sizes, n_held = np.transpose(cluster.prepare(setup)).tolist()
        if self.early_stopping and sum(n_held) == 0:
            raise ValueError(
                "early_stopping leaves no sample to validate on. Use partitions of "
                "several samples."
            )
        batches = self._batches(sizes, int(self.batch_size), state, True)
        local = self._local_learner(cluster, sizes, dtype, state, is_new)
        learner = DistributedLearner(
            local, cluster, state, int(self.batch_size), sum(sizes),
            batches.n_replicas, None, lambda X: local.set_rows(as_rows(X, 1)),
        )  # fmt: skip
        callbacks = fit_callbacks(original, self.n_iter, lambda: X, y, {})
        score = learner.score if self.early_stopping else None
        self._train(learner, batches, state, score, callbacks, checkpoint, False)
        return callbacks, checkpoint

    def _local_learner(self, cluster, sizes, dtype, state, is_new):
        """Return the learner on the client, with the rows that it monitors."""
        if is_new:
            bias = self._first_bias(cluster, sizes)
            model = self._new_model(bias, dtype, state)
        else:
            self._check_same_units()
            model = self._model(copy=True)
        batch_size = min(int(self.batch_size), sum(sizes))
        rng, previous = state.streams["chain"], state.take_learner()
        divergence = self._divergence(model, batch_size, rng, previous)
        rows = self._monitored_rows(cluster, sizes, state.seeds["monitor"])
        return ContrastiveDivergenceLearner(
            divergence, as_rows(rows, 1), np.arange(rows.shape[0])
        )

    def _first_bias(self, cluster, sizes):
        """Return the first biases of the visible units, from the means of all data."""
        means = cluster.on_partitions(tasks.means)
        mean = means[0] if len(means) == 1 else np.average(means, 0, weights=sizes)
        return self._make_units().first_bias_of_means(mean, sum(sizes))

    @staticmethod
    def _monitored_rows(cluster, sizes, seed):
        """Return the rows on which the epochs are evaluated."""
        chosen = monitored_samples(np.arange(sum(sizes)), seed)
        ends = np.cumsum(sizes)
        rows = []
        for i, (end, size) in enumerate(zip(ends, sizes, strict=True)):
            positions = chosen[(chosen < end) & (chosen >= end - size)] - (end - size)
            if positions.size:
                part = cluster.on_partition(i, tasks.training_rows, positions, 0)
                rows.extend(part)
        return tasks.stacked(rows)

    def transform(self, X):
        """Compute the hidden layer activation probabilities, P(h=1|v=X).

        Parameters
        ----------
        X : {dask collection, array-like, sparse matrix}
            The data to be transformed.

        Returns
        -------
        h : {dask array, ndarray} of shape (n_samples, n_components)
            What the plain estimator returns; lazy if X is a Dask collection.
        """
        check_is_fitted(self)
        n_components, dtype = self.components_.shape[0], self.components_.dtype
        return self._predict("transform", X, n_components, dtype)
