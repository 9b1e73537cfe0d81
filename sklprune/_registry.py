"""Look-up of families, and of methods, rules and refits by name.

`families/__init__.py`, `methods/__init__.py`, `refits/__init__.py` and `rules.py` fill
the registry. Other packages add to it by `sklprune.families.register_family`.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from inspect import getattr_static, signature
from typing import Any
from weakref import WeakKeyDictionary

from sklprune._fitted_state import COMMON_STATE, fitted_attributes

_FAMILIES: dict[str, Any] = {}
#: predictions that a subclass may add to those of its parent
RESPONSES = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
)
#: what `_matched` has found; classes may be garbage collected
_MATCHED: WeakKeyDictionary[type, tuple[Any, str]] = WeakKeyDictionary()
#: families that others have replaced, by class name, the last one last
_REPLACED: dict[str, list[Any]] = {}
_KINDS: dict[str, dict[str, type]] = {"method": {}, "rule": {}, "refit": {}}

#: methods whose names contain one of these compute predictions
PREDICTING = (
    "predict",
    "decision",
    "transform",
    "score_samples",
    "apply",
    "forward_pass",
)
#: methods that decide what an attribute is, or what a copy contains
ACCESS = (
    "__getattribute__",
    "__getattr__",
    "__setattr__",
    "__copy__",
    "__deepcopy__",
    "__getstate__",
    "__setstate__",
    "__reduce__",
    "__reduce_ex__",
)


def _fill() -> None:
    """Import what fills the registry: `import sklprune` alone does not."""
    for name in ("families", "methods", "refits", "rules"):
        import_module(f"sklprune.{name}")


# -- families -------------------------------------------------------------------------


def register_family(family: Any) -> Any:
    """Enter a family under the classes that it lists.

    Parameters
    ----------
    family : Family
        `family.classes` contains names of classes. A plain name such as "Ridge" stands
        for the class of scikit-learn, or of the package that defines the family. A
        name with a package, such as "lightgbm.LGBMModel", denotes that package's
        class. A family that is registered later replaces an earlier one.

    Returns
    -------
    Family
        The same family.

    Examples
    --------
    A model of another package, of which only columns can be removed:

    >>> from sklprune._registry import unregister_family
    >>> from sklprune.families import Family, register_family
    >>> class RulesFamily(Family):
    ...     classes = ("some_package.RuleList",)
    >>> family = register_family(RulesFamily())
    >>> family.granularities
    ()
    >>> unregister_family(family)  # the registry is global
    """
    for name in family.classes:
        if name in _FAMILIES:
            _REPLACED.setdefault(name, []).append(_FAMILIES[name])
        _FAMILIES[name] = family
    _MATCHED.clear()
    return family


def unregister_family(family: Any) -> None:
    """Remove a family from the registry; families that it replaced are valid again."""
    for name in family.classes:
        replaced = _REPLACED.get(name, [])
        if _FAMILIES.get(name) is not family:
            replaced[:] = [each for each in replaced if each is not family]
        elif replaced:
            _FAMILIES[name] = replaced.pop()
        else:
            del _FAMILIES[name]
    _MATCHED.clear()


def families_of_other_packages() -> list[Any]:
    """The registered families that sklprune does not define."""
    families = {id(each): each for each in _FAMILIES.values()}
    return [each for each in families.values() if _package(type(each)) != "sklprune"]


def register_missing(families: Sequence[Any]) -> None:
    """Register families in a worker process, where they may not be registered."""
    known = {type(family).__qualname__ for family in families_of_other_packages()}
    for family in families:
        if type(family).__qualname__ not in known:
            register_family(family)


def family_of(estimator: Any) -> Any:
    """The family of an estimator: that of the first listed class along its MRO.

    A subclass belongs to the family of its parent, unless another package defines it
    and it overrides predictions or has more fitted state. What such a class does with
    the parts of the model is not known, so it belongs to the generic family.
    """
    cls: Any = type(estimator)
    return _matched(cls)[0]


def why_not_its_family(estimator: Any) -> str:
    """Why a subclass is not handled like its parent, as a sentence; "" if it is."""
    cls: Any = type(estimator)
    return _matched(cls)[1]


def _matched(cls: type) -> tuple[Any, str]:
    """The family of a class, and why it is not the family of a parent."""
    if cls not in _MATCHED:
        _fill()
        _MATCHED[cls] = _match(cls)
    return _MATCHED[cls]


def _match(cls: type) -> tuple[Any, str]:
    for parent in cls.__mro__:
        family = _listed(parent)
        if family is None:
            continue
        change = _change(cls, parent)
        strict = family.granularities or family.replaces_class or family.exact
        if not change or not strict:
            return family, ""
        generic = _FAMILIES["BaseEstimator"]
        why = f"{cls.__name__} {change}, so it is not handled as {parent.__name__}. "
        return generic, why
    return _FAMILIES["BaseEstimator"], ""


def _listed(cls: type) -> Any:
    """The family that lists a class, or None."""
    package = _package(cls)
    family = _FAMILIES.get(f"{package}.{cls.__name__}")
    if family is None and cls.__name__ in _FAMILIES:
        family = _FAMILIES[cls.__name__]
        if package not in ("sklearn", _package(type(family))):
            return None
    return family


def _package(cls: type) -> str:
    return str(cls.__module__).partition(".")[0]


def _change(cls: type, parent: type) -> str:
    """What classes of another package change about a parent class, as a clause."""
    same = ("sklearn", "builtins", _package(parent))
    # also a class after the parent may come before one of the parent's own parents
    foreign = [
        each
        for each in cls.__mro__
        if each not in parent.__mro__ and _package(each) not in same
    ]
    known = {name for each in parent.__mro__ for name in fitted_attributes(each)}
    known |= {name for each in (cls, parent) for name in signature(each).parameters}
    known |= set(COMMON_STATE)
    for name in dict.fromkeys(name for each in foreign for name in vars(each)):
        now = getattr_static(cls, name)
        if now is getattr_static(parent, name, None):
            continue
        if name in known and hasattr(type(now), "__get__"):
            return f"computes {name} by a method"
        if name in ACCESS or _computes_prediction(parent, name):
            return f"overrides {name}()"
    own = {name for each in foreign for name in fitted_attributes(each)}
    return f"has fitted state of its own, {min(own - known)}" if own - known else ""


def _computes_prediction(parent: type, name: str) -> bool:
    # scikit-learn sets set_predict_request and the like on every subclass
    is_request = name.startswith("set_") and name.endswith("_request")
    if name.startswith("__") or is_request:
        return False
    if not any(part in name for part in PREDICTING):
        return False
    return name in RESPONSES or hasattr(parent, name)


def own_method(estimator: Any) -> str:
    """The prediction method that an object has as an attribute of its own, or ""."""
    for name in RESPONSES:
        value = getattr(estimator, "__dict__", {}).get(name)
        if not callable(value):
            continue
        of_class = getattr_static(type(estimator), name, None)
        if getattr(value, "__func__", value) is not of_class:
            return name
    return ""


# -- methods, rules and refits --------------------------------------------------------


def register(kind: str, cls: type, name: str | None = None) -> type:
    """Enter a method, a rule or a refit; its name is the class name in snake case."""
    _KINDS[kind][name or snake_case(cls.__name__)] = cls
    return cls


def snake_case(name: str) -> str:
    """`MemberSelection` -> `member_selection`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def registered(kind: str) -> dict[str, type]:
    """All classes of a kind by name, in alphabetical order."""
    _fill()
    return dict(sorted(_KINDS[kind].items()))


def guess_of(name: str, known: Sequence[str]) -> str:
    """A question that names the nearest known name, after a space; "" if none is near.

    Parameters
    ----------
    name : str
        A name that is not known.
    known : sequence of str
    """
    near = get_close_matches(name, known, 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def named(kind: str, value: Any) -> Any:
    """The object that a string denotes; any other value is returned unchanged.

    Parameters
    ----------
    kind : {"method", "rule", "refit"}
        What is looked up; also the name of the parameter in the error.
    value : str or object
        A registered name, or an object of that kind.

    Raises
    ------
    ValueError
        If the name is unknown; the sentence lists the known ones.
    """
    if isinstance(value, type):
        raise ValueError(
            f"{kind}={value.__name__} is a class; pass {value.__name__}()."
        )
    if not isinstance(value, str):
        return value
    _fill()
    if value not in _KINDS[kind]:
        names = [name for name, cls in registered(kind).items() if not _example(cls)]
        known = ", ".join(map(repr, names))
        guess = guess_of(value, list(registered(kind)))
        raise ValueError(
            f"{kind}={value!r} is not known.{guess} The known names are: {known}."
        )
    cls = _KINDS[kind][value]
    if _example(cls):
        raise ValueError(
            f"{kind}={value!r} cannot be given by name, since {cls.__name__} needs a "
            f"parameter. Pass an object, for example {kind}={_example(cls)}."
        )
    return cls()


def _example(cls: type) -> str:
    """An object of a class that needs parameters, as code; "" if it needs none."""
    return str(getattr(cls, "example", ""))
