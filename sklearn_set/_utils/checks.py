"""What Python checks before a kernel runs: kernels themselves check nothing."""

import reprlib
from numbers import Real

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


def require_learned(name, array, shape, dtype):
    """Raise ValueError unless a fitted attribute is such an array, as `fit` left it."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        raise ValueError(
            f"{name} of the model must be an array of {dtype}, got {_describe(array)}. "
            "Fit it again."
        )
    require_shape(name, array, shape)


def checked_dtype(coef):
    """Return the dtype of a model, which is that of its first weight matrix."""
    if not issparse(coef) or coef.dtype not in (np.float32, np.float64):
        raise ValueError(
            "The model's weights must be csr_arrays of float32 or float64, got "
            f"{coef!r}."
        )
    return coef.dtype


def checked_csr(name, matrix):
    """Return a csr_array over the arrays of a CSR matrix, with all indices in range.

    A new matrix, because SciPy's checks may change what they check, and cached flags of
    `matrix` may be out of date.
    """
    arrays = matrix.data, matrix.indices, matrix.indptr
    try:
        if any(array.dtype.kind not in "iu" for array in arrays[1:]):
            raise ValueError("indices that are not integers")
        checked = csr_array(arrays, shape=matrix.shape)
        checked.check_format(full_check=True)
    except ValueError as error:
        raise ValueError(
            f"{name} is not a valid CSR matrix of shape {matrix.shape} ({error}). Its "
            "arrays have been changed or were not saved correctly: create it again."
        ) from error
    return checked


def are_canonical(indptr, indices, data, shape):
    """Whether the kernels can use CSR arrays as they are; faster than SciPy's checks.

    Parameters
    ----------
    indptr, indices, data : ndarray
        The arrays.
    shape : (int, int)
        Rows and columns.
    """
    return (
        all(
            array.dtype == np.int32 and array.ndim == 1 and array.flags.c_contiguous
            for array in (indptr, indices)
        )
        and data.shape == indices.shape
        and indptr.size == shape[0] + 1
        and _fast.is_canonical(indptr, indices, shape[1])
    )


def checked_coef(coef):
    """Return a csr_array with sorted rows that the kernels can use; `coef` if it is."""
    checked_dtype(coef)
    if coef.format != "csr":
        raise ValueError(f"The model's weights must be csr_arrays, got {coef!r}.")
    if are_canonical(coef.indptr, coef.indices, coef.data, coef.shape):
        return coef
    coef = checked_csr("The model's weight matrix", coef)
    if coef.nnz > MAX_CONNECTIONS:
        raise ValueError(f"A layer has at most {MAX_CONNECTIONS} connections.")
    if not coef.has_canonical_format:
        coef = coef.copy()
        coef.sum_duplicates()
    return coef


# What evolution rules choose; a check costs about 0.5 % of an evolution step.


def checked_fraction(fraction):
    """Return the fraction of the connections that a rule drops, if it is valid."""
    if isinstance(fraction, Real) and 0 <= fraction < 1:
        return fraction
    raise ValueError(
        "The evolution rule's method 'fraction' must return a number in [0, 1), got "
        f"{fraction!r}."
    )


def checked_kept(kept, n_connections):
    """Return which connections stay as an array of uint8.

    Parameters
    ----------
    kept : ndarray of shape (n_connections,), dtype uint8 or bool
        What a rule's method `prune` returned.
    n_connections : int
        Number of connections.

    Raises
    ------
    ValueError
        If it is something else, or has values besides 0 and 1.
    """
    array = np.asarray(kept)
    is_mask = array.dtype in (np.uint8, np.bool_) and array.shape == (n_connections,)
    array = np.ascontiguousarray(array).view(np.uint8) if is_mask else array
    if is_mask and array.max(initial=0) <= 1:
        return array
    raise ValueError(
        "The evolution rule's method 'prune' must return an array of 0 and 1, of dtype "
        f"uint8 or bool, with one value for each of the {n_connections} connections, "
        f"got {_describe(kept)}."
    )


def checked_positions(positions, n_free):
    """Return the positions of new connections as an array of int64.

    Parameters
    ----------
    positions : ndarray of shape (n_new,), dtype int
        What a rule's method `grow` returned.
    n_free : int
        Number of positions without a kept connection.

    Raises
    ------
    ValueError
        If they are not in range and strictly ascending.
    """
    array = np.asarray(positions)
    if array.shape == (0,):
        return np.empty(0, dtype=np.int64)
    if array.ndim == 1 and array.dtype.kind in "iu":
        array = np.ascontiguousarray(array, dtype=np.int64)
        in_range = 0 <= array[0] and array[-1] < n_free
        if in_range and (array[1:] > array[:-1]).all():
            return array
    raise ValueError(
        "The evolution rule's method 'grow' must return a one-dimensional array of "
        "integers: strictly ascending ranks among the positions without a kept "
        f"connection, from 0 to {n_free - 1}, each at most once, got "
        f"{_describe(positions)}. Sort them (numpy.unique)."
    )


def _describe(value):
    """Describe an array, or show what is none."""
    if not isinstance(value, np.ndarray):
        return reprlib.repr(value)
    text = f"an array of shape {value.shape} and dtype {value.dtype}"
    if value.ndim == 1 and value.size and value.dtype.kind in "biuf":
        text += f" with values from {value.min()} to {value.max()}"
    return text
