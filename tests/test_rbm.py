"""SETRBM: learning against a dense twin, and what users of BernoulliRBM expect."""

import pickle
import warnings
from functools import partial

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_matrix, csr_array, lil_array, random_array
from scipy.special import expit
from scipy.stats import binomtest

from sklearn_set import SETRBM
from sklearn_set._layers.solvers import SGD
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._rbm.contrastive_divergence import (
    DECAY,
    ContrastiveDivergence,
    SparsityTarget,
)
from sklearn_set._rbm.learner import monitored_samples
from sklearn_set._rbm.model import BoltzmannModel
from sklearn_set._rbm.visible_units import VISIBLE_UNITS
from sklearn_set.evolution import SET


def small(**parameters):
    settings = {"n_components": 30, "epsilon": 5, "n_iter": 3, "random_state": 0}
    return SETRBM(**settings | parameters)


def make_machine(
    n_hidden, n_visible, n_links, rng, dtype=np.float64, visible="bernoulli"
):
    layer = SparseLayer.random(n_hidden, n_visible, n_links, rng, dtype)
    layer.connections.weights[:] = rng.standard_normal(n_links)
    c = rng.standard_normal(n_hidden).astype(dtype)
    b = rng.standard_normal(n_visible).astype(dtype)
    return BoltzmannModel(layer, c, b, VISIBLE_UNITS[visible]())


def assert_same_model(a, b):
    for x, y in (
        (a.components_.indptr, b.components_.indptr),
        (a.components_.indices, b.components_.indices),
        (a.components_.data, b.components_.data),
        (a.intercept_hidden_, b.intercept_hidden_),
        (a.intercept_visible_, b.intercept_visible_),
    ):
        assert_array_equal(x, y)


# -- learning ------------------------------------------------------------------


class DenseDivergence:
    """CD-k on a dense W (n_hidden, n_visible), by the book."""

    def __init__(self, machine, rng, **settings):
        self.W = machine.layer.coef.toarray()
        self.mask = self.W != 0
        self.c, self.b = machine.hidden_bias.copy(), machine.visible_bias.copy()
        self.steps = [0.0, 0.0, 0.0]
        self.draw_hidden = partial(machine.sample, rng=rng)
        self.is_binary = machine.visible.is_binary
        self.draw_visible = lambda means: machine.visible.sample(means, machine, rng)
        vars(self).update(settings)

    def hidden(self, v):
        return expit(self.W @ v + self.c[:, None])

    def visible(self, h):
        inputs = self.W.T @ h + self.b[:, None]
        return expit(inputs) if self.is_binary else inputs

    def chain(self, h):
        for step in range(1, self.cd_steps + 1):
            v = self.visible(self.draw_hidden(h))
            v = self.draw_visible(v) if step < self.cd_steps else v
            h = self.hidden(v)
        return v, h

    def persistent_chain(self):
        for _ in range(self.cd_steps):
            v = self.draw_visible(self.visible(self.chains))
            h = self.hidden(v)
            self.chains = self.draw_hidden(h)
        return v, h

    def learn(self, x):
        h, n = self.hidden(x), x.shape[1]
        v, chain_h = self.chain(h) if self.chains is None else self.persistent_chain()
        if self.target is not None:
            self.means = DECAY * self.means + (1 - DECAY) * h.mean(axis=1)
            h = h - self.cost * (self.means - self.target)[:, None]
        gradients = (
            self.mask * ((h @ x.T - chain_h @ v.T) / n - self.alpha * self.W),
            (h - chain_h).mean(axis=1),
            (x - v).mean(axis=1),
        )
        self.steps = [
            self.momentum * step + self.rate * gradient
            for step, gradient in zip(self.steps, gradients, strict=True)
        ]
        self.W = self.W + self.steps[0]
        self.c, self.b = self.c + self.steps[1], self.b + self.steps[2]


@pytest.mark.parametrize("visible", VISIBLE_UNITS)
@pytest.mark.parametrize("cd_steps", [1, 3])
@pytest.mark.parametrize("alpha, momentum", [(0.0, 0.0), (0.1, 0.0), (0.1, 0.7)])
@pytest.mark.parametrize("batch", [1, 7, 40])
@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("target", [None, 0.2])
def test_learning_against_a_dense_twin(
    visible, cd_steps, alpha, momentum, batch, persistent, target, rng
):
    """Given the same random draws; links that do not exist stay 0."""
    machine = make_machine(8, 12, 40, rng, visible=visible)
    chains = rng.integers(2, size=(8, 40)).astype(float) if persistent else None
    twin = DenseDivergence(
        machine, np.random.default_rng(7), cd_steps=cd_steps, alpha=alpha,
        momentum=momentum, rate=0.2, target=target, cost=0.5, means=np.full(8, 0.1),
        chains=chains[:, :batch].copy() if persistent else None,
    )  # fmt: skip
    sparsity = SparsityTarget(target, 0.5, np.full(8, 0.1)) if target else None
    learner = ContrastiveDivergence(
        machine, SGD(0.2, momentum), 40, np.random.default_rng(7), cd_steps=cd_steps,
        alpha=alpha, chains=chains, sparsity=sparsity,
    )  # fmt: skip
    for _ in range(3):
        v = learner.batch(batch)
        v[:] = rng.random((12, batch))
        x = v.copy()
        learner.learn(v)
        twin.learn(x)
    assert_allclose(machine.layer.coef.toarray(), twin.W, rtol=1e-9, atol=1e-12)
    assert_allclose(machine.hidden_bias, twin.c, rtol=1e-9, atol=1e-12)
    assert_allclose(machine.visible_bias, twin.b, rtol=1e-9, atol=1e-12)
    if persistent:
        assert_array_equal(chains[:, :batch], twin.chains)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sampling_has_the_right_frequencies(dtype, rng):
    p = np.repeat(np.array([[0.0], [0.1], [0.5], [1.0]], dtype=dtype), 5000, axis=1)
    ones = make_machine(4, 3, 5, rng).sample(p, rng)
    assert ones.dtype == dtype and set(np.unique(ones)) == {0.0, 1.0}
    assert ones[0].sum() == 0 and ones[3].sum() == 5000
    for row, probability in ((1, 0.1), (2, 0.5)):
        assert binomtest(int(ones[row].sum()), 5000, probability).pvalue > 1e-3


def test_learns_two_patterns():
    """After scikit-learn's own test: the chain stays at patterns it has learnt."""
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
        rbm = small(n_components=100, epsilon=10, n_iter=n_iter).fit(X)
        scores.append(rbm.score_samples(X_test).mean())
    assert scores[0] < scores[1] < scores[2]


# -- attributes and topology ---------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_attributes(dtype, digits):
    X, X_test, _, _ = digits
    rbm = small().fit(X.round().astype(dtype))
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


def test_transform_is_the_formula(digits):
    X, X_test, _, _ = digits
    rbm = small().fit(X)
    expected = expit(X_test @ rbm.components_.T + rbm.intercept_hidden_)
    assert_allclose(rbm.transform(X_test), expected, rtol=1e-12)
    assert_array_equal(small().fit_transform(X), small().fit(X).transform(X))


def test_links_evolve_and_keep_their_number(digits):
    X, _, _, _ = digits
    rbm = small().partial_fit(X)
    old = set(zip(*rbm.components_.tocoo().coords, strict=True))
    rbm.partial_fit(X)
    new = set(zip(*rbm.components_.tocoo().coords, strict=True))
    assert len(new) == len(old) == 470
    assert 0.6 * 470 < len(new & old) < 0.9 * 470

    fixed = small(zeta=0).fit(X).components_
    first = small(zeta=0, n_iter=1).fit(X).components_
    assert_array_equal(fixed.indices, first.indices)
    assert_array_equal(fixed.indptr, first.indptr)


# -- scores --------------------------------------------------------------------


def test_score_samples_estimates_what_bernoulli_rbm_does(digits):
    """BernoulliRBM's corrupted feature, averaged over all of them."""
    X, X_test, _, _ = digits
    rbm = small().fit(X.round())
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


def test_score_samples_takes_no_random_number(digits):
    X, X_test, _, _ = digits
    rbm = small().fit(X)
    whole = rbm.score_samples(X_test)
    assert_array_equal(rbm.score_samples(X_test), whole)
    assert_array_equal(rbm.score_samples(X_test[::-1])[::-1], whole)
    assert_array_equal([rbm.score_samples(x[None])[0] for x in X_test[:9]], whole[:9])


# -- reproducibility, formats, going on ----------------------------------------


def test_both_dtypes_learn_the_same(digits):
    """The same seed in float32 and float64, as for BernoulliRBM."""
    X, X_test, _, _ = digits
    rbm64, rbm32 = small().fit(X), small().fit(X.astype(np.float32))
    assert_array_equal(rbm64.components_.indices, rbm32.components_.indices)
    hidden = rbm64.transform(X_test)
    assert_allclose(rbm32.transform(X_test), hidden, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_and_two_threads_agree_bit_for_bit(dtype, digits, request):
    X, X_test, _, _ = digits
    X = X.astype(dtype)
    settings = {"n_components": 300, "epsilon": 20, "batch_size": 50}
    request.getfixturevalue("one_thread")
    one = small(**settings).fit(X)
    scores = one.score_samples(X_test)
    request.getfixturevalue("two_threads")
    two = small(**settings).fit(X)
    assert_same_model(one, two)
    assert_array_equal(scores, two.score_samples(X_test))


@pytest.mark.parametrize("container", [csr_array, csc_matrix, lil_array])
def test_sparse_X_is_the_same_as_dense(container, digits):
    X, X_test, _, _ = digits
    dense, sparse = small().fit(X), small().fit(container(X))
    assert_same_model(dense, sparse)
    for method in ("transform", "score_samples", "gibbs"):
        a = getattr(dense, method)(X_test)
        assert_array_equal(a, getattr(sparse, method)(container(X_test)))


def test_partial_fit_is_fit_in_pieces_and_returns_self(digits):
    X, _, _, _ = digits
    whole, pieces = small(n_iter=4).fit(X), small()
    for _ in range(4):
        assert pieces.partial_fit(X) is pieces
    assert_same_model(whole, pieces)


def test_X_is_left_alone(digits):
    X, _, _, _ = digits
    messy = csr_array(X)
    messy.indices[:2], messy.data[:2] = messy.indices[1::-1], messy.data[1::-1]
    messy.has_sorted_indices = False
    before = messy.indices.copy()
    for array in (messy.data, messy.indices, messy.indptr):
        array.flags.writeable = False
    assert_same_model(small().fit(X), small().fit(messy))
    assert_array_equal(messy.indices, before)


def test_sizes_may_be_numpy_integers(digits):
    X, _, _, _ = digits
    rbm = small(n_components=np.uint8(200), batch_size=np.uint64(10)).fit(X)
    assert_same_model(rbm, small(n_components=200).fit(X))


def test_gibbs_goes_on_in_its_stream(digits):
    X, X_test, _, _ = digits
    a, b = small().fit(X), small().fit(X)
    first = a.gibbs(X_test)
    assert first.dtype == bool and first.shape == X_test.shape
    assert_array_equal(first, b.gibbs(X_test))
    assert not np.array_equal(first, a.gibbs(X_test))


@pytest.mark.parametrize("dump", ["pickle", "joblib", "mmap"])
def test_a_saved_model_transforms_and_goes_on(dump, digits, tmp_path):
    X, X_test, _, _ = digits
    rbm = small().fit(X)
    if dump == "pickle":
        loaded = pickle.loads(pickle.dumps(rbm))
    else:
        joblib.dump(rbm, tmp_path / "model")
        mode = "r" if dump == "mmap" else None
        loaded = joblib.load(tmp_path / "model", mmap_mode=mode)
    assert_array_equal(rbm.transform(X_test), loaded.transform(X_test))
    assert_same_model(rbm.partial_fit(X), loaded.partial_fit(X))


def test_verbose_prints_an_epoch_a_line(digits, capsys):
    X, _, _, _ = digits
    rbm = small(verbose=1, early_stopping=True).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    score = rbm.pseudo_likelihoods_[-1]
    start = f"[SETRBM] Iteration 3, pseudo-likelihood = {score:.2f}, time = "
    assert lines[4].startswith(start)
    assert lines[5] == f"Validation score: {rbm.validation_scores_[-1]:f}"


def test_interrupt_keeps_what_was_learnt(digits, monkeypatch):
    X, X_test, _, _ = digits
    learn, calls = ContrastiveDivergence.learn, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 2 * 135 + 5:
            raise KeyboardInterrupt
        return learn(self, *args)

    monkeypatch.setattr(ContrastiveDivergence, "learn", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        rbm = small(n_iter=100).fit(X)
    assert rbm.n_iter_ == 2
    assert np.any(rbm.intercept_visible_)
    assert np.isfinite(rbm.transform(X_test)).all()


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_X_out_of_range_warns_and_says_how_to_scale(convert, digits):
    X, _, _, _ = digits
    with pytest.warns(UserWarning, match=r"goes from 0 to 16\. Scale it.*MinMaxScaler"):
        rbm = small().fit(convert(16 * X))
    with pytest.warns(UserWarning, match="MaxAbsScaler"):
        rbm.transform(convert(16 * X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small().fit(convert(X)).transform(convert(X))


def test_divergence_raises(digits):
    X, _, _, _ = digits
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="Training diverged.*learning_rate=1e"):
            small(learning_rate=1e300).fit(1e300 * X)


def test_alpha_shrinks_the_weights(digits):
    X, _, _, _ = digits
    norms = [
        np.square(small(alpha=alpha).fit(X).components_.data).sum()
        for alpha in (0, 0.01, 0.1)
    ]
    assert norms[0] > norms[1] > norms[2]


# -- options -------------------------------------------------------------------


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


def test_very_sparse_data_give_sane_features(rng):
    """BernoulliRBM's features are all 0 or all 1 there."""
    X = random_array((1000, 20_000), density=0.001, format="csr", rng=rng)
    X.data[:] = 1
    hidden = SETRBM(100, random_state=0).fit_transform(X)
    assert np.all((hidden > 0.001) & (hidden < 0.999))
    assert hidden.std(axis=0).min() > 1e-4  # they tell samples apart


@pytest.mark.parametrize(
    "settings", [{}, {"momentum": 0.5}, {"persistent": True, "learning_rate": 0.5}]
)
def test_records_per_epoch(settings, digits):
    X, _, _, _ = digits
    rbm = small(n_iter=100, n_components=100, **settings).fit(X[:80])
    assert len(rbm.reconstruction_errors_) == len(rbm.pseudo_likelihoods_) == 100
    assert rbm.reconstruction_errors_[-1] < rbm.reconstruction_errors_[0]
    assert rbm.pseudo_likelihoods_[-1] > rbm.pseudo_likelihoods_[0]
    seed = rbm._training_state.seeds["monitor"]
    monitored = X[monitored_samples(np.arange(80), seed)]
    assert len(monitored) == 10
    error = np.square(rbm.reconstruct(monitored) - monitored).mean()
    assert rbm.reconstruction_errors_[-1] == pytest.approx(error)
    score = rbm.score_samples(monitored).mean()
    assert rbm.pseudo_likelihoods_[-1] == pytest.approx(score)


def test_inverse_transform_and_reconstruct(digits):
    X, X_test, _, _ = digits
    for visible, mean in (("bernoulli", expit), ("gaussian", np.asarray)):
        rbm = small(visible=visible, learning_rate=0.01).fit(X)
        H = rbm.transform(X_test)
        expected = mean(H @ rbm.components_ + rbm.intercept_visible_)
        assert_allclose(rbm.inverse_transform(H), expected, rtol=1e-10)
        assert_allclose(rbm.inverse_transform(csr_array(H)), expected, rtol=1e-10)
        assert_array_equal(rbm.reconstruct(X_test), rbm.inverse_transform(H))
    with pytest.raises(ValueError, match="X has 64 columns, but SETRBM has 30 hidden"):
        rbm.inverse_transform(X_test)


def test_momentum_goes_further(digits):
    X, _, _, _ = digits
    settings = {"n_iter": 1, "learning_rate": 0.01, "zeta": 0}
    steps = [
        np.linalg.norm(small(momentum=m, **settings).fit(X).components_.data)
        for m in (0, 0.5, 0.9)
    ]
    assert steps[0] < steps[1] < steps[2]


@pytest.mark.parametrize("settings", [{"momentum": 0.5}, {"persistent": True}])
def test_states_go_on_in_pieces(settings, digits):
    """Velocities and chains are kept between calls, and evolve."""
    X, _, _, _ = digits
    whole, pieces = small(n_iter=4, **settings).fit(X), small(**settings)
    for _ in range(4):
        pieces.partial_fit(X)
    assert_same_model(whole, pieces)
    warm = small(n_iter=2, warm_start=True, **settings).fit(X).fit(X)
    assert_same_model(whole, warm)
    assert len(warm.reconstruction_errors_) == 4 and warm.n_iter_ == 2
    anew = small(n_iter=4, **settings).fit(X).fit(X)
    assert_same_model(whole, anew)


def test_persistent_chains_are_shown(digits):
    X, _, _, _ = digits
    rbm = small(persistent=True, batch_size=7).fit(X)
    assert rbm.h_samples_.shape == (7, 30)
    assert set(np.unique(rbm.h_samples_)) == {0, 1}
    assert not hasattr(small().fit(X), "h_samples_")
    rbm.set_params(batch_size=20).partial_fit(X)
    assert rbm.h_samples_.shape == (20, 30)


def test_cosine_schedule_ends_gently(digits):
    X, _, _, _ = digits
    seen = []

    class Watch(SET):
        def evolve(self, layers, context):
            seen.append(layers[0].connections.weights.copy())

    settings = {"n_iter": 6, "evolution": Watch(), "learning_rate_schedule": "cosine"}
    last = small(**settings).fit(X).components_.data
    moves = [np.abs(b - a).mean() for a, b in zip(seen, [*seen[1:], last], strict=True)]
    assert moves[-1] < 0.3 * moves[0]


@pytest.mark.parametrize("evolution", ["set", "rigl", "fixed", SET(annealed=True)])
def test_rules(evolution, digits):
    X, _, _, _ = digits
    rbm = small(evolution=evolution).fit(X)
    first = small(n_iter=0).fit(X)
    assert rbm.n_connections_ == rbm.components_.nnz == 470
    assert rbm.density_ == 470 / (30 * 64)
    places = [
        set(zip(*r.components_.tocoo().coords, strict=True)) for r in (rbm, first)
    ]
    assert (places[0] == places[1]) == (evolution == "fixed")


def test_rigl_grows_where_the_gradient_is(digits):
    """Of more use at once than links at random places."""
    X, _, _, _ = digits
    scores = [
        small(n_components=100, epsilon=3, n_iter=20, evolution=rule, random_state=seed)
        .fit(X)
        .pseudo_likelihoods_[-1]
        for rule in ("rigl", "fixed")
        for seed in range(3)
    ]
    assert np.mean(scores[:3]) > np.mean(scores[3:])


def test_density_and_dense_machines(digits):
    X, _, _, _ = digits
    assert small(density=0.25).fit(X).n_connections_ == 480
    assert small(epsilon=None).fit(X).n_connections_ == 30 * 64


def test_final_prune_drops_without_regrowth(digits):
    X, _, _, _ = digits
    whole, pruned = small().fit(X), small(final_prune=True).fit(X)
    kept = SET().prune(whole.components_.data, 0.3)
    assert_array_equal(pruned.components_.data, whole.components_.data[kept > 0])
    assert pruned.n_connections_ == kept.sum() == pruned.components_.nnz
    assert 0.65 * 470 < kept.sum() < 0.75 * 470
    pieces = small(final_prune=True).partial_fit(X)
    assert pieces.n_connections_ == 470


def test_sparsity_target_is_approached(digits):
    X, _, _, _ = digits
    means = [
        small(n_iter=20, sparsity_target=target, sparsity_cost=1.0)
        .fit_transform(X)
        .mean(axis=0)
        for target in (0.1, 0.4)
    ]
    assert_allclose(means[0], 0.1, atol=0.07)
    assert_allclose(means[1], 0.4, atol=0.1)


def test_early_stopping_restores_the_best(digits):
    X, _, _, _ = digits
    rbm = small(
        early_stopping=True, n_iter=200, n_iter_no_change=2, learning_rate=0.5,
        persistent=True,
    ).fit(X)  # fmt: skip
    assert 3 < rbm.n_iter_ < 200
    assert len(rbm.validation_scores_) == rbm.n_iter_
    assert rbm.best_validation_score_ == max(rbm.validation_scores_)
    best = int(np.argmax(rbm.validation_scores_))
    assert best < rbm.n_iter_ - 1
    shorter = small(
        early_stopping=True, n_iter=best + 1, learning_rate=0.5, persistent=True
    ).fit(X)
    for name in ("components_", "intercept_hidden_", "intercept_visible_"):
        a, b = getattr(rbm, name), getattr(shorter, name)
        assert_array_equal(
            a.toarray() if name == "components_" else a,
            b.toarray() if name == "components_" else b,
        )


def test_early_stopping_keeps_samples_apart(digits):
    """Held-out samples take no part, not even in the first biases."""
    X, _, _, _ = digits
    rbm = small(early_stopping=True, n_iter=0).fit(X)
    whole = small(n_iter=0).fit(X)
    assert not np.array_equal(rbm.intercept_visible_, whole.intercept_visible_)
    assert rbm.validation_scores_ is None


@pytest.mark.parametrize("what", ["early_stopping", "n_components", "too few"])
def test_what_does_not_go_together(what, digits):
    X, _, _, _ = digits
    if what == "early_stopping":
        with pytest.raises(ValueError, match="early_stopping=True.*or use fit"):
            small(early_stopping=True).partial_fit(X)
    elif what == "n_components":
        rbm = small().partial_fit(X).set_params(n_components=31)
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
            small(early_stopping=True).fit(X[:5])


def test_gaussian_data_out_of_scale_warn(digits):
    X, _, _, _ = digits
    rbm = small(visible="gaussian", learning_rate=1e-4)
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
def test_visible_std_is_a_unit_of_measure(settings, dtype, digits):
    """The same as dividing X by it, in whatever is seen."""
    X = (4 * (digits[0] - digits[0].mean(axis=0))).astype(dtype)
    settings = {"visible": "gaussian", "learning_rate": 0.02, "n_iter": 4, **settings}
    wide = small(visible_std=2, **settings).fit(X)
    scaled = small(**settings).fit(X / 2)
    tolerance = {"rtol": 1e-3 if dtype == np.float32 else 1e-9, "atol": 1e-5}
    n_features = X.shape[1]
    assert_array_equal(wide.components_.indices, scaled.components_.indices)
    for own, other in [
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
        assert_allclose(own, other, **tolerance)


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_the_memory_layout_of_X_changes_nothing(call, digits):
    X = digits[0] / 3  # whose means are rounded
    models = [
        getattr(small(), call)(layout(X)) for layout in (np.array, np.asfortranarray)
    ]
    assert_same_model(*models)


def test_visible_std_stays_what_it_was(digits):
    X = digits[0] - digits[0].mean(axis=0)
    rbm = small(visible="gaussian", visible_std=2.3, learning_rate=1e-3)
    rbm.partial_fit(X).partial_fit(X)
    with pytest.raises(ValueError, match="visible_std=5 is not what the model"):
        rbm.set_params(visible_std=5).partial_fit(X)


def test_binary_units_have_no_std(digits):
    with pytest.raises(ValueError, match="visible_std=2 is for visible='gaussian'"):
        small(visible_std=2).fit(digits[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gaussian_machines_keep_the_habits(dtype, digits):
    X = digits[0].astype(dtype)
    start = small(visible="gaussian", n_iter=0).fit(X)
    rbm = small(visible="gaussian", learning_rate=0.01, n_iter=10).fit(X)
    errors = [np.square(own.reconstruct(X) - X).mean() for own in (start, rbm)]
    assert errors[1] < errors[0]
    assert rbm.transform(X).dtype == rbm.gibbs(X).dtype == rbm.sample(2).dtype == dtype
    whole = rbm.score_samples(X)
    assert_array_equal(rbm.score_samples(X[::-1])[::-1], whole)
    assert_array_equal(rbm.score_samples(X[:3]), whole[:3])
    sparse = small(visible="gaussian", learning_rate=0.01, n_iter=10).fit(csr_array(X))
    assert_same_model(rbm, sparse)
