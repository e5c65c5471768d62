"""Which build of the kernels runs: the same source, for several instruction sets.

Other modules import the kernels from here::

    from sklearn_set._kernels.builds import _fast
"""

import os
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

VARIABLE = "SKLEARN_SET_BUILD"
# Name of each build, its module, and the level of x86-64 it needs; the slowest first.
BUILDS = {
    "baseline": ("_fast", 1),
    "x86-64-v3": ("_fast_v3", 3),  # AVX2 and FMA
    "x86-64-v4": ("_fast_v4", 4),  # AVX-512
}


def load_build(build: str) -> ModuleType:
    """Return the compiled module of a build.

    Raises
    ------
    ImportError
        If the package has not been compiled.
    """
    try:
        return import_module(f"sklearn_set.{BUILDS[build][0]}")
    except ImportError as error:
        raise ImportError(
            "sklearn_set's compiled part cannot be imported. If you are in its source "
            "folder, install it with 'pip install .' and start Python from another "
            "folder (the source folder hides the installed package)."
        ) from error


def available_builds() -> list[str]:
    """Names of the builds that are installed and that this processor can run.

    Returns
    -------
    builds : list of str
        From the slowest to the fastest.
    """
    level = load_build("baseline").processor_level()
    return [
        build
        for build, (module, needed) in BUILDS.items()
        if needed <= level and find_spec(f"sklearn_set.{module}") is not None
    ]


def choose_build() -> str:
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
if TYPE_CHECKING:
    from sklearn_set import _fast
else:
    _fast = load_build(BUILD)
