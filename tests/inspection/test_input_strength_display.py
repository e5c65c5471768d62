"""InputStrengthDisplay."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier
from sklearn_set.inspection import InputStrengthDisplay, input_strength

pytestmark = [
    pytest.mark.usefixtures("plt"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def test_strongest_features_are_at_the_top():
    frame, y = load_breast_cancer(as_frame=True, return_X_y=True)
    frame = StandardScaler().set_output(transform="pandas").fit_transform(frame)
    clf = SETMLPClassifier((50,), max_iter=3, random_state=0).fit(frame, y)
    display = InputStrengthDisplay.from_estimator(clf).plot(n_features=5)
    strength = input_strength(clf)
    order = np.argsort(strength)[-5:]
    assert_allclose([bar.get_width() for bar in display.bars_], strength[order])
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == list(frame.columns[order])


def test_strength_as_an_image(network):
    display = InputStrengthDisplay.from_estimator(network, image_shape=(4, 16))
    image = np.asarray(display.image_.get_array())
    assert_allclose(image, input_strength(network).reshape(4, 16))
    with pytest.raises(ValueError, match=r"image_shape=\(8, 9\) .* 64 features"):
        InputStrengthDisplay.from_estimator(network, image_shape=(8, 9))
