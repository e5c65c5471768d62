"""Score against the number of connections."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from sklearn_set._layers.sizes import connections_per_layer
from sklearn_set._mlp.settings import hidden_sizes
from sklearn_set._utils.types import Array
from sklearn_set.inspection._axes import axes_of, log_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SparsityDisplay:
    """Score against the number of connections.

    Parameters
    ----------
    n_connections : ndarray of shape (n_candidates,)
        Number of connections.

    mean, std : ndarray of shape (n_candidates,)
        Mean and standard deviation of the scores.

    score_name : str, default="score"
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.

    figure_ : matplotlib Figure
        The figure that contains the axes.

    errorbar_ : matplotlib ErrorbarContainer
        Means and standard deviations.
    """

    def __init__(
        self,
        n_connections: Array,
        mean: Array,
        std: Array,
        *,
        score_name: str = "score",
    ) -> None:
        self.n_connections = n_connections
        self.mean = mean
        self.std = std
        self.score_name = score_name

    @classmethod
    def from_search(
        cls, search: BaseEstimator, *, ax: "Axes | None" = None, **kwargs: Any
    ) -> Self:
        """Plot the candidates of a search by their initial number of connections.

        Parameters
        ----------
        search : GridSearchCV or RandomizedSearchCV
            Fitted, with refit; of a perceptron or a pipeline that ends with one. Of
            several metrics the one that `refit` names is drawn.

        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        **kwargs : dict
            Passed to matplotlib's `errorbar`.

        Returns
        -------
        display : SparsityDisplay
            The display, after plotting.

        Raises
        ------
        ValueError
            If the search was made without refit, or `refit` names no metric.
        """
        check_is_fitted(search, "cv_results_")
        if not hasattr(search, "best_estimator_"):
            raise ValueError(
                "from_search needs a search with refit: set refit=True, or the name of "
                "a metric, and fit the search again."
            )
        results = search.cv_results_
        counts = [_count_connections(search, params) for params in results["params"]]
        order = np.argsort(counts, kind="stable")
        name = search.scoring if isinstance(search.scoring, str) else "score"
        metric = "score"
        if search.multimetric_:
            name = metric = _refit_metric(search)
        return cls(
            np.array(counts)[order],
            results[f"mean_test_{metric}"][order],
            results[f"std_test_{metric}"][order],
            score_name=name,
        ).plot(ax, **kwargs)

    def plot(self, ax: "Axes | None" = None, **kwargs: Any) -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.

        **kwargs : dict
            Passed to matplotlib's `errorbar`.

        Returns
        -------
        display : SparsityDisplay
            The display, after plotting.
        """
        ax = axes_of(self, ax)
        style = {"marker": "o", "capsize": 3}
        self.errorbar_ = ax.errorbar(
            self.n_connections, self.mean, self.std, **style | kwargs
        )
        ax.set(xscale="log", xlabel="number of connections", ylabel=self.score_name)
        log_ticks(ax.xaxis)
        return self


def _refit_metric(search):
    if not isinstance(search.refit, str):
        raise ValueError(
            "The search has several metrics. Set refit to the name of the one to draw."
        )
    return search.refit


def _last_step(estimator):
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def _count_connections(search, params):
    """Count the initial connections of a candidate."""
    fitted = _last_step(search.best_estimator_)
    network = _last_step(clone(search.estimator).set_params(**params))
    sizes = [
        fitted.n_features_in_,
        *hidden_sizes(network.hidden_layer_sizes),
        fitted.n_outputs_,
    ]
    return sum(connections_per_layer(sizes, network.epsilon, network.density))
