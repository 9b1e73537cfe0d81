"""What people may import, and what importing does."""

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
