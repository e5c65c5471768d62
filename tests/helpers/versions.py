"""Marks of tests that need a newer scikit-learn than the oldest supported one."""

import pytest

from sklearn_set._utils.compat import HAS_CALLBACKS

needs_callbacks = pytest.mark.skipif(
    not HAS_CALLBACKS, reason="callbacks need scikit-learn 1.9"
)
