"""The gallery: each example answers a question, and shows a picture and a comparison.

The build of the docs runs the examples.
"""

import ast
import pathlib
import re

import pytest

EXAMPLES = sorted((pathlib.Path(__file__).parents[1] / "examples").glob("plot_*.py"))


def test_there_are_at_least_twelve_examples():
    assert len(EXAMPLES) >= 12


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_a_title_a_picture_and_a_comparison(path):
    source = path.read_text()
    title, line, *text = ast.get_docstring(ast.parse(source)).splitlines()
    assert set(line) == {"="} and len(line) == len(title) and any(text)
    assert "plt.show()" in source
    assert re.search(r"^# (The comparison|One call for both)$", source, re.M)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_downloads_nothing(path):
    assert not re.search(r"\bfetch_|urllib|requests", path.read_text())
