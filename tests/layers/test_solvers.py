"""Solvers, against their definitions and against scikit-learn."""

import numpy as np
import pytest
from helpers.perceptrons import assert_same_model, make_classifier
from numpy.testing import assert_allclose
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.solvers import SGD, Adam, AdamW, RMSprop
from sklearn_set._layers.sparse_layer import SparseLayer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("Solver", [SGD, AdamW])
def test_each_layer_has_its_rate_and_biases_that_of_the_solver(Solver):
    *steps, bias_step = Solver(0.1).steps(0.5, 0.3, rate_factors=[2.0, 3.0])
    (plain, _), each = Solver(0.1).steps(0.5, 0.3), np.array([*steps, bias_step])
    rates = plain["learning_rate"] * [[2], [3], [1]]
    assert_allclose(each["learning_rate"], rates)
    assert_allclose(each["gradient_scale"], 0.5)
    decay = [[0.06], [0.09], [0]] if Solver is AdamW else [[0.3], [0.3], [0]]
    assert_allclose(each["weight_decay"], decay)


class NaiveAdamW:
    """w <- w - rate decay w - rate m_hat / (sqrt(v_hat) + eps), as published."""

    def __init__(self, rate, beta_1, beta_2, epsilon):
        self.settings = rate, beta_1, beta_2, epsilon
        self.t = self.m = self.v = 0

    def update(self, w, gradient, decay):
        rate, beta_1, beta_2, epsilon = self.settings
        self.t += 1
        self.m = beta_1 * self.m + (1 - beta_1) * gradient
        self.v = beta_2 * self.v + (1 - beta_2) * gradient**2
        # scikit-learn's Adam puts the correction into the rate: epsilon is not divided.
        root = np.sqrt(1 - beta_2**self.t)
        step = rate * root / (1 - beta_1**self.t) * self.m / (np.sqrt(self.v) + epsilon)
        w -= rate * decay * w + step


@pytest.mark.parametrize("kind", ["biases", "weights"])
def test_adamw_and_rmsprop_follow_their_definitions(kind, rng):
    for solver, twin, decoupled in (
        (AdamW(0.1, 0.8, 0.9, 1e-3), NaiveAdamW(0.1, 0.8, 0.9, 1e-3), True),
        (RMSprop(0.1, 0.9, 1e-3), NaiveAdamW(0.1, 0.0, 0.9, 1e-3), False),
    ):
        layer = SparseLayer.random(1, 30, 30, rng, np.float64)
        layer.connections.weights[:] = rng.standard_normal(30)
        layer.prepare(np.zeros((solver.n_states, 30)))
        values = layer.connections.weights.copy()
        theirs = values.copy()
        state, decay = np.zeros((solver.n_states, 30)), 0.3 * (kind == "weights")
        for _ in range(5):
            gradient = rng.standard_normal((30, 1))
            inner = 0.5 * gradient[:, 0] + (0 if decoupled else decay * theirs)
            twin.update(theirs, inner, decay if decoupled else 0)
            weight_step, bias_step = solver.steps(0.5, 0.3)
            if kind == "weights":
                layer.backward(np.ones((1, 1)), gradient, weight_step)
            else:
                _fast.update_parameters(gradient, values, state, bias_step, 1)
        ours = layer.connections.weights if kind == "weights" else values
        assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(
    "solver, twin",
    [
        (SGD(0.1), lambda p: SGDOptimizer(p, 0.1, "constant", 0.0, False)),
        (SGD(0.1, 0.9), lambda p: SGDOptimizer(p, 0.1, "constant", 0.9, False)),
        (SGD(0.1, 0.9, True), lambda p: SGDOptimizer(p, 0.1, "constant", 0.9, True)),
        (Adam(0.1, 0.8, 0.9, 1e-3), lambda p: AdamOptimizer(p, 0.1, 0.8, 0.9, 1e-3)),
    ],
)
@pytest.mark.parametrize("kind", ["biases", "weights"])
def test_steps_follow_scikit_learn(solver, twin, kind, rng):
    """Several steps on fixed gradients against the optimizers of MLPClassifier."""
    layer = SparseLayer.random(1, 30, 30, rng, np.float64)
    layer.connections.weights[:] = rng.standard_normal(30)
    values = layer.connections.weights.copy()
    layer.prepare(np.zeros((solver.n_states, 30)))
    theirs, state = values.copy(), np.zeros((solver.n_states, 30))
    solver.n_steps = 0
    twin = twin([theirs])
    for _ in range(5):
        gradient = rng.standard_normal((30, 1))
        decay = 0.3 if kind == "weights" else 0.0
        twin.update_params([theirs], [0.5 * gradient[:, 0] + decay * theirs])
        weight_step, bias_step = solver.steps(0.5, 0.3)
        if kind == "weights":
            layer.backward(np.ones((1, 1)), gradient, weight_step)
        else:
            _fast.update_parameters(gradient, values, state, bias_step, 1)
    ours = layer.connections.weights if kind == "weights" else values
    assert_allclose(ours, theirs, rtol=1e-12)


def test_adam_learns_and_continues(digits):
    X_train, X_test, y_train, y_test = digits
    clf = make_classifier(solver="adam", learning_rate_init=0.003, max_iter=30)
    assert clf.fit(X_train, y_train).score(X_test, y_test) > 0.9
    whole = make_classifier(solver="adam", max_iter=4).fit(X_train, y_train)
    parts = make_classifier(solver="adam")
    for _ in range(4):  # moments and bias correction continue
        parts.partial_fit(X_train, y_train, classes=np.arange(10))
    assert_same_model(whole, parts)
