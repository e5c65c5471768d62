"""Marks of tests that need a newer scikit-learn than the oldest supported one."""

import pytest
import sklearn
from sklearn.utils.fixes import parse_version

from sklearn_set._utils.compat import HAS_CALLBACKS

needs_callbacks = pytest.mark.skipif(
    not HAS_CALLBACKS, reason="callbacks need scikit-learn 1.9"
)
needs_routed_scores = pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"),
    reason="pipelines ask for weights of their scores in another way",
)
