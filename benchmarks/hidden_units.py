"""How many hidden units can a network of MNIST lose, and how much faster is it then?

    python benchmarks/hidden_units.py --data FOLDER [--model FILE] [--json FILE]

The network has hidden layers of 300 and 100 units (LeNet-300-100). It is fitted on
60,000 rows, and tested on the others. "No labels" are orders of the units on 5,000
rows without labels, followed by the same least squares. "Refit" trains the remaining
units on all 60,000 rows with labels.

"Faster" is the time of predictions of 10,000 rows in one call, of the unpruned network
divided by that of the pruned one, for weights of single and of double precision. Rows
have the same precision. Times are of the process, and the best of five.

`--model` reads a network that was fitted with the same rows, divided by 255 and as
float32. Its training takes most of the time.
"""

import copy
import time
import warnings

import joblib
import numpy as np
from command_line import parser_of, write
from datasets import load
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from sklprune import prune
from sklprune.methods import Magnitude, NeuronElimination

N_TEST, N_CALIBRATION, N_CALLS = 10_000, 5_000, 5
RATIOS = (0.5, 0.6, 0.7, 0.8)
#: the ratio of the refit, and that of the times
REFITTED, TIMED = 0.7, 0.8
ORDERS = {"magnitude": Magnitude("neuron"), "neuron_elimination": NeuronElimination()}


def fitted(X, y):
    """The network."""
    model = MLPClassifier((300, 100), batch_size=128, max_iter=15, random_state=0)
    return model.fit(X, y)


def with_precision(model, dtype):
    """A copy of a network with weights of another precision."""
    copied = copy.copy(model)
    for name in ("coefs_", "intercepts_"):
        arrays = [each.astype(dtype) for each in getattr(model, name)]
        setattr(copied, name, arrays)
    return copied


def seconds_of(model, X, dtype):
    """The shortest time of predictions of all rows."""
    model, X = with_precision(model, dtype), X.astype(dtype)
    seconds = []
    for _ in range(N_CALLS):
        start = time.process_time()
        model.predict(X)
        seconds.append(time.process_time() - start)
    return min(seconds)


def measured(model, X, y, X_test, y_test):
    """All rows of the table."""
    rows = [{"contender": "unpruned", "accuracy": {"0": model.score(X_test, y_test)}}]
    drawn = np.random.RandomState(0).permutation(len(X))[:N_CALIBRATION]
    for name, method in ORDERS.items():
        scores, slowest = {}, 0.0
        for ratio in RATIOS:
            start = time.process_time()
            small = prune(
                model,
                X[drawn],
                method=method,
                refit="reconstruction",
                pruning_ratio=ratio,
                random_state=0,
            )
            slowest = max(slowest, time.process_time() - start)
            scores[f"{ratio:g}"] = small.score(X_test, y_test)
            if ratio == TIMED:
                fast = small.estimator_
        row = {"contender": name, "accuracy": scores, "seconds": round(slowest, 2)}
        rows.append(row)
    small = prune(model, X, y, pruning_ratio=REFITTED, seen=False, random_state=0)
    scores = {f"{REFITTED:g}": small.score(X_test, y_test)}
    rows.append({"contender": "neuron_elimination, refit", "accuracy": scores})
    times = {
        f"{before.__name__} to {after.__name__}": round(
            seconds_of(model, X_test, before) / seconds_of(fast, X_test, after), 1
        )
        for before, after in (
            (np.float32, np.float32),
            (np.float64, np.float64),
            (np.float64, np.float32),
        )
    }
    return {"accuracy": rows, "faster": times, "units": fast.hidden_layer_sizes}


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--model", help="a file with the fitted network")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = load("mnist", options.data)
    X = (X / 255).astype(np.float32)
    train, test = slice(None, -N_TEST), slice(-N_TEST, None)
    with threadpool_limits(1):
        if options.model:
            model = joblib.load(options.model)
        else:
            model = fitted(X[train], y[train])
        results = measured(model, X[train], y[train], X[test], y[test])
    for row in results["accuracy"]:
        scores = "  ".join(f"{r}: {s:.4f}" for r, s in row["accuracy"].items())
        print(f"{row['contender']:28}{row.get('seconds', 0.0):6.2f} s  {scores}")
    print(results["faster"], results["units"])
    write(results, options.json)


if __name__ == "__main__":
    main()
