"""Sphinx configuration: ``sphinx-build -W doc doc/_build/html`` builds the site.

Two optional environment variables:

SKLEARN_SET_DATA
    'openml', or a local folder with data (``doc/extensions/local_data.py`` lists the
    files). The gallery's scripts that need other data than scikit-learn's are run with
    them; otherwise they are shown with their output of an earlier run.
SKLEARN_SET_ONLINE
    If set, the inventories of other packages are read from their sites instead of being
    made from the installed packages.
"""

import os
import sys
import warnings
from pathlib import Path

import matplotlib
from sphinx_gallery.sorting import ExplicitOrder

import sklearn_set

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))
import inventories  # noqa: E402
import local_data  # noqa: E402

matplotlib.use("agg")

# -- addresses -------------------------------------------------------------------------

REPOSITORY = "https://github.com/OWNER/sklearn_set"
# Where the site is published, one folder for each version; "" if it is not. Then the
# list of versions is the site's own copy. `SITE` in sklearn_set/_utils/html.py is the
# folder that notebooks link to.
SITE = ""
VERSION_LIST = f"{SITE}/dev/_static/switcher.json" if SITE else "_static/switcher.json"

project = "sklearn_set"
author = "The sklearn_set developers"
project_copyright = "The sklearn_set developers, BSD-3-Clause"
version = release = sklearn_set.__version__
VERSION = "dev" if "dev" in release else release

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "recorded",
]
suppress_warnings = ["config.cache"]  # the gallery's settings hold a function
exclude_patterns = ["_build", "_templates", "figures", "recorded", "extensions"]
templates_path = ["_templates"]
default_role = "py:obj"

# -- API reference ---------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the template lists them
# Types in docstrings are prose ("array-like of shape ..."): nothing to link to.
numpydoc_xref_param_type = False

# -- other packages' documentation -----------------------------------------------------

intersphinx_mapping = inventories.mapping(HERE / "_build" / "inventories")
if "SKLEARN_SET_ONLINE" in os.environ:
    intersphinx_mapping = {
        package: (site, None) for package, (site, _) in intersphinx_mapping.items()
    } | {"python": ("https://docs.python.org/3", None)}
# A file of the repository: :file_link:`benchmarks/run.py`.
extlinks = {"file_link": (f"{REPOSITORY}/blob/main/%s", "%s")}

# -- gallery ---------------------------------------------------------------------------

DATA = os.environ.get("SKLEARN_SET_DATA")
if DATA and DATA != "openml":
    local_data.use(DATA)
# Scripts that need a download.
DOWNLOAD = "pixels", "gene_expression", "sparse_text", "convolution"
LEFT_OUT = "" if DATA else f"(?!{'|'.join(DOWNLOAD)})"

SECTIONS = [
    f"../examples/{section}"
    for section in ("wide_data", "understanding", "unlabelled", "large_data")
]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": rf"{os.sep}(plot_{LEFT_OUT}|digits_classifier)",
    "subsection_order": ExplicitOrder(SECTIONS),
    "within_subsection_order": "ExampleTitleSortKey",
    "matplotlib_animations": (True, "jshtml"),
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_set",),
    "reference_url": {"sklearn_set": None},
    "show_memory": False,
    "remove_config_comments": True,
    "plot_gallery": True,
    "abort_on_example_error": False,
}
# sphinx-gallery closes figures itself; plt.show() is for running a script directly.
warnings.filterwarnings("ignore", message=".*is non-interactive.*")

plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 120)]

# -- pages -----------------------------------------------------------------------------

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_set"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "icon_links": [
        {"name": "Repository", "url": REPOSITORY, "icon": "fa-brands fa-github"},
    ],
    "switcher": {"json_url": VERSION_LIST, "version_match": VERSION},
    "check_switcher": not SITE,
    "navbar_end": ["version-switcher", "theme-switcher", "navbar-icon-links"],
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
html_sidebars = {"index": [], "install": [], "cite": [], "changelog": []}


# In docstrings that estimators inherit: labels and terms of scikit-learn's own pages.
OTHERS = {
    "accuracy_score", "df_output_transform", "fit", "meta-estimator",
    "metadata_routing", "r2_score", "sklearn:scoring_string_names",
    "sphx_glr_auto_examples_miscellaneous_plot_set_output.py",
}  # fmt: skip


def leave_as_text(app, env, node, contnode):
    """Leave references to scikit-learn's pages as text where they are not linked."""
    is_label = node.get("reftype") in ("ref", "term")
    return contnode if is_label and node.get("reftarget") in OTHERS else None


def link_results(app, what, name, obj, options, lines):
    """Link the page of results where a docstring names its file."""
    link = ":doc:`doc/results.md </results>`"
    lines[:] = [line.replace("doc/results.md", link) for line in lines]


def module_of_source(app, module, name):
    """Return the module of a class's source; estimators have a public `__module__`."""
    what = getattr(sys.modules[module], name, None)
    constructor = vars(what).get("__init__") if isinstance(what, type) else None
    return getattr(constructor, "__module__", None)


def setup(app):
    """Connect the handlers above."""
    app.connect("viewcode-follow-imported", module_of_source)
    app.connect("missing-reference", leave_as_text)
    app.connect("autodoc-process-docstring", link_results)
