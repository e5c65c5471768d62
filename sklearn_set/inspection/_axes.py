"""Axes and images, which all displays need; they draw with matplotlib."""

import math
from numbers import Integral

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support


def axes_of(display, ax):
    """Return the axes to draw in, and set them as attributes of the display."""
    check_matplotlib_support(f"{type(display).__name__}.plot")
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots()
    display.ax_, display.figure_ = ax, ax.figure
    return ax


def log_ticks(axis):
    """Label 1, 2, 5, 10, ...: within a decade, powers of ten would say little."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
    axis.set_minor_formatter(NullFormatter())


def checked_image_shape(image_shape, n_features):
    """Return the shape of an image; check that it holds the features."""
    sizes = list(image_shape) if np.ndim(image_shape) == 1 else []
    if (
        len(sizes) != 2
        or not all(isinstance(size, Integral) and size >= 1 for size in sizes)
        or math.prod(sizes) != n_features
    ):
        raise ValueError(
            f"image_shape={image_shape!r} is not the height and the width of an image "
            f"that holds the {n_features} features."
        )
    return tuple(sizes)
