"""The log of the partition function of a restricted Boltzmann machine."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from sklearn_set._kernels.builds import _fast
from sklearn_set._utils.thread_chooser import on_fastest_threads

# Largest number of units whose states are enumerated, and how many states at a time.
MAX_EXACT_UNITS = 24
STATES_AT_ONCE = 1 << 12


class LogPartition(NamedTuple):
    """The log of the partition function, and its standard error."""

    value: float
    standard_error: float


def all_states(n_units, dtype):
    """Iterate over all states of binary units, in arrays of (n_units, n_states)."""
    for start in range(0, 1 << n_units, STATES_AT_ONCE):
        numbers = np.arange(start, min(start + STATES_AT_ONCE, 1 << n_units))
        yield ((numbers >> np.arange(n_units)[:, None]) & 1).astype(dtype)


def exact(model):
    """Sum over all states of one kind of units; the sum over the other is closed-form.

    Parameters
    ----------
    model : BoltzmannModel
        With at most `MAX_EXACT_UNITS` hidden, or as few binary visible, units.

    Returns
    -------
    log_partition : LogPartition
        Without an error.

    Raises
    ------
    ValueError
        If there are too many units of both kinds.
    """
    layer, visible = model.layer, model.visible
    by_visible = visible.is_binary and layer.n_out < layer.n_in
    n_units = layer.n_out if by_visible else layer.n_in
    if n_units > MAX_EXACT_UNITS:
        raise ValueError(
            f"method='exact' enumerates the states of at most {MAX_EXACT_UNITS} units; "
            f"{n_units} are too many. Use method='ais'."
        )
    log_terms = model.negative_free_energy if by_visible else _hidden_terms(model)
    parts = [logsumexp(log_terms(s)) for s in all_states(n_units, layer.dtype)]
    return LogPartition(float(logsumexp(parts)), 0.0)


def _hidden_terms(model):
    """Return the function that maps h to ``log of the sum of exp(-E(v, h)) over v``."""
    no_bias = np.zeros(model.layer.n_out, dtype=model.layer.dtype)

    def log_terms(h):
        inputs = np.empty((model.layer.n_out, h.shape[1]), dtype=h.dtype)
        model.layer.forward(h, no_bias, inputs)
        inputs, bias = inputs.astype(np.float64), model.visible_bias
        return model.hidden_bias @ h + model.visible.log_integral(inputs, bias)

    return log_terms


def independent_samples(model, bias, n_samples, rng):
    """Draw visible units with these biases and without connections.

    Parameters
    ----------
    model : BoltzmannModel
        Defines the kind of the visible units.
    bias : ndarray of shape (n_visible,)
        Used instead of the model's biases.
    n_samples : int
        How many to draw.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    v : ndarray of shape (n_visible, n_samples)
    """
    means = model.visible.mean(bias.astype(model.layer.dtype))
    v = np.repeat(means[:, None], n_samples, axis=1)
    return model.visible.sample(v, model, rng)


def anneal(model, base_bias, n_chains, n_steps, rng):
    """Estimate it by annealed importance sampling (Salakhutdinov and Murray 2008).

    The chains start from a model with biases only, whose partition function is known.
    At the inverse temperature t the energy of v and h is ``(1 - t) energy(v, base_bias)
    + t E(v, h)``; t goes from 0 to 1 in equal steps.

    Parameters
    ----------
    model : BoltzmannModel
        Whose partition function is estimated.
    base_bias : ndarray of shape (n_visible,)
        Biases of the first model, ideally those of the data's distribution.
    n_chains : int
        Number of independent chains.
    n_steps : int
        Number of temperatures after the first.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    log_partition : LogPartition
        The standard error is that of the mean of the importance weights, by the delta
        method.
    """
    layer, visible = model.layer, model.visible
    base = base_bias.astype(layer.dtype)
    tilt = _tilt(model, base)
    v = independent_samples(model, base, n_chains, rng)
    inputs, log_weights = np.empty((layer.n_in, n_chains), v.dtype), np.zeros(n_chains)

    def move(temperatures):
        before, after = temperatures.tolist()
        log_weights[:] += tilt(v) / n_steps
        model.hidden_inputs(v, inputs)
        _fast.anneal(inputs, before, after, log_weights, layer.n_threads)
        h = model.sample(inputs, rng, inputs)
        h *= after
        bias = (1 - after) * base + after * model.visible_bias
        model.visible_means(h, v, bias.astype(v.dtype))
        visible.sample(v, model, rng)

    with on_fastest_threads(move, [layer], 2, n_steps, "anneal") as move_fast:
        for step in range(n_steps):
            move_fast(np.array([step, step + 1]) / n_steps)
    visible_term = visible.log_integral(np.zeros((layer.n_out, 1)), base.astype(float))
    return _mean(log_weights, layer.n_in * np.log(2) + float(visible_term[0]))


def _tilt(model, base):
    """Return the function that maps v to ``energy(v, base) - energy(v, b)``.

    The difference is linear in v, for all kinds of units.
    """
    bias, energy = model.visible_bias, model.visible.negative_energy
    slope = (bias - base) / model.visible.variance
    nothing = np.zeros((bias.size, 1))
    at_nothing = float((energy(nothing, bias) - energy(nothing, base))[0])

    # Not by BLAS, whose threads would compete with those of the kernels.
    def tilt(v):
        return np.einsum("i,ib->b", slope, v, dtype=np.float64) + at_nothing

    return tilt


def _mean(log_weights, log_base):
    """Return the log of the weights' mean, and its standard error."""
    n = log_weights.size
    log_mean = logsumexp(log_weights) - np.log(n)
    ratios = np.exp(log_weights - log_mean)
    error = ratios.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return LogPartition(float(log_base + log_mean), float(error))
