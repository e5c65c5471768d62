"""Memory-mapped arrays, which may be larger than the memory."""

import os

import numpy as np
from scipy.sparse import issparse

# A copy may take such a part of the machine's memory.
LARGEST_PART = 0.5


def is_mapped(X):
    """Whether the values of an array, or of a sparse matrix, are in a mapped file."""
    array = getattr(X, "data", None) if issparse(X) else X
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def check_mapped(X, dtypes):
    """Raise ValueError if validation would make a copy that does not fit in memory.

    Parameters
    ----------
    X : object
        What a user passes.
    dtypes : dtype or sequence of dtype
        Those that are not converted; others become the first of them.
    """
    if not is_mapped(X):
        return
    dtypes = [np.dtype(each) for each in np.atleast_1d(np.array(dtypes, dtype=object))]
    if X.dtype in dtypes:
        return
    n_values = X.nnz if issparse(X) else X.size
    needed = n_values * dtypes[0].itemsize
    if needed > LARGEST_PART * _total_memory():
        raise ValueError(
            f"X is memory-mapped, and its dtype {X.dtype} must be converted to "
            f"{dtypes[0]}, which takes a copy of {needed / 1e9:.1f} GB. Store it as "
            f"{' or '.join(map(str, dtypes))}, or use sklearn_set.dask with "
            "persist=False, which converts one partition at a time."
        )


def _total_memory():
    """Return the machine's memory in bytes; infinity if it is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        return np.inf
