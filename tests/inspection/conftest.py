"""Fitted models to inspect, and figures to draw on."""

import pytest

from sklearn_set import SETRBM, SETMLPClassifier


@pytest.fixture(scope="session")
def network(digits):
    """A classifier that has been trained with early stopping."""
    X, _, y, _ = digits
    clf = SETMLPClassifier((60,), epsilon=5, max_iter=8, random_state=0)
    return clf.set_params(early_stopping=True).fit(X, y)


@pytest.fixture(scope="session")
def rbm(digits):
    """A restricted Boltzmann machine."""
    return SETRBM(30, n_iter=5, random_state=0).fit(digits[0])


@pytest.fixture
def plt():
    """Matplotlib's pyplot without a screen; all figures are closed at the end."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    yield plt
    plt.close("all")
