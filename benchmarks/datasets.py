"""Real tables for the benchmarks.

Read as `NAME.npz` from the folder that the environment variable SKLPRUNE_DATA (or
--data) names; without it fetched by `sklearn.datasets.fetch_openml`, which needs a
network. "digits" is the one that scikit-learn ships.
"""

import os
import pathlib

import numpy as np
from sklearn.datasets import load_digits

#: versions on OpenML of the sets that the benchmarks ask for
OPENML = {
    "adult": 2,
    "electricity": 1,
    "letter": 1,
    "madelon": 1,
    "pendigits": 1,
    "spambase": 1,
}


def load(name, folder=None):
    """X as float32 and y as codes or floats."""
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return X.astype(np.float32), y
    folder = folder or os.environ.get("SKLPRUNE_DATA")
    if folder:
        with np.load(pathlib.Path(folder) / f"{name}.npz", allow_pickle=False) as file:
            return file["X"].astype(np.float32), file["y"].copy()
    if name not in OPENML:
        raise ValueError(
            f"{name} is not fetched from OpenML: name the folder with {name}.npz by "
            "--data or SKLPRUNE_DATA."
        )
    from sklearn.datasets import fetch_openml

    X, y = fetch_openml(
        name, version=OPENML[name], return_X_y=True, as_frame=False, parser="auto"
    )
    return X.astype(np.float32), np.unique(y, return_inverse=True)[1]
