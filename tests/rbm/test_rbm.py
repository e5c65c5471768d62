"""SETRBM: what users of BernoulliRBM expect, and its other parameters."""

import numpy as np
import pytest
from helpers.rbms import assert_same_rbm, fit_binary_rbm, make_rbm
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_matrix, csr_array, lil_array
from scipy.special import expit

from sklearn_set import SETRBM
from sklearn_set.evolution import SET


def test_learns_two_patterns():
    """As in scikit-learn's test: the chain stays at patterns it has learned."""
    X = np.array([[0.0] * 6 + [1.0] * 6, [1.0] * 6 + [0.0] * 6] * 10)
    rbm = SETRBM(
        n_components=8, epsilon=4, zeta=0.1, batch_size=2, n_iter=200, random_state=1
    ).fit(X)
    assert_allclose(rbm.intercept_visible_, 0, atol=2)
    v = X[:2]
    kept = [np.mean((v := rbm.gibbs(v)) == X[:2]) for _ in range(20)]
    assert np.mean(kept) > 0.9
    noise = np.random.default_rng(0).integers(2, size=(2, 12))
    assert rbm.score_samples(X[:2]).min() > rbm.score_samples(noise).max()


def test_pseudo_likelihood_and_reconstruction_improve(digits):
    X, X_test, _, _ = digits
    scores = []
    for n_iter in (0, 2, 10):
        rbm = make_rbm(n_components=100, epsilon=10, n_iter=n_iter).fit(X)
        scores.append(rbm.score_samples(X_test).mean())
    assert scores[0] < scores[1] < scores[2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_attributes(dtype, digits):
    X, X_test, _, _ = digits
    rbm = make_rbm().fit(X.round().astype(dtype))
    kept = np.float32 if dtype == np.float32 else np.float64
    assert isinstance(rbm.components_, csr_array)
    assert rbm.components_.shape == (30, 64)
    assert rbm.components_.nnz == 5 * (30 + 64)
    assert rbm.components_.dtype == kept
    assert rbm.intercept_hidden_.shape == (30,)
    assert rbm.intercept_visible_.shape == (64,)
    assert rbm.intercept_hidden_.dtype == rbm.intercept_visible_.dtype == kept
    assert rbm.n_iter_ == 3
    hidden = rbm.transform(X_test.round())
    assert hidden.shape == (len(X_test), 30) and hidden.dtype == kept
    assert rbm.get_feature_names_out()[0] == "setrbm0"


def test_transform_follows_the_formula(digits):
    X, X_test, _, _ = digits
    rbm = make_rbm().fit(X)
    expected = expit(X_test @ rbm.components_.T + rbm.intercept_hidden_)
    assert_allclose(rbm.transform(X_test), expected, rtol=1e-12)
    assert_array_equal(make_rbm().fit_transform(X), make_rbm().fit(X).transform(X))


def test_inverse_transform_and_reconstruct(digits):
    X, X_test, _, _ = digits
    for visible, mean in (("bernoulli", expit), ("gaussian", np.asarray)):
        rbm = make_rbm(visible=visible, learning_rate=0.01).fit(X)
        H = rbm.transform(X_test)
        expected = mean(H @ rbm.components_ + rbm.intercept_visible_)
        assert_allclose(rbm.inverse_transform(H), expected, rtol=1e-10)
        assert_allclose(rbm.inverse_transform(csr_array(H)), expected, rtol=1e-10)
        assert_array_equal(rbm.reconstruct(X_test), rbm.inverse_transform(H))
    with pytest.raises(ValueError, match="X has 64 columns, but SETRBM has 30 hidden"):
        rbm.inverse_transform(X_test)


def test_very_sparse_data_give_features_that_are_not_constant(rng):
    """BernoulliRBM's features are all 0 or all 1 there."""
    shape, n = (1000, 20_000), 20_000
    positions = [rng.integers(size, size=n) for size in shape]
    X = csr_array((np.ones(n), positions), shape=shape)
    X.data[:] = 1
    hidden = SETRBM(100, random_state=0).fit_transform(X)
    assert np.all((hidden > 0.001) & (hidden < 0.999))
    assert hidden.std(axis=0).min() > 1e-4  # they tell samples apart


def test_verbose_prints_one_line_per_epoch(digits, capsys):
    X, _, _, _ = digits
    rbm = make_rbm(verbose=1, early_stopping=True).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    score = rbm.pseudo_likelihoods_[-1]
    start = f"[SETRBM] Iteration 3, pseudo-likelihood = {score:.2f}, time = "
    assert lines[4].startswith(start)
    assert lines[5] == f"Validation score: {rbm.validation_scores_[-1]:f}"


# -- scores and samples --------------------------------------------------------


def test_score_samples_estimates_what_bernoulli_rbm_does(digits):
    """BernoulliRBM corrupts one feature: the average over all features."""
    X, X_test, _, _ = digits
    rbm = make_rbm().fit(X.round())
    v = X_test[:5].round()

    def free_energy(v):
        inputs = v @ rbm.components_.T + rbm.intercept_hidden_
        return -v @ rbm.intercept_visible_ - np.logaddexp(0, inputs).sum(axis=1)

    estimates = []
    for i in range(64):
        flipped = v.copy()
        flipped[:, i] = 1 - flipped[:, i]
        difference = free_energy(flipped) - free_energy(v)
        estimates.append(-64 * np.logaddexp(0, -difference))
    assert_allclose(rbm.score_samples(v), np.mean(estimates, axis=0), rtol=1e-10)


def test_score_samples_is_not_random(digits):
    X, X_test, _, _ = digits
    rbm = make_rbm().fit(X)
    whole = rbm.score_samples(X_test)
    assert_array_equal(rbm.score_samples(X_test), whole)
    assert_array_equal(rbm.score_samples(X_test[::-1])[::-1], whole)
    assert_array_equal([rbm.score_samples(x[None])[0] for x in X_test[:9]], whole[:9])


def test_score_is_the_mean_log_likelihood(digits):
    rbm = fit_binary_rbm(digits)
    X = (digits[1] > 0.5).astype(float)
    exact = -rbm.free_energy(X).mean() - rbm.log_partition("exact").value
    assert rbm.score(X) == pytest.approx(exact, abs=0.05)
    assert rbm.score(X) == rbm.score(X)


def test_gibbs_advances_its_random_stream(digits):
    X, X_test, _, _ = digits
    a, b = make_rbm().fit(X), make_rbm().fit(X)
    first = a.gibbs(X_test)
    assert first.dtype == bool and first.shape == X_test.shape
    assert_array_equal(first, b.gibbs(X_test))
    assert not np.array_equal(first, a.gibbs(X_test))


def test_sample(digits):
    rbm = fit_binary_rbm(digits, n_iter=30, random_state=1)
    drawn = rbm.sample(400, n_steps=200)
    assert drawn.shape == (400, 64) and drawn.dtype == bool
    data = (digits[0] > 0.5).mean(axis=0)
    assert np.corrcoef(drawn.mean(axis=0), data)[0, 1] > 0.95
    others = rbm.sample(400, n_steps=200)
    assert not np.array_equal(drawn, others)
    assert np.abs(drawn.mean(axis=0) - others.mean(axis=0)).max() < 5 / 20 * 0.5**0.5
    assert rbm.sample().shape == (1, 64)


# -- formats of X --------------------------------------------------------------


@pytest.mark.parametrize("container", [csr_array, csc_matrix, lil_array])
def test_sparse_X_gives_the_model_of_a_dense_X(container, digits):
    X, X_test, _, _ = digits
    dense, sparse = make_rbm().fit(X), make_rbm().fit(container(X))
    assert_same_rbm(dense, sparse)
    for method in ("transform", "score_samples", "gibbs"):
        a = getattr(dense, method)(X_test)
        assert_array_equal(a, getattr(sparse, method)(container(X_test)))


def test_X_is_not_changed(digits):
    X, _, _, _ = digits
    untidy = csr_array(X)
    untidy.indices[:2], untidy.data[:2] = untidy.indices[1::-1], untidy.data[1::-1]
    untidy.has_sorted_indices = False
    before = untidy.indices.copy()
    for array in (untidy.data, untidy.indices, untidy.indptr):
        array.flags.writeable = False
    assert_same_rbm(make_rbm().fit(X), make_rbm().fit(untidy))
    assert_array_equal(untidy.indices, before)


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_the_memory_layout_of_X_changes_nothing(call, digits):
    X = digits[0] / 3  # whose means are rounded
    models = [
        getattr(make_rbm(), call)(layout(X)) for layout in (np.array, np.asfortranarray)
    ]
    assert_same_rbm(*models)


def test_sizes_may_be_numpy_integers(digits):
    X, _, _, _ = digits
    rbm = make_rbm(n_components=np.uint8(200), batch_size=np.uint64(10)).fit(X)
    assert_same_rbm(rbm, make_rbm(n_components=200).fit(X))


# -- continued training --------------------------------------------------------


def test_partial_fit_continues_as_fit_does_and_returns_self(digits):
    X, _, _, _ = digits
    whole, parts = make_rbm(n_iter=4).fit(X), make_rbm()
    for _ in range(4):
        assert parts.partial_fit(X) is parts
    assert_same_rbm(whole, parts)


@pytest.mark.parametrize("settings", [{"momentum": 0.5}, {"persistent": True}])
def test_velocities_and_chains_continue_between_calls(settings, digits):
    """Velocities and chains are kept between calls."""
    X, _, _, _ = digits
    whole, parts = make_rbm(n_iter=4, **settings).fit(X), make_rbm(**settings)
    for _ in range(4):
        parts.partial_fit(X)
    assert_same_rbm(whole, parts)
    warm = make_rbm(n_iter=2, warm_start=True, **settings).fit(X).fit(X)
    assert_same_rbm(whole, warm)
    assert len(warm.reconstruction_errors_) == 4 and warm.n_iter_ == 2
    anew = make_rbm(n_iter=4, **settings).fit(X).fit(X)
    assert_same_rbm(whole, anew)


@pytest.mark.parametrize("what", ["early_stopping", "n_components", "too few"])
def test_changed_parameters_and_too_few_samples_are_refused(what, digits):
    X, _, _, _ = digits
    if what == "early_stopping":
        with pytest.raises(ValueError, match="early_stopping=True.*or use fit"):
            make_rbm(early_stopping=True).partial_fit(X)
    elif what == "n_components":
        rbm = make_rbm().partial_fit(X).set_params(n_components=31)
        with pytest.raises(ValueError, match="n_components=31 .* fitted with, 30"):
            rbm.partial_fit(X)
        rbm.set_params(n_components=30, visible="gaussian")
        assert rbm.gibbs(X).dtype == bool  # the model is what it was
        with pytest.raises(ValueError, match="visible='gaussian' .* 'bernoulli'"):
            rbm.partial_fit(X)
    else:
        with pytest.raises(
            ValueError, match="validation_fraction=0.1 leaves no sample"
        ):
            make_rbm(early_stopping=True).fit(X[:5])


# -- topology ------------------------------------------------------------------


def test_density_and_dense_models(digits):
    X, _, _, _ = digits
    assert make_rbm(density=0.25).fit(X).n_connections_ == 480
    assert make_rbm(epsilon=None).fit(X).n_connections_ == 30 * 64


@pytest.mark.parametrize(
    "evolution", ["set", "cht", "rigl", "fixed", SET(annealed=True)]
)
def test_evolution_rules(evolution, digits):
    X, _, _, _ = digits
    rbm = make_rbm(evolution=evolution).fit(X)
    first = make_rbm(n_iter=0).fit(X)
    assert rbm.n_connections_ == rbm.components_.nnz == 470
    assert rbm.density_ == 470 / (30 * 64)
    topologies = [
        set(zip(*r.components_.tocoo().coords, strict=True)) for r in (rbm, first)
    ]
    assert (topologies[0] == topologies[1]) == (evolution == "fixed")


def test_rigl_improves_on_a_fixed_topology(digits):
    """Better after a few epochs than a random topology."""
    X, _, _, _ = digits
    scores = [
        make_rbm(
            n_components=100, epsilon=3, n_iter=20, evolution=rule, random_state=seed
        )
        .fit(X)
        .pseudo_likelihoods_[-1]
        for rule in ("rigl", "fixed")
        for seed in range(3)
    ]
    assert np.mean(scores[:3]) > np.mean(scores[3:])


def test_final_prune_drops_without_regrowth(digits):
    X, _, _, _ = digits
    whole, pruned = make_rbm().fit(X), make_rbm(final_prune=True).fit(X)
    kept = SET().prune(whole.components_.data, 0.3)
    assert_array_equal(pruned.components_.data, whole.components_.data[kept > 0])
    assert pruned.n_connections_ == kept.sum() == pruned.components_.nnz
    assert 0.65 * 470 < kept.sum() < 0.75 * 470
    parts = make_rbm(final_prune=True).partial_fit(X)
    assert parts.n_connections_ == 470


def test_alpha_shrinks_the_weights(digits):
    X, _, _, _ = digits
    norms = [
        np.square(make_rbm(alpha=alpha).fit(X).components_.data).sum()
        for alpha in (0, 0.01, 0.1)
    ]
    assert norms[0] > norms[1] > norms[2]
