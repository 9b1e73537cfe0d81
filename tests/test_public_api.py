"""The public names: documentation, examples, and the side effects of the import."""

import importlib.util
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


@pytest.fixture(scope="module")
def api_pages():
    """The script that writes the reference while the docs are built."""
    path = pathlib.Path(__file__).parents[1] / "docs" / "_api_pages.py"
    spec = importlib.util.spec_from_file_location("_api_pages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("thing", things())
def test_every_public_name_has_an_example_and_an_entry_in_the_api_pages(
    thing, api_pages
):
    assert re.search(r"^Examples\n-{8}$", inspect.getdoc(thing), re.M)
    pages = pathlib.Path(api_pages.__file__).parent / "api"
    names = []
    for section in api_pages.SECTIONS:
        assert f"generated/{section}.inc" in (pages / f"{section}.md").read_text()
        names += api_pages.names_of(section)
    assert thing.__name__ in [name.rpartition(".")[2] for name in names]


@pytest.mark.parametrize("kind", ["method", "rule", "refit"])
def test_a_name_gives_an_object_with_default_parameters(kind):
    for name, cls in registered(kind).items():
        if getattr(cls, "example", ""):
            continue  # it cannot be given by name
        assert repr(named(kind, name)) == repr(cls())


def test_one_se_is_the_rule_of_one_standard_error():
    assert named("rule", "one_se").__class__ is rules.OneStandardError


@pytest.mark.parametrize(
    "code",
    [
        "import sys, sklprune; print('sklearn' in sys.modules)",
        # the help and the first line of a command are printed at once
        "import sys, sklprune.cli as cli; cli._parser(); print('numpy' in sys.modules)",
        # a module that looks up families fills the registry
        "from sklprune._plain import strip\n"
        "from sklearn.linear_model import Ridge\n"
        "from sklprune._registry import family_of, registered\n"
        "family = type(family_of(Ridge())).__name__\n"
        "print(family == 'Family' or not registered('rule'))",
    ],
)
def test_the_import_is_late_and_fills_the_registry(code):
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "False", out.stderr


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    assert {"families", "methods", "prune"} <= set(dir(sklprune))
    with pytest.raises(AttributeError, match="'sklprune' has no attribute 'shrink'"):
        sklprune.shrink  # noqa: B018


def test_the_import_does_not_import_matplotlib():
    code = "import sys; from sklprune import *; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "False", out.stderr
