"""All displays draw on the axes that they are given."""

import pytest

from sklearn_set.inspection import (
    ComponentsDisplay,
    DegreeDisplay,
    InputStrengthDisplay,
    TrainingDisplay,
    WeightDisplay,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "draw",
    [
        lambda network, rbm, ax: DegreeDisplay.from_estimator(network, ax=ax),
        lambda network, rbm, ax: InputStrengthDisplay.from_estimator(network, ax=ax),
        lambda network, rbm, ax: InputStrengthDisplay.from_estimator(
            rbm, image_shape=(8, 8), ax=ax
        ),
        lambda network, rbm, ax: ComponentsDisplay.from_estimator(rbm, (8, 8), ax=ax),
        lambda network, rbm, ax: WeightDisplay.from_estimator(network, ax=ax),
        lambda network, rbm, ax: TrainingDisplay.from_estimator(rbm, ax=ax),
    ],
    ids=["degree", "bars", "image", "tiles", "weights", "training"],
)
@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_displays_draw_on_the_given_axes(draw, style, network, rbm, plt):
    with plt.style.context(style):
        figure, ax = plt.subplots()
        display = draw(network, rbm, ax)
        assert display.ax_ is ax and display.figure_ is figure
        figure.canvas.draw()
        other = draw(network, rbm, None)
        assert other.ax_ is not ax
        assert display.plot().ax_ not in (ax, other.ax_)
