"""How many bytes does a model need, as it is, and with numbers of fewer bits?

    python benchmarks/files.py [--data FOLDER] [--rows 4000] [--models NAME,...]
        [--json FILE]

**Files.** The bytes of the pickle of a fitted model, and how many times smaller other
files of the same model are: joblib with `compress=3`, joblib with lzma, `sklprune.dump`
and slim-trees with lzma. slim-trees is not installed by default; its column is then
"not installed".

**Fewer bits.** The bytes of `sklprune.dump` after `Quantize`. Agreement is the share of
test rows with the same label, or R2 of the predictions to those of the model before.

Each model is fitted on `--rows` rows of a table, and tested on as many others. Networks
have weights of float64, as for any input but float32. A pruned forest has lost 90 % of
its leaves. `--models` selects some kinds of models.
"""

import io
import os
import pickle
import tempfile
import warnings

import joblib
import numpy as np
from command_line import listed, parser_of, write
from datasets import load
from sklearn.base import is_classifier
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import dump, prune
from sklprune.methods import Quantize

#: trees, each with the bits that are measured
TREES = {
    "forest": (RandomForestClassifier(100, random_state=0), ["magic", "spambase"]),
    "pruned forest": (RandomForestClassifier(100, random_state=0), ["magic"]),
    "regression forest": (
        RandomForestRegressor(50, random_state=0),
        ["california_housing"],
    ),
    "histogram boosting": (HistGradientBoostingClassifier(random_state=0), ["magic"]),
    "histogram boosting of values": (
        HistGradientBoostingRegressor(random_state=0),
        ["california_housing"],
    ),
}
TREE_BITS = (16, 8)
PRUNED = "pruned forest"
NETWORK = MLPClassifier((256, 128), max_iter=40, random_state=0)
NETWORK_TABLES = ("digits", "pendigits", "satimage", "spambase", "segment")
NETWORK_BITS = (5, 4, 3)


def halves(name, folder, n_rows):
    """Rows to fit a model on, and rows to test it on."""
    X, y = load(name, folder)
    order = np.random.RandomState(0).permutation(len(X))[: 2 * n_rows]
    first, second = np.array_split(order, 2)
    return X[first], y[first], X[second], y[second]


def as_double(rows):
    """The rows as float64: networks have weights of the dtype of their inputs."""
    X, y, X_test, y_test = rows
    return X.astype(float), y, X_test.astype(float), y_test


def dumped(model):
    """Bytes of the file of `sklprune.dump`."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pkl")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            dump(model, path)
        return os.path.getsize(path)


def by_joblib(model, compress):
    """Bytes of the file of joblib."""
    file = io.BytesIO()
    joblib.dump(model, file, compress=compress)
    return len(file.getvalue())


def by_slim_trees(model):
    """Bytes of the file of slim-trees with lzma; None if it is not installed."""
    try:
        from slim_trees import dump_sklearn_compressed
    except ImportError:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pickle.lzma")
        dump_sklearn_compressed(model, path)
        return os.path.getsize(path)


def files(model):
    """Bytes of several files of a model, by the name of the file."""
    return {
        "pickle": len(pickle.dumps(model)),
        "joblib, compress=3": by_joblib(model, 3),
        "joblib, lzma": by_joblib(model, ("lzma", 6)),
        "slim-trees, lzma": by_slim_trees(model),
        "dump": dumped(model),
    }


def fewer_bits(model, rows, bits):
    """Bytes and scores after quantisation."""
    X, _, X_test, y_test = rows
    records = []
    before = model.predict(X_test)
    for n_bits in bits:
        method = Quantize(bits=n_bits)
        small = prune(model, X, method=method, seen=True, random_state=0).estimator_
        after = small.predict(X_test)
        if is_classifier(model):
            agreement = np.mean(before == after)
        else:
            agreement = 1 - np.mean((before - after) ** 2) / np.var(before)
        records.append(
            {
                "bits": n_bits,
                "dump": dumped(small),
                "agreement": round(float(agreement), 5),
                "change": round(
                    float(small.score(X_test, y_test) - model.score(X_test, y_test)), 5
                ),
            }
        )
    return records


def measured(kind, table, model, rows, bits):
    """One model on one table."""
    X, y = rows[:2]
    model = model.fit(X, y)
    if kind == PRUNED:
        settings = {"method": "backfitting", "seen": True, "random_state": 0}
        model = prune(model, X, y, pruning_ratio=0.9, **settings).estimator_
    record = {
        "model": kind,
        "table": table,
        "bytes": files(model),
        "fewer bits": fewer_bits(model, rows, bits),
    }
    print(record, flush=True)
    return record


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--rows", type=int, default=4000)
    kinds = [*TREES, "MLP"]
    parser.add_argument("--models", type=listed, default=kinds)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    records = []
    with threadpool_limits(1):
        for kind, (model, tables) in TREES.items():
            for table in tables if kind in options.models else ():
                rows = halves(table, options.data, options.rows)
                records.append(measured(kind, table, model, rows, TREE_BITS))
        for table in NETWORK_TABLES if "MLP" in options.models else ():
            rows = as_double(halves(table, options.data, options.rows))
            network = make_pipeline(StandardScaler(), NETWORK)
            records.append(measured("MLP", table, network, rows, NETWORK_BITS))
    write(records, options.json)


if __name__ == "__main__":
    main()
