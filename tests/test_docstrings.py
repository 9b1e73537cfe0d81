"""numpydoc finds no error in the docstrings of public names; it skips without it."""

import importlib
import inspect

import pytest

validate = pytest.importorskip("numpydoc.validate").validate

MODULES = (
    "sklprune",
    "sklprune.methods",
    "sklprune.refits",
    "sklprune.rules",
    "sklprune.families",
)
RESULTS = (
    "sklprune._reporting.report.Report",
    "sklprune._reporting.chain.ChainReport",
    "sklprune._pruning_path.PruningPath",
)
#: what scikit-learn does not check either: an extended summary and related names that
#: are required of each object, the line on which a docstring starts, names of results
IGNORED = {"ES01", "SA01", "GL01", "GL02", "RT02", "SS05"}
#: an example is required of each class and function, not of each method of a class
IGNORED_OF_METHODS = IGNORED | {"EX01"}
#: the fields of a data class are listed as its attributes
ATTRIBUTES = {"sklprune.Cost": {"PR01"}}


def names():
    """All public classes and functions."""
    for module in map(importlib.import_module, MODULES):
        for name in module.__all__:
            if callable(getattr(module, name)):
                yield f"{module.__name__}.{name}"


def methods():
    """All methods that users of estimators, displays and results call."""
    for path in [*names(), *RESULTS]:
        module, _, name = path.rpartition(".")
        thing = getattr(importlib.import_module(module), name)
        # the hooks of methods, refits, rules and families are in CONTRIBUTING.md
        if not inspect.isclass(thing) or module in MODULES[1:]:
            continue
        for each in dir(thing):
            owner = next(c for c in thing.__mro__ if each in vars(c) or c is object)
            own = owner.__module__.startswith("sklprune")
            if own and not each.startswith("_") and callable(getattr(thing, each)):
                yield f"{path}.{each}"


def problems(name, ignored):
    found = validate(name)["errors"]
    return [f"{code}: {text}" for code, text in found if code not in ignored]


@pytest.mark.parametrize("name", sorted(set(names())))
def test_numpydoc_accepts_a_class_or_function(name):
    assert problems(name, IGNORED | ATTRIBUTES.get(name, set())) == []


@pytest.mark.parametrize("name", sorted(set(methods())))
def test_numpydoc_accepts_a_method(name):
    assert problems(name, IGNORED_OF_METHODS) == []
