"""The strength of the input features as a picture."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sklearn_set._training.estimator import SETEstimator
from sklearn_set._utils.types import Array
from sklearn_set.inspection._axes import axes_of, checked_image_shape
from sklearn_set.inspection._layers import input_strength

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class InputStrengthDisplay:
    """Strength of the input features, as bars or as an image.

    Parameters
    ----------
    strength : ndarray of shape (n_features,)
        As :func:`~sklearn_set.inspection.input_strength` returns it.

    feature_names : array-like of shape (n_features,), default=None
        Names for the bars.

    image_shape : (int, int), default=None
        Rows and columns, if the features are pixels; None for bars.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.

    figure_ : matplotlib Figure
        The figure that contains the axes.

    bars_ : matplotlib BarContainer
        The bars, if there is no image.

    image_ : matplotlib AxesImage
        The image, if there is one.
    """

    def __init__(
        self,
        strength: Array,
        *,
        feature_names: ArrayLike | None = None,
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.strength = strength
        self.feature_names = feature_names
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: SETEstimator,
        *,
        image_shape: tuple[int, int] | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the strength of a fitted model's input features.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted; its `feature_names_in_` label the bars.

        image_shape : (int, int), default=None
            Rows and columns, if the features are pixels; None for bars.

        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : InputStrengthDisplay
            The display, after plotting.
        """
        names = getattr(estimator, "feature_names_in_", None)
        strength = input_strength(estimator)
        display = cls(strength, feature_names=names, image_shape=image_shape)
        return display.plot(ax, **kwargs)

    def plot(
        self, ax: "Axes | None" = None, *, n_features: int = 20, **kwargs: Any
    ) -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        n_features : int, default=20
            Number of bars: the strongest features, in descending order from the top.

        **kwargs : dict
            Passed to matplotlib's `barh` or `imshow`.

        Returns
        -------
        display : InputStrengthDisplay
            The display, after plotting.
        """
        if self.image_shape is not None:
            return self._plot_image(ax, **kwargs)
        ax = axes_of(self, ax)
        strongest = np.argsort(-self.strength, kind="stable")[:n_features][::-1]
        names = self.feature_names
        if names is None:
            names = np.array([f"feature {i}" for i in range(self.strength.size)])
        labels = np.asarray(names, dtype=str)[strongest]
        self.bars_ = ax.barh(
            np.arange(strongest.size), self.strength[strongest], **kwargs
        )
        ax.set_yticks(np.arange(strongest.size), labels)
        ax.set(xlabel="sum of the magnitudes of its weights")
        return self

    def _plot_image(self, ax, **kwargs):
        shape = checked_image_shape(self.image_shape, self.strength.size)
        ax = axes_of(self, ax)
        self.image_ = ax.imshow(self.strength.reshape(shape), **kwargs)
        ax.set(xticks=[], yticks=[])
        self.figure_.colorbar(self.image_, ax=ax, label="strength")
        return self
