"""Which build of the kernels runs: the same source, compiled for two instruction sets.

All else imports them from here: ``from sklearn_set._builds import _fast``.
"""

import os
from importlib import import_module
from importlib.util import find_spec

VARIABLE = "SKLEARN_SET_BUILD"
BASELINE = "baseline"
X86_64_V3 = "x86-64-v3"  # AVX2 and FMA
_MODULES = {BASELINE: "_fast", X86_64_V3: "_fast_v3"}


def load_build(build):
    """Return the compiled module of a build.

    Raises
    ------
    ImportError
        If the package has not been compiled.
    """
    try:
        return import_module(f"sklearn_set.{_MODULES[build]}")
    except ImportError as error:
        raise ImportError(
            "sklearn_set's compiled part cannot be imported. If you are in its source "
            "folder, install it with 'pip install .' and start Python from another "
            "folder (the source folder hides the installed package)."
        ) from error


def available_builds():
    """Names of the builds that are installed and that this processor can run.

    Returns
    -------
    builds : list of str
        From the slowest to the fastest.
    """
    baseline = load_build(BASELINE)
    has_v3 = find_spec("sklearn_set._fast_v3") is not None
    return [BASELINE, X86_64_V3] if has_v3 and baseline.runs_v3() else [BASELINE]


def choose_build():
    """Name the build to run: what the environment variable asks for, or the fastest.

    Returns
    -------
    build : str

    Raises
    ------
    ImportError
        If ``SKLEARN_SET_BUILD`` names a build that cannot run here.
    """
    builds = available_builds()
    build = os.environ.get(VARIABLE) or builds[-1]
    if build not in builds:
        raise ImportError(
            f"{VARIABLE}={build!r} is not a build that can run here: choose one of "
            f"{builds}, or unset it for the fastest."
        )
    return build


BUILD = choose_build()
_fast = load_build(BUILD)
