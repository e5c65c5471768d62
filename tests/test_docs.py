"""Docstrings are user interface: complete by numpydoc, and true."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate
from sklearn.base import BaseEstimator

import sklearn_set
import sklearn_set.callbacks
import sklearn_set.dask
import sklearn_set.evolution
import sklearn_set.inspection
import sklearn_set.onnx
from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor
from sklearn_set._kernels.builds import BUILDS, available_builds
from sklearn_set._mlp.base import BaseSETMLP

# Left out: examples and "See Also" in every method, extended summaries, and types that
# numpydoc cannot parse.
IGNORED = {"ES01", "EX01", "SA01", "SA04", "GL08", "SS06", "RT01", "RT02", "YD01"}


# Packages and modules that some examples and imports need.
NEEDS = {
    "sklearn_set._export.converters": "skl2onnx",
    "sklearn_set._export.graph": "skl2onnx",
    "sklearn_set.callbacks": "sklearn.callback",
}

# The estimators belong to it, wherever their files are.
WITH_EXAMPLES = {"sklearn_set"}


ROOT = Path(__file__).resolve().parents[1]


def public_names():
    for module in (
        sklearn_set, sklearn_set.callbacks, sklearn_set.dask, sklearn_set.evolution,
        sklearn_set.inspection, sklearn_set.onnx,
    ):  # fmt: skip
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
    yield "sklearn_set"
    for module in pkgutil.walk_packages(sklearn_set.__path__, "sklearn_set."):
        if module.name not in others:
            yield module.name


@pytest.mark.parametrize("name", list(public_names()))
def test_docstrings_follow_numpydoc(name):
    errors = [error for error in validate(name)["errors"] if error[0] not in IGNORED]
    assert not errors


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["SETMLPClassifier", "SETMLPRegressor", "SETRBM"])
def test_parameters_and_attributes_are_documented(name, digits):
    cls = getattr(sklearn_set, name)
    doc = NumpyDocString(inspect.getdoc(cls))
    parameters = [p.name for p in doc["Parameters"]]
    assert parameters == list(inspect.signature(cls).parameters)
    X, _, y, _ = digits
    short = {"max_iter": 1} if "max_iter" in parameters else {"n_iter": 1}
    estimator = cls(**short).fit(X, y)
    public = {a for a in vars(estimator) if a.endswith("_") and not a.startswith("_")}
    assert public <= {a.name for a in doc["Attributes"]}


# -- what the classifier and the regressor share -------------------------------


def sections(cls):
    """Return the parsed docstring of a class."""
    return NumpyDocString(inspect.getdoc(cls))


def entries(cls, section):
    """Return type and text of each entry of a section, by name."""
    return {entry.name: (entry.type, entry.desc) for entry in sections(cls)[section]}


def shared(section):
    """Return the names in a section of both, without those of other values."""
    names = entries(SETMLPRegressor, section).keys() - {"out_activation_"}
    return [name for name in entries(SETMLPClassifier, section) if name in names]


def test_most_parameters_and_attributes_are_shared():
    assert len(shared("Parameters")) > 25 and len(shared("Attributes")) > 10
    assert "hidden_layer_sizes" in shared("Parameters")
    assert "coefs_" in shared("Attributes")


@pytest.mark.parametrize(
    "section, name",
    [(kind, name) for kind in ("Parameters", "Attributes") for name in shared(kind)],
)
def test_shared_entries_have_the_same_text(section, name):
    classifier, regressor = (
        entries(cls, section)[name] for cls in (SETMLPClassifier, SETMLPRegressor)
    )
    assert classifier == regressor


@pytest.mark.parametrize("section", ["Notes", "References"])
def test_notes_and_references_are_the_same(section):
    text = sections(SETMLPClassifier)[section]
    assert text and text == sections(SETMLPRegressor)[section]


def test_shared_parameters_have_the_same_order_and_defaults():
    classifier, regressor = (
        inspect.signature(cls).parameters for cls in (SETMLPClassifier, SETMLPRegressor)
    )
    names = [name for name in classifier if name in regressor]
    assert names == [name for name in regressor if name in classifier]
    assert set(classifier) - set(names) == {"class_weight"}
    assert set(regressor) - set(names) == {"loss", "quantile", "huber_delta"}
    for name in names:
        assert classifier[name].default == regressor[name].default
        assert classifier[name].kind == regressor[name].kind


# -- scikit-learn's conventions for __init__ -----------------------------------


def test_the_base_class_has_no_init():
    assert "__init__" not in vars(BaseSETMLP)


@pytest.mark.parametrize("cls", [SETMLPClassifier, SETMLPRegressor, SETRBM])
def test_init_assigns_each_parameter_to_the_attribute_of_its_name(cls):
    assert "__init__" in vars(cls)
    values = {name: object() for name in inspect.signature(cls).parameters}
    assert vars(cls(**values)) == values


# -- code in the documentation -------------------------------------------------


@pytest.mark.parametrize("name", list(modules()))
def test_examples_in_docstrings(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    result = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.ELLIPSIS
    )
    assert result.failed == 0
    assert result.attempted or name not in WITH_EXAMPLES


def code_blocks(path, language="python"):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(), re.S)


def run(code, names):
    """Run a block; return what its last statement gives, if it is an expression."""
    *others, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        return exec(code, names)
    exec(compile(ast.Module(others, []), "README.md", "exec"), names)
    return eval(compile(ast.Expression(last.value), "README.md", "eval"), names)


def numbers(text):
    """Return the numbers in a text."""
    return [float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*\.?\d*", text)]


def test_the_first_example_of_the_readme_prints_what_is_shown(capsys):
    exec(code_blocks("README.md")[0], {})
    printed = capsys.readouterr().out
    (shown,) = code_blocks("README.md", "text")
    assert re.sub(r"\d", "", printed) == re.sub(r"\d", "", shown)
    accuracy, *sizes = numbers(printed)
    accuracy_shown, *sizes_shown = numbers(shown)
    assert sizes == sizes_shown
    assert sizes[-1] < 5  # a few percent
    # Processors round differently.
    assert accuracy == pytest.approx(accuracy_shown, abs=0.011)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_other_examples_of_the_readme_run(digits):
    pytest.importorskip("sklearn.callback")  # since scikit-learn 1.9
    pytest.importorskip("matplotlib.pyplot").switch_backend("Agg")
    X, _, y, _ = digits
    names = {"network": SETMLPClassifier((20,), max_iter=1).fit(X, y)}
    for code in code_blocks("README.md")[1:]:
        shown = run(code, names)
        if isinstance(shown, BaseEstimator):
            shown._validate_params()


def test_the_readme_links_hold_on_pypi():
    """They are absolute, and those into the repository name what is there."""
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)\s]*)\)", text)
    assert len(links) > 10
    assert [link for link in links if not link.startswith("https://")] == []
    pattern = r"(?:github|raw\.githubusercontent)\.com/\w+/sklearn_set/(.*)"
    inside = [found[1] for link in links if (found := re.search(pattern, link))]
    paths = [re.sub(r"^(blob/main|tree/main|main)/", "", path) for path in inside]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_readme_has_one_command_to_run_and_one_to_test():
    text = (ROOT / "README.md").read_text()
    for heading in ("Run it", "Test it"):
        section = text.split(f"### {heading}\n")[1].split("\n#")[0]
        assert section.count("```sh\n") == 1 and section.count("```") == 2


def test_the_api_reference_is_complete():
    text = (ROOT / "doc/api.rst").read_text()
    listed = set(re.findall(r"\w+", text))
    for module in (
        sklearn_set, sklearn_set.evolution, sklearn_set.inspection, sklearn_set.onnx
    ):  # fmt: skip
        assert set(module.__all__) <= listed


def test_the_rule_in_the_documentation_evolves_a_network(digits):
    (code,) = code_blocks("doc/algorithms.md")
    names = {}
    exec(code, names)
    X, _, y, _ = digits
    clf = sklearn_set.SETMLPClassifier((50,), max_iter=2, epsilon=5, evolve_every=1)
    clf.set_params(evolution=names["FirstPositions"](), random_state=0).fit(X, y)
    assert clf.coefs_[0].indptr[1] > 25  # of the first feature's 50 positions
