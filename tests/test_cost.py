"""`cost` with and without rows: latencies, sizes, and models that are not fitted."""

import io
from itertools import count

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import DBSCAN
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, _cost, cost, strip
from sklprune._cost import sizes


class Recorder(BaseEstimator):
    """Records the arguments of its `predict`."""

    def fit(self, X, y=None):
        self.seen_ = []
        return self

    def predict(self, X):
        self.seen_.append(X)
        return np.zeros(X.shape[0])


def recorded(X):
    model = Recorder().fit(X)
    size = cost(model, X)
    return size, model.seen_


# -- latency --------------------------------------------------------------------------


def test_without_rows_there_is_no_latency(binary):
    size = cost(LogisticRegression().fit(*binary))
    assert np.isnan(size.latency_one_row) and np.isnan(size.latency_per_row)
    assert size.file_bytes > 0


def test_latencies_are_medians_for_single_rows_and_for_a_batch(binary, monkeypatch):
    X, y = binary
    ticks = count(step=2.0)
    # a clock that advances by two seconds each time it is read
    monkeypatch.setattr(_cost, "perf_counter", lambda: next(ticks))
    size = cost(Ridge().fit(X, y), X)
    assert size.latency_one_row == 2.0
    assert size.latency_per_row == 2.0 / 200


def test_timing_stops_after_the_given_seconds(binary, monkeypatch):
    ticks = count(step=0.01)
    monkeypatch.setattr(_cost, "perf_counter", lambda: next(ticks))
    size, seen = recorded(binary[0])
    # one reading at the start and two for each call; the first call is not timed
    calls = int(_cost.SECONDS / 0.02) + 2
    assert abs(len(seen) - 2 * calls) <= 2
    np.testing.assert_allclose(size.latency_one_row, 0.01)


def test_batches_have_at_most_a_thousand_rows():
    X = np.random.RandomState(0).normal(size=(1500, 2))
    _, seen = recorded(X)
    assert {len(rows) for rows in seen} == {1, 1000}
    single = np.vstack([rows for rows in seen if len(rows) == 1])
    # single rows come from all parts of X
    assert np.array_equal(single[1], X[0])
    assert (single == X[-1]).all(axis=1).any()


@pytest.mark.parametrize(
    "form, kind",
    [
        (np.asarray, np.ndarray),
        (pd.DataFrame, pd.DataFrame),
        (sparse.csr_matrix, sparse.csr_matrix),
        (sparse.csc_array, sparse.csc_array),
        (sparse.coo_array, sparse.csr_array),
    ],
)
def test_rows_have_the_type_of_X(binary, form, kind):
    _, seen = recorded(form(binary[0]))
    assert {type(rows) for rows in seen} == {kind}
    assert {rows.shape for rows in seen} == {(1, 8), (200, 8)}


def test_rows_of_a_polars_frame_are_polars_frames(binary, polars):
    frame = polars.DataFrame(binary[0])
    _, seen = recorded(frame)
    assert {type(rows) for rows in seen} == {polars.DataFrame}


def test_a_transformer_is_timed_by_transform_and_other_models_are_not_timed(binary):
    X, _ = binary
    assert cost(StandardScaler().fit(X), X).latency_one_row > 0
    assert np.isnan(cost(DBSCAN().fit(X), X).latency_one_row)


def test_no_rows_are_an_error(binary):
    X, y = binary
    with pytest.raises(ValueError, match="X has no rows"):
        cost(Ridge().fit(X, y), X[:0])


def test_only_the_named_fields_are_measured(binary):
    X, y = binary
    model = Ridge().fit(X, y)
    found = sizes(model, ("file_bytes", "nodes", "latency_per_row"), X)
    whole = cost(model)
    assert found["file_bytes"] == whole.file_bytes
    assert found["nonzero"] == whole.nonzero
    assert np.isnan(found["nodes"])
    assert found["latency_per_row"] > 0
    assert "memory_bytes" not in found and "latency_one_row" not in found


# -- which models ---------------------------------------------------------------------


def test_objects_of_sklprune_are_measured_as_their_plain_copies(binary):
    X, y = binary
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(X, y)
    assert cost(pruned) == cost(pruned.estimator_)
    assert cost(pruned).nonzero == 4 + 1
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    model = make_pipeline(selector, LogisticRegression()).fit(X, y)
    assert cost(model).parameters == 3 + 1
    assert cost(model, X).latency_one_row > 0


@pytest.mark.parametrize("function", [cost, strip])
@pytest.mark.parametrize(
    "model",
    [
        Ridge(),
        make_pipeline(StandardScaler(), Ridge()),
        PrunedEstimator(Ridge()),
        FeaturePruningSelector(Ridge()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_model_that_is_not_fitted_is_an_error(function, model):
    name, class_name = function.__name__, type(model).__name__
    with pytest.raises(
        NotFittedError, match=rf"{name}\(\) .* this {class_name} is not fitted"
    ):
        function(clone(model))


def test_distinct_values_and_bits_of_each_parameter():
    model = LogisticRegression(max_iter=500).fit(*load_iris(return_X_y=True))
    model.coef_ = np.sign(model.coef_)
    model.intercept_ = np.zeros(3)
    size = cost(model)
    assert size.distinct_values == len(np.unique(np.append(model.coef_, 0)))
    assert size.bits_per_parameter == 8 * size.lzma_bytes / size.parameters
    file = io.BytesIO()
    joblib.dump(model, file, compress=("lzma", 1))
    assert size.lzma_bytes == len(file.getvalue())
