"""Pictures of fitted models, after scikit-learn's displays; they need matplotlib."""

import math

import numpy as np
from scipy.stats import binom
from sklearn.base import clone
from sklearn.utils import Bunch
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from sklearn_set._layers.sizes import connections_per_layer
from sklearn_set._mlp.settings import hidden_sizes
from sklearn_set.inspection._layers import degrees, input_strength, weight_matrices
from sklearn_set.inspection._power_law import fit_power_law


def _axes(display, ax):
    """Return the axes to draw in, and note them in the display."""
    check_matplotlib_support(f"{type(display).__name__}.plot")
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots()
    display.ax_, display.figure_ = ax, ax.figure
    return ax


def _log_ticks(axis):
    """Label 1, 2, 5, 10, ... in full, as powers of ten say little of a decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
    axis.set_minor_formatter(NullFormatter())


def _image_shape(image_shape, n_features):
    """Check that so many features make an image."""
    if len(image_shape) != 2 or math.prod(image_shape) != n_features:
        raise ValueError(
            f"image_shape={tuple(image_shape)} does not hold the {n_features} features."
        )
    return tuple(image_shape)


class DegreeDisplay:
    """Distribution of the units' numbers of links, on logarithmic axes.

    Parameters
    ----------
    degree : ndarray of shape (n_units,)
        Links of each unit.

    expected : Bunch, default=None
        ``degree`` and ``share`` of a random graph with as many links.

    fit : Bunch, default=None
        As :func:`~sklearn_set.inspection.fit_power_law` returns it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Drawn in.

    figure_ : matplotlib Figure
        Which they are a part of.

    lines_ : list of matplotlib Line2D
        The shares of the degrees, those of a random graph, and the power law.
    """

    def __init__(self, degree, *, expected=None, fit=None):
        self.degree = degree
        self.expected = expected
        self.fit = fit

    @classmethod
    def from_estimator(
        cls, estimator, *, layer=0, side="out", power_law=False, ax=None, **kwargs
    ):
        """Draw the degrees of one side of a layer.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted.

        layer : int, default=0
            Which layer of links; 0 starts at the input.

        side : {'out', 'in'}, default='out'
            The units before the layer, or those after it.

        power_law : bool, default=False
            Whether to fit a power law, too; this needs igraph, and some seconds for
            the test. For one with an `x_min` of your own make the display itself, with
            ``fit=fit_power_law(degree, x_min)``.

        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For matplotlib's `plot` of the shares.

        Returns
        -------
        display : DegreeDisplay
            Drawn.
        """
        if side not in ("out", "in"):
            raise ValueError(f"side must be 'out' or 'in', got {side!r}.")
        coef = weight_matrices(estimator)[layer]
        degree = degrees(estimator)[layer][f"{side}_degree"]
        n_others = coef.shape[side == "out"]
        values = np.arange(1, degree.max() + 1)
        density = coef.nnz / math.prod(coef.shape)
        expected = Bunch(degree=values, share=binom.pmf(values, n_others, density))
        fit = fit_power_law(degree, random_state=0) if power_law else None
        return cls(degree, expected=expected, fit=fit).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For matplotlib's `plot` of the shares.

        Returns
        -------
        display : DegreeDisplay
            Drawn.
        """
        ax = _axes(self, ax)
        counts = np.bincount(self.degree)
        values = np.flatnonzero(counts[1:]) + 1
        share = counts[values] / self.degree.size
        style = {"marker": "o", "markersize": 4, "linestyle": "", "label": "network"}
        self.lines_ = ax.plot(values, share, **style | kwargs)
        if self.expected is not None:
            seen = self.expected.share > 0.1 / self.degree.size
            self.lines_ += ax.plot(
                self.expected.degree[seen], self.expected.share[seen], "--",
                label="random graph",
            )  # fmt: skip
        if self.fit is not None:
            self.lines_ += ax.plot(*self._law(), label=self._law_label())
        ax.set(xscale="log", yscale="log", xlabel="degree", ylabel="share of the units")
        _log_ticks(ax.xaxis)
        ax.legend()
        return self

    def _law(self):
        """Return degrees and shares of the fitted law, for the units it is for."""
        values = np.arange(self.fit.x_min, self.degree.max() + 1)
        law = values ** -float(self.fit.exponent)
        return values, law / law.sum() * self.fit.n_units / self.degree.size

    def _law_label(self):
        return (
            f"power law, exponent {self.fit.exponent:.2f} (p = {self.fit.p_value:.2f})"
        )


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
        Drawn in.

    figure_ : matplotlib Figure
        Which they are a part of.

    bars_ : matplotlib BarContainer
        The bars, if there is no image.

    image_ : matplotlib AxesImage
        The image, if there is one.
    """

    def __init__(self, strength, *, feature_names=None, image_shape=None):
        self.strength = strength
        self.feature_names = feature_names
        self.image_shape = image_shape

    @classmethod
    def from_estimator(cls, estimator, *, image_shape=None, ax=None, **kwargs):
        """Draw the strength of a fitted model's input features.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted; its `feature_names_in_` name the bars.

        image_shape : (int, int), default=None
            Rows and columns, if the features are pixels; None for bars.

        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : InputStrengthDisplay
            Drawn.
        """
        names = getattr(estimator, "feature_names_in_", None)
        strength = input_strength(estimator)
        display = cls(strength, feature_names=names, image_shape=image_shape)
        return display.plot(ax, **kwargs)

    def plot(self, ax=None, *, n_features=20, **kwargs):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        n_features : int, default=20
            How many bars, of the strongest features, the strongest at the top.

        **kwargs : dict
            For matplotlib's `barh` or `imshow`.

        Returns
        -------
        display : InputStrengthDisplay
            Drawn.
        """
        if self.image_shape is not None:
            return self._plot_image(ax, **kwargs)
        ax = _axes(self, ax)
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
        shape = _image_shape(self.image_shape, self.strength.size)
        ax = _axes(self, ax)
        self.image_ = ax.imshow(self.strength.reshape(shape), **kwargs)
        ax.set(xticks=[], yticks=[])
        self.figure_.colorbar(self.image_, ax=ax, label="strength")
        return self


class ComponentsDisplay:
    """Weights of a Boltzmann machine's hidden units, or of a first layer, as tiles.

    Parameters
    ----------
    components : csr_array or ndarray of shape (n_units, n_features)
        Weights of each unit.

    image_shape : (int, int)
        Rows and columns of a tile.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Drawn in.

    figure_ : matplotlib Figure
        Which they are a part of.

    image_ : matplotlib AxesImage
        All tiles as one image.
    """

    def __init__(self, components, image_shape):
        self.components = components
        self.image_shape = image_shape

    @classmethod
    def from_estimator(cls, estimator, image_shape, *, ax=None, **kwargs):
        """Draw the weights of the first layer's units.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted.

        image_shape : (int, int)
            Rows and columns of a tile.

        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : ComponentsDisplay
            Drawn.
        """
        components = weight_matrices(estimator)[0].T.tocsr()
        return cls(components, image_shape).plot(ax, **kwargs)

    def plot(self, ax=None, *, n_tiles=64, **kwargs):
        """Draw it; each tile is scaled by its largest weight.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        n_tiles : int, default=64
            How many units, of those with the largest sums of squared weights.

        **kwargs : dict
            For matplotlib's `imshow`.

        Returns
        -------
        display : ComponentsDisplay
            Drawn.
        """
        shape = _image_shape(self.image_shape, self.components.shape[1])
        ax = _axes(self, ax)
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
    """Put images side by side, as a square if possible, with gaps of NaN."""
    n, height, width = images.shape
    columns = math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    out = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for i, image in enumerate(images):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        out[top : top + height, left : left + width] = image
    return out


class WeightDisplay:
    """Histogram of the weights of each layer.

    Parameters
    ----------
    weights : list of ndarray of shape (n_links,)
        Weights of each layer.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Drawn in.

    figure_ : matplotlib Figure
        Which they are a part of.

    lines_ : list of matplotlib StepPatch
        One for each layer.
    """

    def __init__(self, weights):
        self.weights = weights

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, **kwargs):
        """Draw the weights of a fitted model.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted.

        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : WeightDisplay
            Drawn.
        """
        weights = [coef.data for coef in weight_matrices(estimator)]
        return cls(weights).plot(ax, **kwargs)

    def plot(self, ax=None, *, bins=100, **kwargs):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        bins : int, default=100
            Number of bins, the same for all layers.

        **kwargs : dict
            For matplotlib's `stairs`.

        Returns
        -------
        display : WeightDisplay
            Drawn.
        """
        ax = _axes(self, ax)
        edges = np.histogram_bin_edges(np.concatenate(self.weights), bins)
        self.lines_ = []
        for i, weights in enumerate(self.weights, start=1):
            density, _ = np.histogram(weights, edges, density=True)
            style = {"label": f"layer {i}: {weights.size:,} links", "linewidth": 1.5}
            self.lines_.append(ax.stairs(density, edges, **style | kwargs))
        ax.set(xlabel="weight", ylabel="density")
        ax.legend()
        return self


class TrainingDisplay:
    """How loss and validation score went from epoch to epoch.

    Parameters
    ----------
    curves : dict of str to list of float
        One or two curves by name; the second has an axis of its own at the right.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Drawn in.

    figure_ : matplotlib Figure
        Which they are a part of.

    lines_ : list of matplotlib Line2D
        One for each curve.
    """

    def __init__(self, curves):
        self.curves = curves

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, **kwargs):
        """Draw what a fitted model has recorded.

        Parameters
        ----------
        estimator : SETMLPClassifier, SETMLPRegressor or SETRBM
            Fitted.

        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For matplotlib's `plot`.

        Returns
        -------
        display : TrainingDisplay
            Drawn.
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

    def plot(self, ax=None, **kwargs):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For matplotlib's `plot`.

        Returns
        -------
        display : TrainingDisplay
            Drawn.
        """
        ax = _axes(self, ax)
        ax.set(xlabel="epoch")
        self.lines_ = []
        for i, (name, values) in enumerate(self.curves.items()):
            side = ax if i == 0 else ax.twinx()
            epochs = np.arange(1, len(values) + 1)
            style = {"color": f"C{i}", "label": name}
            self.lines_ += side.plot(epochs, values, **style | kwargs)
            side.set_ylabel(name, color=f"C{i}")
        return self


class SparsityDisplay:
    """Score against the number of links.

    Parameters
    ----------
    n_links : ndarray of shape (n_candidates,)
        Number of links.

    mean, std : ndarray of shape (n_candidates,)
        Of the scores.

    score_name : str, default="score"
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Drawn in.

    figure_ : matplotlib Figure
        Which they are a part of.

    errorbar_ : matplotlib ErrorbarContainer
        Means and standard deviations.
    """

    def __init__(self, n_links, mean, std, *, score_name="score"):
        self.n_connections = n_links
        self.mean = mean
        self.std = std
        self.score_name = score_name

    @classmethod
    def from_search(cls, search, *, ax=None, **kwargs):
        """Draw the candidates of a search by the links that they start with.

        Parameters
        ----------
        search : GridSearchCV or RandomizedSearchCV
            Fitted, with refit; of a perceptron or a pipeline that ends with one.

        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For matplotlib's `errorbar`.

        Returns
        -------
        display : SparsityDisplay
            Drawn.
        """
        check_is_fitted(search, "best_estimator_")
        results = search.cv_results_
        counts = [_count_links(search, params) for params in results["params"]]
        order = np.argsort(counts, kind="stable")
        name = search.scoring if isinstance(search.scoring, str) else "score"
        return cls(
            np.array(counts)[order],
            results["mean_test_score"][order],
            results["std_test_score"][order],
            score_name=name,
        ).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            To draw in; None makes new ones.

        **kwargs : dict
            For matplotlib's `errorbar`.

        Returns
        -------
        display : SparsityDisplay
            Drawn.
        """
        ax = _axes(self, ax)
        style = {"marker": "o", "capsize": 3}
        self.errorbar_ = ax.errorbar(
            self.n_connections, self.mean, self.std, **style | kwargs
        )
        ax.set(xscale="log", xlabel="number of links", ylabel=self.score_name)
        _log_ticks(ax.xaxis)
        return self


def _last_step(estimator):
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def _count_links(search, params):
    """Count the links that a candidate starts with."""
    fitted = _last_step(search.best_estimator_)
    network = _last_step(clone(search.estimator).set_params(**params))
    sizes = [
        fitted.n_features_in_,
        *hidden_sizes(network.hidden_layer_sizes),
        fitted.n_outputs_,
    ]
    return sum(connections_per_layer(sizes, network.epsilon, network.density))
