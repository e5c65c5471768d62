"""Binary and Gaussian visible units: pseudo-likelihood, biases, scale of the data."""

import warnings

import numpy as np
import pytest
from helpers.rbms import assert_same_rbm, make_model, make_rbm
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.special import expit, logsumexp
from scipy.stats import norm

from sklearn_set import SETRBM


def naive_pseudo_log_likelihood(model, v):
    """Flip each unit in turn."""
    total = 0
    for i in range(len(v)):
        flipped = v.copy()
        flipped[i] = 1 - flipped[i]
        here, there = (model.negative_free_energy(s[:, None])[0] for s in (v, flipped))
        total += here - np.logaddexp(here, there)
    return total


@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(0, 5), st.integers(0, 99),
    st.sampled_from([0.1, 3.0, 80.0, 400.0]), st.booleans(),
)  # fmt: skip
def test_pseudo_likelihood_flips_each_unit(
    n_hidden, n_visible, batch, seed, strength, is_binary
):
    """Weak and huge weights, binary values and probabilities."""
    rng = np.random.default_rng(seed)
    n_connections = rng.integers(n_hidden * n_visible + 1)
    model = make_model(n_hidden, n_visible, n_connections, rng, strength=strength)
    v = rng.random((n_visible, batch))
    v = v.round() if is_binary else v
    expected = [naive_pseudo_log_likelihood(model, column.copy()) for column in v.T]
    assert_allclose(model.pseudo_log_likelihood(v), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("strength, std", [(0.1, 1), (2.0, 1), (40.0, 1), (2.0, 3)])
def test_pseudo_likelihood_of_gaussian_units_integrates(strength, std, rng):
    model = make_model(4, 5, 12, rng, "gaussian", strength, std)
    v = rng.standard_normal((5, 2))

    grid = np.linspace(-700, 700, 70_001)
    for column, found in zip(v.T, model.pseudo_log_likelihood(v), strict=True):
        total = 5 * model.negative_free_energy(column.copy()[:, None])[0]
        for i in range(5):
            moved = np.repeat(column[:, None], grid.size, axis=1)
            moved[i] = grid
            log_integral = logsumexp(model.negative_free_energy(moved))
            total -= log_integral + np.log(grid[1] - grid[0])
        assert found == pytest.approx(total, rel=1e-9)


def test_pseudo_likelihood_without_connections(rng):
    """Independent units: the likelihood itself."""
    v = rng.standard_normal((6, 3))
    gaussian = make_model(4, 6, 0, rng, "gaussian")
    expected = norm.logpdf(v, gaussian.visible_bias[:, None]).sum(axis=0)
    assert_allclose(gaussian.pseudo_log_likelihood(v), expected, rtol=1e-10)
    binary = make_model(4, 6, 0, rng)
    p = expit(binary.visible_bias)[:, None]
    v = v > 0
    expected = np.where(v, np.log(p), np.log1p(-p)).sum(axis=0)
    assert_allclose(binary.pseudo_log_likelihood(v * 1.0), expected, rtol=1e-10)


def test_huge_weights_of_gaussian_units_are_refused(rng):
    model = make_model(4, 5, 12, rng, "gaussian", 1e7)
    with pytest.raises(ValueError, match="sum up to .* lower learning_rate"):
        model.pseudo_log_likelihood(rng.random((5, 2)))


def test_visible_biases_start_at_the_log_odds():
    X = np.zeros((9, 4))
    X[:, 1], X[:3, 2] = 1, 1
    rbm = SETRBM(2, n_iter=0).fit(X)
    p = expit(rbm.intercept_visible_)
    mean = (0 + 9 + 3 + 0) / 36
    expected = (9 * X.mean(axis=0) + mean) / 10  # one more sample, of the mean
    assert_allclose(p, expected)
    assert p[0] == p[3] < 0.05 and 0.9 < p[1]
    assert np.isfinite(
        SETRBM(2, n_iter=0).fit(np.zeros((5, 3))).intercept_visible_
    ).all()
    assert np.isfinite(
        SETRBM(2, n_iter=0).fit(np.ones((5, 3))).intercept_visible_
    ).all()
    X = np.arange(12.0).reshape(4, 3) / 10
    gaussian = SETRBM(2, n_iter=0, visible="gaussian").fit(X)
    assert_allclose(gaussian.intercept_visible_, X.mean(axis=0))


# -- scale of the data ---------------------------------------------------------


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_X_out_of_range_warns_and_says_how_to_scale(convert, digits):
    X, _, _, _ = digits
    with pytest.warns(UserWarning, match=r"goes from 0 to 16\. Scale it.*MinMaxScaler"):
        rbm = make_rbm().fit(convert(16 * X))
    with pytest.warns(UserWarning, match="MaxAbsScaler"):
        rbm.transform(convert(16 * X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_rbm().fit(convert(X)).transform(convert(X))


def test_gaussian_data_out_of_scale_warn(digits):
    X, _, _, _ = digits
    rbm = make_rbm(visible="gaussian", learning_rate=1e-4)
    with pytest.warns(UserWarning, match="mean square of X is .*StandardScaler"):
        rbm.fit(100 * X)
    with pytest.warns(UserWarning, match="mean square of X is .*StandardScaler"):
        rbm.transform(csr_array(100 * X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rbm.fit(X - X.mean(axis=0)).transform(X[:2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "settings",
    [
        {"cd_steps": 2},
        {"persistent": True, "momentum": 0.5, "alpha": 0.1},
        {"evolution": "rigl", "sparsity_target": 0.2},
    ],
    ids=["CD-2", "PCD", "rigl"],
)
def test_visible_std_scales_the_features(settings, dtype, digits):
    """The same as dividing X by it, in all results."""
    X = (4 * (digits[0] - digits[0].mean(axis=0))).astype(dtype)
    settings = {"visible": "gaussian", "learning_rate": 0.02, "n_iter": 4, **settings}
    wide = make_rbm(visible_std=2, **settings).fit(X)
    scaled = make_rbm(**settings).fit(X / 2)
    tolerance = {"rtol": 1e-3 if dtype == np.float32 else 1e-9, "atol": 1e-5}
    n_features = X.shape[1]
    assert_array_equal(wide.components_.indices, scaled.components_.indices)
    for value, expected in [
        (2 * wide.components_.data, scaled.components_.data),
        (wide.intercept_hidden_, scaled.intercept_hidden_),
        (wide.intercept_visible_, 2 * scaled.intercept_visible_),
        (wide.transform(X), scaled.transform(X / 2)),
        (wide.reconstruct(X), 2 * scaled.reconstruct(X / 2)),
        (wide.gibbs(X), 2 * scaled.gibbs(X / 2)),
        (wide.sample(3, 20), 2 * scaled.sample(3, 20)),
        (wide.free_energy(X), scaled.free_energy(X / 2)),
        (wide.score_samples(X), scaled.score_samples(X / 2) - n_features * np.log(2)),
        (wide.score(X), scaled.score(X / 2) - n_features * np.log(2)),
    ]:
        assert_allclose(value, expected, **tolerance)


def test_visible_std_cannot_change_in_partial_fit(digits):
    X = digits[0] - digits[0].mean(axis=0)
    rbm = make_rbm(visible="gaussian", visible_std=2.3, learning_rate=1e-3)
    rbm.partial_fit(X).partial_fit(X)
    with pytest.raises(ValueError, match="visible_std=5 is not what the model"):
        rbm.set_params(visible_std=5).partial_fit(X)


def test_binary_units_have_no_std(digits):
    with pytest.raises(ValueError, match="visible_std=2 is for visible='gaussian'"):
        make_rbm(visible_std=2).fit(digits[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gaussian_units_learn_with_any_dtype_and_format(dtype, digits):
    X = digits[0].astype(dtype)
    start = make_rbm(visible="gaussian", n_iter=0).fit(X)
    rbm = make_rbm(visible="gaussian", learning_rate=0.01, n_iter=10).fit(X)
    errors = [np.square(model.reconstruct(X) - X).mean() for model in (start, rbm)]
    assert errors[1] < errors[0]
    assert rbm.transform(X).dtype == rbm.gibbs(X).dtype == rbm.sample(2).dtype == dtype
    whole = rbm.score_samples(X)
    assert_array_equal(rbm.score_samples(X[::-1])[::-1], whole)
    assert_array_equal(rbm.score_samples(X[:3]), whole[:3])
    sparse = make_rbm(visible="gaussian", learning_rate=0.01, n_iter=10).fit(
        csr_array(X)
    )
    assert_same_rbm(rbm, sparse)
