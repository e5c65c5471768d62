"""Information about the installation, for bug reports."""

from importlib.metadata import version

import sklearn

from sklearn_set._kernels.builds import BUILD, VARIABLE, _fast, available_builds
from sklearn_set._utils.threads import effective_n_threads


def show_versions() -> None:
    """Print useful debugging information.

    First what :func:`sklearn.show_versions` prints, then the version of this package,
    the build of its kernels that runs, those that could run, and the threads they use.

    Examples
    --------
    >>> from sklearn_set import show_versions
    >>> show_versions()  # doctest: +SKIP
    """
    sklearn.show_versions()
    lines = {
        "version": version("sklearn_set"),
        "build": f"{BUILD} (of {', '.join(available_builds())}; {VARIABLE} overrides)",
        "OpenMP": "yes" if _fast.has_openmp() else "no: one thread",
        "threads": effective_n_threads(),
    }
    print("\nsklearn_set:")
    for name, value in lines.items():
        print(f"{name:>13}: {value}")
