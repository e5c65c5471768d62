"""Models that were saved by this and by earlier versions."""

import io
import pickle

import joblib
import numpy as np
import pytest
from helpers.saved_models import DATA, load_data, make_models, outputs
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

pytestmark = pytest.mark.filterwarnings("ignore")

FOLDERS = sorted(DATA.glob("models-*"))
NAMES = list(make_models())


class _Names(pickle.Unpickler):
    """Lists the names of all classes and functions in a pickle."""

    def __init__(self, file):
        super().__init__(file)
        self.names = set()

    def find_class(self, module, name):
        self.names.add(f"{module}.{name}")
        return super().find_class(module, name)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_pickles_name_no_private_class(name, sparse):
    X, y = load_data()
    model = make_models()[name].fit(csr_array(X) if sparse else X, y)
    names = _Names(io.BytesIO(pickle.dumps(model)))
    names.load()
    ours = {name for name in names.names if name.startswith("sklearn_set")}
    assert ours == {f"sklearn_set.{type(model).__name__}"}


@pytest.mark.parametrize("name", NAMES)
def test_skops_asks_for_the_estimator_and_csr_array_only(name, tmp_path):
    sio = pytest.importorskip("skops.io")
    X, y = load_data()
    model = make_models()[name].fit(X, y)
    sio.dump(model, tmp_path / "model.skops")
    types = sio.get_untrusted_types(file=tmp_path / "model.skops")
    assert types == [
        "scipy.sparse._csr.csr_array",
        f"sklearn_set.{type(model).__name__}",
    ]
    loaded = sio.load(tmp_path / "model.skops", trusted=types)
    assert_array_equal(outputs(loaded, X), outputs(model, X))
    for each in (loaded, model):
        each.fit(X, y)
    assert_array_equal(outputs(loaded, X), outputs(model, X))


def load(path):
    """Load a model from a file of either format."""
    if path.suffix == ".joblib":
        return joblib.load(path)
    sio = pytest.importorskip("skops.io")
    return sio.load(path, trusted=sio.get_untrusted_types(file=path))


def test_there_are_files():
    assert FOLDERS


@pytest.mark.parametrize("format", ["joblib", "skops"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_files_of_earlier_versions_load(folder, name, format):
    (X, y), expected = load_data(), np.load(folder / "outputs.npz")
    model = load(folder / f"{name}.{format}")
    assert_allclose(outputs(model, X), expected[name], rtol=1e-6)
    model.fit(X, y)  # continues with the solver's state and the random streams
    assert outputs(model, X).shape == expected[name].shape
    if folder == FOLDERS[-1]:  # training may change between versions
        assert_allclose(
            outputs(model, X), expected[f"{name}, trained further"], rtol=1e-6
        )
