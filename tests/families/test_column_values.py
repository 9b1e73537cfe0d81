"""Parameters with an entry for each column are adapted to the kept columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklprune import PrunedEstimator
from sklprune._frames import column_names
from sklprune._registry import family_of


def coded(X):
    """A frame with two columns of codes: c of 0 to 2, and d of 0 to 4."""
    frame = pd.DataFrame(X, columns=[*"abcdefgh"])
    rng = np.random.RandomState(0)
    return frame.assign(c=rng.randint(0, 3, len(X)), d=rng.randint(0, 5, len(X)))


@pytest.mark.parametrize(
    "chosen, entries",
    [
        (["d", "c"], [range(5), range(3)]),
        ([3, 2], [range(5), range(3)]),
        (slice(2, 4), [range(3), range(5)]),
        ([c in "cd" for c in "abcdefgh"], [range(3), range(5)]),
    ],
)
@pytest.mark.parametrize("lost", ["c", "d", "b"])
def test_entries_for_each_column_of_an_encoder_are_adapted(
    binary, chosen, entries, lost
):
    X = coded(binary[0])
    encoder = OneHotEncoder(categories=[list(each) for each in entries])
    first = ColumnTransformer([("codes", encoder, chosen)], remainder="passthrough")
    columns = np.flatnonzero(X.columns != lost)
    model = make_pipeline(first, StandardScaler(), LogisticRegression())
    narrowed = family_of(model).narrow(model, columns, column_names(X))
    n_columns = narrowed[:-1].fit_transform(X.iloc[:, columns]).shape[1]
    assert n_columns == {"c": 6 + 5, "d": 6 + 3, "b": 5 + 3 + 5}[lost]
    assert narrowed[:-1].fit(X.iloc[:, columns])  # the encoder knows all codes


def test_entries_for_each_column_of_a_first_step_are_adapted(binary):
    X, y = coded(binary[0])[["c", "d"]], binary[1]
    model = make_pipeline(
        OneHotEncoder(categories=[[0, 1, 2], [0, 1, 2, 3, 4]]), LogisticRegression()
    )
    pruned = PrunedEstimator(
        model, method="permutation", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    (kept,) = pruned.estimator_[0].transformers[0][2]
    assert [len(c) for c in pruned.estimator_[-1][0].categories] == [[3, 5][kept]]
