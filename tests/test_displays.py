"""The displays draw what they are given; the recorder notes what happens."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set.inspection import (
    ComponentsDisplay,
    DegreeDisplay,
    InputStrengthDisplay,
    SparsityDisplay,
    TopologyRecorder,
    TrainingDisplay,
    WeightDisplay,
    degrees,
    input_strength,
)

plt = pytest.importorskip("matplotlib.pyplot")
plt.switch_backend("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def network(digits):
    X, _, y, _ = digits
    clf = SETMLPClassifier((60,), epsilon=5, max_iter=8, random_state=0)
    return clf.set_params(early_stopping=True).fit(X, y)


@pytest.fixture(scope="module")
def machine(digits):
    return SETRBM(30, n_iter=5, random_state=0).fit(digits[0])


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.mark.parametrize(
    "draw",
    [
        lambda n, m, ax: DegreeDisplay.from_estimator(n, ax=ax),
        lambda n, m, ax: InputStrengthDisplay.from_estimator(n, ax=ax),
        lambda n, m, ax: InputStrengthDisplay.from_estimator(
            m, image_shape=(8, 8), ax=ax
        ),
        lambda n, m, ax: ComponentsDisplay.from_estimator(m, (8, 8), ax=ax),
        lambda n, m, ax: WeightDisplay.from_estimator(n, ax=ax),
        lambda n, m, ax: TrainingDisplay.from_estimator(m, ax=ax),
    ],
    ids=["degree", "bars", "image", "tiles", "weights", "training"],
)
@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_all_draw_where_they_are_told(draw, style, network, machine):
    with plt.style.context(style):
        figure, ax = plt.subplots()
        display = draw(network, machine, ax)
        assert display.ax_ is ax and display.figure_ is figure
        figure.canvas.draw()
        own = draw(network, machine, None)
        assert own.ax_ is not ax
        assert display.plot().ax_ not in (ax, own.ax_)


@pytest.mark.parametrize("side", ["in", "out"])
def test_degrees_are_drawn(side, network):
    display = DegreeDisplay.from_estimator(network, layer=1, side=side, color="C3")
    degree = degrees(network)[1][f"{side}_degree"]
    values, shares = display.lines_[0].get_data()
    assert_array_equal(values, np.unique(degree[degree > 0]))
    assert_allclose(shares, [np.mean(degree == value) for value in values])
    assert display.lines_[0].get_color() == "C3"
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "network", "random graph",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="side must be 'out' or 'in'"):
        DegreeDisplay.from_estimator(network, side="both")


def test_power_law_is_drawn(network):
    pytest.importorskip("igraph")
    display = DegreeDisplay.from_estimator(network, power_law=True)
    x, y = display.lines_[2].get_data()
    slope = np.polyfit(np.log(x), np.log(y), 1)[0]
    assert slope == pytest.approx(-display.fit.exponent)
    assert y.sum() == pytest.approx(display.fit.n_units / 64)


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


def test_tiles_show_the_components(machine):
    display = ComponentsDisplay.from_estimator(machine, (8, 8), n_tiles=5)
    image = np.asarray(display.image_.get_array().filled(np.nan))
    assert image.shape == (2 * 9 - 1, 3 * 9 - 1)
    W = machine.components_.toarray()
    strongest = W[np.argmax((W**2).sum(axis=1))].reshape(8, 8)
    assert_allclose(image[:8, :8], strongest / np.abs(strongest).max())
    assert np.isnan(image[8]).all() and np.isnan(image[9:, 18:]).all()


def test_weights_are_counted(network):
    display = WeightDisplay.from_estimator(network, bins=10)
    for stairs, coef in zip(display.lines_, network.coefs_, strict=True):
        density, edges, _ = stairs.get_data()
        assert edges.size == 11
        assert (density * np.diff(edges)).sum() == pytest.approx(1)
        assert f"{coef.nnz:,} connections" in stairs.get_label()


def test_curves_are_drawn(network, machine, digits):
    loss, score = TrainingDisplay.from_estimator(network).lines_
    assert_array_equal(loss.get_ydata(), network.loss_curve_)
    assert_array_equal(score.get_ydata(), network.validation_scores_)
    assert_array_equal(loss.get_xdata(), np.arange(1, network.n_iter_ + 1))
    errors, pseudo = TrainingDisplay.from_estimator(machine).lines_
    assert_array_equal(errors.get_ydata(), machine.reconstruction_errors_)
    assert_array_equal(pseudo.get_ydata(), machine.pseudo_likelihoods_)
    plain = SETMLPRegressor(max_iter=2).fit(digits[0], digits[2])
    assert len(TrainingDisplay.from_estimator(plain).lines_) == 1


def test_links_of_a_search_are_counted(digits):
    X, _, y, _ = digits
    pipeline = make_pipeline(
        StandardScaler(), SETMLPClassifier((50,), max_iter=2, random_state=0)
    )
    grid = {
        "setmlpclassifier__epsilon": [10, 2],
        "setmlpclassifier__hidden_layer_sizes": [(50,), (80, 20)],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    display = SparsityDisplay.from_search(search)
    expected = sorted(
        clf.fit(X, y).n_connections_
        for clf in (
            SETMLPClassifier(sizes, epsilon=epsilon, max_iter=1)
            for epsilon in (10, 2)
            for sizes in ((50,), (80, 20))
        )
    )
    assert_array_equal(display.n_connections, expected)
    assert_array_equal(display.errorbar_[0].get_xdata(), expected)
    assert sorted(display.mean) == sorted(search.cv_results_["mean_test_score"])
    assert display.ax_.get_ylabel() == "score"


# -- the recorder --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["perceptron", "machine"])
def test_recorder_notes_each_epoch(kind, digits):
    X, _, y, _ = digits
    recorder = TopologyRecorder()
    if kind == "machine":
        model = SETRBM(20, n_iter=6, random_state=0)
    else:
        model = SETMLPClassifier((30,), epsilon=5, max_iter=6, random_state=0)
    model.set_callbacks(recorder).fit(X, y)
    assert recorder.epochs_ == [1, 2, 3, 4, 5, 6]
    assert_allclose(recorder.strengths_[-1], input_strength(model), rtol=1e-6)
    assert_array_equal(recorder.degrees_[-1], degrees(model)[0].out_degree)
    assert not np.array_equal(recorder.degrees_[0], recorder.degrees_[-1])


def test_record_is_bounded(digits):
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
