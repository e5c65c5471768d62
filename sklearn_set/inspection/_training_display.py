"""Training curves as a picture."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_set._training.estimator import SETEstimator
from sklearn_set.inspection._axes import axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class TrainingDisplay:
    """Training loss and validation score by epoch.

    Parameters
    ----------
    curves : dict of str to list of float
        One or two curves by name; the second has its axis at the right.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.

    figure_ : matplotlib Figure
        The figure that contains the axes.

    lines_ : list of matplotlib Line2D
        One line for each curve.
    """

    def __init__(self, curves: Mapping[str, Sequence[float]]) -> None:
        self.curves = curves

    @classmethod
    def from_estimator(
        cls, estimator: SETEstimator, *, ax: "Axes | None" = None, **kwargs: Any
    ) -> Self:
        """Plot the curves of a fitted model.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted.

        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        **kwargs : dict
            Passed to matplotlib's `plot`.

        Returns
        -------
        display : TrainingDisplay
            The display, after plotting.
        """
        check_is_fitted(estimator)
        if hasattr(estimator, "loss_curve_"):
            curves = {"training loss": estimator.loss_curve_}
        else:
            curves = {
                "reconstruction error": estimator.reconstruction_errors_,
                "pseudo-likelihood": estimator.pseudo_likelihoods_,
            }
        if estimator.validation_scores_ is not None:
            first = dict([next(iter(curves.items()))])
            curves = first | {"validation score": estimator.validation_scores_}
        return cls(curves).plot(ax, **kwargs)

    def plot(self, ax: "Axes | None" = None, **kwargs: Any) -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        **kwargs : dict
            Passed to matplotlib's `plot`.

        Returns
        -------
        display : TrainingDisplay
            The display, after plotting.
        """
        ax = axes_of(self, ax)
        ax.set(xlabel="epoch")
        self.lines_ = []
        for i, (name, values) in enumerate(self.curves.items()):
            side = ax if i == 0 else ax.twinx()
            epochs = np.arange(1, len(values) + 1)
            style = {"color": f"C{i}", "label": name}
            self.lines_ += side.plot(epochs, values, **style | kwargs)
            side.set_ylabel(name, color=f"C{i}")
        return self
