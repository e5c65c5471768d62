"""How many threads the kernels may use."""

import os
from functools import cache

import joblib

from sklearn_set._kernels.builds import _fast

_cpu_count = cache(joblib.cpu_count)

# Whether this process was forked from another one. A fork copies OpenMP's record of its
# threads, but not the threads: GNU's OpenMP would wait for them for ever.
_is_forked = False


def _note_fork():
    global _is_forked
    _is_forked = True


if hasattr(os, "register_at_fork"):  # there are no forks on Windows
    os.register_at_fork(after_in_child=_note_fork)


def effective_n_threads():
    """Return the number of threads for one kernel, by scikit-learn's convention.

    If ``OMP_NUM_THREADS`` is set, OpenMP's maximum. Otherwise the smaller one of that,
    which ``threadpoolctl`` can lower, and the number of physical cores that the process
    may use, including cgroup quotas. In a forked process 1.

    Returns
    -------
    n_threads : int
        At least 1.
    """
    if _is_forked:
        return 1
    if os.environ.get("OMP_NUM_THREADS"):
        return _fast.max_threads()
    return min(_fast.max_threads(), _cpu_count(only_physical_cores=True))
