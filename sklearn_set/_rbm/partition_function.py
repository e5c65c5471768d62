"""The log of a restricted Boltzmann machine's partition function."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from sklearn_set._kernels.builds import _fast

# Units on the smaller side whose states are enumerated, and how many at a time.
MAX_EXACT_UNITS = 24
STATES_AT_ONCE = 1 << 12


class LogPartition(NamedTuple):
    """The log of the partition function, and how well it is known."""

    value: float
    standard_error: float


def all_states(n_units, dtype):
    """Iterate over all states of binary units, in arrays of (n_units, n_states)."""
    for start in range(0, 1 << n_units, STATES_AT_ONCE):
        numbers = np.arange(start, min(start + STATES_AT_ONCE, 1 << n_units))
        yield ((numbers >> np.arange(n_units)[:, None]) & 1).astype(dtype)


def exact(machine):
    """Sum over all states of the smaller side; the other has a closed form.

    Parameters
    ----------
    machine : BoltzmannMachine
        With at most `MAX_EXACT_UNITS` hidden, or as few binary visible, units.

    Returns
    -------
    log_partition : LogPartition
        Without an error.

    Raises
    ------
    ValueError
        If both sides are too large.
    """
    layer, visible = machine.layer, machine.visible
    by_visible = visible.is_binary and layer.n_out < layer.n_in
    n_units = layer.n_out if by_visible else layer.n_in
    if n_units > MAX_EXACT_UNITS:
        raise ValueError(
            f"method='exact' enumerates the states of at most {MAX_EXACT_UNITS} units; "
            f"{n_units} are too many. Use method='ais'."
        )
    log_terms = machine.negative_free_energy if by_visible else _hidden_terms(machine)
    parts = [logsumexp(log_terms(s)) for s in all_states(n_units, layer.dtype)]
    return LogPartition(float(logsumexp(parts)), 0.0)


def _hidden_terms(machine):
    """Return the function that maps h to ``log of the sum of exp(-E(v, h)) over v``."""
    no_bias = np.zeros(machine.layer.n_out, dtype=machine.layer.dtype)

    def log_terms(h):
        inputs = np.empty((machine.layer.n_out, h.shape[1]), dtype=h.dtype)
        machine.layer.to_targets(h, no_bias, inputs)
        inputs, bias = inputs.astype(np.float64), machine.visible_bias
        return machine.hidden_bias @ h + machine.visible.log_integral(inputs, bias)

    return log_terms


def independent_samples(machine, bias, n_samples, rng):
    """Draw visible units that have these biases and no links.

    Parameters
    ----------
    machine : BoltzmannMachine
        Whose units are meant.
    bias : ndarray of shape (n_visible,)
        In place of the machine's own.
    n_samples : int
        How many to draw.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    v : ndarray of shape (n_visible, n_samples)
    """
    means = machine.visible.mean(bias.astype(machine.layer.dtype))
    v = np.repeat(means[:, None], n_samples, axis=1)
    return machine.visible.sample(v, machine, rng)


def anneal(machine, base_bias, n_chains, n_steps, rng):
    """Estimate it by annealed importance sampling (Salakhutdinov and Murray 2008).

    The chains start from visible units with biases of their own and no weights; of this
    machine the partition function is known. At the inverse temperature t the energy of
    v and h is ``(1 - t) energy(v, base_bias) + t E(v, h)``; t goes from 0 to 1 in equal
    steps.

    Parameters
    ----------
    machine : BoltzmannMachine
        Whose partition function is wanted.
    base_bias : ndarray of shape (n_visible,)
        Best the biases of units that are distributed as the data.
    n_chains : int
        Number of independent chains.
    n_steps : int
        Number of temperatures after the first.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    log_partition : LogPartition
        The error is that of the mean of the importance weights, by the delta method.
    """
    layer, visible = machine.layer, machine.visible
    base = base_bias.astype(layer.dtype)
    tilt = _tilt(machine, base)
    v = independent_samples(machine, base, n_chains, rng)
    inputs, log_weights = np.empty((layer.n_in, n_chains), v.dtype), np.zeros(n_chains)
    for step in range(n_steps):
        before, after = step / n_steps, (step + 1) / n_steps
        log_weights += tilt(v) / n_steps
        machine.hidden_inputs(v, inputs)
        _fast.anneal(inputs, before, after, log_weights, layer.n_threads)
        h = machine.sample(inputs, rng, inputs)
        h *= after
        bias = (1 - after) * base + after * machine.visible_bias
        machine.visible_means(h, v, bias.astype(v.dtype))
        visible.sample(v, machine, rng)
    of_visible = visible.log_integral(np.zeros((layer.n_out, 1)), base.astype(float))
    return _mean(log_weights, layer.n_in * np.log(2) + float(of_visible[0]))


def _tilt(machine, base):
    """Return the function that maps v to ``energy(v, base) - energy(v, b)``.

    For units of any kind that is linear in v.
    """
    bias, energy = machine.visible_bias, machine.visible.negative_energy
    slope = (bias - base) / machine.visible.variance
    nothing = np.zeros((bias.size, 1))
    at_nothing = float((energy(nothing, bias) - energy(nothing, base))[0])

    # Not by BLAS, whose threads would get in the way of the kernels'.
    def tilt(v):
        return np.einsum("i,ib->b", slope, v, dtype=np.float64) + at_nothing

    return tilt


def _mean(log_weights, of_base):
    """Return the log of the weights' mean, and its standard error."""
    n = log_weights.size
    log_mean = logsumexp(log_weights) - np.log(n)
    ratios = np.exp(log_weights - log_mean)
    error = ratios.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return LogPartition(float(of_base + log_mean), float(error))
