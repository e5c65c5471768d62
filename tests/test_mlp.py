"""SETMLPClassifier: what scikit-learn's users expect of a multi-layer perceptron."""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array, csc_matrix, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sklearn_set import SETMLPClassifier
from sklearn_set._layers import lazy_updates
from sklearn_set._mlp.network import Network
from sklearn_set._utils.threads import effective_n_threads
from sklearn_set.evolution import SET

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def small(**parameters):
    """A classifier that trains in a moment."""
    settings = {
        "hidden_layer_sizes": (40, 30),
        "epsilon": 5,
        "max_iter": 10,
        "batch_size": 50,
        "solver": "sgd",
        "learning_rate_init": 0.05,
        "random_state": 0,
    }
    return SETMLPClassifier(**settings | parameters)


def assert_same_model(a, b, rtol=0):
    """The same links, and the same weights and biases, bit for bit unless rtol > 0."""
    for x, y in zip(a.coefs_, b.coefs_, strict=True):
        assert_array_equal(x.indptr, y.indptr)
        assert_array_equal(x.indices, y.indices)
        assert_allclose(x.data, y.data, rtol=rtol, atol=rtol)
    for x, y in zip(a.intercepts_, b.intercepts_, strict=True):
        assert_allclose(x, y, rtol=rtol, atol=rtol)


# -- accuracy and targets ------------------------------------------------------


def test_learns_digits_with_a_tenth_of_the_weights(digits):
    X_train, X_test, y_train, y_test = digits
    settings = {"epsilon": 10, "solver": "sgd", "learning_rate_init": 0.03}
    scores = []
    for seed in range(3):
        clf = SETMLPClassifier((300, 300), max_iter=60, random_state=seed, **settings)
        scores.append(clf.fit(X_train, y_train).score(X_test, y_test))
    linear = LogisticRegression(max_iter=1000).fit(X_train, y_train)
    assert np.mean(scores) > linear.score(X_test, y_test)
    assert clf.density_ < 0.12


@pytest.mark.parametrize(
    "labels",
    [["no", "yes"], [-1, 1], [False, True], [3.0, 7.0], list("abc"), [10, 20, 30]],
)
def test_labels_of_any_type(labels, digits):
    X, _, y, _ = digits
    y = np.array(labels)[y % len(labels)]
    clf = small(max_iter=40).fit(X, y)
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
    clf = small(max_iter=150).fit(X, y)
    assert clf.out_activation_ == "logistic"
    predicted, proba = clf.predict(X), clf.predict_proba(X)
    assert predicted.shape == proba.shape == y.shape
    assert_array_equal(predicted, proba > 0.5)
    assert clf.score(X, y) > 0.6
    assert_same_model(clf, small(max_iter=150).fit(X, csr_array(y)))


def test_multilabel_with_one_label(digits):
    """A single column stays a yes/no question, as in MLPClassifier."""
    X, _, y, _ = digits
    with pytest.warns(UserWarning, match="column-vector"):
        clf = small().fit(X, (y > 4).astype(int)[:, np.newaxis])
    assert clf.predict_proba(X).shape == (len(X), 2)


# -- attributes ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_attributes(dtype, digits):
    X, _, y, _ = digits
    X = (16 * X).astype(dtype)
    clf = small(learning_rate_init=0.001).fit(X, y)
    kept = np.float32 if dtype == np.float32 else np.float64
    sizes = [64, 40, 30, 10]
    n_links = [5 * (a + b) for a, b in pairwise(sizes)]
    n_links[2] = 200  # 5 x 40 links of 300
    for coef, shape, n in zip(clf.coefs_, pairwise(sizes), n_links, strict=True):
        assert isinstance(coef, csr_array)
        assert coef.shape == shape
        assert coef.nnz == n
        assert coef.dtype == kept
    assert [len(b) for b in clf.intercepts_] == sizes[1:]
    assert {b.dtype for b in clf.intercepts_} == {np.dtype(kept)}
    assert clf.n_connections_ == sum(n_links)
    dense = sum(a * b for a, b in pairwise(sizes))
    assert clf.density_ == clf.n_connections_ / dense
    assert clf.n_layers_ == 4 and clf.n_outputs_ == 10 and clf.n_iter_ == 10
    assert clf.t_ == 10 * len(X)
    assert len(clf.loss_curve_) == 10
    assert clf.loss_ == clf.loss_curve_[-1]
    assert clf.best_loss_ == min(clf.loss_curve_)
    assert clf.predict_proba(X).dtype == kept


def test_coefs_are_the_weights(digits):
    """What predicts is what users see: no second copy."""
    X, _, y, _ = digits
    clf = small().fit(X, y)
    for coef, bias in zip(clf.coefs_, clf.intercepts_, strict=True):
        coef.data[:], bias[:] = 0, 0
    assert_allclose(clf.predict_proba(X), 0.1)


# -- topology ------------------------------------------------------------------


def links(coef):
    return list(zip(*coef.tocoo().coords, strict=True))


def topology(clf):
    return [set(links(coef)) for coef in clf.coefs_]


def test_links_evolve_between_epochs_and_keep_their_number(digits):
    X, _, y, _ = digits
    clf = small(max_iter=1).fit(X, y)
    counts = [coef.nnz for coef in clf.coefs_]
    for _ in range(5):
        before = topology(clf)
        n_kept = [int(SET().prune(coef.data, 0.3).sum()) for coef in clf.coefs_]
        clf.partial_fit(X, y)
        assert [coef.nnz for coef in clf.coefs_] == counts
        for old, new, kept, n in zip(
            before, topology(clf), n_kept, counts, strict=True
        ):
            # Some of the dropped links may regrow in their own places.
            assert 0.5 * n < kept <= len(old & new) < n


def test_zeta_0_keeps_the_topology(digits):
    X, _, y, _ = digits
    first = small(zeta=0, max_iter=1).fit(X, y)
    last = small(zeta=0, max_iter=20).fit(X, y)
    assert topology(first) == topology(last)


def test_topology_is_that_of_the_seed_whatever_the_data(digits):
    X, _, y, _ = digits
    a = small(zeta=0, max_iter=1).fit(X, y)
    b = small(zeta=0, max_iter=2, shuffle=False).fit(X[::-1], y[::-1])
    assert topology(a) == topology(b)
    assert topology(a) != topology(small(max_iter=1, random_state=1).fit(X, y))


def weight_states(clf):
    """The solver's state of each layer's weights."""
    return clf._training_state.learner["arrays"][0]


def test_survivors_keep_value_and_momentum_and_new_links_start_without(
    digits, monkeypatch
):
    X, _, y, _ = digits
    clf = small(max_iter=3).fit(X, y)
    coefs = [coef.copy() for coef in clf.coefs_]
    velocities = [state[0].copy() for state in weight_states(clf)]
    assert all(np.any(velocity) for velocity in velocities)
    monkeypatch.setattr(Network, "learn", lambda *args: 0.0)  # evolution alone
    clf.partial_fit(X, y)
    for old, velocity, new, state in zip(
        coefs, velocities, clf.coefs_, weight_states(clf), strict=True
    ):
        places = {place: k for k, place in enumerate(links(old))}
        n_kept = 0
        for k, place in enumerate(links(new)):
            if new.data[k] == 0:
                assert state[0, k] == 0
            else:
                assert new.data[k] == old.data[places[place]]
                assert state[0, k] == velocity[places[place]]
                n_kept += 1
        assert n_kept == SET().prune(old.data, 0.3).sum()


# -- reproducibility -----------------------------------------------------------


def test_same_seed_same_model(digits):
    X, _, y, _ = digits
    assert_same_model(small().fit(X, y), small().fit(X, y))
    state = np.random.RandomState(3)
    a, b = small(random_state=state).fit(X, y), small(random_state=state).fit(X, y)
    assert topology(a) != topology(b)  # the state has moved on


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_and_two_threads_agree_bit_for_bit(dtype, digits, request):
    X, _, y, _ = digits
    clf = small(hidden_layer_sizes=(200, 100), epsilon=20, max_iter=4)
    request.getfixturevalue("one_thread")
    assert effective_n_threads() == 1
    one = clone(clf).fit(X.astype(dtype), y)
    one_proba = one.predict_proba(X)
    request.getfixturevalue("two_threads")
    assert effective_n_threads() == 2
    two = clone(clf).fit(X.astype(dtype), y)
    assert_same_model(one, two)
    assert_array_equal(one_proba, two.predict_proba(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_does_not_depend_on_its_batch(dtype, digits):
    X, X_test, y, _ = digits
    clf = small().fit(X.astype(dtype), y)
    whole = clf.predict_proba(X_test)
    assert whole.flags.c_contiguous
    for n in (1, 3, 40):
        parts = [clf.predict_proba(X_test[i : i + n]) for i in range(0, 120, n)]
        assert_array_equal(np.concatenate(parts)[:120], whole[:120])


def test_both_dtypes_learn_the_same(digits):
    """The same seed in float32 and float64, as for MLPClassifier."""
    X, X_test, y, _ = digits
    clf64 = small(max_iter=3).fit(X, y)
    clf32 = small(max_iter=3).fit(X.astype(np.float32), y)
    proba = clf64.predict_proba(X_test)
    assert_allclose(clf32.predict_proba(X_test), proba, atol=1e-3)


def test_predict_is_safe_in_several_threads(digits):
    X, X_test, y, _ = digits
    clf = small().fit(X, y)
    whole = clf.predict_proba(X_test)
    with ThreadPoolExecutor(4) as pool:
        for proba in pool.map(lambda _: clf.predict_proba(X_test), range(40)):
            assert_array_equal(proba, whole)


# -- input formats -------------------------------------------------------------


@pytest.mark.parametrize("container", [csr_array, csr_matrix, csc_matrix, coo_array])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_X_is_the_same_as_dense(container, index, digits):
    X, X_test, y, _ = digits
    S, S_test = container(X), container(X_test)
    if hasattr(S, "indptr"):
        S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(index)
    dense, sparse = small().fit(X, y), small().fit(S, y)
    assert_same_model(dense, sparse, rtol=1e-9)
    assert_array_equal(sparse.predict_proba(X_test), sparse.predict_proba(S_test))


@pytest.mark.parametrize("max_steps", [3, 1024])
@pytest.mark.parametrize(
    "parameters",
    [{"solver": "adam"}, {"momentum": 0.0}, {"nesterovs_momentum": False}, {}],
)
def test_steps_put_off_are_made_up_for(parameters, max_steps, monkeypatch, rng):
    """Features that are absent from most batches move as with a dense X."""
    monkeypatch.setattr(lazy_updates, "MAX_STEPS", max_steps)
    X = rng.standard_normal((103, 60)) * (rng.random((103, 60)) < 0.02)
    y = rng.integers(3, size=103)
    clf = small(batch_size=7, alpha=0.5, **parameters)
    dense, sparse = clone(clf).fit(X, y), clone(clf).fit(csr_array(X), y)
    assert_same_model(dense, sparse, rtol=1e-9)
    dense.partial_fit(X, y), sparse.partial_fit(csr_array(X), y)
    assert_same_model(dense, sparse, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_sizes_may_be_numpy_integers(dtype, digits):
    """Without overflow where they are added and multiplied."""
    X, _, y, _ = digits
    sizes = np.array([200, 100], dtype=dtype)
    clf = small(hidden_layer_sizes=sizes, batch_size=dtype(50)).fit(X, y)
    assert_same_model(clf, small(hidden_layer_sizes=(200, 100)).fit(X, y))


def test_messy_sparse_X_is_read_and_left_alone(digits):
    """Unsorted, repeated entries, spare room, read-only."""
    X, _, y, _ = digits
    clean = csr_array(X)
    messy = csr_array(X)
    for i in range(len(X)):
        row = slice(messy.indptr[i], messy.indptr[i + 1])
        messy.indices[row] = messy.indices[row][::-1]
        messy.data[row] = messy.data[row][::-1]
    messy.data, messy.indices = np.append(messy.data, 7.0), np.append(messy.indices, 3)
    before = messy.data.copy(), messy.indices.copy(), messy.indptr.copy()
    for array in (messy.data, messy.indices, messy.indptr):
        array.flags.writeable = False
    assert_same_model(small().fit(clean, y), small().fit(messy, y), rtol=1e-9)
    for old, new in zip(before, (messy.data, messy.indices, messy.indptr), strict=True):
        assert_array_equal(old, new)


def test_read_only_and_fortran_ordered_X(digits):
    X, _, y, _ = digits
    F = np.asfortranarray(X)
    F.flags.writeable = False
    assert_same_model(small().fit(X, y), small().fit(F, y))


def test_adam_is_a_solver(digits):
    X_train, X_test, y_train, y_test = digits
    clf = small(solver="adam", learning_rate_init=0.003, max_iter=30)
    assert clf.fit(X_train, y_train).score(X_test, y_test) > 0.9
    whole = small(solver="adam", max_iter=4).fit(X_train, y_train)
    pieces = small(solver="adam")
    for _ in range(4):  # moments and bias correction go on
        pieces.partial_fit(X_train, y_train, classes=np.arange(10))
    assert_same_model(whole, pieces)


# -- going on ------------------------------------------------------------------


def test_partial_fit_is_fit_in_pieces(digits):
    X, _, y, _ = digits
    whole = small(max_iter=6).fit(X, y)
    pieces = small()
    for _ in range(6):
        pieces.partial_fit(X, y, classes=range(10))
    assert_same_model(whole, pieces)
    assert pieces.loss_curve_ == whole.loss_curve_


def test_warm_start_goes_on(digits):
    X, _, y, _ = digits
    whole = small(max_iter=6).fit(X, y)
    warm = small(max_iter=3, warm_start=True).fit(X, y).fit(X, y)
    assert_same_model(whole, warm)
    assert warm.n_iter_ == 3 and warm.t_ == whole.t_
    cold = small(max_iter=3).fit(X, y).fit(X, y)
    assert_same_model(cold, small(max_iter=3).fit(X, y))


def test_warm_start_refuses_other_classes_and_other_layers(digits):
    X, _, y, _ = digits
    clf = small(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has"):
        clf.fit(X, y + 1)
    with pytest.raises(ValueError, match="hidden_layer_sizes=.* is not what the model"):
        clf.set_params(hidden_layer_sizes=(40, 31)).fit(X, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_training_goes_on_in_the_first_dtype(dtype, digits):
    X, _, y, _ = digits
    clf = small().fit(X.astype(dtype), y)
    clf.partial_fit(X.astype(np.float64), y)
    assert {coef.dtype for coef in clf.coefs_} == {np.dtype(dtype)}


def test_partial_fit_streams(digits):
    """Small pieces, not every class in each, and no evolution."""
    X, X_test, y, y_test = digits
    clf = small(zeta=0)
    for _ in range(15):
        for i in range(0, 1300, 100):
            clf.partial_fit(X[i : i + 100], y[i : i + 100], classes=np.arange(10))
    assert clf.score(X_test, y_test) > 0.9


@pytest.mark.parametrize("dump", ["pickle", "joblib", "mmap"])
def test_a_saved_model_predicts_and_goes_on(dump, digits, tmp_path):
    X, X_test, y, _ = digits
    clf = small(warm_start=True).fit(X, y)
    if dump == "pickle":
        loaded = pickle.loads(pickle.dumps(clf))
    else:
        joblib.dump(clf, tmp_path / "model")
        mode = "r" if dump == "mmap" else None
        loaded = joblib.load(tmp_path / "model", mmap_mode=mode)
    assert_array_equal(clf.predict_proba(X_test), loaded.predict_proba(X_test))
    assert_same_model(clf.partial_fit(X, y), loaded.partial_fit(X, y))


def test_a_first_call_that_fails_leaves_no_trace(digits):
    X, _, y, _ = digits
    clf = small()
    with pytest.raises(ValueError, match="at least two classes"):
        clf.partial_fit(X, y, classes=[0])
    with pytest.raises(ValueError, match="classes not in"):
        clf.partial_fit(X, y, classes=[0, 1])
    clf.partial_fit(X, y, classes=np.arange(10))
    assert_array_equal(clf.classes_, np.arange(10))


def test_partial_fit_multilabel():
    X, y = make_multilabel_classification(n_samples=100, n_classes=4, random_state=0)
    whole = small(max_iter=3).fit(X / 20, y)
    pieces = small()
    for _ in range(3):
        pieces.partial_fit(X / 20, y, classes=np.arange(4))
    assert_same_model(whole, pieces)


def test_partial_fit_with_names(digits):
    X, X_test, y, y_test = digits
    names = np.array([f"digit {i}" for i in range(10)])
    clf = small(zeta=0)
    for _ in range(20):
        clf.partial_fit(X, names[y], classes=names)
    assert clf.score(X_test, names[y_test]) > 0.9


# -- stopping ------------------------------------------------------------------


def test_converges_by_tol(digits, capsys):
    X, _, y, _ = digits
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        clf = small(max_iter=500, tol=0.5, n_iter_no_change=3, verbose=True).fit(X, y)
    assert clf.n_iter_ < 500
    out = capsys.readouterr().out
    assert out.startswith("Iteration 1, loss = ")
    assert "did not improve more than tol=0.500000 for 3 consecutive epochs" in out


def test_n_iter_no_change_inf_never_stops_early(digits):
    X, _, y, _ = digits
    clf = small(max_iter=15, tol=1e3, n_iter_no_change=np.inf).fit(X, y)
    assert clf.n_iter_ == 15
    assert small(max_iter=15, tol=1e3, n_iter_no_change=2).fit(X, y).n_iter_ == 4


def test_max_iter_warns(digits):
    X, _, y, _ = digits
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        small(max_iter=2).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        small(max_iter=1).partial_fit(X, y, classes=range(10))


def test_interrupt_keeps_what_was_learnt(digits, monkeypatch):
    X, X_test, y, y_test = digits
    learn, calls = Network.learn, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 24 * 27 + 5:  # in the 25th epoch
            raise KeyboardInterrupt
        return learn(self, *args)

    monkeypatch.setattr(Network, "learn", interrupted)
    clf = small(max_iter=100)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf.fit(X, y)
    assert clf.n_iter_ == 24
    assert clf.score(X_test, y_test) > 0.9


def test_divergence_raises(digits):
    X, _, y, _ = digits
    with np.errstate(all="ignore"):
        with pytest.raises(ValueError, match="Training diverged.*learning_rate_init"):
            small(learning_rate_init=1e20, activation="identity").fit(X, y)


def test_interrupt_in_the_first_epoch(digits, monkeypatch):
    """Of a refit after one that diverged, whose loss is not the new one's."""
    X, _, y, _ = digits
    clf = small(learning_rate_init=1e20, activation="identity")
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="diverged"):
        clf.fit(X, y)

    def interrupted(self, *args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Network, "learn", interrupted)
    with pytest.warns(UserWarning, match="interrupted") as record:
        clf.set_params(learning_rate_init=0.01).fit(X, y)
    assert record[0].filename == __file__  # the warning points at the user's line
    assert clf.n_iter_ == 0
    assert np.isfinite(clf.predict_proba(X)).all()


def test_alpha_shrinks_the_weights(digits):
    X, _, y, _ = digits
    norms = []
    for alpha in (0, 1, 10):
        clf = small(alpha=alpha).fit(X, y)
        norms.append(sum(np.square(coef.data).sum() for coef in clf.coefs_))
    assert norms[0] > norms[1] > norms[2]


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
def test_activations_learn(activation, digits):
    X, X_test, y, y_test = digits
    rate = 0.5 if activation == "logistic" else 0.05
    clf = small(activation=activation, learning_rate_init=rate, max_iter=40).fit(X, y)
    assert clf.score(X_test, y_test) > 0.85


def test_shuffle_changes_the_order_only_if_asked(digits):
    X, _, y, _ = digits
    a, b = small(shuffle=False).fit(X, y), small(shuffle=False).fit(X, y)
    assert_same_model(a, b)
    assert a.loss_ != small(shuffle=True).fit(X, y).loss_


def test_no_hidden_layer_is_a_sparse_linear_model(digits):
    X, X_test, y, y_test = digits
    clf = small(hidden_layer_sizes=(), epsilon=4, zeta=0.1, max_iter=60).fit(X, y)
    assert len(clf.coefs_) == 1
    assert clf.score(X_test, y_test) > 0.85


def test_an_even_chance_falls_to_the_first_class(digits):
    """As in MLPClassifier: 0.5 is not above the threshold."""
    X, _, y, _ = digits
    clf = small().fit(X, y > 4)
    clf.coefs_[-1].data[:], clf.intercepts_[-1][:] = 0, 0
    assert_array_equal(clf.predict_proba(X), 0.5)
    assert not clf.predict(X).any()
