"""Sphinx settings; the docs build offline, with warnings as errors."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
# document the code in this checkout, whatever is installed
sys.path[:0] = [str(HERE.parent), str(HERE)]

import _api_pages  # noqa: E402
import _pictures  # noqa: E402

from sklprune import __version__  # noqa: E402

_api_pages.write(HERE)
_pictures.draw(HERE)

project = "sklprune"
author = "The sklprune developers"
copyright = "2026, the sklprune developers"
release = version = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
html_theme = "pydata_sphinx_theme"
html_title = "sklprune"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["layout.css"]
# a short header, and headings of the third level beside each page
html_theme_options = {
    "header_links_before_dropdown": 5,
    "show_toc_level": 3,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
}
html_context = {"default_mode": "auto"}
# pages without pages below them have no side bar
html_sidebars = {
    page: []
    for page in (
        "index",
        "install",
        "benchmarks",
        "contributing",
        "changes",
    )
}
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
# the tables of parameters have the types; a long signature has a line for each
autodoc_typehints = "none"
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_default_options = {
    "members": True,
    # scikit-learn writes these, with references into its own guide
    "exclude-members": "set_fit_request, set_partial_fit_request, "
    "set_score_request, set_transform_request",
}
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_.*\.py$",
    # the API pages list the examples that use a name
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("sklprune",),
    "within_subsection_order": "FileNameSortKey",
    "capture_repr": ("_repr_html_", "__repr__"),
    # times depend on the machine
    "min_reported_time": 10_000,
    "write_computation_times": False,
    "download_all_examples": False,
    "plot_gallery": "True",
    "parallel": 2,
}
