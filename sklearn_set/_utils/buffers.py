"""Buffers for activations, and for what kernels compute in between."""

import math

import numpy as np

# Rows of a batch that start on a cache line do not extend over one more.
ALIGNMENT = 64


def aligned_empty(size, dtype):
    """Return a flat, uninitialised array that starts on a cache line.

    NumPy requests huge pages for large arrays, where the system supports that.

    Parameters
    ----------
    size : int
        Number of elements.
    dtype : dtype
        Their type.

    Returns
    -------
    array : ndarray of shape (size,)
    """
    itemsize = np.dtype(dtype).itemsize
    array = np.empty(size + ALIGNMENT // itemsize, dtype=dtype)
    start = -array.__array_interface__["data"][0] % ALIGNMENT // itemsize
    return array[start : start + size]


class Buffer:
    """Room for the batches of one array, allocated once.

    Parameters
    ----------
    n_units : int
        Number of rows.
    max_batch : int
        The largest batch to come.
    dtype : dtype
        Type of the elements.
    """

    def __init__(self, n_units, max_batch, dtype):
        self._n_units = n_units
        self._flat = aligned_empty(n_units * max_batch, dtype)
        self._view = self._flat.reshape(n_units, max_batch)

    def view(self, batch):
        """Return the first elements as an array of shape (n_units, batch)."""
        if batch != self._view.shape[1]:
            n_units = self._n_units
            self._view = self._flat[: n_units * batch].reshape(n_units, batch)
        return self._view


class Scratch:
    """Room for what a kernel computes in between; several layers may share it."""

    def __init__(self):
        self._bytes = aligned_empty(0, np.uint8)

    def array(self, shape, dtype):
        """Return an uninitialised array, overwritten through the next one.

        Parameters
        ----------
        shape : tuple of int
            Its shape.
        dtype : dtype
            Type of its elements.
        """
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        if self._bytes.size < n_bytes:
            self._bytes = None  # frees memory
            self._bytes = aligned_empty(n_bytes, np.uint8)
        return self._bytes[:n_bytes].view(dtype).reshape(shape)
