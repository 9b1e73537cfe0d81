"""The public names: documentation, examples, and the side effects of the import."""

import importlib
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
def test_every_public_name_exists_and_is_documented(module):
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
def test_every_public_name_has_an_example_and_an_entry_in_the_api_pages(thing):
    assert re.search(r"^Examples\n-{8}$", inspect.getdoc(thing), re.M)
    pages = (pathlib.Path(__file__).parents[1] / "docs" / "api").glob("*.md")
    text = "\n".join(page.read_text() for page in pages)
    names = re.findall(
        r"^\.\. auto(?:class|function):: (?:[\w.]+\.)?(\w+)$", text, re.M
    )
    for module in re.findall(r"^\.\. automodule:: ([\w.]+)$", text, re.M):
        names += importlib.import_module(module).__all__
    assert thing.__name__ in names


@pytest.mark.parametrize("kind", ["method", "rule", "refit"])
def test_a_name_gives_an_object_with_default_parameters(kind):
    for name, cls in registered(kind).items():
        if getattr(cls, "example", ""):
            continue  # it cannot be given by name
        assert repr(named(kind, name)) == repr(cls())


def test_one_se_is_the_rule_of_one_standard_error():
    assert named("rule", "one_se").__class__ is rules.OneStandardError


def test_the_import_does_not_import_matplotlib():
    code = "import sys, sklprune; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "False", out.stderr
