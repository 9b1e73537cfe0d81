"""Data sets as data frames, with noise columns of the same kinds."""

import json
import os
import pathlib

import numpy as np
import pandas as pd


def load_frame(name, folder=None, rows=None, seed=0):
    """A data set as a pandas frame with texts for categories, and a target of classes.

    Parameters
    ----------
    name : str
        A file `NAME.npz`. A target of values becomes two classes at its median.
    folder : str or None
        None is the environment variable SKLPRUNE_DATA.
    rows : int or None
        At most this many rows are drawn.
    """
    path = pathlib.Path(folder or os.environ["SKLPRUNE_DATA"]) / f"{name}.npz"
    with np.load(path, allow_pickle=False) as file:
        X, y, codes = file["X"].astype(float), file["y"], file["cat_mask"].astype(bool)
        names = [str(each) for each in file["names"]]
        task = json.loads(str(file["meta"]))["task"]
    if task == "regression":
        y = (y > np.median(y)).astype(int)
    if rows is not None and rows < len(y):
        drawn = np.random.default_rng(seed).choice(len(y), rows, replace=False)
        X, y = X[drawn], y[drawn]
    columns = {
        each: _categories(X[:, i]) if codes[i] else X[:, i]
        for i, each in enumerate(names)
    }
    return pd.DataFrame(columns), y


def _categories(codes):
    return [None if np.isnan(code) else f"category {int(code)}" for code in codes]


def with_noise(frame, n_noise, seed=0):
    """A frame with shuffled copies of some of its columns, which carry no information.

    Their names start with "noise".
    """
    rng = np.random.default_rng(seed)
    n_columns = frame.shape[1]
    drawn = rng.choice(n_columns, n_noise, replace=n_noise > n_columns)
    noise = {
        f"noise {i} of {frame.columns[column]}": frame.iloc[
            rng.permutation(len(frame)), column
        ].to_numpy()
        for i, column in enumerate(drawn)
    }
    return pd.concat([frame, pd.DataFrame(noise, index=frame.index)], axis=1)


def are_numbers(frame):
    """Mask of the columns that are numbers."""
    return np.array([pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes])
