"""What depends on the version of scikit-learn."""

import importlib.util
import sys

import pytest

from sklearn_set import SETMLPClassifier
from sklearn_set._utils import compat


def load_with_old_sklearn(monkeypatch):
    """Load the module as if scikit-learn had no callbacks."""
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = importlib.util.spec_from_file_location("old_compat", compat.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_set_callbacks_says_what_it_needs(monkeypatch):
    old = load_with_old_sklearn(monkeypatch)
    assert not old.HAS_CALLBACKS
    with pytest.raises(NotImplementedError, match="needs scikit-learn 1.9 or newer"):
        old.CallbackSupportMixin().set_callbacks()


def test_estimators_have_set_callbacks():
    try:
        SETMLPClassifier().set_callbacks()
    except NotImplementedError:
        assert not compat.HAS_CALLBACKS
    else:
        assert compat.HAS_CALLBACKS
