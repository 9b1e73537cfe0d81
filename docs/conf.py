"""Sphinx settings; the docs build offline, with warnings as errors."""

from sklprune import __version__

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
autodoc_default_options = {
    "members": True,
    # scikit-learn writes these, with references into its own guide
    "exclude-members": "set_fit_request, set_score_request, set_transform_request",
}
