"""What Python checks before a kernel runs: kernels themselves check nothing."""

import numpy as np
from scipy.sparse import csr_array, issparse

from sklearn_set._kernels.builds import _fast

# Links and units are counted in 32 bits.
MAX_LINKS = np.iinfo(np.int32).max


def require_shape(name, array, shape):
    """Raise ValueError unless an array has the shape that a kernel relies on."""
    if array.shape != shape:
        raise ValueError(
            f"{name} has shape {array.shape} where the model needs {shape}: its arrays "
            "do not fit each other or the data. Fit it again."
        )


def checked_csr(name, matrix):
    """Return a csr_array over the arrays of a CSR matrix, with all indices in range.

    It is a matrix of its own: SciPy's checks may change what they check, and cached
    flags of `matrix` may no longer be true.
    """
    arrays = matrix.data, matrix.indices, matrix.indptr
    try:
        checked = csr_array(arrays, shape=matrix.shape)
        checked.check_format(full_check=True)
    except ValueError as error:
        raise ValueError(
            f"{name} is not a valid CSR matrix of shape {matrix.shape} ({error}). Its "
            "arrays have been changed or were saved badly: make it anew."
        ) from error
    return checked


def _is_canonical(coef):
    """Whether a CSR matrix can be run on as it is; far faster than SciPy's checks."""
    arrays = coef.indptr, coef.indices
    return (
        all(array.dtype == np.int32 and array.flags.c_contiguous for array in arrays)
        and coef.data.shape == coef.indices.shape
        and coef.indptr.size == coef.shape[0] + 1
        and _fast.is_canonical(*arrays, coef.shape[1])
    )


def checked_coef(coef):
    """Return a csr_array of sorted rows that is safe to run on; `coef` if it is."""
    if not issparse(coef) or coef.format != "csr" or coef.dtype.kind != "f":
        raise ValueError(
            "The model's weights must be csr_arrays of float32 or float64, got "
            f"{coef!r}."
        )
    if _is_canonical(coef):
        return coef
    coef = checked_csr("The model's weight matrix", coef)
    if coef.nnz > MAX_LINKS:
        raise ValueError(f"A layer holds at most {MAX_LINKS} links.")
    if not coef.has_canonical_format:
        coef = coef.copy()
        coef.sum_duplicates()
    return coef
