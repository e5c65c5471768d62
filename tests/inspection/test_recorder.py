"""TopologyRecorder."""

import numpy as np
import pytest
from helpers.versions import needs_callbacks
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_set import SETRBM, SETMLPClassifier
from sklearn_set.evolution import InputEvolution
from sklearn_set.inspection import TopologyRecorder, degrees, input_strength

pytestmark = [
    needs_callbacks,
    pytest.mark.usefixtures("plt"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.mark.parametrize("kind", ["perceptron", "rbm"])
def test_each_epoch_is_recorded(kind, digits):
    X, _, y, _ = digits
    recorder = TopologyRecorder()
    if kind == "rbm":
        model = SETRBM(20, n_iter=6, random_state=0)
    else:
        model = SETMLPClassifier((30,), epsilon=5, max_iter=6, random_state=0)
    model.set_callbacks(recorder).fit(X, y)
    assert recorder.epochs_ == [1, 2, 3, 4, 5, 6]
    assert_allclose(recorder.strengths_[-1], input_strength(model), rtol=1e-6)
    assert_array_equal(recorder.degrees_[-1], degrees(model)[0].out_degree)
    assert not np.array_equal(recorder.degrees_[0], recorder.degrees_[-1])


def test_the_number_of_records_is_bounded(digits):
    recorder = TopologyRecorder(max_records=4)
    SETRBM(5, n_iter=21, random_state=0).set_callbacks(recorder).fit(digits[0])
    assert recorder.epochs_ == [8, 16]
    assert len(recorder.strengths_) == len(recorder.degrees_) == 2
    with pytest.raises(ValueError, match="max_records"):
        SETRBM(5).set_callbacks(TopologyRecorder(1)).fit(digits[0])


@pytest.mark.parametrize("what", ["strength", "degree"])
def test_animation(what, digits, tmp_path):
    from PIL import Image

    recorder = TopologyRecorder()
    SETRBM(5, n_iter=3, random_state=0).set_callbacks(recorder).fit(digits[0])
    animation = recorder.animate((8, 8), tmp_path / "record.gif", what=what)
    label = animation._fig.axes[1].get_ylabel()
    assert label == f"{what} of the inputs"
    with Image.open(tmp_path / "record.gif") as image:
        assert image.n_frames == 3
    with pytest.raises(ValueError, match="image_shape"):
        recorder.animate((8, 9))
    with pytest.raises(ValueError, match="what must be"):
        recorder.animate((8, 8), what="weights")
    with pytest.raises(ValueError, match="no record"):
        TopologyRecorder().animate((8, 8))


def test_removal_of_inputs():
    recorder = TopologyRecorder()
    recorder.epochs_ = [2, 4, 6, 8]
    recorder.degrees_ = [
        np.array(row)
        for row in ([3, 0, 1, 0], [1, 0, 0, 2], [0, 0, 1, 0], [0, 0, 1, 1])
    ]
    assert_array_equal(recorder.removal_epochs(), [6, 2, -1, -1])
    with pytest.raises(ValueError, match="no record"):
        TopologyRecorder().removal_epochs()


def test_removal_in_a_fit(digits):
    X, _, y, _ = digits
    rule = InputEvolution(n_inputs=10, start=0, end=0.5)
    recorder = TopologyRecorder()
    clf = SETMLPClassifier((20,), evolution=rule, max_iter=8, random_state=0)
    clf.set_params(evolve_every=1).set_callbacks(recorder).fit(X, y)
    removed = recorder.removal_epochs()
    assert_array_equal(removed >= 0, clf.feature_importances_ == 0)
    assert np.sum(removed < 0) == 10 and len(set(removed)) > 3
