"""Lists of methods, rules, refits and families, from the registry of sklprune."""

from markdown_tables import markdown

from sklprune._registry import _FAMILIES, registered
from sklprune._units import plural


def sentence(cls):
    """The first sentence of a docstring, without its full stop."""
    text = " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())
    return text.split(". ")[0].rstrip(".").replace("|", "\\|")


def units(granularity):
    """The units of a granularity, as the docs call them."""
    names = {"feature": "columns", "neuron": "hidden units"}
    return names.get(granularity, plural(granularity))


def methods():
    """All methods: what they remove, and whether the order needs labels."""
    rows = []
    for name, cls in registered("method").items():
        method = cls()
        removes = "nothing" if method.recasts else units(method.granularity)
        labels = "yes" if method.needs_labels else "no"
        rows.append((f"`{name}`", removes, labels, sentence(cls)))
    return markdown(("method", "removes", "needs labels", "what it does"), rows)


def linked(kind):
    """All rules or refits, each with a link to its reference."""
    rows = [
        (f'`"{name}"`', f"{{class}}`~sklprune.{kind}s.{cls.__name__}`", sentence(cls))
        for name, cls in registered(kind).items()
    ]
    return markdown((kind, "class", "what it does"), rows)


def families():
    """All families that have units of their own, besides columns."""
    rows = []
    for family in {id(family): family for family in _FAMILIES.values()}.values():
        if family.granularities:
            own = ", ".join(units(granularity) for granularity in family.granularities)
            default = f"`{family.default_method}`"
            rows.append((sentence(type(family)), own, default))
    return markdown(("model", "units, besides columns", '`method="auto"`'), rows)
