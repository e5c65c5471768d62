"""The initial network: number of connections, scale of the weights."""

import numpy as np
import pytest
from helpers.perceptrons import DATA, X_digits, both_perceptrons, make_model, y_digits

from sklearn_set import SETMLPClassifier
from sklearn_set._mlp.activations import Relu
from sklearn_set._mlp.initialization import random_coefs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@both_perceptrons
def test_density_replaces_epsilon(Estimator):
    X, y = DATA[Estimator]
    model = make_model(Estimator, density=0.2, max_iter=1).fit(X, y)
    assert model.density_ == pytest.approx(0.2, abs=1e-3)
    assert make_model(Estimator, epsilon=None, max_iter=1).fit(X, y).density_ == 1
    none = make_model(Estimator, epsilon=None, density=0.2, max_iter=1).fit(X, y)
    assert none.n_connections_ == model.n_connections_


@pytest.mark.parametrize("density", [0, -0.1, 1.5, "full"])
def test_bad_density(density):
    with pytest.raises(ValueError, match="density"):
        make_model(SETMLPClassifier, density=density).fit(X_digits, y_digits)
    with pytest.raises(ValueError, match="density=1e-05 leaves the layer of .*Raise"):
        make_model(SETMLPClassifier, density=1e-5).fit(X_digits, y_digits)


def test_output_layers_of_many_inputs_start_with_smaller_weights():
    """With init='auto', in proportion to 1 / fan-in from 100 inputs on."""
    for n_hidden, variance in ((50, 2 / 50), (100, 2 / 100), (1600, 2 * 100 / 1600**2)):
        model = SETMLPClassifier((n_hidden,), epsilon=None)
        coefs = random_coefs(
            [20, n_hidden, 100], [Relu(1)], model, model._start_state(), np.float64
        )
        assert coefs[1].data.var() == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize("init", ["he", "glorot", "normal"])
def test_initial_weights_have_the_scale_of_init(init):
    model = SETMLPClassifier((2000, 2000), init=init, max_iter=1, random_state=0)
    coefs = random_coefs(
        [500, 2000, 2000, 10],
        [Relu(1), Relu(2)],
        model,
        model._start_state(),
        np.float64,
    )
    for coef in coefs[:2]:
        n_in, n_out = coef.shape
        fan_in, fan_out = coef.nnz / n_out, coef.nnz / n_in
        variance = {
            "he": 2 / fan_in,
            "glorot": 2 / (fan_in + fan_out),
            "normal": 0.01,
        }[init]
        assert coef.data.var() == pytest.approx(variance, rel=0.05)
        assert abs(coef.data.mean()) < 0.05 * variance**0.5
