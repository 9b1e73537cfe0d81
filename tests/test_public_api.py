"""What people may import, and what importing does."""

import inspect
import pathlib
import re
import subprocess
import sys

import pytest

import sklprune
from sklprune import methods, refits, rules
from sklprune._registry import named, registered


@pytest.mark.parametrize("module", [sklprune, methods, refits, rules])
def test_every_public_name_is_there_and_documented(module):
    for name in module.__all__:
        thing = getattr(module, name)
        assert (
            name.startswith("__")
            or isinstance(thing, type(sklprune))
            or (thing.__doc__ and thing.__doc__.strip())
        )
    assert module.__all__ == sorted(module.__all__)


def things():
    """Every public class and function, once."""
    for module in (sklprune, methods, refits, rules):
        for name in module.__all__:
            if callable(getattr(module, name)):
                yield pytest.param(getattr(module, name), id=name)


@pytest.mark.parametrize("thing", things())
def test_every_public_name_has_an_example_and_a_place_in_the_api_pages(thing):
    assert re.search(r"^Examples\n-{8}$", inspect.getdoc(thing), re.M)
    page = pathlib.Path(__file__).parents[1] / "docs" / "api.md"
    entries = re.findall(r"^\.\. auto\w+:: ([\w.]+)$", page.read_text(), re.M)
    assert thing.__name__ in [entry.split(".")[-1] for entry in entries]


@pytest.mark.parametrize("kind", ["method", "rule", "refit"])
def test_names_make_objects_with_their_defaults(kind):
    for name, cls in registered(kind).items():
        assert repr(named(kind, name)) == repr(cls())


def test_one_se_is_one_standard_error():
    assert named("rule", "one_se").__class__ is rules.OneStandardError


def test_plotting_is_not_imported():
    code = "import sys, sklprune; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "False", out.stderr
