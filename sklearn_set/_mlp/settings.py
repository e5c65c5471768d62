"""The parameters of the perceptrons: their constraints and their meaning."""

from numbers import Integral, Real

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from sklearn_set._layers.solvers import SOLVERS
from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set._mlp.dropout import NO_DROPOUT, Dropout
from sklearn_set._mlp.initializers import INITIALIZERS
from sklearn_set._training.schedules import SCHEDULES
from sklearn_set._utils.numbers import as_list, python_number
from sklearn_set._utils.warnings import warn
from sklearn_set.evolution import RULES

# With batch_size='auto' the smallest and the largest batch. Up to as many samples as in
# the latter are one batch.
SMALLEST_BATCH, LARGEST_BATCH = 8, 32

# With dropout="auto" the rates of inputs and hidden units of a classifier, and the
# least number of samples. With less, dropout makes the default network worse, and so
# it does in regression (doc/results.md).
AUTO_DROPOUT = 0.5, 0.3
MIN_SAMPLES_FOR_DROPOUT = 500

_FRACTION = Interval(Real, 0, 1, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")

# What scikit-learn's validation accepts for each parameter of both perceptrons.
CONSTRAINTS = {
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
    "dropout": [StrOptions({"auto"}), _FRACTION, "array-like"],
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


def hidden_sizes(hidden_layer_sizes):
    """Return the number of units of each hidden layer.

    Raises
    ------
    ValueError
        If it is neither an integer >= 1 nor a list of them.
    """
    size = python_number(hidden_layer_sizes)
    sizes = [size] if isinstance(size, int) else as_list(hidden_layer_sizes)
    if sizes is None or not all(type(size) is int and size >= 1 for size in sizes):
        raise ValueError(
            "hidden_layer_sizes must be an integer >= 1 or a list of them, got "
            f"{hidden_layer_sizes!r}."
        )
    return sizes


def activation_names(activation, n_hidden):
    """Return the name of the activation of each of `n_hidden` hidden layers.

    Raises
    ------
    ValueError
        If a name is unknown, or there are too few or too many.
    """
    is_name = isinstance(activation, str)
    names = [activation] * n_hidden if is_name else as_list(activation)
    if (
        names is None
        or len(names) != n_hidden
        or not all(isinstance(name, str) and name in ACTIVATIONS for name in names)
    ):
        raise ValueError(
            f"activation must be one of {sorted(ACTIVATIONS)}, or a list with one "
            f"of them for each of the {n_hidden} hidden layers, got {activation!r}."
        )
    return list(map(str, names))


def hidden_activations(activation, n_hidden):
    """Return an activation for each hidden layer; for errors see `activation_names`."""
    names = activation_names(activation, n_hidden)
    return [ACTIVATIONS[name](i) for i, name in enumerate(names, start=1)]


def dropout_of_layers(dropout, n_hidden, n_auto=0, rng=None):
    """Return the dropout of the input and of `n_hidden` hidden layers.

    Parameters
    ----------
    dropout : "auto", float or list of float
        The perceptrons' parameter.
    n_hidden : int
        Number of hidden layers.
    n_auto : int, default=0
        Number of training samples, on which 'auto' depends; 0 in regression.
    rng : numpy.random.Generator, default=None
        Draws what is dropped.

    Raises
    ------
    ValueError
        If a rate is not in [0, 1), or there are too few or too many.
    """
    if isinstance(dropout, str):
        rates = [AUTO_DROPOUT[0], *[AUTO_DROPOUT[1]] * n_hidden]
        rates = rates if n_auto >= MIN_SAMPLES_FOR_DROPOUT else []
        return Dropout(rates, rng) if rates else NO_DROPOUT
    if isinstance(dropout, Real):
        rates = [0.0, *[float(dropout)] * n_hidden]
    else:
        rates = as_list(dropout)
    if (
        rates is None
        or len(rates) != n_hidden + 1
        or not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates)
    ):
        raise ValueError(
            "dropout must be 'auto', a rate in [0, 1) for the hidden layers, or a list "
            f"of {n_hidden + 1} rates, for the input and each of the {n_hidden} "
            f"hidden layers, got {dropout!r}."
        )
    return Dropout(rates, rng) if any(rates) else NO_DROPOUT


def check_scoring_name(scoring):
    """Raise ValueError if `scoring` is a name that scikit-learn does not know.

    Before any training, and even if there is no validation set yet.
    """
    if isinstance(scoring, str) and scoring not in {"loss", *get_scorer_names()}:
        raise ValueError(
            f"scoring={scoring!r} is not known. It must be None, 'loss', a callable or "
            "one of sklearn.metrics.get_scorer_names()."
        )


def checked_batch_size(batch_size, n_samples, *, incremental):
    """Return the number of samples in a batch; warn if it is clipped."""
    if batch_size == "auto":
        return min(_full_batch(batch_size, n_samples), n_samples)
    # The pieces of a stream may well be smaller, above all the last one.
    if batch_size > n_samples and not incremental:
        warn(
            f"batch_size={batch_size} is larger than the {n_samples} samples; "
            "it is clipped."
        )
    return min(int(batch_size), n_samples)


def _full_batch(batch_size, n_samples):
    """Return the number of samples in a batch, unless there are fewer."""
    if batch_size != "auto":
        return int(batch_size)
    if n_samples <= LARGEST_BATCH:
        return LARGEST_BATCH
    return min(max(n_samples // SMALLEST_BATCH, SMALLEST_BATCH), LARGEST_BATCH)


def penalty_of_batches(alpha, batch_size, n_samples):
    """Return the penalty that, divided by the samples of a batch, is that of a step.

    A step's penalty is ``alpha / batch_size``. Where there are fewer samples than that,
    it does not depend on their number, or a sample of weight 2 would differ from two
    samples.

    Parameters
    ----------
    alpha : float
        Strength of the L2 penalty.
    batch_size : int or "auto"
        The perceptrons' parameter.
    n_samples : int
        The number of training samples.
    """
    full = _full_batch(batch_size, n_samples)
    return float(alpha) * (min(full, n_samples) / full)
