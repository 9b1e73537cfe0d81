"""How long until a new user sees a first result?

    python benchmarks/first_result.py [--json FILE]

In a fresh virtual environment, the script measures the installation together with
`python -m sklprune demo`. It then measures `sklprune prune` on the file of a forest of
100 trees and a CSV of 45,000 rows, and the time until the first line of progress.
"""

import pathlib
import subprocess
import sys
import tempfile
import time
import venv

import joblib
import numpy as np
from command_line import parser_of, write
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

ROOT = pathlib.Path(__file__).parents[1]
N_ROWS, N_COLUMNS = 45_000, 10
#: the exit code of `sklprune prune` if the unpruned model was kept
NOTHING_PRUNED = 3


def write_inputs(folder):
    """A model file and the table that it is pruned on."""
    X, y = make_classification(
        N_ROWS, N_COLUMNS, n_informative=3, flip_y=0.1, random_state=0
    )
    X = X.round(3)
    forest = RandomForestClassifier(100, n_jobs=2, random_state=0)
    joblib.dump(forest.fit(X, y), folder / "forest.joblib")
    names = [f"x{i}" for i in range(N_COLUMNS)]
    table = np.column_stack([X, y])
    header = ",".join([*names, "label"])
    np.savetxt(folder / "rows.csv", table, "%.3f", ",", header=header, comments="")


def run(command, folder):
    """Seconds of a command, and until its first line."""
    start, first = time.perf_counter(), None
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    for line in process.stdout:
        first = first or time.perf_counter() - start
        lines.append(line)
    if process.wait() not in (0, NOTHING_PRUNED):
        raise RuntimeError("".join(lines[-20:]))
    return time.perf_counter() - start, first


def main():
    options = parser_of(__doc__, data=False).parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        python = str(folder / "venv" / "bin" / "python")
        start = time.perf_counter()
        venv.create(folder / "venv", with_pip=True)
        run([python, "-m", "pip", "install", "-q", str(ROOT)], folder)
        results["installation"] = time.perf_counter() - start
        results["demo"], _ = run([python, "-u", "-m", "sklprune", "demo"], folder)
        write_inputs(folder)
        command = [sys.executable, "-u", "-m", "sklprune", "prune", "forest.joblib"]
        command += ["rows.csv", "--target", "label", "-o", "small.joblib"]
        command += ["--trust-pickle"]
        results["prune"], results["first line"] = run(command, folder)
    for what, seconds in results.items():
        print(f"{what}: {seconds:.1f} s")
    write(results, options.json)


if __name__ == "__main__":
    main()
