"""How much memory does the pruning of a forest need, beside the rows and the forest?

    python benchmarks/forest_memory.py [--data FOLDER] [--trees 100] [--depth 15]
        [--json FILE]

A random forest is fitted on all rows of electricity. Separate processes load the rows
and the forest. The first process does nothing more. The others prune to one size, or
along the path of 20 sizes of `forest_time.py`. The peak of resident memory of each
process is measured. Its difference to the first peak is given as a multiple of rows x
trees x 4 bytes. That is the size of the leaf numbers of all rows in all trees.
"""

import concurrent.futures
import multiprocessing
import pathlib
import resource
import sys
import tempfile

import joblib
from command_line import write
from datasets import load
from forest_contenders import METHODS
from forest_time import NAMES, RATIOS, forest_of, parser_of_forests, whole_path
from sklearn.base import clone
from threadpoolctl import threadpool_limits

MIB = 2**20


def in_a_fresh_process(function, *args):
    """The result of a function in a new process.

    Linux counts the memory of the parent process in the peak of the child. The parent
    therefore holds neither rows nor forests.
    """
    fresh = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(function, *args).result()


def prepare(file, options):
    """Fit the forest and save it with its rows; returns rows x trees x 4 bytes."""
    X, y = load("electricity", options.data)
    joblib.dump((X, y, forest_of(options).fit(X, y)), file)
    return X.shape[0] * options.trees * 4


def peak(file, name, ratios):
    """The peak of a process that prunes, or only loads if there is no name."""
    with threadpool_limits(1):
        X, y, forest = joblib.load(file)
        # both kinds of process load all modules and run all code once
        small = clone(forest).set_params(n_estimators=2).fit(X[:200], y[:200])
        for method in NAMES:
            whole_path(small, X[:200], y[:200], METHODS[method], RATIOS[:2])
        if name is not None:
            whole_path(forest, X, y, METHODS[name], ratios)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main():
    options = parser_of_forests(__doc__).parse_args()
    sizes = {"one size": 0.99, "20 sizes": RATIOS}
    results = []
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "forest"
        ids = in_a_fresh_process(prepare, file, options)
        alone = in_a_fresh_process(peak, file, None, None)
        print(f"rows and forest alone: {alone / MIB:.0f} MiB")
        print(f"rows x trees x 4 bytes: {ids / MIB:.1f} MiB")
        print(f"{'':32}{'peak, MiB':>12}{'above, MiB':>12}{'times ids':>12}")
        for name in NAMES:
            for size, ratios in sizes.items():
                most = in_a_fresh_process(peak, file, name, ratios)
                row = {
                    "method": f"{name}, {size}",
                    "peak": most / MIB,
                    "above": (most - alone) / MIB,
                    "times ids": (most - alone) / ids,
                }
                results.append(row)
                cells = [f"{value:12.1f}" for value in list(row.values())[1:]]
                print(f"{row['method']:32}" + "".join(cells), flush=True)
    write({"alone": alone, "ids": ids, "rows": results}, options.json)


if __name__ == "__main__":
    main()
