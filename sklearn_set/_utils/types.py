"""Types that several signatures share.

Names of options are ``str``, not literals: a variable such as ``for name in names``
would not match a literal, and what is unknown is refused at run time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import sparray, spmatrix
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from sklearn_set._layers.sparse_layer import SparseLayer
    from sklearn_set.evolution import EvolutionContext

Array: TypeAlias = NDArray[Any]
# Dense or sparse, as the X of most methods.
Matrix: TypeAlias = ArrayLike | sparray | spmatrix
RandomState: TypeAlias = int | np.integer[Any] | np.random.RandomState | None

Sizes: TypeAlias = int | Sequence[int] | Array
Rates: TypeAlias = float | Sequence[float] | Array | str
Init: TypeAlias = str | BaseEstimator
ClassWeight: TypeAlias = (
    Mapping[Any, float] | Sequence[Mapping[Any, float]] | str | None
)
Scoring: TypeAlias = str | Callable[[Any, Any, Any], float] | None
BatchTransform: TypeAlias = Callable[[Any, np.random.Generator], Any] | None


class Rule(Protocol):
    """What evolves a network, such as `sklearn_set.evolution.SET()`."""

    def evolve(
        self, layers: "list[SparseLayer]", context: "EvolutionContext", /
    ) -> None:
        """Change the connections of the layers."""


Evolution: TypeAlias = str | Rule | Sequence[str | Rule]
