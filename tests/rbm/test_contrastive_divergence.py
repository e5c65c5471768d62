"""Contrastive divergence, against a dense dense and the exact gradient."""

from functools import partial

import numpy as np
import pytest
from helpers.rbms import fit_binary_rbm, joint_distribution, make_model, make_rbm
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from sklearn_set._layers.solvers import SGD
from sklearn_set._rbm.contrastive_divergence import (
    DECAY,
    ContrastiveDivergence,
    SparsityTarget,
)
from sklearn_set._rbm.visible_units import VISIBLE_UNITS


class DenseDivergence:
    """CD-k on a dense W (n_hidden, n_visible), as published."""

    def __init__(self, model, rng, **settings):
        self.W = model.layer.coef.toarray()
        self.mask = self.W != 0
        self.c, self.b = model.hidden_bias.copy(), model.visible_bias.copy()
        self.steps = [0.0, 0.0, 0.0]
        self.draw_hidden = partial(model.sample, rng=rng)
        self.is_binary = model.visible.is_binary
        self.draw_visible = lambda means: model.visible.sample(means, model, rng)
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
    """Given the same random draws; missing connections stay 0."""
    model = make_model(8, 12, 40, rng, visible=visible)
    chains = rng.integers(2, size=(8, 40)).astype(float) if persistent else None
    dense = DenseDivergence(
        model, np.random.default_rng(7), cd_steps=cd_steps, alpha=alpha,
        momentum=momentum, rate=0.2, target=target, cost=0.5, means=np.full(8, 0.1),
        chains=chains[:, :batch].copy() if persistent else None,
    )  # fmt: skip
    sparsity = SparsityTarget(target, 0.5, np.full(8, 0.1)) if target else None
    divergence = ContrastiveDivergence(
        model, SGD(0.2, momentum), 40, np.random.default_rng(7), cd_steps=cd_steps,
        alpha=alpha, chains=chains, sparsity=sparsity,
    )  # fmt: skip
    for _ in range(3):
        v = divergence.batch(batch)
        v[:] = rng.random((12, batch))
        x = v.copy()
        divergence.learn(v)
        dense.learn(x)
    assert_allclose(model.layer.coef.toarray(), dense.W, rtol=1e-9, atol=1e-12)
    assert_allclose(model.hidden_bias, dense.c, rtol=1e-9, atol=1e-12)
    assert_allclose(model.visible_bias, dense.b, rtol=1e-9, atol=1e-12)
    if persistent:
        assert_array_equal(chains[:, :batch], dense.chains)


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def expected_update(model, X, cd_steps):
    """The mean update of CD-k over many draws of the chain, and the exact gradient."""
    v, h, log_p = joint_distribution(model)
    p = np.exp(log_p)
    exact = (
        expit(model.layer.coef.toarray() @ X + model.hidden_bias[:, None])
        @ X.T
        / X.shape[1]
        - h @ p.T @ v.T
    )
    n_copies = 4000
    many = np.tile(X, n_copies)
    before = model.layer.coef.toarray()
    divergence = ContrastiveDivergence(
        model, SGD(1.0), many.shape[1], np.random.default_rng(0), cd_steps=cd_steps
    )
    batch = divergence.batch(many.shape[1])
    batch[:] = many
    divergence.learn(batch)
    mask = before != 0
    update = model.layer.coef.toarray() - before
    return update[mask], exact[mask]


@pytest.mark.parametrize("seed", range(5))
def test_expected_update_follows_the_gradient_of_the_likelihood(seed):
    """The more so, the more steps the chains have."""
    agreement = []
    for cd_steps in (1, 30):
        rng = np.random.default_rng(seed)
        model = make_model(4, 6, 16, rng)
        X = rng.integers(2, size=(6, 10)).astype(float)
        agreement.append(cosine(*expected_update(model, X, cd_steps)))
    assert agreement[0] > 0.8
    assert agreement[1] > 0.95 and agreement[1] > agreement[0]


@pytest.mark.parametrize("persistent", [False, True])
def test_likelihood_rises(persistent, digits):
    X = (digits[0] > 0.5).astype(float)
    scores = [
        fit_binary_rbm(
            digits, n_iter=n, persistent=persistent, learning_rate=0.02
        ).score(X)
        for n in (1, 5, 20)
    ]
    assert scores[0] < scores[1] < scores[2]


def test_momentum_makes_larger_steps(digits):
    X, _, _, _ = digits
    settings = {"n_iter": 1, "learning_rate": 0.01, "zeta": 0}
    steps = [
        np.linalg.norm(make_rbm(momentum=m, **settings).fit(X).components_.data)
        for m in (0, 0.5, 0.9)
    ]
    assert steps[0] < steps[1] < steps[2]


def test_persistent_chains_are_an_attribute(digits):
    X, _, _, _ = digits
    rbm = make_rbm(persistent=True, batch_size=7).fit(X)
    assert rbm.h_samples_.shape == (7, 30)
    assert set(np.unique(rbm.h_samples_)) == {0, 1}
    assert not hasattr(make_rbm().fit(X), "h_samples_")
    rbm.set_params(batch_size=20).partial_fit(X)
    assert rbm.h_samples_.shape == (20, 30)


def test_sparsity_target_is_approached(digits):
    X, _, _, _ = digits
    means = [
        make_rbm(n_iter=20, sparsity_target=target, sparsity_cost=1.0)
        .fit_transform(X)
        .mean(axis=0)
        for target in (0.1, 0.4)
    ]
    assert_allclose(means[0], 0.1, atol=0.07)
    assert_allclose(means[1], 0.4, atol=0.1)
