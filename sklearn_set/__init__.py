"""Truly sparse neural networks with scikit-learn's interface."""

try:
    from sklearn_set import _fast  # noqa: F401
except ImportError as error:
    raise ImportError(
        "sklearn_set's compiled part cannot be imported. If you are in its source "
        "folder, install it with 'pip install .' and start Python from another folder "
        "(the source folder hides the installed package)."
    ) from error

from importlib.metadata import version

from sklearn_set._mlp import SETMLPClassifier
from sklearn_set._rbm import SETRBM

__version__ = version("sklearn_set")

__all__ = ["SETRBM", "SETMLPClassifier"]
