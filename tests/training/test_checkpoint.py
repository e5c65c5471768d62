"""Checkpoints: a fit that was stopped at any moment resumes bit for bit."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.killed_fits import learned
from helpers.perceptrons import SMALL_DATA, X_iris, make_small_model, y_iris
from helpers.rbms import make_rbm
from helpers.versions import needs_callbacks
from scipy.sparse import csr_array

from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set._training.checkpoint import FitCheckpoint, identity
from sklearn_set.callbacks import Checkpoint

pytestmark = [
    needs_callbacks,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


class Failure(Exception):
    """What ends a fit in the middle."""


class Fail:
    """Callback that raises an error before an epoch of the call."""

    def __init__(self, n_epochs=3, error=Failure):
        self.n_epochs, self.error = n_epochs, error

    def setup(self, estimator, context):
        self.left = self.n_epochs

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch":
            self.left -= 1
            if self.left < 0:
                raise self.error

    def on_fit_task_end(self, estimator, context):
        pass


def make_estimator(Estimator, **parameters):
    if Estimator is SETRBM:
        return make_rbm(n_iter=8).set_params(**parameters)
    return make_small_model(Estimator).set_params(**parameters)


def data_of(Estimator):
    return SMALL_DATA.get(Estimator, ((X_iris > 0).astype(np.float32), None))


def interrupted(model, path, every, *data):
    """Fit until the fit is complete, with a failure after each three epochs."""
    for n_failures in range(20):
        try:
            return model.set_callbacks(Checkpoint(path, every), Fail()).fit(*data)
        except Failure:
            assert n_failures < 8
    return None


def continued_state(model):
    """Return what training would continue from, as bytes."""
    state = model._training_state
    counts = [v for v in state.values() if isinstance(v, int)]
    arrays = pickle.dumps([np.asarray(a) for a in flat(state["learner"]["arrays"])])
    return repr(state["streams"]), counts, state["history"], arrays


def flat(arrays):
    for array in arrays:
        yield from flat(array) if isinstance(array, list | tuple) else [array]


PERCEPTRONS = [
    {"solver": "adam", "dropout": 0.2},
    {"solver": "sgd", "evolution": "fixed", "learning_rate": "invscaling"},
    {"solver": "rmsprop", "evolution": "rigl", "evolve_every": "7 steps"},
    {"early_stopping": True, "learning_rate": "adaptive", "n_iter_no_change": 1},
    {"early_stopping": True, "tol": 1.0, "n_iter_no_change": 4, "activation": "srelu"},
    {"batch_transform": lambda X, rng: X * rng.random(X.shape)},
]
RBMS = [
    {"learning_rate_schedule": "cosine", "final_prune": True},
    {"persistent": True, "momentum": 0.5, "sparsity_target": 0.1},
    {"early_stopping": True, "tol": 0.3, "n_iter_no_change": 4, "persistent": True},
    {"visible": "gaussian", "learning_rate": 0.001, "evolution": "rigl"},
]
CASES = [
    *((SETMLPClassifier, settings) for settings in PERCEPTRONS),
    *((SETMLPRegressor, settings) for settings in PERCEPTRONS),
    *((SETRBM, settings) for settings in RBMS),
]


@pytest.mark.parametrize("Estimator, settings", CASES)
@pytest.mark.parametrize("every", [1, 2])
def test_a_fit_resumes_bit_for_bit(Estimator, settings, every, tmp_path):
    data = data_of(Estimator)
    settings = {"warm_start": True, **settings}  # which keeps the solver's state
    whole = make_estimator(Estimator, **settings).fit(*data)
    path = tmp_path / "checkpoint"
    model = interrupted(make_estimator(Estimator, **settings), path, every, *data)
    assert learned(model) == learned(whole)
    assert continued_state(model) == continued_state(whole)
    assert model.n_iter_ == whole.n_iter_
    assert not list(tmp_path.iterdir())
    # A new fit, without a file, starts anew.
    model.set_params(warm_start=False).set_callbacks(Checkpoint(path, every))
    assert learned(model.fit(*data)) == learned(whole)


@pytest.mark.parametrize("every", [1, 2])
def test_a_fit_resumes_while_inputs_are_removed(every, tmp_path, rng):
    X, y = rng.standard_normal((600, 20)), rng.integers(2, size=600)
    settings = {"evolution": "inputs", "dropout": "auto", "max_iter": 12}
    settings |= {"warm_start": True, "early_stopping": True, "n_iter_no_change": 12}
    whole = make_estimator(SETMLPClassifier, **settings).fit(X, y)
    model = make_estimator(SETMLPClassifier, **settings)
    model = interrupted(model, tmp_path / "checkpoint", every, X, y)
    assert learned(model) == learned(whole)
    assert continued_state(model) == continued_state(whole)
    selections = [m._training_state["selection"] for m in (model, whole)]
    assert selections[0]["is_over"] and selections[0]["living"].sum() < 20
    assert np.array_equal(*(selection["living"] for selection in selections))


@pytest.mark.parametrize("evolution", ["fixed", "set"])
def test_sparse_data_weights_and_a_validation_set(evolution, tmp_path):
    X = csr_array(np.where(np.random.default_rng(0).random(X_iris.shape) < 0.5, 0, 1.0))
    options = {
        "sample_weight": np.arange(150) % 3,
        "X_val": X[:40],
        "y_val": y_iris[:40],
    }
    settings = {"solver": "sgd", "evolution": evolution, "warm_start": True}
    whole = make_estimator(SETMLPClassifier, **settings).fit(X, y_iris, **options)
    model = make_estimator(SETMLPClassifier, **settings)
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    with pytest.raises(Failure):
        model.set_callbacks(checkpoint, Fail()).fit(X, y_iris, **options)
    model.set_callbacks(checkpoint).fit(X, y_iris, **options)
    assert learned(model) == learned(whole)
    assert continued_state(model) == continued_state(whole)


@pytest.mark.parametrize("Estimator", [SETMLPClassifier, SETRBM])
def test_a_warm_fit_resumes(Estimator, tmp_path):
    data = data_of(Estimator)
    whole = make_estimator(Estimator, warm_start=True).fit(*data).fit(*data)
    model = make_estimator(Estimator, warm_start=True).fit(*data)
    assert learned(interrupted(model, tmp_path / "file", 1, *data)) == learned(whole)


@pytest.mark.parametrize("Estimator", [SETMLPClassifier, SETRBM])
def test_the_file_stays_after_an_interrupt_by_the_user(Estimator, tmp_path):
    data, path = data_of(Estimator), tmp_path / "checkpoint"
    whole = make_estimator(Estimator).fit(*data)
    model = make_estimator(Estimator)
    model.set_callbacks(Checkpoint(path), Fail(error=KeyboardInterrupt))
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(*data)
    assert model.n_iter_ == 3 and path.exists()
    model.set_callbacks(Checkpoint(path)).fit(*data)
    assert learned(model) == learned(whole) and not path.exists()


@pytest.fixture
def stopped(tmp_path):
    """Return a classifier whose fit has failed, and the path of its checkpoint."""
    path = tmp_path / "checkpoint"
    model = make_estimator(SETMLPClassifier).set_callbacks(Checkpoint(path), Fail())
    with pytest.raises(Failure):
        model.fit(X_iris, y_iris)
    return model.set_callbacks(Checkpoint(path)), path


def test_other_fits_are_refused(stopped):
    """By name, before any work; the file stays."""
    model, path = stopped
    before = path.read_bytes()
    for change in ({"alpha": 0.2}, {"max_iter": 9}, {"random_state": 1}):
        good = {name: getattr(model, name) for name in change}
        with pytest.raises(ValueError, match=f"with a different {next(iter(change))}"):
            model.set_params(**change).fit(X_iris, y_iris)
        model.set_params(**good)
    with pytest.raises(ValueError, match="with a different X,? ?"):
        model.fit(X_iris + 1, y_iris)
    with pytest.raises(ValueError, match="with a different y."):
        model.fit(X_iris, 2 - y_iris)
    with pytest.raises(ValueError, match="with a different sample_weight."):
        model.fit(X_iris, y_iris, sample_weight=np.ones(150))
    assert path.read_bytes() == before
    assert not hasattr(model, "coefs_")
    model.set_params(verbose=True).fit(X_iris, y_iris)


def test_other_files_are_not_overwritten(tmp_path):
    path = tmp_path / "precious"
    path.write_bytes(b"results")
    model = make_estimator(SETMLPClassifier).set_callbacks(Checkpoint(path))
    with pytest.raises(ValueError, match="is not a checkpoint"):
        model.fit(X_iris, y_iris)
    assert path.read_bytes() == b"results"


@pytest.mark.parametrize(
    "checkpoint, error, message",
    [
        (Checkpoint("folder/that/is/not/there"), ValueError, "there is no folder"),
        (Checkpoint("checkpoint", every=0), ValueError, "every == 0"),
        (Checkpoint("checkpoint", every=1.5), TypeError, "every must be an instance"),
    ],
)
def test_bad_parameters(checkpoint, error, message):
    with pytest.raises(error, match=message):
        make_estimator(SETRBM).set_callbacks(checkpoint).fit(X_iris > 0)


def test_one_checkpoint_for_each_fit(tmp_path):
    checkpoints = Checkpoint(tmp_path / "a"), Checkpoint(tmp_path / "b")
    with pytest.raises(ValueError, match="one Checkpoint"):
        make_estimator(SETRBM).set_callbacks(*checkpoints).fit(X_iris > 0)


def test_partial_fit_has_no_checkpoints(stopped):
    model, path = stopped
    before = path.read_bytes()
    model.partial_fit(X_iris, y_iris, classes=[0, 1, 2])
    assert path.read_bytes() == before


def test_a_failure_while_it_is_written_leaves_the_last_file(tmp_path):
    fit = FitCheckpoint(tmp_path / "file", 1, {"X": "1"})
    fit.save({"n": 1}, None)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        fit.save({"n": 2}, lambda: None)
    saved = FitCheckpoint(tmp_path / "file", 1, {"X": "1"}).saved
    assert saved == {"attributes": {"n": 1}, "best": None}


def test_identities_are_those_of_values():
    """Not of the layout in memory, nor of what is cached or advances."""
    X = np.arange(6.0).reshape(2, 3)
    names = ["a", "b", "c", "d", "e"]
    first = [
        X,
        csr_array(X),
        lambda: 1,
        np.random.RandomState(0),
        np.array(["x", None]),
    ]
    rng = np.random.RandomState(0)
    rng.random_sample()
    flagged = csr_array(X)
    flagged.sum_duplicates()
    again = [np.asfortranarray(X), flagged, first[2], rng, np.array(["x", None])]
    hashes = [
        identity(SETRBM(), 0, dict(zip(names, values, strict=True)))
        for values in (
            first,
            again,
            [X.T, csr_array(2 * X), len, 1, np.array(["x", 0])],
        )
    ]
    assert hashes[0] == hashes[1]
    assert all(hashes[0][name] != hashes[2][name] for name in names)
    assert identity(SETRBM(), 1, {}) != identity(SETRBM(), 0, {})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="The script forks.")
def test_killed_fits_resume_bit_for_bit():
    """By SIGKILL at random moments; the script takes a larger number."""
    script = Path(__file__).parents[1] / "helpers" / "killed_fits.py"
    command = [sys.executable, script, "--kills", "4"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    out = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    assert out.stdout.count("4 killed") == 2
