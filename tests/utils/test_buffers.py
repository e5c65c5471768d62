"""Buffers for activations."""

import numpy as np
import pytest

from sklearn_set._utils.buffers import ALIGNMENT, Buffer, aligned_empty


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("size", [0, 1, 7, 1000])
def test_arrays_start_on_a_cache_line(size, dtype):
    for _ in range(5):
        array = aligned_empty(size, dtype)
        assert array.shape == (size,) and array.dtype == dtype
        assert array.flags.c_contiguous and array.flags.writeable
        assert size == 0 or array.ctypes.data % ALIGNMENT == 0


def test_all_views_share_the_memory_of_a_buffer():
    buffer = Buffer(3, 10, np.float64)
    whole = buffer.view(10)
    assert whole.shape == (3, 10)
    whole[:] = 1
    part = buffer.view(4)
    assert part.shape == (3, 4) and part.flags.c_contiguous
    part[:] = 2
    assert (buffer.view(10).ravel() == [2] * 12 + [1] * 18).all()
    assert buffer.view(10).ctypes.data == part.ctypes.data
