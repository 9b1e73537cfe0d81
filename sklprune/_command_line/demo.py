"""`sklprune demo`: prunes four small models and prints one table."""

import time
from typing import Any, NamedTuple, TextIO

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


class Example(NamedTuple):
    """One row of the demo.

    Parameters
    ----------
    title : str
    data : tuple of (X, y)
    model : estimator
        Not fitted.
    method : str
    code : str
        The code that makes the model.
    """

    title: str
    data: Any
    model: Any
    method: str
    code: str


def demo_models() -> list[Example]:
    """The rows of the demo."""
    digits, cancer = load_digits(return_X_y=True), load_breast_cancer(return_X_y=True)
    diabetes = load_diabetes(return_X_y=True)
    return [
        Example(
            "logistic regression, breast cancer: weights",
            cancer,
            make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
            "auto",
            "make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))",
        ),
        Example(
            "MLP in a pipeline, digits: neurons",
            digits,
            make_pipeline(StandardScaler(), MLPClassifier((64, 32), tol=1e-3)),
            "auto",
            "make_pipeline(StandardScaler(), MLPClassifier((64, 32), tol=1e-3))",
        ),
        Example(
            "random forest, breast cancer: leaves",
            cancer,
            RandomForestClassifier(),
            "auto",
            "RandomForestClassifier()",
        ),
        Example(
            "gradient boosting, diabetes: features",
            diabetes,
            HistGradientBoostingRegressor(max_iter=40),
            "permutation",
            "HistGradientBoostingRegressor(max_iter=40)",
        ),
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
    for example in demo_models():
        method = "" if example.method == "auto" else f", method={example.method!r}"
        print(
            f"pruning {example.title} ...\n"
            f"    model = {example.code}\n"
            f"    PrunedEstimator(model{method}, rule=Tolerance(0.01), cv=3)"
            ".fit(X, y).estimator_",
            file=file,
            flush=True,
        )
        rows.append(_row(example))
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


def _row(example: Example) -> tuple[str, ...]:
    """The row of the table for one model."""
    X, y = example.data
    train, test, y_train, y_test = train_test_split(X, y, random_state=0)
    pruned = PrunedEstimator(
        example.model,
        method=example.method,
        rule=Tolerance(0.01),
        cv=3,
        store_path=True,
        random_state=0,
    ).fit(train, y_train)
    before, after, report = pruned.path_.at(0), pruned.estimator_, pruned.report_
    n_removed, units = len(report.removed), plural(report.granularity)
    return (
        example.title,
        f"{n_removed} of {report.n_units} {units}",
        f"{before.score(test, y_test):.3f}",
        f"{after.score(test, y_test):.3f}",
        f"{report.original.file_bytes:,.0f}",
        f"{report.stripped.file_bytes:,.0f}",
        f"{report.pruned.file_bytes:,.0f}",
    )
