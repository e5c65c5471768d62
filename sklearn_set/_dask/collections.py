"""Dask's collections: their blocks, and lazy predictions."""

import dask
import dask.array as da
import numpy as np
from dask.base import is_dask_collection
from dask.utils import is_arraylike, is_dataframe_like


def is_collection(X):
    """Whether X is a Dask array or data frame."""
    return is_dask_collection(X) and hasattr(X, "to_delayed")


def blocks_of(named):
    """Return the blocks of several collections, which belong together.

    Parameters
    ----------
    named : dict of str to collection
        By the name of the parameter; X is the first.

    Returns
    -------
    blocks : list of list of Delayed
        For each partition its part of each collection.

    Raises
    ------
    TypeError
        If one is not a Dask collection.
    ValueError
        If they are not divided in the same way.
    """
    columns = []
    for name, collection in named.items():
        if collection is None:
            columns.append(None)
            continue
        if not is_collection(collection):
            raise TypeError(
                f"{name} must be a Dask array or data frame, got "
                f"{type(collection).__name__}. Use dask.array.from_array, or the plain "
                "estimator."
            )
        columns.append(_delayed(collection))
    n = len(columns[0])
    for (name, collection), column in zip(named.items(), columns, strict=True):
        if column is not None and len(column) != n:
            raise ValueError(
                f"{name} has {len(column)} partitions where X has {n}. Divide their "
                "rows in the same way, by rechunk or repartition."
            )
        if column is not None:
            _check_lengths(name, collection, named["X"])
    return [
        [None if column is None else column[i] for column in columns] for i in range(n)
    ]


def _delayed(collection):
    """Return the blocks of a collection, one for each of its partitions."""
    if not is_arraylike(collection):
        # A full optimization may read several files of one column as one partition, so
        # that the target would no longer have the partitions of its own table.
        return collection.simplify().to_delayed(optimize_graph=False)
    if collection.ndim == 2 and len(collection.chunks[1]) > 1:
        collection = collection.rechunk({1: -1})
    return collection.to_delayed().ravel()


def _check_lengths(name, collection, X):
    """Raise ValueError if the lengths of the blocks are known and differ."""
    if not (is_arraylike(collection) and is_arraylike(X)):
        return
    lengths, expected = collection.chunks[0], X.chunks[0]
    known = not np.isnan([*lengths, *expected]).any()
    if known and lengths != expected:
        raise ValueError(
            f"{name} has chunks of {lengths} rows where X has {expected}. Divide them "
            "in the same way, by rechunk."
        )


def mapped(estimator, method, X, n_columns, dtype):
    """Return what a method returns for X, lazily.

    Parameters
    ----------
    estimator : Delayed
        The plain estimator.
    method : str
        Name of its method.
    X : dask collection
        The rows.
    n_columns : int or None
        Of the result; None if it is one-dimensional.
    dtype : dtype
        Of the result.

    Returns
    -------
    result : dask.array.Array
    """
    shape = (0,) if n_columns is None else (0, n_columns)
    meta = np.empty(shape, dtype=dtype)
    blocks = _delayed(X)
    lengths = [np.nan] * len(blocks) if is_dataframe_like(X) else X.chunks[0]
    apply = dask.delayed(_apply, pure=True)
    arrays = [
        da.from_delayed(
            apply(estimator, method, block, meta), (length, *shape[1:]), meta=meta
        )
        for block, length in zip(blocks, lengths, strict=True)
    ]
    return da.concatenate(arrays, allow_unknown_chunksizes=True)


def _apply(estimator, method, block, empty):
    """Call a method on a block of rows; the result of none is empty."""
    return getattr(estimator, method)(block) if block.shape[0] else empty
