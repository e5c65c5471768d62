"""SETRBM: learning against a dense twin, and what users of BernoulliRBM expect."""

import pickle
import warnings
from functools import partial

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_matrix, csr_array, lil_array
from scipy.special import expit
from scipy.stats import binomtest

from sklearn_set import SETRBM
from sklearn_set._boltzmann import BoltzmannMachine
from sklearn_set._connectivity import SparseLayer
from sklearn_set._solvers import SGD


def small(**parameters):
    settings = {"n_components": 30, "epsilon": 5, "n_iter": 3, "random_state": 0}
    return SETRBM(**settings | parameters)


def make_machine(n_hidden, n_visible, n_links, rng, dtype=np.float64):
    layer = SparseLayer.random(n_hidden, n_visible, n_links, rng, dtype)
    layer.links.weights[:] = rng.standard_normal(n_links)
    c = rng.standard_normal(n_hidden).astype(dtype)
    b = rng.standard_normal(n_visible).astype(dtype)
    machine = BoltzmannMachine(layer, c, b)
    machine.prepare(max_batch=40)
    return machine


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


def dense_contrastive_divergence(W, c, b, v, cd_steps, rate, alpha, draw):
    """CD-k on a dense W (n_hidden, n_visible), by the book."""
    n = v.shape[1]
    h = chain_h = expit(W @ v + c[:, None])
    for _ in range(cd_steps):
        chain_v = expit(W.T @ draw(chain_h) + b[:, None])
        chain_h = expit(W @ chain_v + c[:, None])
    gradient = (h @ v.T - chain_h @ chain_v.T) / n - alpha * W
    return (
        W + rate * gradient,
        c + rate * (h - chain_h).mean(axis=1),
        b + rate * (v - chain_v).mean(axis=1),
    )


@pytest.mark.parametrize("cd_steps", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("batch", [1, 7, 40])
def test_contrastive_divergence_against_a_dense_twin(cd_steps, alpha, batch, rng):
    """Given the same random draws; links that do not exist stay 0."""
    machine = make_machine(8, 12, 40, rng)
    v = rng.random((12, batch))
    W = machine.layer.coef.toarray()
    mask = W != 0
    c, b = machine.hidden_bias.copy(), machine.visible_bias.copy()
    ours, theirs = np.random.default_rng(7), np.random.default_rng(7)
    draw = partial(machine.sample, rng=theirs)
    for _ in range(3):
        machine.learn(v, cd_steps, SGD(0.2), alpha, ours)
        W, c, b = dense_contrastive_divergence(W, c, b, v, cd_steps, 0.2, alpha, draw)
        W *= mask
    assert_allclose(machine.layer.coef.toarray(), W, rtol=1e-10, atol=1e-13)
    assert_allclose(machine.hidden_bias, c, rtol=1e-10)
    assert_allclose(machine.visible_bias, b, rtol=1e-10)


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
    rbm = small(verbose=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    score = rbm.score_samples(X).mean()
    start = f"[SETRBM] Iteration 3, pseudo-likelihood = {score:.2f}, time = "
    assert lines[2].startswith(start)


def test_interrupt_keeps_what_was_learnt(digits, monkeypatch):
    X, X_test, _, _ = digits
    learn, calls = BoltzmannMachine.learn, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 2 * 135 + 5:
            raise KeyboardInterrupt
        return learn(self, *args)

    monkeypatch.setattr(BoltzmannMachine, "learn", interrupted)
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
