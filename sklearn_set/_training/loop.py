"""The training loop: epochs over batches, the same for every learner."""

import time

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_set._training.callbacks import NoCallbacks
from sklearn_set._training.checkpoint import NoCheckpoint
from sklearn_set._training.schedules import TrainingProgress
from sklearn_set._utils.thread_chooser import on_fastest_threads
from sklearn_set._utils.warnings import warn

# By this factor the loss may have grown, from at least 1, without a warning.
GROWTH = 1000


class TrainingLoop:
    """Trains a learner, epoch by epoch, until a rule, a callback or the user stops it.

    Parameters
    ----------
    learner : Learner
        What is trained.
    batches : Batches
        The samples, in the order of each epoch.
    state : TrainingState
        Counters and history, which the loop updates.
    evolver : Evolver
        Evolves the learner's layers between epochs or steps.
    schedule : Schedule
        Factor of the learning rate in each epoch.
    learning_rate : float
        The initial learning rate.
    stopping : StoppingRule
        Stops training when nothing improves. If it monitors the validation score, the
        weights with the best score are restored at the end.
    validation_score : callable, default=None
        Returns the score of the model as it is now.
    callbacks : FitCallbacks, default=None
        Told of the beginning and the end of each epoch.
    fitted_attributes : callable, default=None
        Returns copies of the fitted attributes as they are now, for the callbacks.
    report : callable, default=None
        ``report(n_iter, metrics, seconds)`` returns the line that is printed after each
        epoch; None prints nothing.
    remedy : str, default="Scale X."
        What to do if training diverges.
    checkpoint : FitCheckpoint, default=None
        Where the training is saved. If it has been saved before, the training resumes:
        learner and state are those of the checkpoint.
    save : callable, default=None
        ``save(best)`` writes the checkpoint.
    """

    def __init__(
        self, learner, batches, state, *, evolver, schedule, learning_rate, stopping,
        validation_score=None, callbacks=None, fitted_attributes=None, report=None,
        remedy="Scale X.", checkpoint=None, save=None,
    ):  # fmt: skip
        self.learner = learner
        self._batches = batches
        self._state = state
        self._evolver = evolver
        self._schedule = schedule
        self._learning_rate = learning_rate
        self._stopping = stopping
        self._validation_score = validation_score
        self._callbacks = callbacks or NoCallbacks()
        self._fitted_attributes = fitted_attributes
        self._report = report
        self._remedy = remedy
        self._checkpoint = checkpoint or NoCheckpoint()
        self._save = save
        self._best = None
        self._learn = learner.learn

    def run(self, n_epochs, n_planned=None):
        """Train for at most `n_epochs` epochs.

        Parameters
        ----------
        n_epochs : int
            Epochs of this call.
        n_planned : int, default=None
            Number of epochs planned in all, if this call continues after the epochs of
            earlier calls; None if the training consists of this call.

        Returns
        -------
        is_complete : bool
            Whether all epochs were run, and nothing stopped training before.

        Raises
        ------
        ValueError
            If training diverges.
        """
        self._begin(is_complete=n_planned is None)
        try:
            with self._on_fastest_threads(n_epochs) as self._learn:
                is_complete = self._run_epochs(n_epochs, n_planned)
        except KeyboardInterrupt:
            warn("Training interrupted by user.")
            self._checkpoint.interrupt()
            is_complete = False
        self.learner.flush()
        if self._best is not None:
            self.learner.restore(self._best)
        self._check_finite()
        self._check_growth()
        self._state.learner = self.learner.state()
        return is_complete

    def _begin(self, is_complete):
        """Start the counts of this call, or take over those of the checkpoint."""
        if self._checkpoint.saved is not None:
            self._best = self._checkpoint.saved["best"]
            return
        self._state.begin_call(is_complete=is_complete)
        self._stopping.begin(self._state.history)
        if self._stopping.monitors == "validation_score":
            self._best = self.learner.snapshot()

    def _on_fastest_threads(self, n_epochs):
        learner, batches = self.learner, self._batches
        return on_fastest_threads(
            learner.learn, learner.timed_layers, batches.batch_size,
            n_epochs * batches.n_batches, type(learner).__name__,
        )  # fmt: skip

    def _run_epochs(self, n_epochs, n_planned):
        for epoch in range(self._state.n_iter, n_epochs):
            self._callbacks.begin_epoch()
            begin = time.perf_counter()
            progress = self._progress(epoch, n_epochs, n_planned)
            rate = self._learning_rate * self._schedule.factor(progress)
            self._run_epoch(rate, progress)
            self._evaluate_epoch(time.perf_counter() - begin)
            stops = self.learner.diverged or self._stopping.is_met(
                self._state, self._schedule, rate
            )
            if self._callbacks.end_epoch(self._fitted_attributes) or stops:
                return False
            if self._checkpoint.is_due(self._state.n_iter):
                self._save(self._best)
        return True

    def _progress(self, epoch, n_epochs, n_planned):
        state = self._state
        if n_planned is not None:
            epoch, n_epochs = state.n_epochs, n_planned
        return TrainingProgress(epoch, n_epochs, state.n_samples, state.n_cuts)

    def _run_epoch(self, rate, progress):
        """Pass over the samples once."""
        if self.learner.solver is not None:
            self.learner.solver.learning_rate = rate
        self.learner.begin_epoch()
        with self._evolver.epoch(progress.fraction, self._layer_gradients):
            n_samples = 0
            for indices in self._batches:
                self._evolver.begin_step()
                self._learn(indices)
                self._state.n_steps += self.learner.n_steps(indices)
                n_samples += indices.size
        self.learner.flush()
        self._state.n_epochs += 1
        self._state.n_samples += n_samples

    def _layer_gradients(self):
        """Return the gradients of the layers on a random batch, for evolution."""
        return self.learner.layer_gradients(self._batches.draw(self._evolver.rng))

    def _evaluate_epoch(self, seconds):
        """Record what the epoch has reached, and print it."""
        metrics = self.learner.end_epoch()
        self._state.n_iter += 1
        self._state.history.record(metrics)
        if self._report is not None:
            print(self._report(self._state.n_iter, metrics, seconds))
        if self._validation_score is not None:
            self._evaluate_score()
        if self._stopping.monitors == "loss":
            self._state.history.compare_loss(self._stopping.tol)

    def _evaluate_score(self):
        """Score the validation set; keep the weights if early stopping wants the best.

        An improvement is at least `tol`; the best weights are those of the best score.
        """
        history, score = self._state.history, np.nan
        best = history.best_validation_score
        best = -np.inf if best is None else best
        try:
            if self.learner.is_finite():
                score = self._validation_score()
        finally:  # even if it is interrupted, there is a score for each epoch
            if score > best and self._best is not None:
                self._best = self.learner.snapshot()
            history.record_score(score)
        if self._report is not None:
            print(f"Validation score: {score:f}")
        if self._stopping.monitors == "validation_score":
            history.count(score >= best + self._stopping.tol)

    def _check_finite(self):
        message = (
            "Training diverged: the loss or the weights are no longer finite. "
            f"{self._remedy}"
        )
        if not self.learner.is_finite():
            raise ValueError(message)
        if self.learner.diverged:
            if self._best is None:
                raise ValueError(message)
            warn(f"{message} The best weights are restored.", ConvergenceWarning)

    def _check_growth(self):
        """Warn of a loss that has grown by far, and is still finite."""
        losses = self._state.history.curves.get("loss")
        if not losses:
            return
        first, last = losses[0], losses[-1]
        if np.isfinite(last) and last > GROWTH * max(first, 1.0):
            restored = "" if self._best is None else " The best weights are restored."
            warn(
                f"Training diverges: the loss has grown from {first:.2g} to "
                f"{last:.2g}. {self._remedy}{restored}",
                ConvergenceWarning,
            )
