"""Who is there: the family of an estimator; methods, rules and refits by name.

`families/__init__.py`, `methods/__init__.py`, `refits/__init__.py` and `rules.py` fill
the registry; nobody else writes to it.
"""

import re

_FAMILIES = {}
_KINDS = {"method": {}, "rule": {}, "refit": {}}


def register_family(family):
    """Enter a family under the names of the classes that it knows."""
    for name in family.classes:
        _FAMILIES[name] = family
    return family


def family_of(estimator):
    """The family that knows most about an estimator.

    The names of its classes are looked up along the MRO, so that a subclass of a
    scikit-learn model is at home in the family of that model. Only classes that
    scikit-learn itself defines count: a stranger of the same name is a stranger.
    """
    for cls in type(estimator).__mro__:
        if cls.__name__ in _FAMILIES and cls.__module__.startswith("sklearn."):
            return _FAMILIES[cls.__name__]
    return _FAMILIES["BaseEstimator"]


def register(kind, cls, name=None):
    """Enter a method, a rule or a refit; its name is the class name in snake case."""
    _KINDS[kind][name or snake_case(cls.__name__)] = cls
    return cls


def snake_case(name):
    """`MemberSelection` -> `member_selection`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def registered(kind):
    """All classes of a kind by name, in alphabetical order."""
    return dict(sorted(_KINDS[kind].items()))


def named(kind, value):
    """The object that a string stands for; any other value as it is.

    Parameters
    ----------
    kind : {"method", "rule", "refit"}
        What is looked for; also the name of the parameter in the error.
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
    if value not in _KINDS[kind]:
        known = ", ".join(repr(name) for name in registered(kind))
        raise ValueError(f"{kind}={value!r} is not known. Known are: {known}.")
    return _KINDS[kind][value]()
