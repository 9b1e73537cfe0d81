"""How long does `import sklprune` take, compared with scikit-learn?

    python benchmarks/import_time.py [--runs 11] [--json FILE]

Each import runs in a new process, and the two alternate. Prints the medians and the
median of the paired ratios.
"""

import subprocess
import sys
import time

import numpy as np
from command_line import parser_of, write

OURS = "import sklprune"
THEIRS = "import sklearn.linear_model, sklearn.ensemble, sklearn.neural_network"


def seconds(code):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main():
    parser = parser_of(__doc__, data=False)
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    times = [(seconds(OURS), seconds(THEIRS)) for _ in range(options.runs + 1)]
    ours, theirs = np.array(times[1:]).T  # the first one warms up
    result = {
        "sklprune": float(np.median(ours)),
        "scikit-learn": float(np.median(theirs)),
        "ratio": float(np.median(ours / theirs)),
    }
    print("  ".join(f"{name} {value:.3f}" for name, value in result.items()))
    write(result, options.json)


if __name__ == "__main__":
    main()
