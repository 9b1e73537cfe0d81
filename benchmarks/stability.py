"""How much does a selection of columns vary with the rows?

    python benchmarks/stability.py [--data FOLDER] [--sets A,B] [--models A,B]
        [--ways A,B] [--bootstraps 20] [--records FILE] [--json FILE]

Columns are selected on bootstrap samples of the rows. All copies of a row are in the
same fold, for all ways. A model on the columns is tested on the rows that are not in
the sample. The stability is the measure of Nogueira, Sechidis and Brown (2018): 1 if
the same columns are always selected, and 0 for random ones.

The ways are those of `selection.py`. Of ames, the columns of numbers are used, and the
classes are prices above and up to their median.
"""

import time

import numpy as np
from command_line import listed, parser_of
from datasets import MANY_CATEGORIES, load
from selection import MODELS, run, scaled
from sklearn.base import clone
from sklearn.feature_selection import RFECV, SelectFromModel
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedGroupKFold

from sklprune import FeaturePruningSelector
from sklprune._evaluation.stability import nogueira

SETS = "spambase,madelon,ames"


def columns(model, X, y, copies):
    return FeaturePruningSelector(model, random_state=0).fit(X, y, groups=copies)


def eliminated(model, X, y, copies):
    selector = RFECV(model, step=0.1, cv=StratifiedGroupKFold(5))
    return selector.fit(X, y, groups=copies)


def penalised(model, X, y, copies):
    folds = list(StratifiedGroupKFold(5).split(X, y, copies))
    strengths = {"Cs": np.logspace(-3, 1, 9), "cv": folds, "random_state": 0}
    l1 = {"l1_ratios": (1,), "solver": "liblinear", "scoring": "accuracy"}
    return SelectFromModel(LogisticRegressionCV(**strengths, **l1)).fit(X, y)


WAYS = {"columns": columns, "RFECV": eliminated, "SelectFromModel(L1)": penalised}


def selected(way, model, train, y_train, copies, test, y_test):
    """What is recorded of one way on one sample."""
    start = time.process_time()
    selector = WAYS[way](clone(model), train, y_train, copies)
    seconds = time.process_time() - start
    kept = selector.get_support(indices=True)
    accuracy = np.mean(y_test == np.bincount(y_train).argmax())
    if len(kept):
        accuracy = (
            clone(model).fit(train[:, kept], y_train).score(test[:, kept], y_test)
        )
    return {
        "columns": train.shape[1],
        "positions": kept.tolist(),
        "kept": len(kept),
        "accuracy": float(accuracy),
        "seconds": seconds,
    }


def measure(name, X, y, kind, options, records):
    if name in MANY_CATEGORIES:
        X, y = load(name, options.data, numeric=True)
    if y.dtype.kind == "f":
        y = y > np.median(y)
    y = np.unique(y, return_inverse=True)[1]
    for seed in range(options.bootstraps):
        drawn = np.random.default_rng(seed).integers(len(y), size=len(y))
        others = np.setdiff1d(np.arange(len(y)), drawn)
        train, test = scaled(X, drawn, others, kind)
        for way in listed(options.ways):
            key = {"set": name, "model": kind, "way": way, "sample": seed}
            if not records.get(**key):
                rows = train, y[drawn], drawn, test, y[others]
                found = selected(way, MODELS[kind], *rows)
                records.add(key | found)
                print(key | found, flush=True)


def summary(records):
    """One row for each data set, model and way."""
    rows = {}
    for each in records.having():
        rows.setdefault((each["set"], each["model"], each["way"]), []).append(each)
    result = []
    for (name, kind, way), found in rows.items():
        n_columns = found[0]["columns"]
        supports = [np.isin(range(n_columns), each["positions"]) for each in found]
        means = {
            field: float(np.mean([each[field] for each in found]))
            for field in ("kept", "accuracy", "seconds")
        }
        row = {"set": name, "model": kind, "what": way, "columns": n_columns}
        row |= {
            "samples": len(found),
            "stability": _known(nogueira(supports)),
        }
        result.append(row | means)
    return result


def _known(number):
    """None for NaN, which JSON does not have."""
    return None if np.isnan(number) else number


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--models", default="logistic")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--bootstraps", type=int, default=20)
    run(parser, "sample", measure, summary)


if __name__ == "__main__":
    main()
