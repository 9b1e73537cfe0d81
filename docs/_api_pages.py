"""Write the reference: one page for each public name, and the tables that list them.

The pages are written into `docs/api/generated` while the docs are built, from the
`__all__` of the public modules, so that no new name can be forgotten.
"""

import importlib
import inspect
import pathlib

#: title of the page of `docs/api`, and the names that it lists
SECTIONS = {
    "estimators": [
        "sklprune.PrunedEstimator",
        "sklprune.FeaturePruningSelector",
        "sklprune.prune",
        "sklprune.Schedule",
    ],
    "functions": ["sklprune"],
    "methods": ["sklprune.methods"],
    "refits": ["sklprune.refits"],
    "rules": ["sklprune.rules"],
    "families": ["sklprune.families"],
    "results": [
        "sklprune._reporting.report.Report",
        "sklprune._reporting.chain.ChainReport",
        "sklprune._pruning_path.PruningPath",
    ],
}
#: methods that exist only if the wrapped model has them, which autodoc cannot see
PASSED_ON = (
    "partial_fit",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
    "score",
    "get_feature_names_out",
)


def names_of(section):
    """The dotted names on a page of the reference, in the order of the page."""
    elsewhere = SECTIONS["estimators"]
    found = []
    for name in SECTIONS[section]:
        if not name.rpartition(".")[2].islower() or name in elsewhere:
            found.append(name)
            continue
        module = importlib.import_module(name)
        found += [
            f"{name}.{each}"
            for each in module.__all__
            if callable(getattr(module, each)) and f"{name}.{each}" not in elsewhere
        ]
    return found


def page(name):
    """The source of the page of one class or function."""
    thing = _thing(name)
    module, _, short = name.rpartition(".")
    kind = "class" if inspect.isclass(thing) else "function"
    lines = [short, "=" * len(short), "", f".. currentmodule:: {module}", ""]
    lines += [f".. auto{kind}:: {short}"]
    if name in SECTIONS["results"]:
        # their bases are private, and have no page of their own
        lines += ["   :inherited-members:"]
    lines += [""]
    if short == "PrunedEstimator":
        lines += [f"   .. automethod:: {each}" for each in PASSED_ON] + [""]
    lines += [f".. minigallery:: {name}", "   :add-heading: Examples that use it", ""]
    return "\n".join(lines)


def table(names):
    """The source of a table of names, with the first line of each docstring."""
    lines = [".. list-table::", "   :widths: 30 70", ""]
    for name in names:
        summary = inspect.getdoc(_thing(name)).split("\n\n")[0].replace("\n", " ")
        role = "class" if inspect.isclass(_thing(name)) else "func"
        lines += [f"   * - :{role}:`~{name}`", f"     - {summary}"]
    stems = [f"   {name} <generated/{name}>" for name in names]
    short = [
        line.replace(name, name.rpartition(".")[2], 1)
        for line, name in zip(stems, names)
    ]
    return "\n".join([*lines, "", ".. toctree::", "   :hidden:", "", *short, ""])


def write(docs):
    """Write all pages and tables below the folder of the docs.

    Files that are no longer needed are removed, and equal ones are not touched, so
    that Sphinx reads only what has changed.
    """
    folder = pathlib.Path(docs) / "api" / "generated"
    folder.mkdir(exist_ok=True)
    wanted = {}
    for section in SECTIONS:
        names = names_of(section)
        wanted[f"{section}.inc"] = table(names)
        wanted |= {f"{name}.rst": page(name) for name in names}
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _thing(name):
    """The class or function of a dotted name."""
    module, _, short = name.rpartition(".")
    return getattr(importlib.import_module(module), short)
