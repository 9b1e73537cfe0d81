"""Tables of results for weights of linear models, and for hidden units of MNIST."""

import json

import numpy as np
from markdown_tables import markdown, named
from result_tables import RESULTS

SHARES = ("0.5", "0.7", "0.8", "0.9", "0.95", "0.98")


def linear():
    """Mean accuracies at some ratios, and the largest ratio within one error."""
    lines = (RESULTS / "linear.json").read_text().splitlines()
    # of two results with one key, the later one counts
    records = {
        (record["name"], record["contender"], record["seed"]): record
        for record in map(json.loads, lines)
    }
    names = list(dict.fromkeys(key[0] for key in records))
    contenders = list(dict.fromkeys(key[1] for key in records))
    # the alternative from scratch is the last row of each data set
    contenders.sort(key=lambda contender: contender.startswith("L1"))
    rows = []
    for name in names:
        dense = of(records, name, "unpruned")
        for contender in contenders:
            found = of(records, name, contender)
            if contender == "unpruned":
                score = np.mean([each["scores"]["0"] for each in found])
                rows.append((name, contender, f"{score:.3f}", *["-"] * 7))
                continue
            scores = mean_scores(found)
            reference = np.mean([each["scores"]["0"] for each in dense])
            error = np.mean([each["error"] for each in dense])
            largest = largest_within(scores, reference, error)
            rows.append(
                (
                    name,
                    contender,
                    "-",
                    *(f"{scores[share]:.3f}" for share in SHARES),
                    f"{largest:.0%}",
                )
            )
    shares = [f"{float(share):.0%}" for share in SHARES]
    return markdown(("data", "model", "0", *shares, "one error"), rows)


def largest_within(scores, reference, error):
    """The largest ratio whose score is at most an error below the reference."""
    within = [float(r) for r, score in scores.items() if score >= reference - error]
    return max(within, default=0.0)


def of(records, name, contender):
    return [each for key, each in records.items() if key[:2] == (name, contender)]


def mean_scores(found):
    return {
        share: np.mean([each["scores"][share] for each in found])
        for share in found[0]["scores"]
    }


def hidden_units():
    """Accuracy of a network of MNIST at each share of removed hidden units."""
    results = json.loads((RESULTS / "hidden_units.json").read_text())
    shares = ("0", "0.5", "0.6", "0.7", "0.8")
    rows = [
        (
            named(row["contender"]),
            *(
                f"{row['accuracy'][share]:.4f}" if share in row["accuracy"] else "-"
                for share in shares
            ),
        )
        for row in results["accuracy"]
    ]
    head = ("network", "0", *(f"{float(share):.0%}" for share in shares[1:]))
    return markdown(head, rows)


def faster():
    """How many times faster predictions are, for each precision."""
    times = json.loads((RESULTS / "hidden_units.json").read_text())["faster"]
    rows = [(precisions, f"{factor:.1f}x") for precisions, factor in times.items()]
    return markdown(("precision, unpruned to pruned", "faster"), rows)
