"""A callback that records the connections of the input during a fit."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_scalar

from sklearn_set._training.callbacks import Callback
from sklearn_set._utils.types import Array
from sklearn_set.inspection._axes import checked_image_shape
from sklearn_set.inspection._layers import degrees, input_strength

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation


class TopologyRecorder(Callback):
    """Callback that records degree and strength of the input features after each epoch.

    Set it with ``estimator.set_callbacks(recorder)``. The number of records is limited:
    when `max_records` is exceeded, every second record is dropped, and the interval
    between records is doubled.

    Parameters
    ----------
    max_records : int, default=200
        Maximum number of records; at least 2.

    Attributes
    ----------
    epochs_ : list of int
        The epochs after which the records were made.

    degrees_ : list of ndarray of shape (n_features,), dtype int32
        Number of connections of each input feature.

    strengths_ : list of ndarray of shape (n_features,), dtype float32
        Sum of the magnitudes of their weights.
    """

    def __init__(self, max_records: int = 200) -> None:
        self.max_records = max_records

    def setup(self, estimator: Any, context: Any) -> None:
        """Start a new record.

        Parameters
        ----------
        estimator : estimator
            That is about to be fitted.
        context : CallbackContext
            Of its fit.
        """
        check_scalar(self.max_records, "max_records", int, min_val=2)
        self.epochs_, self.degrees_, self.strengths_ = [], [], []
        self._n_epochs, self._every = 0, 1

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Add a record if the task is an epoch.

        Parameters
        ----------
        estimator : estimator
            That is being fitted.
        context : CallbackContext
            Of the task.
        fitted_estimator : estimator, default=None
            The model as it is now.
        """
        if context.task_name != "epoch" or fitted_estimator is None:
            return
        self._n_epochs += 1
        if self._n_epochs % self._every:
            return
        self.epochs_.append(self._n_epochs)
        degree = degrees(fitted_estimator)[0].out_degree
        self.degrees_.append(degree.astype(np.int32))
        self.strengths_.append(input_strength(fitted_estimator).astype(np.float32))
        if len(self.epochs_) >= self.max_records:
            self._thin_out()

    def _thin_out(self):
        self._every *= 2
        kept = [i for i, n in enumerate(self.epochs_) if n % self._every == 0]
        for record in (self.epochs_, self.degrees_, self.strengths_):
            record[:] = [record[i] for i in kept]

    def removal_epochs(self) -> Array:
        """Return the epoch after which each input has no connections.

        Returns
        -------
        epochs : ndarray of shape (n_features,), dtype int64
            The first recorded epoch after which the input had no connections; -1 for
            inputs that have connections in the last record.

        Raises
        ------
        ValueError
            If there is no record.
        """
        degrees = np.array(list(self._frames("degree")))
        # From the end: whether there is no connection in this and all later records.
        is_removed = np.logical_and.accumulate(degrees[::-1] == 0)[::-1]
        epochs = np.array(self.epochs_)[is_removed.argmax(axis=0)]
        return np.where(is_removed[-1], epochs, -1)

    def animate(
        self,
        image_shape: tuple[int, int],
        path: str | os.PathLike[str] | None = None,
        *,
        what: str = "strength",
        interval: float = 200,
        **kwargs: Any,
    ) -> "FuncAnimation":
        """Animate the records, and write the animation as a GIF.

        Parameters
        ----------
        image_shape : (int, int)
            Rows and columns of the input's pixels.

        path : str or path-like, default=None
            File to write; the figure is then closed. None writes no file.

        what : {'strength', 'degree'}, default='strength'
            What to show.

        interval : int, default=200
            Milliseconds for each frame.

        **kwargs : dict
            Passed to matplotlib's `imshow`.

        Returns
        -------
        animation : matplotlib.animation.FuncAnimation
            Keep a reference to it as long as its figure is shown.

        Raises
        ------
        ValueError
            If there is no record, or it does not make such an image.
        """
        from sklearn.utils._optional_dependencies import check_matplotlib_support

        check_matplotlib_support("TopologyRecorder.animate")
        from matplotlib import pyplot as plt
        from matplotlib.animation import FuncAnimation, PillowWriter

        frames, epochs = list(self._frames(what)), list(self.epochs_)
        shape = checked_image_shape(image_shape, frames[0].size)
        figure, ax = plt.subplots(figsize=(5, 4.2), layout="constrained")
        style = {"vmin": 0, "vmax": max(frame.max() for frame in frames)}
        image = ax.imshow(frames[0].reshape(shape), **style | kwargs)
        figure.colorbar(image, label=f"{what} of the inputs")
        ax.set(xticks=[], yticks=[])

        def draw(i):
            image.set_data(frames[i].reshape(shape))
            ax.set_title(f"after epoch {epochs[i]}")

        animation = FuncAnimation(figure, draw, len(frames), interval=interval)
        if path is not None:
            animation.save(path, PillowWriter(fps=1000 / interval))
            plt.close(figure)
        return animation

    def _frames(self, what):
        records = {"strength": "strengths_", "degree": "degrees_"}
        if what not in records:
            raise ValueError(f"what must be 'strength' or 'degree', got {what!r}.")
        frames = getattr(self, records[what], [])
        if not frames:
            raise ValueError(
                "There is no record: set the recorder as a callback before fit."
            )
        return frames
