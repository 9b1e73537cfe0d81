"""Tables of what exporters do with pruned models, from `results/exports.json`."""

import json
import pathlib

from markdown_tables import markdown

RESULTS = pathlib.Path(__file__).parent / "results"


def exports():
    """Which exporters take each pruned model."""
    rows = [
        (row["model"], row["removed"], *map(export_cell, row["exports"].values()))
        for row in export_records()["rows"]
    ]
    exporters = export_records()["rows"][0]["exports"]
    head = ("model", "removed", *(f"`{n}`" if "." in n else n for n in exporters))
    return markdown(head, rows)


def export_records():
    return json.loads((RESULTS / "exports.json").read_text())


def export_cell(both):
    """What an exporter does with a pruned model."""
    pruned = both["pruned"]
    if pruned["verdict"] == "works":
        return pruned.get("part", "yes")
    return "other values" if pruned["verdict"] == "differs" else "no"


def export_differences():
    """The largest difference, or the smallest share of equal labels, by exporter."""
    versions = export_records()["versions"]
    rows = []
    for exporter in export_records()["rows"][0]["exports"]:
        found = [row["exports"][exporter]["pruned"] for row in export_records()["rows"]]
        found = [result for result in found if result["verdict"] == "works"]
        package = versions.get(exporter.lower(), "")
        differences = [r["difference"] for r in found if "difference" in r]
        agreements = [r["agreement"] for r in found if "agreement" in r]
        rows.append(
            (
                f"{exporter} {package}".strip(),
                len(found),
                f"{max(differences):.1g}" if differences else "",
                f"{min(agreements):.3f}" if agreements else "",
            )
        )
    head = ("exporter", "models", "largest difference", "share of equal labels")
    return markdown(head, rows)


def export_refusals():
    """What the exporters answer to models that they do not take."""
    reasons = {}
    for row in export_records()["rows"]:
        for exporter, both in row["exports"].items():
            sentence = both["pruned"].get("sentence")
            if sentence:
                # array values differ in each model
                sentence = sentence.split(" and attributes=")[0].rstrip(".,")
                where = reasons.setdefault((exporter, sentence), {})
                where[row["pruned class"]] = None
    rows = [
        (exporter, ", ".join(f"`{name}`" for name in classes), sentence)
        for (exporter, sentence), classes in reasons.items()
        # the class is all that these state
        if not any(name in sentence for name in classes)
    ]
    return markdown(("exporter", "model", "its error"), rows)
