"""The base of all estimators: fits a working copy, then publishes its attributes."""

import copy
import inspect
import threading
from contextlib import contextmanager

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_set._training.checkpoint import FitCheckpoint, NoCheckpoint, identity
from sklearn_set._training.evolver import Evolver, Period
from sklearn_set._training.loop import TrainingLoop
from sklearn_set._training.schedules import SCHEDULES
from sklearn_set._training.state import TrainingState
from sklearn_set._training.stopping import StoppingRule
from sklearn_set._utils.compat import CallbackSupportMixin
from sklearn_set._utils.html import (
    LayersAndAttributes,
    page_template,
    with_descriptions,
)
from sklearn_set._utils.numbers import is_unknown_number, python_number
from sklearn_set._utils.warnings import warn
from sklearn_set.callbacks import Checkpoint
from sklearn_set.evolution import as_rules


class SETEstimator(CallbackSupportMixin, BaseEstimator):
    """Fits a working copy of itself, and then publishes what that has learned.

    A subclass implements ``_fit_model(original, ...)``, which runs on the working copy,
    sets the fitted attributes there, and returns callbacks and checkpoint of the fit;
    ``_set_fitted(learner, state)`` and ``_release_weights()``, its opposite for the
    weights, so that evolution can free the old arrays; and ``_report(n_iter, metrics,
    seconds)``. What a later call continues from is kept in `_training_state`.
    """

    # Attributes that `fit` sets besides the public ones.
    _private_fitted = ("_training_state",)
    # Names of the random streams and seeds, in the order in which they are drawn.
    _streams = ()
    _seeds = ()
    # What the stopping rule monitors without early stopping.
    _monitored = None

    # The template of the documentation links in the HTML representation.
    _doc_link_module = "sklearn_set"
    _doc_link_template = page_template()

    def _fit_copy(self, *data, **options):
        """Fit a working copy; publish its attributes only if that succeeds.

        An exception, or an interrupt outside of the epochs, leaves this estimator as it
        was before the call.
        """
        if options["incremental"]:
            self._validate_continued()
        work = _working_copy(self)
        before = dict(vars(work))
        with _in_training(self, work):
            callbacks, checkpoint = work._fit_model(self, *data, **options)
            self._publish(before, vars(work))
            callbacks.finish()
            checkpoint.finish()
        return self

    def _validate_continued(self):
        """Validate the parameters before all calls of `partial_fit` but the first.

        scikit-learn does that in the first call only, but they may have changed since.
        """
        skips = get_config()["skip_parameter_validation"]
        if self.__sklearn_is_fitted__() and not skips:
            self._validate_params()

    def _publish(self, before, after):
        """Take over all attributes that a working copy has changed, in one step."""
        kept = {k: v for k, v in vars(self).items() if k in after or k not in before}
        changed = {
            k: v for k, v in after.items() if k not in before or v is not before[k]
        }
        self.__dict__ = kept | changed

    def _run_loop(
        self, learner, batches, state, callbacks, checkpoint, *, schedule,
        learning_rate, n_epochs, incremental, validation_score=None,
    ):  # fmt: skip
        """Train the learner; return whether all epochs were run.

        Parameters
        ----------
        learner, batches, state, callbacks, checkpoint
            As for TrainingLoop.
        schedule, learning_rate : str
            Names of the parameters that hold the schedule and the initial rate.
        n_epochs : int
            Epochs of a fit; one of several calls of `partial_fit` runs one of them.
        incremental : bool
            Whether this is `partial_fit`.
        validation_score : callable, default=None
            As for TrainingLoop.
        """
        rate = getattr(self, learning_rate)
        loop = TrainingLoop(
            learner, batches, state,
            evolver=self._evolver(learner, state, batches.n_batches),
            schedule=SCHEDULES[getattr(self, schedule)].from_estimator(self),
            learning_rate=rate,
            stopping=self._stopping_rule(SCHEDULES[getattr(self, schedule)]),
            validation_score=validation_score,
            callbacks=callbacks,
            fitted_attributes=lambda: self._copied_attributes(learner, state),
            report=self._report if self.verbose else None,
            remedy=f"Scale X, or lower {learning_rate}={rate}.",
            checkpoint=checkpoint,
            save=lambda best: self._save(checkpoint, learner, state, best),
        )  # fmt: skip
        self._continues = incremental or self.warm_start
        if incremental and state.n_epochs >= n_epochs:
            self._warn_of_the_end(schedule, n_epochs)
        return loop.run(1, max(n_epochs, 1)) if incremental else loop.run(n_epochs)

    def _open_checkpoint(self, state, *, incremental, **data):
        """Return the checkpoint of this fit, if a callback asks for one.

        Parameters
        ----------
        state : TrainingState
            Before the fit.
        incremental : bool
            Whether this is `partial_fit`, which has no callbacks.
        **data : dict of str to object
            What the fit depends on besides the parameters.
        """
        callbacks = [] if incremental else getattr(self, "_skl_callbacks", [])
        asking = [each for each in callbacks if isinstance(each, Checkpoint)]
        if not asking:
            return NoCheckpoint()
        if len(asking) > 1:
            raise ValueError("A fit has one Checkpoint, got several as callbacks.")
        parts = identity(self, state.n_epochs, data)
        return FitCheckpoint(asking[0].path, asking[0].every, parts)

    def _resume(self, saved):
        """Take over the attributes of a checkpoint; return the training state."""
        for name in [name for name in vars(self) if self._is_fitted_attribute(name)]:
            delattr(self, name)
        vars(self).update(saved["attributes"])
        return TrainingState.from_dict(self._training_state)

    def _continued_state(self):
        """Return the training state that this call continues from."""
        return TrainingState.from_dict(self._training_state).copy()

    def _save(self, checkpoint, learner, state, best):
        """Save the training as it is now, after an epoch."""
        state.learner = learner.state()
        self._set_fitted(learner, state)
        try:
            attributes = {
                k: v for k, v in vars(self).items() if self._is_fitted_attribute(k)
            }
            checkpoint.save(attributes, best)
        finally:
            self._training_state["learner"] = state.learner = None
            self._release_weights()

    def _warn_of_the_end(self, schedule, n_planned):
        """Warn that the learning rate has fallen to the end of its schedule."""
        if SCHEDULES[getattr(self, schedule)].runs_to_end:
            warn(
                f"partial_fit has been called {n_planned} times, and {schedule}="
                f"'{getattr(self, schedule)}' has lowered the learning rate to almost "
                f"0. For longer streams set {schedule}='constant'."
            )

    def _stopping_rule(self, schedule):
        monitored, patience = self._monitored, self.n_iter_no_change
        if self.early_stopping:
            monitored = "validation_score"
        elif schedule.runs_to_end:
            patience = np.inf
        return StoppingRule(monitored, self.tol, patience, self.verbose)

    def _start_state(self):
        """Return the training state of a new model."""
        state = TrainingState.start(self.random_state, self._streams, self._seeds)
        state.origin = self._topology_parameters()
        return state

    def _topology_parameters(self):
        """Return the parameters from which the topology is drawn, as text, by name."""
        names = "epsilon", "density", "random_state"
        return {name: repr(getattr(self, name)) for name in names}

    def _validate_params(self):
        for name, value in self.get_params(deep=False).items():
            if is_unknown_number(value):  # sklearn's check raises a TypeError of NumPy
                raise InvalidParameterError(
                    f"The {name!r} parameter of {type(self).__name__} must be an int "
                    f"or a float. Got {value!r} instead."
                )
        super()._validate_params()

    def _is_new(self, incremental):
        """Whether this call starts with a new model."""
        return not self.__sklearn_is_fitted__() or not (self.warm_start or incremental)

    def _check_evolution(self, *, incremental):
        """Raise ValueError for bad `evolution`, `evolve_every`, `early_stopping`."""
        as_rules(self.evolution)
        Period.parse(self.evolve_every)
        if incremental and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True, as it has no epochs "
                "to stop after. Set early_stopping=False, or use fit."
            )

    def _evolver(self, learner, state, n_batches):
        return Evolver(
            learner,
            as_rules(self.evolution),
            Period.parse(self.evolve_every),
            self.zeta,
            state,
            n_batches,
        )

    def _copied_attributes(self, learner, state):
        """Return copies of the fitted attributes as they are now, for callbacks."""
        self._set_fitted(learner, state)
        attributes = _without_solver_state(vars(self))
        copies = copy.deepcopy(
            {k: v for k, v in attributes.items() if self._is_fitted_attribute(k)}
        )
        self._release_weights()
        return copies

    def _is_fitted_attribute(self, name):
        is_public = name.endswith("_") and not name.startswith("_")
        return is_public or name in self._private_fitted

    def _get_fitted_attr_html(self, doc_link=""):
        attributes = super()._get_fitted_attr_html(doc_link)
        table = LayersAndAttributes(attributes, self._weight_matrices())
        return with_descriptions(table)

    def _get_params_html(self, *args, **kwargs):
        return with_descriptions(super()._get_params_html(*args, **kwargs))

    def __setstate__(self, state):
        """Restore a pickle; parameters that its version did not have get defaults."""
        parameters = inspect.signature(type(self)).parameters.values()
        super().__setstate__({p.name: p.default for p in parameters} | state)

    def __getstate__(self):
        state = super().__getstate__()
        if getattr(self, "_continues", True):
            return state
        return _without_solver_state(state)  # the next fit starts a new model


def _working_copy(estimator):
    """Return an estimator with the same attributes, numbers as Python's."""
    new = object.__new__(type(estimator))
    vars(new).update({k: python_number(v) for k, v in vars(estimator).items()})
    return new


class _Training(threading.local):
    """The estimators that this thread trains."""

    estimators = ()


_training = _Training()


@contextmanager
def _in_training(estimator, work):
    """Refuse to fit an estimator, or its working copy, while it is fitted."""
    before = _training.estimators
    if any(other is estimator for other in before):
        raise RuntimeError(
            f"{type(estimator).__name__} is being fitted, and its scorer or a callback "
            "fits it again. Fit sklearn.base.clone(estimator) there."
        )
    _training.estimators = *before, estimator, work
    try:
        yield
    finally:
        _training.estimators = before


def _without_solver_state(attributes):
    """Return the attributes without the solver's state, as large as the model."""
    state = attributes.get("_training_state")
    if state is None:
        return attributes
    return {**attributes, "_training_state": {**state, "learner": None}}
