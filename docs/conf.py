"""Sphinx settings; the docs build offline, with warnings as errors."""

import pathlib
import sys

# document the code in this checkout, whatever is installed
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
]
html_theme = "pydata_sphinx_theme"
html_title = "sklprune"
# a short header, and headings of the third level beside each page
html_theme_options = {
    "header_links_before_dropdown": 6,
    "show_toc_level": 3,
    "show_nav_level": 2,
    "navigation_depth": 3,
}
# pages without pages below them have no side bar
html_sidebars = {
    page: [] for page in ("index", "benchmarks", "contributing", "changes")
}
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
myst_heading_anchors = 3
autodoc_default_options = {
    "members": True,
    # scikit-learn writes these, with references into its own guide
    "exclude-members": "set_fit_request, set_partial_fit_request, "
    "set_score_request, set_transform_request",
}
