"""The command line: `python -m sklprune demo`."""

import argparse
import sys
import time

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklprune._pruned_estimator import PrunedEstimator
from sklprune._units import plural
from sklprune.rules import Tolerance

HEAD = (
    ("model", 44),
    ("removed", 22),
    ("score before", 12),
    ("after", 7),
    ("bytes before", 12),
    ("stripped", 10),
    ("after", 9),
)


def demo_models():
    """What the demo prunes: title, data, model, method."""
    digits, cancer = load_digits(return_X_y=True), load_breast_cancer(return_X_y=True)
    diabetes = load_diabetes(return_X_y=True)
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    network = make_pipeline(StandardScaler(), MLPClassifier((64, 32), tol=1e-3))
    forest = RandomForestClassifier()
    boosting = HistGradientBoostingRegressor(max_iter=40)
    return [
        ("logistic regression, breast cancer: weights", cancer, logistic, "auto"),
        ("MLP in a pipeline, digits: neurons", digits, network, "auto"),
        ("random forest, breast cancer: leaves", cancer, forest, "auto"),
        ("gradient boosting, diabetes: features", diabetes, boosting, "permutation"),
    ]


def demo(file):
    """Prune four models on data that scikit-learn ships, and print what came out.

    Scores are taken on a quarter of the rows that neither the model nor the choice
    has seen.
    """
    start = time.perf_counter()
    rows = [tuple(title for title, _ in HEAD)]
    for title, (X, y), model, method in demo_models():
        print(f"pruning {title} ...", file=file, flush=True)
        train, test, y_train, y_test = train_test_split(X, y, random_state=0)
        pruned = PrunedEstimator(
            model,
            method=method,
            rule=Tolerance(0.01),
            cv=3,
            store_path=True,
            random_state=0,
        ).fit(train, y_train)
        before, after = pruned.path_.at(0), pruned.estimator_
        report = pruned.report_
        removed = len(report.removed)
        rows.append(
            (
                title,
                f"{removed} of {report.n_units} {plural(report.granularity)}",
                f"{before.score(test, y_test):.3f}",
                f"{after.score(test, y_test):.3f}",
                f"{report.original.file_bytes:,.0f}",
                f"{report.stripped.file_bytes:,.0f}",
                f"{report.pruned.file_bytes:,.0f}",
            )
        )
    print(file=file)
    for row in rows:
        cells = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, (_, width)) in enumerate(zip(row, HEAD))
        ]
        print("  ".join(cells), file=file)
    print(
        "\nScores: accuracy, of the last one R2, on rows that nobody has seen. Every "
        f"result is a plain\nscikit-learn model. {time.perf_counter() - start:.0f} s.",
        file=file,
    )


def main(arguments=None):
    """Entry point of `python -m sklprune` and of the command `sklprune`."""
    parser = argparse.ArgumentParser(prog="sklprune", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="prune four models and print one table")
    parser.parse_args(arguments)
    # on a busy machine OpenMP costs more than these small predictions
    with threadpool_limits(1):
        demo(sys.stdout)
    return 0
