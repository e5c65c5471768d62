"""Data in partitions, and whether two models are the same."""

import dask
import dask.array as da
import numpy as np
from scipy.sparse import csr_array


def divided(array, n):
    """Return a Dask array in partitions of n rows."""
    return da.from_array(array, chunks=(n, *array.shape[1:]))


def sparse_blocks(X, n):
    """Return a Dask array of sparse blocks of n rows."""
    blocks = [X[i : i + n] for i in range(0, len(X), n)]
    return da.concatenate(
        [
            da.from_delayed(
                dask.delayed(csr_array)(block), block.shape, meta=csr_array(X[:0])
            )
            for block in blocks
        ]
    )


def learned(model):
    """Return all arrays that a model has learned."""
    if hasattr(model, "components_"):
        coefs = [model.components_]
        biases = [model.intercept_hidden_, model.intercept_visible_]
    else:
        coefs, biases = model.coefs_, model.intercepts_
    return [a for c in coefs for a in (c.indptr, c.indices, c.data)] + list(biases)


def are_equal(a, b):
    """Whether two models are the same, bit for bit."""
    pairs = zip(learned(a), learned(b), strict=True)
    return all(x.dtype == y.dtype and np.array_equal(x, y) for x, y in pairs)
