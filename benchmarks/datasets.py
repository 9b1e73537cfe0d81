"""Loads the data sets of the benchmarks.

A data set is a file `NAME.npz` in the folder that `--data` or the environment variable
SKLPRUNE_DATA gives. Without a folder it is fetched by `sklearn.datasets.fetch_openml`,
which needs a network. "digits" is part of scikit-learn.
"""

import os
import pathlib

import numpy as np
from scipy import sparse
from sklearn.datasets import load_digits

#: versions of data sets on OpenML
OPENML = {
    "adult": 2,
    "electricity": 1,
    "letter": 1,
    "madelon": 1,
    "pendigits": 1,
    "spambase": 1,
}

#: tables with more columns of categories than of numbers
MANY_CATEGORIES = ("ames",)


def load(name, folder=None, numeric=False):
    """X as float32, dense or sparse, and y as class codes or floats.

    With `numeric`, columns of categories are removed where they are many: in ames.
    """
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return X.astype(np.float32), y
    folder = folder or os.environ.get("SKLPRUNE_DATA")
    if folder:
        with np.load(pathlib.Path(folder) / f"{name}.npz", allow_pickle=False) as file:
            X = file["X"] if "X" in file.files else _sparse(file)
            if numeric and name in MANY_CATEGORIES:
                X = X[:, ~file["cat_mask"].astype(bool)]
            return X.astype(np.float32), file["y"].copy()
    if name not in OPENML:
        raise ValueError(
            f"{name} is not fetched from OpenML: give the folder with {name}.npz by "
            "--data or SKLPRUNE_DATA."
        )
    from sklearn.datasets import fetch_openml

    X, y = fetch_openml(
        name, version=OPENML[name], return_X_y=True, as_frame=False, parser="auto"
    )
    return X.astype(np.float32), np.unique(y, return_inverse=True)[1]


def _sparse(file):
    parts = (file["X_data"], file["X_indices"], file["X_indptr"])
    return sparse.csr_matrix(parts, shape=tuple(file["X_shape"]))
