"""Fits that are interrupted at random moments, as by Ctrl-C."""

import signal
import traceback
import warnings
from collections import Counter

import numpy as np
from sklearn.base import clone

from long.random_models import assert_consistent, assert_tidy
from sklearn_set import SETRBM, SETMLPClassifier

LONGEST = 0.4  # seconds


def estimators():
    """Return estimators, X and y whose fits take about that long."""
    rng = np.random.default_rng(0)
    X, y = rng.random((200, 50)), rng.integers(3, size=200)
    settings = {"hidden_layer_sizes": (100, 50), "max_iter": 15, "random_state": 0}
    return [
        (SETMLPClassifier(**settings), X, y),
        (SETMLPClassifier(early_stopping=True, warm_start=True, **settings), X, y),
        (SETRBM(200, n_iter=15, persistent=True, random_state=0), X, None),
    ]


def interrupt_fits(times, seed):
    """Interrupt so many fits; return how often each outcome was."""
    warnings.simplefilter("ignore")
    rng, counts, models = np.random.default_rng(seed), Counter(), estimators()
    for number in range(times):
        estimator, X, y = models[number % len(models)]
        try:
            counts[_interrupt(clone(estimator), X, y, rng)] += 1
        except Exception:
            counts["failure"] += 1
            print(traceback.format_exc(limit=-4), flush=True)
    return counts


def _interrupt(model, X, y, rng):
    """Interrupt a first or a second fit; the model must be whole afterwards."""
    if rng.random() < 0.5:
        model.fit(X, y)
    before = dict(vars(model))
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    outcome = "raised, and the model is as before"
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-4, LONGEST))
        model.fit(X, y)
        signal.setitimer(signal.ITIMER_REAL, 0)
        n_epochs = getattr(model, "max_iter", getattr(model, "n_iter", None))
        outcome = "complete" if model.n_iter_ == n_epochs else "stopped early"
    except KeyboardInterrupt:
        changed = {k for k, v in vars(model).items() if v is not before.get(k)}
        if changed:  # it came after the attributes had been published
            outcome = "raised after the end"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if model.__sklearn_is_fitted__():
        assert_tidy(model)
        assert_consistent(model, X)
        model.fit(X, y)
    return outcome
