"""How long does one call of `prune` take for a large forest, and is there progress?

    python benchmarks/call_time.py [--data FOLDER] [--trees 300] [--json FILE]

A forest without a limit of its depth is fitted on the 32,561 training rows of adult, or
on covertype20k with 7 classes. One call prunes it on the same rows with the default
rule. The numbers are CPU seconds on one thread, and the longest time between two lines
of progress.
"""

import io
import time
from contextlib import redirect_stdout

import numpy as np
from command_line import parser_of, write
from datasets import load
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_limits

from sklprune import prune
from sklprune.methods import Backfitting

SEED = 0
#: table, number of its first rows, and container of the result
CALLS = (
    ("adult", 32_561, "same"),
    ("adult", 32_561, "auto"),
    ("covertype20k", 20_000, "auto"),
)


class Clock(io.StringIO):
    """A text file that records when lines are written."""

    def __init__(self):
        super().__init__()
        self.times = [time.perf_counter()]

    def write(self, text):
        if "\n" in text:
            self.times.append(time.perf_counter())
        return super().write(text)


def measure(table, n_rows, container, options):
    X, y = (each[:n_rows] for each in load(table, options.data))
    X = X.astype(np.float32)
    start = time.process_time()
    forest = RandomForestClassifier(options.trees, random_state=SEED).fit(X, y)
    fit, clock, start = time.process_time() - start, Clock(), time.process_time()
    method = Backfitting(container=container)
    with redirect_stdout(clock):
        pruned = prune(forest, X, y, method=method, random_state=SEED, verbose=1)
    seconds = time.process_time() - start
    clock.times.append(time.perf_counter())
    return {
        "rows": f"{table}, {len(y)}",
        "container": container,
        "fit, CPU s": round(fit, 1),
        "prune, CPU s": round(seconds, 1),
        "longest gap, s": round(float(np.diff(clock.times).max()), 1),
        "removed": round(pruned.pruning_ratio_, 4),
    }


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--trees", type=int, default=300)
    options = parser.parse_args()
    results = []
    with threadpool_limits(1):
        for table, n_rows, container in CALLS:
            results.append(measure(table, n_rows, container, options))
            print(results[-1], flush=True)
    write(results, options.json)


if __name__ == "__main__":
    main()
