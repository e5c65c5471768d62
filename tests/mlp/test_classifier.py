"""SETMLPClassifier: accuracy, kinds of labels, weights of classes."""

import warnings

import numpy as np
import pytest
from helpers.perceptrons import (
    PLAIN,
    X_iris,
    assert_close_weights,
    assert_same_model,
    make_classifier,
    make_small_model,
    y_iris,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.utils.class_weight import compute_class_weight

from sklearn_set import SETMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_learns_digits_with_a_tenth_of_the_weights(digits):
    X_train, X_test, y_train, y_test = digits
    settings = {"epsilon": 10, "solver": "sgd", "learning_rate_init": 0.005, **PLAIN}
    scores = []
    for seed in range(3):
        clf = SETMLPClassifier((300, 300), max_iter=60, random_state=seed, **settings)
        scores.append(clf.fit(X_train, y_train).score(X_test, y_test))
    linear = LogisticRegression(max_iter=1000).fit(X_train, y_train)
    assert np.mean(scores) > linear.score(X_test, y_test)
    assert clf.density_ < 0.12


def test_probability_one_half_predicts_the_first_class(digits):
    """As in MLPClassifier: 0.5 is not above the threshold."""
    X, _, y, _ = digits
    clf = make_classifier().fit(X, y > 4)
    clf.coefs_[-1].data[:], clf.intercepts_[-1][:] = 0, 0
    assert_array_equal(clf.predict_proba(X), 0.5)
    assert not clf.predict(X).any()


# -- labels --------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [["no", "yes"], [-1, 1], [False, True], [3.0, 7.0], list("abc"), [10, 20, 30]],
)
def test_labels_of_any_type(labels, digits):
    X, _, y, _ = digits
    y = np.array(labels)[y % len(labels)]
    clf = make_classifier(max_iter=40).fit(X, y)
    assert_array_equal(clf.classes_, np.array(labels))
    predicted = clf.predict(X)
    assert predicted.dtype == y.dtype
    assert np.mean(predicted == y) > 0.9
    proba = clf.predict_proba(X)
    assert proba.shape == (len(X), len(labels))
    assert_allclose(proba.sum(axis=1), 1)
    assert_array_equal(clf.classes_[proba.argmax(axis=1)], predicted)
    assert_allclose(clf.predict_log_proba(X), np.log(proba))
    assert clf.out_activation_ == ("softmax" if len(labels) > 2 else "logistic")


def test_multilabel():
    X, y = make_multilabel_classification(n_samples=300, n_classes=4, random_state=0)
    X = X / X.max()
    clf = make_classifier(max_iter=150).fit(X, y)
    assert clf.out_activation_ == "logistic"
    predicted, proba = clf.predict(X), clf.predict_proba(X)
    assert predicted.shape == proba.shape == y.shape
    assert_array_equal(predicted, proba > 0.5)
    assert clf.score(X, y) > 0.6
    assert_same_model(clf, make_classifier(max_iter=150).fit(X, csr_array(y)))


def test_multilabel_with_one_label(digits):
    """A single column is a binary target, as in MLPClassifier."""
    X, _, y, _ = digits
    with pytest.warns(UserWarning, match="column-vector"):
        clf = make_classifier().fit(X, (y > 4).astype(int)[:, np.newaxis])
    assert clf.predict_proba(X).shape == (len(X), 2)


@pytest.mark.parametrize("label", [7, "a", True, 3.0])
def test_one_class(label):
    """It is learned and predicted, as in MLPClassifier."""
    y = np.full(150, label)
    for clf in (
        make_small_model(SETMLPClassifier).fit(X_iris, y),
        make_small_model(SETMLPClassifier, early_stopping=True).fit(X_iris, y),
        make_small_model(SETMLPClassifier).partial_fit(X_iris, y, classes=[label]),
        make_small_model(SETMLPClassifier, class_weight="balanced").fit(X_iris, y),
    ):
        assert_array_equal(clf.classes_, [label])
        assert_array_equal(clf.predict(X_iris), y)
        assert_array_equal(clf.predict_proba(X_iris), np.ones((150, 1)))
        assert_array_equal(clf.predict_log_proba(X_iris), np.zeros((150, 1)))
        assert clf.score(X_iris, y) == 1


@pytest.mark.parametrize("Meta", [MultiOutputClassifier, ClassifierChain])
def test_a_constant_column_of_several_outputs(Meta):
    Y = np.c_[y_iris > 0, np.zeros(150), y_iris == 1].astype(int)
    model = Meta(make_small_model(SETMLPClassifier)).fit(X_iris, Y)
    assert_array_equal(model.predict(X_iris)[:, 1], 0)
    assert (model.predict(X_iris)[:, 0] == Y[:, 0]).mean() > 0.9


TEXTS = np.array([["red", "small"], ["blue", "large"], ["red", "large"]] * 50)


@pytest.mark.parametrize(
    "Y", [TEXTS, TEXTS.astype(object), np.repeat([[0, 2]], 150, axis=0)]
)
def test_several_outputs_with_classes_name_the_remedy(Y):
    model = make_small_model(SETMLPClassifier)
    with pytest.raises(ValueError, match=r"^y must be .*MultiOutputClassifier\(SETM"):
        model.fit(X_iris, Y)
    assert MultiOutputClassifier(model).fit(X_iris, Y).predict(X_iris).shape == (150, 2)


@pytest.mark.parametrize("sizes", [(20, 10), (30,), (), 7])
def test_predictions_are_those_of_the_fitted_layers(sizes):
    clf = make_small_model(SETMLPClassifier, activation=["tanh", "srelu"])
    proba = clf.fit(X_iris, y_iris).predict_proba(X_iris)
    clf.set_params(hidden_layer_sizes=sizes)
    assert_array_equal(clf.predict_proba(X_iris), proba)
    assert_array_equal(clf.predict(X_iris), proba.argmax(axis=1))
    with pytest.raises(ValueError, match="is not what the model was fitted with"):
        clf.set_params(activation="tanh").partial_fit(X_iris, y_iris)


def test_warm_start_refuses_other_classes_and_other_layers(digits):
    X, _, y, _ = digits
    clf = make_classifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has"):
        clf.fit(X, y + 1)
    with pytest.raises(ValueError, match="hidden_layer_sizes=.* is not what the model"):
        clf.set_params(hidden_layer_sizes=(40, 31)).fit(X, y)


# -- partial_fit ---------------------------------------------------------------


def test_partial_fit_on_a_stream_of_small_parts(digits):
    """Small parts without all classes, and no evolution."""
    X, X_test, y, y_test = digits
    clf = make_classifier(zeta=0)
    for _ in range(15):
        for i in range(0, 1300, 100):
            clf.partial_fit(X[i : i + 100], y[i : i + 100], classes=np.arange(10))
    assert clf.score(X_test, y_test) > 0.9


def test_partial_fit_multilabel():
    X, y = make_multilabel_classification(n_samples=100, n_classes=4, random_state=0)
    whole = make_classifier(max_iter=3).fit(X / 20, y)
    parts = make_classifier()
    for _ in range(3):
        parts.partial_fit(X / 20, y, classes=np.arange(4))
    assert_same_model(whole, parts)


def test_partial_fit_with_strings_as_labels(digits):
    X, X_test, y, y_test = digits
    names = np.array([f"digit {i}" for i in range(10)])
    clf = make_classifier(zeta=0)
    for _ in range(20):
        clf.partial_fit(X, names[y], classes=names)
    assert clf.score(X_test, names[y_test]) > 0.9


# -- weights of classes --------------------------------------------------------


def test_class_weights_multiply_sample_weights(rng):
    weights = rng.random(150)
    given = {0: 1.0, 1: 3.0, 2: 0.5}
    a = make_small_model(SETMLPClassifier, class_weight=given).fit(
        X_iris, y_iris, weights
    )
    products = weights * np.array([1.0, 3.0, 0.5])[y_iris]
    b = make_small_model(SETMLPClassifier).fit(X_iris, y_iris, products)
    assert_close_weights(a, b)
    without = make_small_model(SETMLPClassifier, class_weight=given).fit(X_iris, y_iris)
    assert_close_weights(
        without,
        make_small_model(SETMLPClassifier).fit(X_iris, y_iris, products / weights),
    )


@pytest.mark.parametrize("labels", [np.arange(3), np.array(["a", "b", "c"])])
def test_balanced_class_weights(labels):
    rows = np.r_[0:50, 50:60, 100:130]
    X, y = X_iris[rows], labels[y_iris[rows]]
    values = compute_class_weight("balanced", classes=labels, y=y)
    a = make_small_model(SETMLPClassifier, class_weight="balanced").fit(X, y)
    b = make_small_model(SETMLPClassifier).fit(X, y, values[np.searchsorted(labels, y)])
    assert_close_weights(a, b)
    # Weights count as repetitions do.
    weights = np.where(y == labels[0], 2.0, 1.0)
    c = make_small_model(SETMLPClassifier, class_weight="balanced").fit(X, y, weights)
    values = compute_class_weight(
        "balanced", classes=labels, y=np.r_[y, y[y == labels[0]]]
    )
    d = make_small_model(SETMLPClassifier).fit(
        X, y, weights * values[np.searchsorted(labels, y)]
    )
    assert_close_weights(c, d)


def test_balanced_class_weights_raise_the_recall_of_a_rare_class(rng):
    X = np.r_[rng.normal(0, 1, (950, 5)), rng.normal(1, 1, (50, 5))]
    y = np.r_[np.zeros(950), np.ones(50)]
    recall = [
        make_small_model(SETMLPClassifier, class_weight=weight)
        .fit(X, y)
        .predict(X)[y == 1]
        .mean()
        for weight in (None, "balanced")
    ]
    assert recall[0] + 0.2 < recall[1]


@pytest.mark.parametrize("labels", [np.arange(3), np.array(["a", "b", "c"])])
def test_class_weights_in_pieces_without_all_classes(labels):
    """Those of the classes that the dict does not name are 1."""
    y, given = labels[y_iris], {labels[0]: 3.0, labels[2]: 0.5}
    values = np.array([3.0, 1.0, 0.5])[y_iris]
    a = make_small_model(SETMLPClassifier, class_weight=given)
    b = make_small_model(SETMLPClassifier)
    for rows in (slice(40, 110), slice(45, 55), slice(60, 90), slice(90, 150)):
        a.partial_fit(X_iris[rows], y[rows], classes=labels)
        b.partial_fit(X_iris[rows], y[rows], values[rows], classes=labels)
    assert_close_weights(a, b)


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_class_weights_of_labels_in_pieces_without_all_values(make):
    X, y = make_multilabel_classification(n_samples=90, n_classes=2, random_state=0)
    y[:30, 0], y[30:60, 1] = 0, 1
    given = [{1: 3.0}, {0: 0.5}]
    weights = np.where(y[:, 0], 3.0, 1.0) * np.where(y[:, 1], 1.0, 0.5)
    a = make_small_model(SETMLPClassifier, class_weight=given)
    b = make_small_model(SETMLPClassifier)
    for start in (0, 30, 60):
        rows = slice(start, start + 30)
        a.partial_fit(X[rows] / 20, make(y[rows]), classes=[0, 1])
        b.partial_fit(X[rows] / 20, make(y[rows]), weights[rows], classes=[0, 1])
    assert_close_weights(a, b)


@pytest.mark.parametrize("labels", [2, 3])
def test_balanced_class_weights_leave_out_a_class_of_weight_0(labels):
    """It is balanced among those that are left."""
    rows = np.r_[0:50, 50:60, 100:130]
    X, y = X_iris[rows], np.minimum(y_iris[rows], labels - 1)
    used = y < labels - 1
    clf = make_small_model(SETMLPClassifier, class_weight="balanced", max_iter=100)
    clf.fit(X, y, used.astype(float))
    values = np.where(y == 0, 1.0, 5.0) if labels == 3 else np.ones(len(y))
    assert_close_weights(
        clf, make_small_model(SETMLPClassifier, max_iter=100).fit(X, y, used * values)
    )
    assert clf.score(X[used], y[used]) > 0.95


def test_balanced_class_weights_of_labels_count_weights_as_copies(rng):
    X, y = make_multilabel_classification(n_samples=90, n_classes=2, random_state=0)
    weights = rng.integers(0, 3, size=90)
    options = {"class_weight": "balanced", "batch_size": 1000, "alpha": 1}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="batch_size=1000 is larger")
        a = make_small_model(SETMLPClassifier, **options).fit(X / 20, y, weights)
        b = make_small_model(SETMLPClassifier, **options).fit(
            X.repeat(weights, axis=0) / 20, y.repeat(weights, axis=0)
        )
    assert_close_weights(a, b, rtol=1e-5)


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_class_weights_of_any_size(factor):
    a = make_small_model(SETMLPClassifier, class_weight={0: 1.0, 1: 3.0, 2: 0.5})
    weights = {0: factor, 1: 3 * factor, 2: 0.5 * factor}
    b = make_small_model(SETMLPClassifier, class_weight=weights)
    a.fit(X_iris, y_iris, np.arange(150))
    assert_close_weights(a, b.fit(X_iris, y_iris, factor * np.arange(150)))
    assert a.fit(X_iris, y_iris).best_loss_ == pytest.approx(
        b.fit(X_iris, y_iris).best_loss_
    )


@pytest.mark.parametrize(
    "given, message",
    [
        ({0: -1.0}, "class_weight has the weight -1.0 for the class 0"),
        ({1: np.nan}, "class_weight has the weight nan for the class 1"),
        ({1: np.inf}, "class_weight has the weight inf for the class 1"),
        ({1: "2"}, "class_weight has the weight '2' for the class 1"),
        ({7: 2.0}, r"The classes, .* are not in class_weight"),
        ({0: 0.0, 1: 0, 2: 0}, "class_weight leaves none to learn from"),
        ([{0: 1.0}], "class_weight must be one dict or 'balanced' for labels"),
        ([1.0, 2.0], "class_weight must be 'balanced', a dict, or for a multilabel"),
    ],
)
def test_bad_class_weights(given, message):
    clf = make_small_model(SETMLPClassifier, class_weight=given)
    with pytest.raises(ValueError, match=message):
        clf.fit(X_iris, y_iris)
    with pytest.raises(ValueError, match=message):
        clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])


@pytest.mark.parametrize(
    "given, message",
    [
        ({0: 1.0}, "class_weight must be a list with a dict for each label or"),
        ([{0: 1.0}], "class_weight has 1 dicts where y has 4 labels"),
        ([{1: -1.0}] * 4, "class_weight has the weight -1.0 for the class 1"),
    ],
)
def test_bad_class_weights_of_labels(given, message):
    X, y = make_multilabel_classification(n_samples=30, n_classes=4, random_state=0)
    with pytest.raises(ValueError, match=message):
        make_small_model(SETMLPClassifier, class_weight=given).fit(X, y)


def test_partial_fit_refuses_balanced_class_weights():
    clf = SETMLPClassifier(class_weight="balanced")
    with pytest.raises(ValueError, match="class_weight='balanced' is not supported by"):
        clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])


# -- validation sets -----------------------------------------------------------


def test_unknown_labels_in_the_validation_set():
    with pytest.raises(ValueError, match="`y_val` has classes not in `y`, .9."):
        make_small_model(SETMLPClassifier).fit(
            X_iris, y_iris, X_val=X_iris, y_val=y_iris * 0 + 9
        )


def test_stratified_split_needs_two_of_each_class():
    with pytest.raises(ValueError, match="least populated class"):
        SETMLPClassifier(early_stopping=True).fit(X_iris[:51], y_iris[:51])


def test_string_labels_and_names_with_early_stopping():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X_iris, columns=list("abcd"))
    labels = np.array(["x", "y", "z"], dtype=object)[y_iris]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = make_small_model(SETMLPClassifier, early_stopping=True).fit(frame, labels)
        clf.fit(frame, labels, X_val=frame, y_val=labels)
    assert np.isfinite(clf.validation_scores_).all()
