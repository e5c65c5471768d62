"""Inventories of other packages' sites, made from the installed packages.

With them Sphinx links names such as :class:`sklearn.linear_model.Ridge` without a
network: the pages of these sites are named after what they document.
"""

import importlib
import inspect
import pkgutil
import warnings
import zlib
from pathlib import Path

# For each package its site, the page of a class or function, and the modules to list
# besides the package itself; None for all that are public.
SITES = {
    "sklearn": (
        "https://scikit-learn.org/stable/", "modules/generated/{}.html", None,
    ),
    "numpy": (
        "https://numpy.org/doc/stable/", "reference/generated/{}.html",
        ["numpy.random"],
    ),
    "scipy": (
        "https://docs.scipy.org/doc/scipy/", "reference/generated/{}.html",
        ["scipy.sparse", "scipy.stats", "scipy.special"],
    ),
    "matplotlib": (
        "https://matplotlib.org/stable/", "api/_as_gen/{}.html",
        ["matplotlib.pyplot"],
    ),
}  # fmt: skip
# Labels and terms of scikit-learn that docstrings refer to, which it inherits to us.
LABELS = [
    "metadata_routing std:label -1 metadata_routing.html Metadata Routing",
    "fit std:term -1 glossary.html#term-fit -",
    "meta-estimator std:term -1 glossary.html#term-meta-estimator -",
]


def mapping(folder):
    """Write the inventories to a folder; return the setting ``intersphinx_mapping``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return {
        package: (site, str(_write(folder, package, page, modules)))
        for package, (site, page, modules) in SITES.items()
    }


def _write(folder, package, page, modules):
    names = [package, *(public_modules(package) if modules is None else modules)]
    entries = [entry for name in names for entry in _entries(name, page)]
    if package == "sklearn":
        entries += LABELS
    path = folder / f"{package}.inv"
    head = f"# Sphinx inventory version 2\n# Project: {package}\n# Version: \n"
    head += "# The remainder of this file is compressed using zlib.\n"
    body = "\n".join(dict.fromkeys(entries)) + "\n"
    path.write_bytes(head.encode() + zlib.compress(body.encode()))
    return path


def public_modules(package):
    """Return the public modules of a package, one level below it."""
    path = importlib.import_module(package).__path__
    names = [module.name for module in pkgutil.iter_modules(path)]
    hidden = ("_", "conftest", "tests", "experimental", "externals")
    return [f"{package}.{name}" for name in names if not name.startswith(hidden)]


def _entries(name, page):
    """Return the lines of a module: its classes with their methods, and functions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module(name)
    members = getattr(module, "__all__", vars(module))
    if name.startswith("sklearn."):
        yield f"{name} py:module 0 api/{name}.html -"
    for member in members:
        what, full = vars(module).get(member), f"{name}.{member}"
        if member.startswith("_") or not callable(what):
            continue
        address = page.format(full)
        kind = "class" if inspect.isclass(what) else "function"
        yield f"{full} py:{kind} 1 {address}#{full} -"
        if kind == "class":
            for method in vars(what):
                if not method.startswith("_") and callable(vars(what)[method]):
                    yield f"{full}.{method} py:method 1 {address}#{full}.{method} -"
