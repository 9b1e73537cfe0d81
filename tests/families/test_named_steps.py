"""Transformers of frames that state columns by name, when columns of X are removed.

Stand-ins for those of category_encoders and feature-engine, which keep the names of all
columns that they do not change.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklprune import PrunedEstimator, prune
from sklprune.families._column_parameters import clone_for_columns

NAMES = np.array(["a", "b", "c", "d"], dtype=object)
KEPT = np.array([0, 2])


class _Shift(TransformerMixin, BaseEstimator):
    """Adds one to some columns of a frame, and requires that they exist."""

    def _columns(self):
        raise NotImplementedError

    def fit(self, X, y=None):
        missing = set(self._columns()) - set(X.columns)
        if missing:
            raise ValueError(f"X has no {missing}")
        self.names_ = list(X.columns)
        return self

    def transform(self, X):
        return X.assign(**{name: X[name] + 1 for name in self._columns()})

    def get_feature_names_out(self, names=None):
        # a list, as in feature-engine
        return self.names_


class Engine(_Shift):
    """It rejects an empty list, and None stands for all columns."""

    def __init__(self, variables=None):
        self.variables = variables

    def _columns(self):
        if self.variables == []:
            raise ValueError("the list of variables is empty")
        return self.names_ if self.variables is None else self.variables


class Encoder(_Shift):
    """Its `fit` writes to its parameter, as in category_encoders."""

    def __init__(self, cols=None, mapping=None):
        self.cols, self.mapping = cols, mapping

    def fit(self, X, y=None):
        if self.cols is None:
            self.cols = ["b", "d"]
        return super().fit(X, y)

    def _columns(self):
        return self.cols


Engine.__module__ = "feature_engine.stand_in"
Encoder.__module__ = "category_encoders.stand_in"


@pytest.mark.parametrize(
    "step, expected",
    [
        (Encoder(["b", "c"]), ["c"]),
        (Encoder(["b"]), []),
        (Encoder([1, 2]), [1]),
        (Engine(["c", "d", "a"]), ["c", "a"]),
        (Engine(("a", "b")), ["a"]),
        (Engine("c"), "c"),
        (Engine(None), None),
    ],
)
def test_names_of_removed_columns_are_dropped(step, expected):
    name = "cols" if isinstance(step, Encoder) else "variables"
    assert getattr(clone_for_columns(step, KEPT, NAMES), name) == expected


def test_mappings_of_removed_columns_are_dropped():
    mapping = [{"col": "a", "mapping": {1: 2}}, {"col": "d", "mapping": {1: 3}}]
    assert (
        clone_for_columns(Encoder(mapping=mapping), KEPT, NAMES).mapping
        == (mapping[:1])
    )


def test_a_step_without_columns_changes_nothing():
    inner = clone_for_columns(
        make_pipeline(Engine("a"), Engine(["b", "d"]), LogisticRegression()),
        KEPT,
        NAMES,
    )
    alone = clone_for_columns(Engine("d"), KEPT, NAMES)
    assert [type(step) for step in (inner[1], alone)] == [FunctionTransformer] * 2
    assert inner[0].variables == "a"


def test_names_that_an_earlier_step_makes_are_refused():
    model = make_pipeline(Engine("a"), Engine(["a_1"]), LogisticRegression())
    with pytest.raises(ValueError, match=r"engine-2__variables=\['a_1'\].*inner step"):
        clone_for_columns(model, KEPT, NAMES)


@pytest.mark.parametrize("ratio", [0.5, 0.75])
@pytest.mark.parametrize("encoded", [None, ["b", "d"]])
def test_columns_of_such_a_pipeline_are_removed(ratio, encoded):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 4)), columns=NAMES)
    y = (X["a"] > 0).to_numpy()
    model = make_pipeline(
        Encoder(encoded), Engine(["b", "d"]), Engine(["a"]), LogisticRegression()
    )
    options = {
        "method": "permutation",
        "pruning_ratio": ratio,
        "random_state": 0,
    }
    pruned = PrunedEstimator(model, **options).fit(X, y)
    frozen = prune(model.fit(X, y), X, y, **options)
    for each in (pruned, frozen):
        kept = each.get_feature_names_out()
        assert "a" in kept and len(kept) == 4 * (1 - ratio)
        # the result reads the kept columns alone
        np.testing.assert_array_equal(each.predict(X[kept]), each.predict(X))


class Listing(_Shift):
    """Any transformer that returns its names as a list."""

    def _columns(self):
        return ["a"]


def test_a_report_is_made_after_a_step_that_lists_its_names():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 4)), columns=NAMES)
    model = make_pipeline(Listing(), LogisticRegression())
    pruned = PrunedEstimator(model, pruning_ratio=0.5, random_state=0)
    pruned.fit(X, X["a"] + X["c"] > 0)
    # the model no longer reads two of them, but the step requires all
    assert pruned.report_.unread_columns == []
