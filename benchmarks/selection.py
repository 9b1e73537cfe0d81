"""Which columns are kept, by sklprune and by other packages, and how good is the model?

    python benchmarks/selection.py [--data FOLDER] [--sets A,B] [--models A,B]
        [--ways A,B] [--folds 5] [--limit 600] [--records FILE] [--json FILE]

Each of the outer folds tests a model on the columns that were selected on the other
rows. The models are a logistic regression and histogram boosting. Columns are
standardised, and those of sparse tables are divided by their largest value. Seconds are
CPU seconds of the selection alone, on one thread.

"columns" is `FeaturePruningSelector` with its defaults. `RFECV` and mlxtend
receive the model. The L1 penalty is chosen by five folds. Boruta uses forests of depth
5, as its authors recommend. fastcan cannot choose the number of columns, and receives
that of "columns". Packages that are not installed are omitted, and so is `RFECV` for
boosting, which has no importances. A selection that exceeds the limit of CPU seconds
in one fold is recorded as not finished, and is not tried on the other folds.
"""

import importlib
import multiprocessing
import resource
import time
import warnings

import numpy as np
from command_line import Records, listed, parser_of, write
from datasets import load
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFECV, SelectFromModel
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import FeaturePruningSelector

SETS = "spambase,madelon,leukemia,basehock,arcene,isolet1560"
MODELS = {
    "logistic": LogisticRegression(max_iter=1000),
    "boosting": HistGradientBoostingClassifier(random_state=0),
}
#: names of an imported module, by the way that needs it
PACKAGES = {
    "Boruta": "boruta",
    "mlxtend": "mlxtend.feature_selection",
    "abess": "abess.linear",
    "fastcan": "fastcan",
}
#: largest number of columns of sequential selection and of best subsets
MOST = 10, 100


def columns(model, X, y, n_kept):
    return FeaturePruningSelector(model, random_state=0).fit(X, y).get_support()


def unpruned(model, X, y, n_kept):
    return np.ones(X.shape[1], bool)


def eliminated(model, X, y, n_kept):
    if not isinstance(model, LogisticRegression):
        return None
    return RFECV(model, step=0.1, cv=5).fit(X, y).support_


def penalised(model, X, y, n_kept):
    strengths = {"Cs": np.logspace(-3, 1, 9), "cv": 5}
    l1 = {"l1_ratios": (1,), "solver": "liblinear", "scoring": "accuracy"}
    if len(np.unique(y)) > 2:
        return None
    found = SelectFromModel(LogisticRegressionCV(**strengths, **l1, random_state=0))
    return found.fit(X, y).get_support()


def boruta(model, X, y, n_kept):
    forest = RandomForestClassifier(max_depth=5, class_weight="balanced", n_jobs=1)
    package = importlib.import_module(PACKAGES["Boruta"])
    found = package.BorutaPy(forest, n_estimators="auto", max_iter=50, random_state=0)
    return found.fit(_dense(X), y).support_


def sequential(model, X, y, n_kept):
    package = importlib.import_module(PACKAGES["mlxtend"])
    sizes = (1, min(MOST[0], X.shape[1]))
    found = package.SequentialFeatureSelector(model, k_features=sizes, cv=5).fit(X, y)
    return np.isin(np.arange(X.shape[1]), found.k_feature_idx_)


def best_subset(model, X, y, n_kept):
    package = importlib.import_module(PACKAGES["abess"])
    several = len(np.unique(y)) > 2
    kind = package.MultinomialRegression if several else package.LogisticRegression
    rows = _dense(X)
    # abess refuses constant columns
    varies = np.flatnonzero(np.ptp(rows, axis=0) > 0)
    sizes = range(1, min(MOST[1], *X.shape) // 2)
    found = kind(support_size=sizes, cv=5, thread=1).fit(rows[:, varies], y)
    support = np.zeros(X.shape[1], bool)
    support[varies] = np.asarray(found.coef_).reshape(len(varies), -1).any(axis=1)
    return support


def canonical(model, X, y, n_kept):
    package = importlib.import_module(PACKAGES["fastcan"])
    found = package.FastCan(n_kept, verbose=0).fit(_dense(X), np.eye(y.max() + 1)[y])
    return found.get_support()


#: how columns are selected, by the name of the row; "columns" is before fastcan
WAYS = {
    "unpruned": unpruned,
    "columns": columns,
    "RFECV": eliminated,
    "SelectFromModel(L1)": penalised,
    "Boruta": boruta,
    "mlxtend": sequential,
    "abess": best_subset,
    "fastcan": canonical,
}


def _dense(X):
    return X.toarray() if sparse.issparse(X) else X


def installed(name):
    package = PACKAGES.get(name)
    try:
        return package is None or bool(importlib.import_module(package))
    except ImportError:
        return False


def selected(way, model, train, y_train, test, y_test, n_kept):
    """What is recorded of one way, or None if it does not apply; the kept columns."""
    start = time.process_time()
    support = WAYS[way](clone(model), train, y_train, n_kept)
    seconds = time.process_time() - start
    if support is None:
        return None, None
    kept = np.flatnonzero(support)
    accuracy = np.mean(y_test == np.bincount(y_train).argmax())
    if len(kept):
        fitted = clone(model).fit(_dense_for(model, train)[:, kept], y_train)
        accuracy = fitted.score(_dense_for(model, test)[:, kept], y_test)
    return {"kept": len(kept), "accuracy": float(accuracy), "seconds": seconds}, kept


def limited(seconds, function, *arguments):
    """What a function returns in a process of its own; None beyond the CPU seconds."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def work():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        sender.send(function(*arguments))

    process = context.Process(target=work)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:  # the process was ended
        return None
    finally:
        process.join()


def scaled(X, first, second, kind):
    """The first rows, and the second ones as the scaler of the first makes them."""
    scaler = MaxAbsScaler() if sparse.issparse(X) else StandardScaler()
    rows = scaler.fit_transform(X[first]), scaler.transform(X[second])
    return [_dense_for(MODELS[kind], each) for each in rows]


def _dense_for(model, X):
    return X if isinstance(model, LogisticRegression) else _dense(X)


def measure(name, X, y, kind, options, records):
    """Record all ways on all outer folds of one data set."""
    y, ways = np.unique(y, return_inverse=True)[1], listed(options.ways)
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)
    for fold, (first, second) in enumerate(list(folds)[: options.folds]):
        train, test = scaled(X, first, second, kind)
        for way in ways:
            key = {"set": name, "model": kind, "way": way, "fold": fold}
            other = {"set": name, "model": kind, "way": way, "finished": False}
            if records.get(**key) or records.having(**other) or not installed(way):
                continue
            ours = records.get(**key | {"way": "columns"}) or {}
            rows = train, y[first], test, y[second]
            arguments = way, MODELS[kind], *rows, ours.get("kept")
            found = limited(options.limit, selected, *arguments)
            if found is None:
                found = {"finished": False, "seconds": options.limit}
            elif found[0] is None:
                continue
            else:
                found = found[0]
            records.add(key | found | {"columns": X.shape[1]})
            print(key | found, flush=True)


def summary(records):
    """One row for each data set, model and way, with means over the folds."""
    rows = {}
    for each in records.having():
        rows.setdefault((each["set"], each["model"], each["way"]), []).append(each)
    return [
        {"set": name, "model": kind, "what": way, "columns": found[0]["columns"]}
        | _over_folds(found)
        for (name, kind, way), found in rows.items()
    ]


def _over_folds(found):
    """Means over the folds; only the limit of a selection that did not finish."""
    unfinished = [each for each in found if "kept" not in each]
    if unfinished:
        return {"seconds": float(unfinished[0]["seconds"])}
    means = {
        field: float(np.mean([each[field] for each in found]))
        for field in ("kept", "accuracy", "seconds")
    }
    error = _standard_error([each["accuracy"] for each in found])
    return {"folds": len(found), "standard error": error} | means


def _standard_error(values):
    return float(np.std(values, ddof=min(1, len(values) - 1)) / np.sqrt(len(values)))


def run(parser, sample, measure, summary):
    """Measure all data sets and models, and print and write a summary.

    Parameters
    ----------
    parser : ArgumentParser
        With the options `--sets` and `--models`.
    sample : str
        The entry of a record that numbers the samples of rows.
    measure : callable
        `measure(name, X, y, model, options, records)` adds records.
    summary : callable
        `summary(records)`: the rows to write.
    """
    parser.add_argument("--records", help="a file in which a run continues")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", FutureWarning)
    records = Records(options.records, ("set", "model", "way", sample))
    with threadpool_limits(1):
        for name in listed(options.sets):
            X, y = load(name, options.data)
            X = X.tocsr() if sparse.issparse(X) else X
            for kind in listed(options.models):
                measure(name, X, y, kind, options, records)
    rows = summary(records)
    for row in rows:
        print(row)
    write(rows, options.json)


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=600, help="CPU seconds of a fold")
    run(parser, "fold", measure, summary)


if __name__ == "__main__":
    main()
