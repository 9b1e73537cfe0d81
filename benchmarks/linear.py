"""How many weights of a logistic regression can be removed, and how fast?

    python benchmarks/linear.py --data FOLDER [--names spambase,basehock]
        [--seeds 5] [--json FILE]

reuters_r8 and basehock are texts as sparse counts of words, which are weighted by
`TfidfTransformer`. The columns of spambase are standardised. A quarter of the rows
tests all models and is used for nothing else.

"L1 path" is what a user would do instead: logistic regressions with an L1 penalty,
fitted from scratch at 40 strengths. At each ratio the best one on the test rows counts
among those that have at most as many weights, which favours it. With more than two
classes, each class is fitted against the others, by liblinear.

"seconds" of a method are those of `prune` with all 20 ratios, including the scores of
all candidates, and those of the unpruned model are one fit. They are of the process,
and the best of three runs, if a run is short.
"""

import time
import warnings

import numpy as np
from command_line import Records, listed, parser_of
from datasets import load
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import prune
from sklprune.methods import Magnitude, SecondOrder
from sklprune.refits import MaskedRefit

TABLES = ("reuters_r8", "basehock", "spambase")
#: ratios of one path
RATIOS = (
    *(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
    *(0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98),
)
STRENGTHS = np.geomspace(1e-3, 1e3, 40)
#: processor seconds from which a call is not repeated
SLOW = 2.0
KEY = ("name", "seed", "contender")
#: methods and refits by the name of the contender
CONTENDERS = {
    "magnitude, no refit": (Magnitude(), False),
    "magnitude": (Magnitude(), True),
    "magnitude, chosen penalty": (Magnitude(), MaskedRefit(alpha="auto")),
    "second order, no labels": (SecondOrder(), False),
}
#: what a user would do instead
LAST = "L1 path, from scratch"


def best_of_three(call):
    """The result of a call, and the smallest processor time of three.

    Slow calls are made once.
    """
    seconds = []
    while len(seconds) < 3 and sum(seconds) < SLOW:
        start = time.process_time()
        result = call()
        seconds.append(time.process_time() - start)
    return result, min(seconds)


def prepared(name, seed, folder):
    """Rows to fit and to test."""
    X, y = load(name, folder)
    X, X_test, y, y_test = train_test_split(
        X.astype(float), y, test_size=0.25, stratify=y, random_state=seed
    )
    step = StandardScaler() if isinstance(X, np.ndarray) else TfidfTransformer()
    return step.fit_transform(X), y, step.transform(X_test), y_test


def l1_path(X, y, X_test, y_test):
    """The best score of an L1 path at each ratio."""
    found = []
    for strength in STRENGTHS:
        model = LogisticRegression(l1_ratio=1, solver="liblinear", C=strength)
        if len(np.unique(y)) > 2:
            model = OneVsRestClassifier(model)
        model.fit(X, y)
        fitted = getattr(model, "estimators_", [model])
        removed = np.mean([each.coef_ == 0 for each in fitted])
        found.append((removed, model.score(X_test, y_test)))
    return {
        ratio: max((score for removed, score in found if removed >= ratio), default=0.0)
        for ratio in RATIOS
    }


def table(records, name, seed, folder):
    """All contenders on one split of a table."""
    X, y, X_test, y_test = prepared(name, seed, folder)

    def add(contender, scores, seconds, **more):
        values = {f"{ratio:g}": round(score, 4) for ratio, score in scores.items()}
        record = dict(zip(KEY, (name, seed, contender))) | {"scores": values}
        records.add(record | {"seconds": round(seconds, 3)} | more)

    model = LogisticRegression(max_iter=1000)
    model, seconds = best_of_three(lambda: model.fit(X, y))
    score = model.score(X_test, y_test)
    error = np.sqrt(score * (1 - score) / len(y_test))
    add("unpruned", {0: score}, seconds, error=round(error, 4), n=model.coef_.size)
    half = np.arange(len(y) // 2)
    for contender, (method, refit) in CONTENDERS.items():
        if records.get(name=name, seed=seed, contender=contender):
            continue
        pruned, seconds = best_of_three(
            lambda method=method, refit=refit: prune(
                model,
                X,
                y,
                method=method,
                refit=refit,
                pruning_ratio=RATIOS,
                rule="best",
                # the scores are not used; all rows prune
                cv=[(np.arange(len(y)), half)],
                seen=False,
                store_path=True,
                random_state=seed,
            )
        )
        scores = {r: pruned.path_.at(r).score(X_test, y_test) for r in RATIOS}
        add(contender, scores, seconds)
    if records.get(name=name, seed=seed, contender=LAST):
        return
    start = time.process_time()
    scores = l1_path(X, y, X_test, y_test)
    add(LAST, scores, time.process_time() - start)


def show(records):
    """Means over the seeds."""
    for name in dict.fromkeys(record["name"] for record in records.having()):
        for contender in ("unpruned", *CONTENDERS, LAST):
            found = records.having(name=name, contender=contender)
            means = {
                ratio: np.mean([record["scores"][ratio] for record in found])
                for ratio in found[0]["scores"]
            }
            shown = " ".join(
                f"{ratio}: {means[ratio]:.4f}"
                for ratio in ("0", "0.5", "0.7", "0.8", "0.9", "0.95", "0.98")
                if ratio in means
            )
            seconds = np.mean([record["seconds"] for record in found])
            print(f"{name:12}{contender:26}{seconds:8.2f} s  {shown}")


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--names", default=",".join(TABLES))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    records = Records(options.json, KEY)
    for category in (ConvergenceWarning, FutureWarning):
        warnings.simplefilter("ignore", category)
    with threadpool_limits(1):
        for name in listed(options.names):
            for seed in range(options.seeds):
                table(records, name, seed, options.data)
    show(records)


if __name__ == "__main__":
    main()
