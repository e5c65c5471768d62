"""What SETRBM says of its distribution, against enumeration and integration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.special import expit, logsumexp
from scipy.stats import chisquare, kstest, norm

from sklearn_set import SETRBM
from sklearn_set._layers.solvers import SGD
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._rbm.contrastive_divergence import ContrastiveDivergence
from sklearn_set._rbm.model import BoltzmannModel
from sklearn_set._rbm.partition_function import (
    all_states,
    anneal,
    exact,
    independent_samples,
)
from sklearn_set._rbm.visible_units import VISIBLE_UNITS


def make_machine(
    n_hidden, n_visible, n_links, rng, visible="bernoulli", strength=1.0, std=1.0
):
    layer = SparseLayer.random(n_hidden, n_visible, n_links, rng, np.float64)
    layer.connections.weights[:] = strength * rng.standard_normal(n_links)
    biases = rng.standard_normal(n_hidden), rng.standard_normal(n_visible)
    return BoltzmannModel(layer, *biases, VISIBLE_UNITS[visible](std))


def energies(machine, v, h):
    """The energy of each state of v with each state of h, as defined."""
    W, b, c = machine.layer.coef.toarray(), machine.visible_bias, machine.hidden_bias
    if machine.visible.is_binary:
        of_visible = -(b @ v)[:, None]
    else:
        apart = (v - b[:, None]) / machine.visible.std
        of_visible = 0.5 * np.square(apart).sum(axis=0)[:, None]
    return of_visible - (c @ h)[None, :] - v.T @ W.T @ h


def states(n):
    return np.hstack(list(all_states(n, np.float64)))


def joint(machine):
    """Log of the probabilities of all states (v, h) of a binary machine."""
    v, h = states(machine.layer.n_out), states(machine.layer.n_in)
    log_p = -energies(machine, v, h)
    return v, h, log_p - logsumexp(log_p)


def trained(digits, **settings):
    X = (digits[0] > 0.5).astype(float)
    options = {"n_components": 12, "n_iter": 10, "random_state": 0}
    return SETRBM(**options | settings).fit(X)


# -- the partition function ------------------------------------------------------


@pytest.mark.parametrize("n_hidden, n_visible", [(4, 6), (6, 4), (1, 1)])
def test_exact_partition_is_the_sum_over_all_states(n_hidden, n_visible, rng):
    machine = make_machine(n_hidden, n_visible, min(10, n_hidden * n_visible), rng)
    v, h = states(n_visible), states(n_hidden)
    assert len(np.unique(v, axis=1).T) == 2**n_visible
    log_z, error = exact(machine)
    assert log_z == pytest.approx(logsumexp(-energies(machine, v, h)), rel=1e-12)
    assert error == 0


@pytest.mark.parametrize("std", [1.0, 0.5, 2.0])
def test_exact_partition_of_gaussian_units_is_the_integral(std, rng):
    machine = make_machine(5, 1, 5, rng, "gaussian", std=std)
    h = states(5)

    def density(x):
        return np.exp(-energies(machine, np.array([[x]]), h)).sum()

    assert exact(machine).value == pytest.approx(
        np.log(quad(density, -40, 40, limit=200)[0])
    )


SETTINGS = {
    "CD-1": {},
    "CD-5": {"cd_steps": 5, "n_iter": 30},
    "PCD": {"persistent": True, "learning_rate": 0.03, "n_iter": 50},
    "strong": {"learning_rate": 0.5, "n_iter": 100, "batch_size": 20},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_annealing_agrees_with_enumeration_on_trained_models(settings, digits):
    rbm = trained(digits, **settings)
    exact, estimate = rbm.log_partition("exact"), rbm.log_partition()
    assert abs(estimate.value - exact.value) < 0.05
    assert estimate.standard_error < 0.05


@pytest.mark.parametrize("std, rate", [(1, 0.01), (3, 0.05)])
def test_annealing_agrees_for_gaussian_units(std, rate, digits):
    X = (digits[0] - digits[0].mean(axis=0)) / (digits[0].std(axis=0) + 1e-2)
    rbm = SETRBM(12, visible="gaussian", visible_std=std, learning_rate=rate)
    rbm.set_params(random_state=0).fit(X)
    estimate = rbm.log_partition(n_temperatures=3000)
    assert abs(estimate.value - rbm.log_partition("exact").value) < 0.05


def test_standard_error_is_that_of_independent_runs(rng):
    machine = make_machine(8, 10, 40, rng)
    true = exact(machine).value
    runs = [anneal(machine, machine.visible_bias * 0, 50, 20, rng) for _ in range(200)]
    values, errors = np.array(runs).T
    # 200 runs: the spread is known to about 5 %, and the mean to a tenth of it.
    assert values.std() == pytest.approx(errors.mean(), rel=0.25)
    assert abs(values.mean() - true) < 0.3 * values.std()


def test_annealing_is_repeatable(digits):
    rbm = trained(digits)
    assert rbm.log_partition() == rbm.log_partition()
    seeded = [rbm.log_partition(n_temperatures=9, random_state=s) for s in (1, 1, 2)]
    assert seeded[0] == seeded[1] != seeded[2]


@pytest.mark.parametrize("visible", VISIBLE_UNITS)
def test_threads_change_nothing(visible, digits, request):
    """Not a bit, of what is large enough for two."""
    X = digits[0].round()
    settings = {"n_components": 300, "epsilon": 20, "visible": visible}
    rbm = SETRBM(**settings, learning_rate=0.01, n_iter=2, random_state=0).fit(X)
    found = []
    for threads in ("one_thread", "two_threads"):
        request.getfixturevalue(threads)
        scores = rbm.score_samples(X)
        found.append((rbm.log_partition(n_temperatures=20), scores))
    assert found[0][0] == found[1][0]
    assert_array_equal(found[0][1], found[1][1])


def test_score_is_the_mean_log_likelihood(digits):
    rbm = trained(digits)
    X = (digits[1] > 0.5).astype(float)
    exact = -rbm.free_energy(X).mean() - rbm.log_partition("exact").value
    assert rbm.score(X) == pytest.approx(exact, abs=0.05)
    assert rbm.score(X) == rbm.score(X)


def test_exact_refuses_what_would_never_end(digits):
    with pytest.raises(ValueError, match="at most 24 units; 30 .* method='ais'"):
        trained(digits, n_components=30, n_iter=1).log_partition("exact")


# -- energies and pseudo-likelihood ----------------------------------------------


@pytest.mark.parametrize("visible", VISIBLE_UNITS)
def test_free_energy_sums_over_the_hidden_states(visible, rng):
    machine = make_machine(4, 6, 12, rng, visible)
    v = rng.random((6, 9))
    expected = logsumexp(-energies(machine, v, states(4)), axis=1)
    assert_allclose(machine.negative_free_energy(v), expected, rtol=1e-12)


def naive_pseudo_log_likelihood(machine, v):
    """Flip each unit in turn."""
    total = 0
    for i in range(len(v)):
        flipped = v.copy()
        flipped[i] = 1 - flipped[i]
        here, there = (
            machine.negative_free_energy(s[:, None])[0] for s in (v, flipped)
        )
        total += here - np.logaddexp(here, there)
    return total


@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(0, 5), st.integers(0, 99),
    st.sampled_from([0.1, 3.0, 80.0, 400.0]), st.booleans(),
)  # fmt: skip
def test_pseudo_likelihood_flips_each_unit(
    n_hidden, n_visible, batch, seed, strength, is_binary
):
    """Of weak and of enormous weights, of binary units and of chances."""
    rng = np.random.default_rng(seed)
    n_links = rng.integers(n_hidden * n_visible + 1)
    machine = make_machine(n_hidden, n_visible, n_links, rng, strength=strength)
    v = rng.random((n_visible, batch))
    v = v.round() if is_binary else v
    expected = [naive_pseudo_log_likelihood(machine, column.copy()) for column in v.T]
    assert_allclose(machine.pseudo_log_likelihood(v), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("strength, std", [(0.1, 1), (2.0, 1), (40.0, 1), (2.0, 3)])
def test_pseudo_likelihood_of_gaussian_units_integrates(strength, std, rng):
    machine = make_machine(4, 5, 12, rng, "gaussian", strength, std)
    v = rng.standard_normal((5, 2))

    grid = np.linspace(-700, 700, 70_001)
    for column, own in zip(v.T, machine.pseudo_log_likelihood(v), strict=True):
        total = 5 * machine.negative_free_energy(column.copy()[:, None])[0]
        for i in range(5):
            moved = np.repeat(column[:, None], grid.size, axis=1)
            moved[i] = grid
            log_integral = logsumexp(machine.negative_free_energy(moved))
            total -= log_integral + np.log(grid[1] - grid[0])
        assert own == pytest.approx(total, rel=1e-9)


def test_pseudo_likelihood_without_links(rng):
    """Independent units: the likelihood itself."""
    v = rng.standard_normal((6, 3))
    gaussian = make_machine(4, 6, 0, rng, "gaussian")
    expected = norm.logpdf(v, gaussian.visible_bias[:, None]).sum(axis=0)
    assert_allclose(gaussian.pseudo_log_likelihood(v), expected, rtol=1e-10)
    binary = make_machine(4, 6, 0, rng)
    p = expit(binary.visible_bias)[:, None]
    v = v > 0
    expected = np.where(v, np.log(p), np.log1p(-p)).sum(axis=0)
    assert_allclose(binary.pseudo_log_likelihood(v * 1.0), expected, rtol=1e-10)


def test_absurd_weights_of_gaussian_units_are_refused(rng):
    machine = make_machine(4, 5, 12, rng, "gaussian", 1e7)
    with pytest.raises(ValueError, match="sum up to .* lower learning_rate"):
        machine.pseudo_log_likelihood(rng.random((5, 2)))


# -- learning --------------------------------------------------------------------


def expected_update(machine, X, cd_steps):
    """The mean update of CD-k over many draws of the chain, and the exact gradient."""
    v, h, log_p = joint(machine)
    p = np.exp(log_p)
    exact = (
        expit(machine.layer.coef.toarray() @ X + machine.hidden_bias[:, None])
        @ X.T
        / X.shape[1]
        - h @ p.T @ v.T
    )
    n_copies = 4000
    many = np.tile(X, n_copies)
    before = machine.layer.coef.toarray()
    learner = ContrastiveDivergence(
        machine, SGD(1.0), many.shape[1], np.random.default_rng(0), cd_steps=cd_steps
    )
    batch = learner.batch(many.shape[1])
    batch[:] = many
    learner.learn(batch)
    mask = before != 0
    update = machine.layer.coef.toarray() - before
    return update[mask], exact[mask]


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize("seed", range(5))
def test_expected_update_follows_the_gradient_of_the_likelihood(seed):
    """The more so, the more steps the chain has; its last one takes means."""
    agreement = []
    for cd_steps in (1, 30):
        rng = np.random.default_rng(seed)
        machine = make_machine(4, 6, 16, rng)
        X = rng.integers(2, size=(6, 10)).astype(float)
        agreement.append(cosine(*expected_update(machine, X, cd_steps)))
    assert agreement[0] > 0.8
    assert agreement[1] > 0.95 and agreement[1] > agreement[0]


@pytest.mark.parametrize("persistent", [False, True])
def test_likelihood_rises(persistent, digits):
    X = (digits[0] > 0.5).astype(float)
    scores = [
        trained(digits, n_iter=n, persistent=persistent, learning_rate=0.02).score(X)
        for n in (1, 5, 20)
    ]
    assert scores[0] < scores[1] < scores[2]


# -- sampling --------------------------------------------------------------------


def test_samples_are_distributed_as_the_model_says(rng):
    """All 64 visible states, against their exact probabilities."""
    machine = make_machine(4, 6, 14, rng)
    v, _, log_p = joint(machine)
    p = np.exp(logsumexp(log_p, axis=1))
    drawn = independent_samples(machine, np.zeros(6), 20_000, rng)
    for _ in range(60):
        drawn = machine.gibbs(drawn, rng)
    codes = (1 << np.arange(6)) @ drawn.astype(int)
    counts = np.bincount(codes, minlength=64)
    assert_array_equal((1 << np.arange(6)) @ v, np.arange(64))
    assert chisquare(counts, 20_000 * p).pvalue > 1e-3


@pytest.mark.parametrize("std", [1.0, 2.0])
def test_gaussian_samples_are_distributed_as_the_model_says(std, rng):
    machine = make_machine(3, 1, 3, rng, "gaussian", std=std)
    drawn = independent_samples(machine, np.zeros(1), 5000, rng)
    for _ in range(60):
        drawn = machine.gibbs(drawn, rng)
    h = states(3)
    inputs = machine.layer.coef.toarray().T @ h
    log_w = machine.hidden_bias @ h + machine.visible.log_integral(
        inputs, machine.visible_bias
    )
    shares = np.exp(log_w - logsumexp(log_w))
    means = (machine.visible_bias[:, None] + std**2 * inputs)[0]

    def distribution(x):
        return norm.cdf(np.subtract.outer(x, means) / std) @ shares

    assert kstest(drawn[0], distribution).pvalue > 1e-3


def test_sample_method(digits):
    rbm = trained(digits, n_iter=30, random_state=1)
    drawn = rbm.sample(400, n_steps=200)
    assert drawn.shape == (400, 64) and drawn.dtype == bool
    data = (digits[0] > 0.5).mean(axis=0)
    assert np.corrcoef(drawn.mean(axis=0), data)[0, 1] > 0.95
    others = rbm.sample(400, n_steps=200)
    assert not np.array_equal(drawn, others)
    assert np.abs(drawn.mean(axis=0) - others.mean(axis=0)).max() < 5 / 20 * 0.5**0.5
    assert rbm.sample().shape == (1, 64)
