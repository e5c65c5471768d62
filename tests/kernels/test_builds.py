"""The builds of the kernels: which one runs, and how to choose."""

import os
import subprocess
import sys
import sysconfig

import pytest

import sklearn_set
from sklearn_set._kernels import builds


def run(build, code):
    """Run code in a fresh interpreter, outside the source folder."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {builds.VARIABLE: build},
        capture_output=True,
        text=True,
        cwd=os.path.dirname(sys.executable),
    )


@pytest.mark.parametrize("build", builds.available_builds())
def test_the_environment_chooses(build):
    code = (
        "from sklearn_set._kernels import builds as b; print(b.BUILD, b._fast.__name__)"
    )
    assert run(build, code).stdout.split() == [
        build,
        f"sklearn_set.{builds.BUILDS[build][0]}",
    ]


def test_the_fastest_is_chosen_without_it(monkeypatch):
    monkeypatch.delenv(builds.VARIABLE, raising=False)
    assert builds.choose_build() == builds.available_builds()[-1]


def test_an_unknown_build_is_refused(monkeypatch):
    monkeypatch.setenv(builds.VARIABLE, "z80")
    with pytest.raises(ImportError, match="SKLEARN_SET_BUILD='z80'.*'baseline'"):
        builds.choose_build()


@pytest.mark.parametrize("level, excluded", [(1, "x86-64-v3"), (3, "x86-64-v4")])
def test_a_processor_gets_no_build_beyond_its_level(monkeypatch, level, excluded):
    class Old:
        @staticmethod
        def processor_level():
            return level

    monkeypatch.setattr(builds, "load_build", lambda build: Old)
    monkeypatch.delenv(builds.VARIABLE, raising=False)
    assert "baseline" in builds.available_builds()
    assert excluded not in builds.available_builds()
    monkeypatch.setenv(builds.VARIABLE, excluded)
    with pytest.raises(ImportError, match="not a build that can run here"):
        builds.choose_build()


def test_show_versions(capsys):
    sklearn_set.show_versions()
    out = capsys.readouterr().out
    assert "scipy" in out and f"build: {builds.BUILD}" in out
    assert sklearn_set.__version__ in out


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="not free-threaded"
)
@pytest.mark.parametrize("build", builds.available_builds())
def test_import_leaves_the_gil_disabled(build):
    code = "import sys, sklearn_set; print(sys._is_gil_enabled())"
    assert run(build, code).stdout.split() == ["False"]
