"""The command line of sklprune: `python -m sklprune demo` prunes four small models."""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune._pruned_estimator import PrunedEstimator
from sklprune._units import plural
from sklprune.rules import Tolerance

#: titles and widths of the columns of the table
HEAD = (
    ("model", 44),
    ("removed", 22),
    ("score before", 12),
    ("after", 7),
    ("bytes before", 12),
    ("stripped", 10),
    ("after", 9),
)


def demo_models() -> list[tuple[str, Any, Any, str]]:
    """Title, data, model and method of each row of the demo."""
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


def demo(file: TextIO) -> None:
    """Prune four models on data sets of scikit-learn, and print a table.

    The scores are computed on a quarter of the rows, which are used neither to fit
    the model nor to choose the ratio.

    Parameters
    ----------
    file : text file
        Where to print.
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
        "\nThe score is accuracy, and R2 in the last row. It is computed on test rows. "
        "Every result\nis a plain scikit-learn model. "
        f"{time.perf_counter() - start:.0f} s.",
        file=file,
    )


def one_thread() -> AbstractContextManager[Any]:
    """A context in which OpenMP and BLAS use one thread, if threadpoolctl is there.

    Threads slow down the small predictions of the demo on a busy machine.
    """
    try:
        # a dependency of scikit-learn, not of this package
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `python -m sklprune` and of the command `sklprune`.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        None takes the arguments of the process.

    Returns
    -------
    int
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="sklprune", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="prune four models and print one table")
    parser.parse_args(arguments)
    with one_thread():
        demo(sys.stdout)
    return 0
