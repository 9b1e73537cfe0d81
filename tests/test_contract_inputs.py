"""What must hold for every family and method with each form of input.

The forms are read-only arrays, lists, a column of targets, data frames, sparse matrices
and sample weights. The cases, and results that are compared with, are those of
test_contract.py.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from test_contract import SHARED, X, at, rows_of

from sklprune import PrunedEstimator, prune

NAMES = [f"column {i}" for i in range(8)]


@pytest.fixture(params=SHARED, ids=str)
def any_case(request):
    return SHARED[request.param]


def estimator_of(case):
    """The estimator of the results that are compared with, not fitted."""
    return clone(case.half)


def test_read_only_rows_are_sufficient(any_case):
    rows, y = rows_of(any_case.y).copy(), any_case.y.copy()
    rows.setflags(write=False)
    y.setflags(write=False)
    pruned = estimator_of(any_case).fit(rows, y)
    assert pruned.pruning_ratio_ > 0 or at(0.5, any_case.method) == "auto"


def test_lists_give_the_results_of_arrays(any_case):
    rows, y = rows_of(any_case.y), any_case.y
    listed = estimator_of(any_case).fit(rows.tolist(), y.tolist())
    np.testing.assert_array_equal(listed.predict(rows), any_case.half.predict(rows))


@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_one_column_of_y_gives_the_results_of_a_vector(any_case):
    several = any_case.y.ndim == 2
    y = any_case.y[:, 0] if several else any_case.y
    column = estimator_of(any_case).fit(X, y.reshape(-1, 1)).predict(X)
    vector = estimator_of(any_case).fit(X, y) if several else any_case.half
    # with one column and with a vector, some solvers sum in different orders
    np.testing.assert_allclose(column.ravel(), vector.predict(X), rtol=1e-6)


def test_a_data_frame_gives_the_results_of_an_array(any_case):
    rows = rows_of(any_case.y)
    frame = pd.DataFrame(rows, columns=NAMES)
    pruned = estimator_of(any_case).fit(frame, any_case.y)
    assert pruned.feature_names_in_.tolist() == NAMES
    assert pruned.estimator_.feature_names_in_.tolist() == NAMES
    # frames are stored by columns, over which some solvers sum in another order
    expected = any_case.half.predict(rows)
    np.testing.assert_allclose(pruned.predict(frame), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="feature names|columns are missing"):
        pruned.predict(frame.set_axis(list("abcdefgh"), axis=1))


def test_sparse_rows_are_pruned_or_refused_by_name(any_case):
    rows, y = sparse.csr_matrix(rows_of(any_case.y)), any_case.y
    pruned = estimator_of(any_case)
    try:
        clone(any_case.model).fit(rows, y)
    except (TypeError, ValueError) as refusal:
        # the model itself does not take them, and its error is passed on
        assert "parse" in str(refusal)
        with pytest.raises(type(refusal), match="parse"):
            pruned.fit(rows, y)
        return
    try:
        pruned.fit(rows, y)
    except ValueError as refusal:
        assert "parse" in str(refusal)
        return
    assert pruned.pruning_ratio_ > 0 or at(0.5, any_case.method) == "auto"
    assert pruned.estimator_.predict(rows).shape == y.shape


def test_weights_are_used_or_refused_by_name(any_case):
    rows, y = rows_of(any_case.y), any_case.y
    weights = np.random.RandomState(0).uniform(0.5, 2, len(y))
    pruned = estimator_of(any_case)
    try:
        pruned.fit(rows, y, sample_weight=weights)
    except ValueError as refusal:
        assert "sample_weight" in str(refusal)
        return
    assert pruned.pruning_ratio_ > 0 or at(0.5, any_case.method) == "auto"
    assert pruned.predict(rows).shape == y.shape
    scores = getattr(pruned, "predict_proba", pruned.predict)(rows)
    assert np.isfinite(scores).all()


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        RidgeClassifier(),
        RandomForestClassifier(4, max_depth=3, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_column_of_labels_is_like_an_array_of_labels(model, frozen):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(80, 4))
    labels = np.where(rows[:, 0] + rows[:, 1] > 0, "p", "n")
    flat, column = (
        prune(model.fit(rows, labels), rows, y, random_state=0)
        if frozen
        else PrunedEstimator(model, cv=2, random_state=0).fit(rows, y)
        for y in (labels, labels[:, None])
    )
    assert flat.pruning_ratio_ == column.pruning_ratio_
    np.testing.assert_array_equal(flat.predict(rows), column.predict(rows))


def test_a_frame_of_sparse_columns_is_like_a_sparse_matrix():
    rng = np.random.default_rng(0)
    rows = sparse.random(80, 4, 0.5, format="csr", random_state=0)
    y = rng.permutation(np.arange(80) % 2)
    frame = pd.DataFrame.sparse.from_spmatrix(rows, columns=list("abcd"))
    forest = RandomForestClassifier(4, max_depth=3, random_state=0)
    results = [
        PrunedEstimator(forest, cv=2, random_state=0).fit(each, y).predict(each)
        for each in (rows, frame)
    ]
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("dtype", [np.longdouble, np.float16])
@pytest.mark.parametrize(
    ("model", "method"),
    [(LogisticRegression(), "magnitude"), (GaussianNB(), "columns")],
)
def test_numbers_of_another_length_are_like_doubles(model, method, dtype):
    y = (X[:, 0] > 0).astype(int)
    rows = rows_of(y).astype(dtype)
    kinds = {"method": method, "pruning_ratio": [0.3, 0.6], "random_state": 0}
    pruned = prune(clone(model).fit(rows, y), rows, y, **kinds)
    assert pruned.estimator_.predict(rows).shape == y.shape
