"""Docstrings are user interface: complete by numpydoc, and true."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from numpydoc.validate import validate
from sklearn.base import BaseEstimator

import sklearn_set
import sklearn_set.evolution
import sklearn_set.inspection
from sklearn_set._kernels.builds import BUILDS, available_builds

# Left out: examples and "See Also" in every method, extended summaries, and types that
# numpydoc cannot parse.
IGNORED = {"ES01", "EX01", "SA01", "SA04", "GL08", "SS06", "RT01", "RT02", "YD01"}


WITH_EXAMPLES = {
    "sklearn_set._mlp.classifier",
    "sklearn_set._mlp.regressor",
    "sklearn_set._rbm.rbm",
}


def public_names():
    for module in (sklearn_set, sklearn_set.evolution, sklearn_set.inspection):
        for name in module.__all__:
            if callable(getattr(module, name)):
                yield from names_of(f"{module.__name__}.{name}", getattr(module, name))


def names_of(path, what):
    yield path
    for name, member in inspect.getmembers(what, inspect.isfunction):
        if not name.startswith("_") and member.__module__.startswith("sklearn_set"):
            yield f"{path}.{name}"


def modules():
    """All modules but builds for processors with other instructions."""
    others = {
        f"sklearn_set.{module}"
        for build, (module, _) in BUILDS.items()
        if build not in available_builds()
    }
    for module in pkgutil.walk_packages(sklearn_set.__path__, "sklearn_set."):
        if module.name not in others:
            yield module.name


@pytest.mark.parametrize("name", list(public_names()))
def test_docstrings_follow_numpydoc(name):
    errors = [error for error in validate(name)["errors"] if error[0] not in IGNORED]
    assert not errors


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "name", [n for n in sklearn_set.__all__ if inspect.isclass(getattr(sklearn_set, n))]
)
def test_parameters_and_attributes_are_documented(name, digits):
    from numpydoc.docscrape import NumpyDocString

    cls = getattr(sklearn_set, name)
    doc = NumpyDocString(inspect.getdoc(cls))
    parameters = [p.name for p in doc["Parameters"]]
    assert parameters == list(inspect.signature(cls).parameters)
    X, _, y, _ = digits
    short = {"max_iter": 1} if "max_iter" in parameters else {"n_iter": 1}
    estimator = cls(**short).fit(X, y)
    public = {a for a in vars(estimator) if a.endswith("_") and not a.startswith("_")}
    assert public <= {a.name for a in doc["Attributes"]}


@pytest.mark.parametrize("name", list(modules()))
def test_examples_in_docstrings(name):
    result = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.ELLIPSIS
    )
    assert result.failed == 0
    assert result.attempted or name not in WITH_EXAMPLES


def code_blocks(path):
    text = (Path(__file__).resolve().parents[1] / path).read_text()
    return re.findall(r"```python\n(.*?)```", text, re.S)


def run(code, names):
    """Run a block; return what its last statement gives, if it is an expression."""
    *others, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        return exec(code, names)
    exec(compile(ast.Module(others, []), "README.md", "exec"), names)
    return eval(compile(ast.Expression(last.value), "README.md", "eval"), names)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_readme_examples_run(capsys):
    pytest.importorskip("matplotlib.pyplot").switch_backend("Agg")
    first, *others = code_blocks("README.md")
    names = {}
    run(first, names)
    accuracy, density = capsys.readouterr().out.splitlines()[:2]
    assert float(accuracy) > 0.95
    assert 0 < float(density) < 0.2
    for code in others:
        shown = run(code, names)
        if isinstance(shown, BaseEstimator):
            shown._validate_params()


def test_the_api_reference_is_complete():
    text = (Path(__file__).resolve().parents[1] / "doc/api.rst").read_text()
    listed = set(re.findall(r"\w+", text))
    for module in (sklearn_set, sklearn_set.evolution, sklearn_set.inspection):
        assert set(module.__all__) <= listed


def test_the_rule_in_the_documentation_evolves_a_network(digits):
    (code,) = code_blocks("doc/algorithms.md")
    names = {}
    exec(code, names)
    X, _, y, _ = digits
    clf = sklearn_set.SETMLPClassifier((50,), max_iter=2, epsilon=5)
    clf.set_params(evolution=names["FirstPlaces"](), random_state=0).fit(X, y)
    assert clf.coefs_[0].indptr[1] > 25  # of the first feature's 50 positions
