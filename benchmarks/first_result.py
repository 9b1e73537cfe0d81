"""How long until a new user sees a first result?

    python benchmarks/first_result.py [--data FOLDER] [--json FILE]

In a fresh virtual environment, the script measures the installation together with
`python -m sklprune demo`. It then measures `sklprune prune` on the file of a forest of
100 trees and a CSV of 45,000 rows of adult, and the time until the first line of
progress. All times are given in elapsed seconds and in CPU seconds, which other
processes do not change.
"""

import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import venv

import joblib
import numpy as np
from command_line import parser_of, write
from datasets import load
from sklearn.ensemble import RandomForestClassifier

ROOT = pathlib.Path(__file__).parents[1]
N_ROWS = 45_000
#: the exit code of `sklprune prune` if the unpruned model was kept
NOTHING_PRUNED = 3


def write_inputs(folder, data):
    """A model file and the table that it is pruned on; the bytes of the model."""
    X, y = (each[:N_ROWS] for each in load("adult", data))
    model = folder / "forest.joblib"
    joblib.dump(RandomForestClassifier(100, random_state=0).fit(X, y), model)
    header = ",".join([*(f"x{i}" for i in range(X.shape[1])), "label"])
    table = np.column_stack([X, y])
    np.savetxt(folder / "rows.csv", table, "%.6g", ",", header=header, comments="")
    return model.stat().st_size


def run(command, folder):
    """Elapsed seconds of a command, CPU seconds, and seconds until its first line."""
    before, start, first = _cpu_of_children(), time.perf_counter(), None
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
    return time.perf_counter() - start, _cpu_of_children() - before, first


def _cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def install(folder):
    """The interpreter of a new environment with the package, and the seconds it took.

    The time includes the download of the dependencies that no cache contains.
    """
    before, start = _cpu_of_children(), time.perf_counter()
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    run([python, "-m", "pip", "install", "-q", str(ROOT)], folder)
    return python, time.perf_counter() - start, _cpu_of_children() - before


def main():
    options = parser_of(__doc__).parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        python, *results["installation"] = install(folder)
        demo = run([python, "-u", "-m", "sklprune", "demo"], folder)
        results["demo"] = demo[:2]
        results["bytes of the forest"] = write_inputs(folder, options.data)
        command = [sys.executable, "-u", "-m", "sklprune", "prune", "forest.joblib"]
        command += ["rows.csv", "--target", "label", "-o", "small.joblib"]
        *results["prune"], results["first line"] = run(
            [*command, "--trust-pickle"], folder
        )
    for what, measured in results.items():
        print(f"{what}: {measured}")
    write(results, options.json)


if __name__ == "__main__":
    main()
