"""The weights of hidden units as images."""

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import csr_array

from sklearn_set._training.estimator import SETEstimator
from sklearn_set._utils.types import Array
from sklearn_set.inspection._axes import axes_of, checked_image_shape
from sklearn_set.inspection._layers import weight_matrices

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ComponentsDisplay:
    """Weights of the hidden units of an RBM, or of a first layer, as images.

    Parameters
    ----------
    components : csr_array or ndarray of shape (n_units, n_features)
        Weights of each unit.

    image_shape : (int, int)
        Rows and columns of a tile.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.

    figure_ : matplotlib Figure
        The figure that contains the axes.

    image_ : matplotlib AxesImage
        All tiles as one image.
    """

    def __init__(
        self, components: csr_array | Array, image_shape: tuple[int, int]
    ) -> None:
        self.components = components
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: SETEstimator,
        image_shape: tuple[int, int],
        *,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the weights of the first layer's units.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted.

        image_shape : (int, int)
            Rows and columns of a tile.

        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : ComponentsDisplay
            The display, after plotting.
        """
        components = weight_matrices(estimator)[0].T.tocsr()
        return cls(components, image_shape).plot(ax, **kwargs)

    def plot(
        self, ax: "Axes | None" = None, *, n_tiles: int = 64, **kwargs: Any
    ) -> Self:
        """Plot the display; each tile is scaled by its largest weight.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        n_tiles : int, default=64
            Number of units: those with the largest sums of squared weights.

        **kwargs : dict
            Passed to matplotlib's `imshow`.

        Returns
        -------
        display : ComponentsDisplay
            The display, after plotting.
        """
        shape = checked_image_shape(self.image_shape, self.components.shape[1])
        ax = axes_of(self, ax)
        squares = np.asarray((self.components**2).sum(axis=1)).ravel()
        strongest = np.argsort(-squares, kind="stable")[:n_tiles]
        rows = self.components[strongest]
        rows = rows.toarray() if hasattr(rows, "toarray") else np.array(rows)
        rows = rows / np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-300)
        style = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1}
        self.image_ = ax.imshow(_tiles(rows.reshape(-1, *shape)), **style | kwargs)
        ax.set(xticks=[], yticks=[])
        return self


def _tiles(images):
    """Arrange images in a square, as far as possible, with gaps of NaN."""
    n, height, width = images.shape
    columns = math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    out = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for i, image in enumerate(images):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        out[top : top + height, left : left + width] = image
    return out
