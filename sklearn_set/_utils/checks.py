"""What Python checks before a kernel runs: kernels themselves check nothing."""

import numpy as np
from scipy.sparse import csr_array, issparse

from sklearn_set._kernels.builds import _fast

# Connections and units are counted in 32 bits.
MAX_CONNECTIONS = np.iinfo(np.int32).max


def require_shape(name, array, shape):
    """Raise ValueError unless an array has the shape that a kernel relies on."""
    if array.shape != shape:
        raise ValueError(
            f"{name} has shape {array.shape} where the model needs {shape}: its arrays "
            "do not fit each other or the data. Fit it again."
        )


def checked_csr(name, matrix):
    """Return a csr_array over the arrays of a CSR matrix, with all indices in range.

    A new matrix, because SciPy's checks may change what they check, and cached flags of
    `matrix` may be out of date.
    """
    arrays = matrix.data, matrix.indices, matrix.indptr
    try:
        checked = csr_array(arrays, shape=matrix.shape)
        checked.check_format(full_check=True)
    except ValueError as error:
        raise ValueError(
            f"{name} is not a valid CSR matrix of shape {matrix.shape} ({error}). Its "
            "arrays have been changed or were not saved correctly: create it again."
        ) from error
    return checked


def _is_canonical(coef):
    """Whether the kernels can use a CSR matrix as it is; faster than SciPy's checks."""
    arrays = coef.indptr, coef.indices
    return (
        all(array.dtype == np.int32 and array.flags.c_contiguous for array in arrays)
        and coef.data.shape == coef.indices.shape
        and coef.indptr.size == coef.shape[0] + 1
        and _fast.is_canonical(*arrays, coef.shape[1])
    )


def checked_coef(coef):
    """Return a csr_array with sorted rows that the kernels can use; `coef` if it is."""
    if not issparse(coef) or coef.format != "csr" or coef.dtype.kind != "f":
        raise ValueError(
            "The model's weights must be csr_arrays of float32 or float64, got "
            f"{coef!r}."
        )
    if _is_canonical(coef):
        return coef
    coef = checked_csr("The model's weight matrix", coef)
    if coef.nnz > MAX_CONNECTIONS:
        raise ValueError(f"A layer has at most {MAX_CONNECTIONS} connections.")
    if not coef.has_canonical_format:
        coef = coef.copy()
        coef.sum_duplicates()
    return coef
