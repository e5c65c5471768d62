"""Docstrings are user interface: complete by numpydoc, and true."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from numpydoc.validate import validate

import sklearn_set

# Left out: examples and "See Also" in every method, extended summaries, and types that
# numpydoc cannot parse.
IGNORED = {"ES01", "EX01", "SA01", "SA04", "GL08", "SS06", "RT01", "RT02", "YD01"}


WITH_EXAMPLES = {"sklearn_set._mlp", "sklearn_set._rbm"}


def public_names():
    for class_name in sklearn_set.__all__:
        cls = getattr(sklearn_set, class_name)
        yield f"sklearn_set.{class_name}"
        for name, member in inspect.getmembers(cls, inspect.isfunction):
            if not name.startswith("_") and member.__module__.startswith("sklearn_set"):
                yield f"sklearn_set.{class_name}.{name}"


def modules():
    for module in pkgutil.iter_modules(sklearn_set.__path__, "sklearn_set."):
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


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_readme_example_runs(capsys):
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.S)
    exec(code, {})
    accuracy, density = capsys.readouterr().out.splitlines()[:2]
    assert float(accuracy) > 0.95
    assert 0 < float(density) < 0.2
