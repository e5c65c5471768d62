"""ComponentsDisplay."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_set.inspection import ComponentsDisplay

pytestmark = [
    pytest.mark.usefixtures("plt"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def test_tiles_show_the_components(rbm):
    display = ComponentsDisplay.from_estimator(rbm, (8, 8), n_tiles=5)
    image = np.asarray(display.image_.get_array().filled(np.nan))
    assert image.shape == (2 * 9 - 1, 3 * 9 - 1)
    W = rbm.components_.toarray()
    strongest = W[np.argmax((W**2).sum(axis=1))].reshape(8, 8)
    assert_allclose(image[:8, :8], strongest / np.abs(strongest).max())
    assert np.isnan(image[8]).all() and np.isnan(image[9:, 18:]).all()
