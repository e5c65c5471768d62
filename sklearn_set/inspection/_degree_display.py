"""The distribution of degrees as a picture."""

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.stats import binom
from sklearn.utils import Bunch

from sklearn_set._training.estimator import SETEstimator
from sklearn_set._utils.types import Array
from sklearn_set.inspection._axes import axes_of, log_ticks
from sklearn_set.inspection._layers import degrees, weight_matrices
from sklearn_set.inspection._power_law import fit_power_law

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The legend calls a power law rejected if the p-value is less: by Clauset, Shalizi and
# Newman (2009), who chose it for this test.
LEVEL = 0.1


class DegreeDisplay:
    """Distribution of the units' numbers of connections, on logarithmic axes.

    Parameters
    ----------
    degree : ndarray of shape (n_units,)
        Number of connections of each unit.

    expected : Bunch, default=None
        ``degree`` and ``fraction`` of units of a random graph with as many
        connections.

    fit : Bunch, default=None
        As :func:`~sklearn_set.inspection.fit_power_law` returns it. The legend says
        whether its test rejects the power law, with a p-value below 0.1: the
        probability of a fit at least as bad if the power law holds.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.

    figure_ : matplotlib Figure
        The figure that contains the axes.

    lines_ : list of matplotlib Line2D
        The fraction of units by degree, that of a random graph, and the power law.
    """

    def __init__(
        self, degree: Array, *, expected: Bunch | None = None, fit: Bunch | None = None
    ) -> None:
        self.degree = degree
        self.expected = expected
        self.fit = fit

    @classmethod
    def from_estimator(
        cls,
        estimator: SETEstimator,
        *,
        layer: int = 0,
        side: str = "out",
        power_law: bool = False,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the degrees of one side of a layer.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted.

        layer : int, default=0
            Index of the layer of connections; 0 starts at the input.

        side : {'out', 'in'}, default='out'
            'out' counts the outgoing connections of the units before the layer, 'in'
            the incoming connections of the units after it.

        power_law : bool, default=False
            Whether to fit a power law. This needs igraph, and takes some seconds. To
            set `x_min`, create the display with ``fit=fit_power_law(degree, x_min)``.

        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        **kwargs : dict
            Passed to matplotlib's `plot`.

        Returns
        -------
        display : DegreeDisplay
            The display, after plotting.
        """
        if side not in ("out", "in"):
            raise ValueError(f"side must be 'out' or 'in', got {side!r}.")
        coef = weight_matrices(estimator)[layer]
        degree = degrees(estimator)[layer][f"{side}_degree"]
        n_others = coef.shape[side == "out"]
        values = np.arange(1, degree.max() + 1)
        density = coef.nnz / math.prod(coef.shape)
        expected = Bunch(degree=values, fraction=binom.pmf(values, n_others, density))
        fit = fit_power_law(degree, random_state=0) if power_law else None
        return cls(degree, expected=expected, fit=fit).plot(ax, **kwargs)

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
        display : DegreeDisplay
            The display, after plotting.
        """
        ax = axes_of(self, ax)
        counts = np.bincount(self.degree)
        values = np.flatnonzero(counts[1:]) + 1
        fraction = counts[values] / self.degree.size
        style = {"marker": "o", "markersize": 4, "linestyle": "", "label": "network"}
        self.lines_ = ax.plot(values, fraction, **style | kwargs)
        if self.expected is not None:
            is_shown = self.expected.fraction > 0.1 / self.degree.size
            self.lines_ += ax.plot(
                self.expected.degree[is_shown],
                self.expected.fraction[is_shown], "--",
                label="random graph",
            )  # fmt: skip
        if self.fit is not None:
            self.lines_ += ax.plot(*self._power_law(), label=self._power_law_label())
        ax.set(
            xscale="log", yscale="log", xlabel="degree", ylabel="fraction of the units"
        )
        log_ticks(ax.xaxis)
        ax.legend()
        return self

    def _power_law(self):
        """Return degrees and fractions of units by the fitted power law."""
        values = np.arange(self.fit.x_min, self.degree.max() + 1)
        power = values ** -float(self.fit.exponent)
        return values, power / power.sum() * self.fit.n_units / self.degree.size

    def _power_law_label(self):
        """Return a label that says whether the test rejects the power law."""
        p = self.fit.p_value
        verdict = "rejected" if p < LEVEL else "not rejected"
        shown = "p < 0.01" if p < 0.01 else f"p = {p:.2f}"
        return (
            f"power law, exponent {self.fit.exponent:.2f}\n"
            f"({verdict} by the test of the fit, {shown})"
        )
