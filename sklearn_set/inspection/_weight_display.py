"""Histograms of the weights."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sklearn_set._training.estimator import SETEstimator
from sklearn_set._utils.types import Array
from sklearn_set.inspection._axes import axes_of
from sklearn_set.inspection._layers import weight_matrices

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class WeightDisplay:
    """Histogram of the weights of each layer.

    Parameters
    ----------
    weights : list of ndarray of shape (n_connections,)
        Weights of each layer.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.

    figure_ : matplotlib Figure
        The figure that contains the axes.

    lines_ : list of matplotlib StepPatch
        One histogram for each layer.
    """

    def __init__(self, weights: Sequence[Array]) -> None:
        self.weights = weights

    @classmethod
    def from_estimator(
        cls, estimator: SETEstimator, *, ax: "Axes | None" = None, **kwargs: Any
    ) -> Self:
        """Plot the weights of a fitted model.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted.

        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : WeightDisplay
            The display, after plotting.
        """
        weights = [coef.data for coef in weight_matrices(estimator)]
        return cls(weights).plot(ax, **kwargs)

    def plot(self, ax: "Axes | None" = None, *, bins: int = 100, **kwargs: Any) -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        bins : int, default=100
            Number of bins, the same for all layers.

        **kwargs : dict
            Passed to matplotlib's `stairs`.

        Returns
        -------
        display : WeightDisplay
            The display, after plotting.
        """
        ax = axes_of(self, ax)
        edges = np.histogram_bin_edges(np.concatenate(self.weights), bins)
        self.lines_ = []
        for i, weights in enumerate(self.weights, start=1):
            density, _ = np.histogram(weights, edges, density=True)
            style = {
                "label": f"layer {i}: {weights.size:,} connections",
                "linewidth": 1.5,
            }
            self.lines_.append(ax.stairs(density, edges, **style | kwargs))
        ax.set(xlabel="weight", ylabel="density")
        ax.legend()
        return self
