"""How many threads the kernels may use."""

import os
from functools import cache

import joblib

from sklearn_set._kernels.builds import _fast

_cpu_count = cache(joblib.cpu_count)


def effective_n_threads():
    """Return the number of threads for one kernel, by scikit-learn's convention.

    ``OMP_NUM_THREADS`` decides where it is set. Otherwise it is OpenMP's own maximum,
    which ``threadpoolctl`` can lower, but no more than the physical cores that the
    process may use, cgroup quotas included.

    Returns
    -------
    n_threads : int
        At least 1.
    """
    if os.environ.get("OMP_NUM_THREADS"):
        return _fast.max_threads()
    return min(_fast.max_threads(), _cpu_count(only_physical_cores=True))
