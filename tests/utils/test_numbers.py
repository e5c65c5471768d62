"""Numbers of NumPy and others as parameters: no overflow, and clear errors."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from helpers.perceptrons import (
    SMALL_DATA,
    X_iris,
    assert_same_model,
    both_perceptrons,
    make_small_model,
    y_iris,
)
from helpers.rbms import assert_same_rbm
from sklearn import config_context

from sklearn_set import SETRBM, SETMLPClassifier
from sklearn_set._utils.numbers import as_list, python_number

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Each parameter of the estimators, in a type whose sums and products overflow.
MLP = {
    "epsilon": np.uint8(9), "max_iter": np.int8(5), "batch_size": np.int8(100),
    "n_iter_no_change": np.int8(127), "evolve_every": np.int8(2),
    "alpha": np.float16(0.5), "learning_rate_init": np.float16(0.01),
    "power_t": np.float16(0.5), "momentum": np.float16(0.5), "zeta": np.float16(0.25),
    "tol": np.float16(0.01), "adam_epsilon": np.float32(1e-6),
    "beta_2": np.float16(0.875), "random_state": np.int8(100),
}  # fmt: skip
RBM = {
    "n_components": np.uint8(200), "epsilon": np.uint8(200), "n_iter": np.int8(3),
    "batch_size": np.int8(100), "cd_steps": np.int8(127), "evolve_every": np.int8(1),
    "learning_rate": np.float16(0.125), "momentum": np.float16(0.5),
    "sparsity_target": np.float16(0.25), "sparsity_cost": np.float16(0.5),
    "alpha": np.float16(0.01), "zeta": np.float16(0.25), "random_state": np.int8(100),
}  # fmt: skip


def as_python(parameters):
    return {name: value.item() for name, value in parameters.items()}


@both_perceptrons
@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
def test_small_numbers_of_numpy_in_perceptrons(Estimator, solver):
    X, y = SMALL_DATA[Estimator]
    options = {"hidden_layer_sizes": (200, 100), "solver": solver}
    options |= {"learning_rate": "invscaling"}
    a = make_small_model(Estimator, **options | MLP).fit(X, y)
    b = make_small_model(Estimator, **options | as_python(MLP)).fit(X, y)
    assert_same_model(a, b)
    assert a.epsilon is MLP["epsilon"]  # the parameter is the user's


def test_small_numbers_of_numpy_in_an_rbm(digits):
    X = digits[0][:300]
    a, b = SETRBM(**RBM).fit(X), SETRBM(**as_python(RBM)).fit(X)
    assert_same_rbm(a, b)
    assert a.n_connections_ == 200 * 64
    small = np.int8(127)
    assert a.sample(small, n_steps=small).shape == (127, 64)
    assert a.log_partition(
        n_chains=small, n_temperatures=small, random_state=0
    ) == a.log_partition(n_chains=127, n_temperatures=127, random_state=0)


def test_the_number_of_connections_does_not_overflow():
    X, y = np.zeros((2, 1500)), [0, 1]
    clf = SETMLPClassifier((1500,), epsilon=np.uint16(40), max_iter=1).fit(X, y)
    assert clf.coefs_[0].nnz == 40 * 3000


@pytest.mark.parametrize("value", [Fraction(1, 4), Decimal("0.25"), 0.25 + 0j])
@pytest.mark.parametrize("name", ["epsilon", "alpha", "zeta", "tol"])
@pytest.mark.parametrize("make", [SETMLPClassifier, SETRBM])
def test_other_numbers_are_refused(make, name, value):
    message = f"The '{name}' parameter of {make.__name__} must be an int or a float"
    with pytest.raises(ValueError, match=message):
        make(**{name: value}).fit(X_iris, y_iris)


def test_fractions_are_right_where_parameters_are_not_validated():
    a = make_small_model(SETMLPClassifier, alpha=Fraction(1, 4), epsilon=Fraction(5))
    b = make_small_model(SETMLPClassifier, alpha=0.25, epsilon=5.0)
    with config_context(skip_parameter_validation=True):
        assert_same_model(a.fit(X_iris, y_iris), b.fit(X_iris, y_iris))


def test_python_numbers():
    for value in (np.int8(3), Fraction(3, 2), np.longdouble(1.5), 2):
        assert type(python_number(value)) in (int, float)
        assert python_number(value) == value
    for value in (True, np.True_, None, "3", 1j):
        assert python_number(value) is value


def test_only_ordered_collections_are_lists():
    for values in ([1, 2], (1, 2), range(1, 3), np.array([1, 2], np.int8)):
        assert as_list(values) == [1, 2]
    for value in ({1, 2}, frozenset([1]), {1: 2}, "12", 1, np.array(1), iter([1])):
        assert as_list(value) is None
