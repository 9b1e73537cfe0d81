"""How much does a selection of columns vary with the rows?

    python benchmarks/stability.py [--data FOLDER] [--sets A,B] [--models A,B]
        [--ways A,B] [--bootstraps 20] [--records FILE] [--json FILE]

Each way of `selection.py` selects columns on bootstrap samples of the rows. A model on
the columns is tested on the rows that are not in the sample. The stability is the
measure of Nogueira, Sechidis and Brown (2018): 1 if the same columns are always
selected, and 0 for random ones.
"""

import numpy as np
from command_line import listed, parser_of
from selection import MODELS, installed, run, scaled, selected

from sklprune._evaluation.stability import nogueira

SETS = "spambase,madelon"
WAYS = "columns,RFECV,SelectFromModel(L1)"


def measure(name, X, y, kind, options, records):
    y, ways = np.unique(y, return_inverse=True)[1], listed(options.ways)
    for seed in range(options.bootstraps):
        drawn = np.random.default_rng(seed).integers(len(y), size=len(y))
        others = np.setdiff1d(np.arange(len(y)), drawn)
        train, test = scaled(X, drawn, others, kind)
        for way in ways:
            key = {"set": name, "model": kind, "way": way, "sample": seed}
            if records.get(**key) or not installed(way):
                continue
            rows = train, y[drawn], test, y[others]
            found, kept = selected(way, MODELS[kind], *rows, None)
            if found is not None:
                columns = {"columns": X.shape[1], "positions": kept.tolist()}
                records.add(key | found | columns)
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
    parser.add_argument("--ways", default=WAYS)
    parser.add_argument("--bootstraps", type=int, default=20)
    run(parser, "sample", measure, summary)


if __name__ == "__main__":
    main()
