"""What the estimators for Dask share."""

import copy
from numbers import Integral

import dask
import numpy as np
from distributed import default_client
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from sklearn_set._dask.cluster import Cluster
from sklearn_set._dask.collections import blocks_of, is_collection, mapped
from sklearn_set._dask.partitions import Setup
from sklearn_set._dask.plan import DistributedBatches
from sklearn_set._training.estimator import SETEstimator
from sklearn_set._training.evolver import Period
from sklearn_set.callbacks import Checkpoint

_COUNT = Interval(Integral, 1, None, closed="left")

CONSTRAINTS = {
    "rounds_per_epoch": [_COUNT],
    "n_replicas": [_COUNT, None],
    "persist": ["boolean"],
    "client": "no_validation",
}


class DaskEstimator:
    """Fits a plain estimator on the workers of a Dask cluster.

    To be mixed into a subclass of the plain estimator, `_plain`, with the parameters
    `rounds_per_epoch`, `n_replicas`, `persist` and `client`, and `_kind` of partitions.
    """

    _own_parameters = tuple(CONSTRAINTS)
    _doc_link_template = SETEstimator._doc_link_template.replace(
        "sklearn_set.{", "sklearn_set.dask.{"
    )

    # -- the plain estimator ------------------------------------------------

    def to_local(self):
        """Return the plain estimator, fitted as this one.

        Returns
        -------
        estimator : estimator
            It shares the fitted arrays with this one.
        """
        local = object.__new__(self._plain)
        others = {*self._own_parameters, "communication_", "_n_columns"}
        vars(local).update({k: v for k, v in vars(self).items() if k not in others})
        if hasattr(local, "_training_state"):
            local._training_state = {**local._training_state, "replicas": []}
        return local

    def _plain_unfitted(self):
        """Return the plain estimator with the parameters and without a model."""
        names = self._plain._get_param_names()
        local = object.__new__(self._plain)
        vars(local).update({name: getattr(self, name) for name in names})
        return local

    def __getstate__(self):
        return {**super().__getstate__(), "client": None}  # it cannot be pickled

    def __sklearn_clone__(self):
        # copy drops the client, which cannot be copied
        new = BaseEstimator.__sklearn_clone__(copy.copy(self))
        new.client = self.client
        return new

    # -- the cluster --------------------------------------------------------

    def _open(self, named):
        """Return the cluster, and the descriptions of the partitions of the data."""
        blocks = blocks_of(named)
        if self.client is None:
            try:
                client = default_client()
            except ValueError as error:
                raise ValueError(
                    "There is no Dask client. Create one, as in "
                    "client = distributed.Client(), or pass client=."
                ) from error
        else:
            client = self.client
        cluster = Cluster(client, self._kind, self.persist)
        descriptions = cluster.read(self._plain_unfitted(), blocks)
        if not descriptions:
            raise ValueError("X has no rows in any of its partitions.")
        return cluster, descriptions

    def _set_features(self, descriptions, is_new):
        """Set the number and the names of the features; return the dtype.

        Raises ValueError if partitions differ, or differ from a fitted model.
        """
        first = descriptions[0]
        for i, each in enumerate(descriptions):
            if each.n_features != first.n_features or not _same(
                each.feature_names, first.feature_names
            ):
                raise ValueError(
                    f"Partition {i} of X has {each.n_features} features, but partition "
                    f"0 has {first.n_features}. All must have the same features."
                )
        if is_new:
            self.n_features_in_ = first.n_features
            vars(self).pop("feature_names_in_", None)
            if first.feature_names is not None:
                self.feature_names_in_ = first.feature_names
        elif first.n_features != self.n_features_in_:
            raise ValueError(
                f"X has {first.n_features} features, but {type(self).__name__} is "
                f"expecting {self.n_features_in_} features as input."
            )
        return np.result_type(*(each.dtype for each in descriptions))

    def _setup(self, descriptions, dtype, state, **weights):
        """Return what all partitions have in common."""
        estimator = self.to_local()
        for name in ("coefs_", "intercepts_", "components_", "_training_state"):
            vars(estimator).pop(name, None)
        vars(estimator).pop("_skl_callbacks", None)
        is_only = len(descriptions) == 1
        return Setup(estimator, dtype, state.seeds, is_only, **weights)

    def _data_hashes(self, cluster):
        """Return hashes of the data if a checkpoint asks for them."""
        callbacks = getattr(self, "_skl_callbacks", [])
        asks = any(isinstance(each, Checkpoint) for each in callbacks)
        return cluster.data_hashes() if asks else None

    def _batches(self, sizes, batch_size, state, shuffles):
        """Return the segments of the epochs."""
        n_replicas = min(self.n_replicas or len(sizes), len(sizes))
        return DistributedBatches(
            sizes, batch_size, n_replicas, self.rounds_per_epoch,
            Period.parse(self.evolve_every), state,
            state.seeds["split"] if shuffles else None,
        )  # fmt: skip

    def _set_fitted(self, learner, state):
        super()._set_fitted(learner, state)
        traffic = learner.traffic
        self.communication_ = {
            "rounds": traffic.rounds,
            "value_bytes_up": traffic.up,
            "value_bytes_down": traffic.down,
            "topology_bytes": learner.topology_bytes,
        }

    # -- predictions --------------------------------------------------------

    def _predict(self, method, X, n_columns, dtype):
        """Call a method of the plain estimator; lazily for Dask collections."""
        if not is_collection(X):
            return getattr(self._plain, method)(self, X)
        check_is_fitted(self)
        local = dask.delayed(self._slim(), pure=True)
        return mapped(local, method, X, n_columns, dtype)

    def _slim(self):
        """Return the plain estimator without what predictions do not need."""
        local = self.to_local()
        for name in ("_training_state", "_skl_callbacks"):
            vars(local).pop(name, None)
        return local


def _same(a, b):
    return (a is None) == (b is None) and (a is None or np.array_equal(a, b))


def score_rows(estimator, X, y, sample_weight, metric):
    """Score predictions of a Dask collection on the client.

    Parameters
    ----------
    estimator : DaskEstimator
        Fitted.
    X, y, sample_weight : dask collection
        The data; no weights if None.
    metric : callable
        ``metric(y, predictions, sample_weight=...)``.
    """
    y, weights = dask.compute(y, sample_weight)
    return metric(y, estimator.predict(X).compute(), sample_weight=weights)


@property
def no_partial_fit(self):
    """Hide the plain estimator's method."""
    raise AttributeError(
        f"{type(self).__name__} has no partial_fit. Use that of the plain estimator, "
        "to_local()."
    )
