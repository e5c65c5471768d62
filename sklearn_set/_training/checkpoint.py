"""The file from which a killed fit resumes; the callback `Checkpoint` asks for it.

A callback of scikit-learn's protocol sees copies of the public attributes only, while
this needs the solver's state, the random streams and the best weights: the training
loop therefore saves them itself.
"""

import hashlib
import os
import pickle
from importlib.metadata import version
from numbers import Integral
from pathlib import Path

import joblib
import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_scalar

# The first bytes of each file, before a hash of the rest; nothing else is unpickled.
HEADER = b"sklearn_set checkpoint 2\n"
HASH_SIZE = 32
# Parameters that do not change what is learned.
IRRELEVANT = {"client", "verbose"}


class FitCheckpoint:
    """The checkpoint of one fit.

    Parameters
    ----------
    path : str or path-like
        The file.
    every : int
        Number of epochs from one save to the next.
    identity : dict of str to str
        What the fit depends on, as `identity` returns it.

    Attributes
    ----------
    saved : dict or None
        The fitted ``attributes`` to resume from, and the ``best`` weights so far; None
        if there is no file.

    Raises
    ------
    ValueError
        If the file is not a checkpoint of this fit, or its folder does not exist.
    """

    def __init__(self, path, every, identity):
        check_scalar(every, "Checkpoint's every", Integral, min_val=1)
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"Checkpoint's path must be a str or a path, got {path!r}.")
        self._path = Path(path).absolute()
        self._every = every
        self._identity = identity
        self._is_interrupted = False
        if not self._path.parent.is_dir():
            raise ValueError(f"Checkpoint: there is no folder {self._path.parent}.")
        if not os.access(self._path.parent, os.W_OK):
            raise ValueError(f"Checkpoint: {self._path.parent} is not writable.")
        self.saved = self._load()

    def _load(self):
        try:
            with open(self._path, "rb") as file:
                if file.read(len(HEADER)) != HEADER:
                    raise ValueError(
                        f"{self._path} is not a checkpoint. Choose another path."
                    )
                self._check_complete(file)
                saved = pickle.load(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ValueError(
                f"Checkpoint: {self._path} cannot be read ({error}). Choose another "
                "path."
            ) from error
        old, new = saved.pop("identity"), self._identity
        changed = sorted(k for k in old.keys() | new.keys() if old.get(k) != new.get(k))
        if changed:
            raise ValueError(
                f"The checkpoint {self._path} belongs to another fit, with a different "
                f"{', '.join(changed)}. Set that back to resume it, or remove the file."
            )
        return saved

    def _check_complete(self, file):
        """Compare the rest of the file with its hash: a damaged pickle may crash."""
        expected, start, found = file.read(HASH_SIZE), file.tell(), _new_hash()
        while block := file.read(1 << 20):
            found.update(block)
        if found.digest() != expected:
            raise ValueError(
                f"The checkpoint {self._path} is damaged. Remove the file; the fit "
                "then starts anew."
            )
        file.seek(start)

    def is_due(self, n_iter):
        """Whether to save after so many epochs."""
        return n_iter % self._every == 0

    def save(self, attributes, best):
        """Write the file beside, and rename it when it is complete.

        Parameters
        ----------
        attributes : dict
            The fitted attributes, with all of the training state.
        best : object
            The snapshot of the best weights, or None.
        """
        content = {"identity": self._identity, "attributes": attributes, "best": best}
        with open(self._part, "wb") as file:
            file.write(HEADER + bytes(HASH_SIZE))
            hashed = _HashedFile(file)
            pickle.dump(content, hashed, protocol=pickle.HIGHEST_PROTOCOL)
            file.seek(len(HEADER))
            file.write(hashed.hash.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._part, self._path)
        _sync_folder(self._path.parent)

    @property
    def _part(self):
        return self._path.with_name(self._path.name + ".part")

    def interrupt(self):
        """Keep the file: the user has interrupted the fit, and may resume it."""
        self._is_interrupted = True

    def finish(self):
        """Remove the file, as the fit has come to its end."""
        self._part.unlink(missing_ok=True)
        if not self._is_interrupted:
            self._path.unlink(missing_ok=True)


class _HashedFile:
    """A file to write to, and the hash of what is written."""

    def __init__(self, file):
        self._file = file
        self.hash = _new_hash()

    def write(self, content):
        self.hash.update(content)
        return self._file.write(content)


def _new_hash():
    return hashlib.blake2b(digest_size=HASH_SIZE)


class NoCheckpoint:
    """Stands in for FitCheckpoint where there is none."""

    saved = None

    def is_due(self, n_iter):
        """Never save."""
        return False

    def interrupt(self):
        """Do nothing."""

    def finish(self):
        """Do nothing."""


def identity(estimator, n_epochs, data):
    """Describe what the result of a fit depends on, by hashes.

    Parameters
    ----------
    estimator : estimator
        Its parameters count.
    n_epochs : int
        Epochs before the fit; not 0 if it is a warm start.
    data : dict of str to object
        The data passed to `fit`, by name.

    Returns
    -------
    identity : dict of str to str
        By name of the parameter, or what else it is.
    """
    parts = {**estimator.get_params(deep=False), **data}
    hashes = {k: _hash(v) for k, v in parts.items() if k not in IRRELEVANT}
    return hashes | {
        "class": type(estimator).__qualname__,
        "version of sklearn_set": version("sklearn_set"),
        "number of epochs before": str(n_epochs),
    }


def _hash(value):
    """Return a hash that is the same in another process; of functions, the name."""
    if hasattr(value, "random_sample"):  # a RandomState advances with each fit
        return "RandomState"
    if issparse(value):  # without flags that SciPy caches
        csr = value.tocsr()
        parts = csr.indptr, csr.indices, csr.data
        return " ".join([str(csr.shape), *map(_hash_array, parts)])
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return _hash_array(value)
    try:
        return joblib.hash(value)
    except Exception:  # what cannot be pickled, such as a lambda
        return getattr(value, "__qualname__", type(value).__qualname__)


def _hash_array(array):
    """Return a hash of dtype, shape and values, whatever the layout in memory."""
    values = hashlib.blake2b(np.ascontiguousarray(array).view(np.uint8).data)
    return f"{array.dtype.str} {array.shape} {values.hexdigest()}"


def _sync_folder(folder):
    """Make a renaming last, on systems where a folder can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
