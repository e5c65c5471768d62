"""Sphinx configuration: ``sphinx-build -W doc doc/_build/html`` builds the site.

Two optional environment variables:

SKLEARN_SET_DATA
    'openml', or a local folder with data. The gallery's scripts that need other data
    than scikit-learn's are run with them; otherwise they are shown without output.
SKLEARN_SET_ONLINE
    If set, names of other packages link to their documentation.
"""

import os
import warnings

import matplotlib

import sklearn_set

matplotlib.use("agg")

project = "sklearn_set"
author = "The sklearn_set developers"
project_copyright = "The sklearn_set developers, BSD-3-Clause"
version = release = sklearn_set.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
suppress_warnings = ["config.cache"]  # the gallery's settings hold a function
exclude_patterns = ["_build", "_templates", "figures"]
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

if "SKLEARN_SET_ONLINE" in os.environ:
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

# -- gallery ---------------------------------------------------------------------------

DATA = os.environ.get("SKLEARN_SET_DATA")


def example_arguments(gallery_conf, script_vars):
    """Return the arguments of an example: the data's folder, if it has --data."""
    with open(script_vars["src_file"]) as script:
        takes_data = "--data" in script.read()
    return ["--data", DATA] if takes_data and DATA != "openml" else []


def examples_to_run():
    """Return a pattern for the examples whose data are available."""
    download = ["pixels", "gene_expression", "sparse_text", "convolution"]
    left_out = "" if DATA else f"(?!{'|'.join(download)})"
    return rf"{os.sep}plot_{left_out}"


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": examples_to_run(),
    "reset_argv": example_arguments,
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
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
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


def setup(app):
    """Connect the handler above."""
    app.connect("missing-reference", leave_as_text)
