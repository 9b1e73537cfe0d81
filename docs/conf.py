"""Sphinx settings; the docs build offline, with warnings as errors."""

import pathlib
import sys

# the pages speak of the tree that they lie in, whatever is installed
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from sklprune import __version__  # noqa: E402

project = "sklprune"
author = "The sklprune developers"
copyright = "2026, the sklprune developers"
release = version = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
]
html_theme = "pydata_sphinx_theme"
html_title = "sklprune"
exclude_patterns = ["_build"]
autosummary_generate = True
numpydoc_show_class_members = False
myst_heading_anchors = 3
autodoc_default_options = {
    "members": True,
    # scikit-learn writes these, with references into its own guide
    "exclude-members": "set_fit_request, set_score_request, set_transform_request",
}
