"""How many raw columns does a pipeline over a mixed data frame need?

    python benchmarks/mixed_frames.py [--data FOLDER] [--sets A,B] [--methods A,B]
        [--model logistic] [--rows 10000] [--runs 5] [--columns N] [--json FILE]

A third as many noise columns are added to each data set: copies of its columns with
shuffled rows. `--columns N` adds noise up to N columns instead. The model is a
logistic regression on scaled and one-hot encoded columns, or histogram boosting on the
frame with its categories. Three quarters of the rows select the columns, and the other
rows score the result. Each run is another split of the rows. Seconds are CPU seconds of
the whole fit on one thread.

"RFECV" is `RFECV(step=0.1, cv=5)` on the encoded matrix. A raw column is kept if one of
its encoded columns is. It needs importances, which histogram boosting does not have.
"""

import time
import warnings

import numpy as np
from command_line import listed, parser_of, write
from frames import are_numbers, load_frame, with_noise
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFECV
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import PrunedEstimator
from sklprune.methods import RecursiveElimination

SETS = "ames,adult,bank,credit_default,churn"
#: methods of sklprune by the name of the row
METHODS = {
    "recursive_elimination": RecursiveElimination(step=0.1),
    "eliminated by permutation": RecursiveElimination("permutation", step=0.1),
}


def encoder(frame):
    numbers = are_numbers(frame)
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    return ColumnTransformer(
        [
            ("numbers", scaled, list(frame.columns[numbers])),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore"),
                list(frame.columns[~numbers]),
            ),
        ]
    )


def model_of(kind, frame):
    """The unfitted model, and the frame as it receives it."""
    if kind == "logistic":
        return make_pipeline(encoder(frame), LogisticRegression(max_iter=1000)), frame
    frame = frame.dropna(axis=1, how="all")  # the fit of scikit-learn fails on them
    categories = list(frame.columns[~are_numbers(frame)])
    boosting = HistGradientBoostingClassifier(random_state=0)
    return boosting, frame.astype(dict.fromkeys(categories, "category"))


def recursive_elimination_of_scikit_learn(model, X, y):
    """The kept raw columns, and a function that scores rows."""
    encode = clone(model[0]).fit(X)
    selector = RFECV(clone(model[-1]), step=0.1, cv=5).fit(encode.transform(X), y)
    # a column without any value has no imputed column
    numbers = encode.named_transformers_["numbers"].get_feature_names_out()
    categories = encode.named_transformers_["categories"].categories_
    sources = np.append(
        numbers,
        np.repeat(encode.transformers_[1][2], [len(each) for each in categories]),
    )
    kept = np.unique(sources[selector.support_])
    return kept, lambda rows, target: selector.score(encode.transform(rows), target)


def pruned(model, X, y, method, seed):
    result = PrunedEstimator(model, method=method, random_state=seed).fit(X, y)
    return result.get_feature_names_out(), result.score


def unpruned(model, X, y):
    return X.columns, clone(model).fit(X, y).score


def measure(kind, X, y, methods, seed):
    """A record for each way to select columns."""
    model, X = model_of(kind, X)
    train, test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=seed)
    ways = {"unpruned": lambda: unpruned(model, train, y_train)}
    if kind == "logistic":
        ways["RFECV"] = lambda: recursive_elimination_of_scikit_learn(
            model, train, y_train
        )
    for name in methods:
        method = METHODS.get(name, name)
        ways[name] = lambda method=method: pruned(model, train, y_train, method, seed)
    for name, select in ways.items():
        start = time.process_time()
        kept, score = select()
        seconds = time.process_time() - start
        accuracy = score(test, y_test)
        yield {
            "what": name,
            "columns": X.shape[1],
            "kept": len(kept),
            "noise kept": sum(str(each).startswith("noise ") for each in kept),
            "accuracy": accuracy,
            "standard error": np.sqrt(accuracy * (1 - accuracy) / len(y_test)),
            "CPU seconds": seconds,
        }


def means(records):
    """One row for each way, with means over the runs."""
    ways = dict.fromkeys(record["what"] for record in records)
    fields = [field for field in records[0] if field not in ("what", "set")]
    return [
        {"what": way}
        | {
            field: float(np.mean([r[field] for r in records if r["what"] == way]))
            for field in fields
        }
        for way in ways
    ]


def show(title, rows):
    print(title)
    names = [name for name in rows[0] if name != "what"]
    print(f"{'':28}" + "".join(f"{name:>16}" for name in names))
    for row in rows:
        cells = "".join(f"{row[name]:>16.4g}" for name in names)
        print(f"{row['what']:28}" + cells, flush=True)


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--methods", default="permutation,recursive_elimination")
    parser.add_argument("--model", default="logistic", choices=("logistic", "boosting"))
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--columns", type=int)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    results = []
    with threadpool_limits(1):
        for name in listed(options.sets):
            frame, y = load_frame(name, options.data, options.rows)
            n_columns = options.columns or round(frame.shape[1] * 4 / 3)
            frame = with_noise(frame, n_columns - frame.shape[1])
            records = [
                {"set": name} | record
                for seed in range(options.runs)
                for record in measure(
                    options.model, frame, y, listed(options.methods), seed
                )
            ]
            show(f"{name}: {len(y):,} rows", means(records))
            results.extend(records)
    show("all", means(results))
    write(results, options.json)


if __name__ == "__main__":
    main()
