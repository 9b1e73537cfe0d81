"""How much memory does `PrunedEstimator` need on many rows, beside the fit?

    python benchmarks/many_rows.py [--rows 1000000] [--models forest,network,columns]
        [--json FILE]

20 columns of float32 are in a memory map. Each model is fitted in one process, and
fitted and pruned by `PrunedEstimator(cv=2)` in another one; the rule chooses the size.
The peak of resident memory of both processes is measured, and their processor seconds.
The forest has 50 trees of depth 10, each on a tenth of the rows, since deeper trees of
so many rows take hours.
"""

import pathlib
import resource
import tempfile
import time
import warnings

import numpy as np
from command_line import listed, parser_of, write
from forest_memory import MIB, in_a_fresh_process
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from sklprune import PrunedEstimator

MODELS = {
    "forest": RandomForestClassifier(50, max_depth=10, max_samples=0.1, random_state=0),
    "network": MLPClassifier((64,), max_iter=3, batch_size=2000, random_state=0),
    "columns": HistGradientBoostingClassifier(max_iter=20, random_state=0),
}
#: rows of a first pruning, which loads all modules
SMALL = 2000


def store(folder, n_rows):
    """Write random rows whose class depends on four of the columns."""
    rng = np.random.RandomState(0)
    X = rng.randn(n_rows, 20).astype(np.float32)
    signal = X[:, 0] + X[:, 1] * X[:, 2] + X[:, 3] ** 2 / 2 + rng.randn(n_rows) / 2
    np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", signal > 0.4)


def peak_and_seconds(folder, name, prune):
    """Bytes and processor seconds of a process that fits a model, or also prunes it."""
    # three epochs are enough to measure memory
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = (np.load(folder / f"{which}.npy", mmap_mode="r") for which in "Xy")
    method = "columns" if name == "columns" else "auto"
    pruned = PrunedEstimator(MODELS[name], method=method, cv=2, random_state=0)
    with threadpool_limits(1):
        few = clone(pruned).set_params(pruning_ratio=[0.5])
        few.fit(np.array(X[:SMALL]), np.array(y[:SMALL]))
        start = time.process_time()
        (pruned if prune else clone(MODELS[name])).fit(X, np.array(y))
        seconds = time.process_time() - start
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, seconds


def main():
    parser = parser_of(__doc__, data=False)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--models", type=listed, default=list(MODELS))
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        in_a_fresh_process(store, folder, options.rows)
        print(
            f"{'':12}{'fit, MiB':>12}{'pruned, MiB':>12}{'more, MiB':>12}", flush=True
        )
        for model in options.models:
            fit, fit_seconds = in_a_fresh_process(
                peak_and_seconds, folder, model, False
            )
            whole, seconds = in_a_fresh_process(peak_and_seconds, folder, model, True)
            row = {
                "model": model,
                "rows": options.rows,
                "fit": fit / MIB,
                "pruned": whole / MIB,
                "more": (whole - fit) / MIB,
                "fit seconds": fit_seconds,
                "seconds": seconds,
            }
            results.append(row)
            cells = [f"{row[key]:12.0f}" for key in ("fit", "pruned", "more")]
            print(f"{model:12}{''.join(cells)}", flush=True)
    write(results, options.json)


if __name__ == "__main__":
    main()
