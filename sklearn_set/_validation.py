"""What Python checks before a kernel runs: kernels themselves check nothing."""

import numpy as np
from scipy.sparse import csr_array, issparse

# Links and units are counted in 32 bits.
MAX_LINKS = np.iinfo(np.int32).max


def require_shape(name, array, shape):
    """Raise ValueError unless an array has the shape that a kernel relies on."""
    if array.shape != shape:
        raise ValueError(
            f"{name} has shape {array.shape} where the model needs {shape}: its arrays "
            "do not fit each other or the data. Fit it again."
        )


def checked_coef(coef):
    """Return a csr_array that shares the arrays of `coef` and is safe to run on."""
    if not issparse(coef) or coef.format != "csr" or coef.dtype.kind != "f":
        raise ValueError(
            "The model's weights must be csr_arrays of float32 or float64, got "
            f"{coef!r}."
        )
    try:
        # A matrix of its own, since cached flags may no longer be true.
        checked = csr_array((coef.data, coef.indices, coef.indptr), shape=coef.shape)
        checked.check_format(full_check=True)
    except ValueError as error:
        raise ValueError(
            f"The model's weights of shape {coef.shape} are not a valid CSR array "
            f"({error}). They have been changed since fit, or saved badly."
        ) from error
    if checked.nnz > MAX_LINKS:
        raise ValueError(f"A layer holds at most {MAX_LINKS} links.")
    if not checked.has_canonical_format:
        checked = checked.copy()
        checked.sum_duplicates()
    return checked
