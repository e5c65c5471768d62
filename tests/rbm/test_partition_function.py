"""The partition function, against enumeration and integration."""

import numpy as np
import pytest
from helpers.rbms import energies, fit_binary_rbm, make_model, states
from scipy.integrate import quad
from scipy.special import logsumexp

from sklearn_set import SETRBM
from sklearn_set._rbm.partition_function import anneal, exact


@pytest.mark.parametrize("n_hidden, n_visible", [(4, 6), (6, 4), (1, 1)])
def test_exact_partition_is_the_sum_over_all_states(n_hidden, n_visible, rng):
    model = make_model(n_hidden, n_visible, min(10, n_hidden * n_visible), rng)
    v, h = states(n_visible), states(n_hidden)
    assert len(np.unique(v, axis=1).T) == 2**n_visible
    log_z, error = exact(model)
    assert log_z == pytest.approx(logsumexp(-energies(model, v, h)), rel=1e-12)
    assert error == 0


@pytest.mark.parametrize("std", [1.0, 0.5, 2.0])
def test_exact_partition_of_gaussian_units_is_the_integral(std, rng):
    model = make_model(5, 1, 5, rng, "gaussian", std=std)
    h = states(5)

    def density(x):
        return np.exp(-energies(model, np.array([[x]]), h)).sum()

    assert exact(model).value == pytest.approx(
        np.log(quad(density, -40, 40, limit=200)[0])
    )


def test_exact_refuses_too_many_units(digits):
    with pytest.raises(ValueError, match="at most 24 units; 30 .* method='ais'"):
        fit_binary_rbm(digits, n_components=30, n_iter=1).log_partition("exact")


SETTINGS = {
    "CD-1": {},
    "CD-5": {"cd_steps": 5, "n_iter": 30},
    "PCD": {"persistent": True, "learning_rate": 0.03, "n_iter": 50},
    "strong": {"learning_rate": 0.5, "n_iter": 100, "batch_size": 20},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_annealing_agrees_with_enumeration_on_trained_models(settings, digits):
    rbm = fit_binary_rbm(digits, **settings)
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
    model = make_model(8, 10, 40, rng)
    true = exact(model).value
    runs = [anneal(model, model.visible_bias * 0, 50, 20, rng) for _ in range(200)]
    values, errors = np.array(runs).T
    # With 200 runs the standard deviation is known to about 5 %.
    assert values.std() == pytest.approx(errors.mean(), rel=0.25)
    assert abs(values.mean() - true) < 0.3 * values.std()


def test_annealing_is_repeatable(digits):
    rbm = fit_binary_rbm(digits)
    assert rbm.log_partition() == rbm.log_partition()
    seeded = [rbm.log_partition(n_temperatures=9, random_state=s) for s in (1, 1, 2)]
    assert seeded[0] == seeded[1] != seeded[2]
