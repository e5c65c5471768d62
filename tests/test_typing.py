"""Type hints: on every public signature, and right for a user's script."""

import ast
import inspect
import os
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

import sklearn_set
import sklearn_set.callbacks
import sklearn_set.evolution
import sklearn_set.inspection
import sklearn_set.onnx
from sklearn_set._kernels.builds import _fast

PACKAGE = Path(sklearn_set.__file__).parent
SCRIPT = Path(__file__).parent / "typing" / "user_script.py"


def public_functions():
    """All functions and methods that users call or override, by name."""
    for module in (
        sklearn_set, sklearn_set.callbacks, sklearn_set.evolution,
        sklearn_set.inspection, sklearn_set.onnx,
    ):  # fmt: skip
        for name in module.__all__:
            public = getattr(module, name)
            if inspect.isclass(public):
                yield from methods(public)
            elif inspect.isfunction(public):
                yield name, public


def methods(cls):
    """The public methods that this package defines, and `__init__`."""
    for name, method in inspect.getmembers(cls, inspect.isroutine):
        module = getattr(method, "__module__", None) or ""
        is_public = name == "__init__" or not name.startswith("_")
        if is_public and module.startswith("sklearn_set"):
            yield f"{cls.__name__}.{name}", method


@pytest.mark.parametrize("name, function", list(public_functions()))
def test_public_signatures_have_hints(name, function):
    signature = inspect.signature(function)
    hinted = {n for n in function.__annotations__ if n != "return"}
    assert set(signature.parameters) - {"self", "cls"} == hinted
    assert "return" in function.__annotations__


@pytest.mark.parametrize("name", ["py.typed", "_fast.pyi"])
def test_type_checkers_find_the_hints(name):
    assert (PACKAGE / name).is_file()


def test_the_stub_has_the_signatures_of_the_kernels():
    stub = {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.parse((PACKAGE / "_fast.pyi").read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    kernels = {
        name: list(inspect.signature(kernel).parameters)
        for name, kernel in vars(_fast).items()
        if not name.startswith("_") and callable(kernel) and not inspect.isclass(kernel)
    }
    assert stub == kernels


def run(*command):
    """Run a program where this sklearn_set is importable."""
    root = str(PACKAGE.parent)
    environment = os.environ | {"PYTHONPATH": root}
    if root not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        environment["MYPYPATH"] = root
    return subprocess.run(
        [sys.executable, *command, SCRIPT], env=environment, text=True,
        capture_output=True,
    )  # fmt: skip


def test_the_users_script_runs():
    result = run("-Wignore")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "checker, options",
    [
        ("mypy", ["--strict", "--follow-imports=silent", "--ignore-missing-imports"]),
        ("pyright", ["--pythonpath", sys.executable]),
    ],
)
def test_type_checkers_accept_the_users_script(checker, options, tmp_path):
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    if checker == "mypy":
        options = [*options, "--cache-dir", tmp_path]
    result = run("-m", checker, *options)
    assert result.returncode == 0, result.stdout + result.stderr
