"""`permutation_importance`, compared with the function of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import inspection
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from sklprune import permutation_importance


@pytest.mark.parametrize(
    "options",
    [
        {"random_state": 3},
        {"random_state": np.random.RandomState(5), "n_repeats": 3},
        {"random_state": 0, "max_samples": 0.4, "scoring": "neg_log_loss"},
        {"random_state": 0, "sample_weight": np.arange(200) % 3, "n_jobs": 2},
        {"random_state": 0, "scoring": ["accuracy", "roc_auc"]},
        {"random_state": 0, "scoring": ["roc_auc"]},
        {"random_state": 0, "scoring": {"auc": "roc_auc"}},
        {"random_state": 0, "scoring": lambda model, X, y: {"a": model.score(X, y)}},
    ],
    ids=[
        "seed",
        "RandomState",
        "max_samples",
        "weights",
        "several scores",
        "list of one",
        "dict of one",
        "callable that returns a dict",
    ],
)
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_all_values_are_those_of_scikit_learn(binary, container, options):
    X, y = container(binary[0]), binary[1]
    model = RandomForestClassifier(5, random_state=0).fit(X, y)
    state = options["random_state"]
    position = state.get_state() if hasattr(state, "get_state") else None
    expected = inspection.permutation_importance(model, X, y, **options)
    if position is not None:
        state.set_state(position)
    ours = permutation_importance(model, X, y, **options)
    if "importances" in expected:
        expected, ours = {"score": expected}, {"score": ours}
    assert ours.keys() == expected.keys()
    for name in ours:
        for key in ("importances", "importances_mean", "importances_std"):
            np.testing.assert_array_equal(ours[name][key], expected[name][key])


def test_sparse_rows_give_the_values_of_dense_rows(binary):
    X, y = np.where(np.abs(binary[0]) < 0.5, 0, binary[0]), binary[1]
    model = LogisticRegression().fit(X, y)
    dense = permutation_importance(model, X, y, random_state=0)
    ours = permutation_importance(model, sparse.coo_array(X), y, random_state=0)
    np.testing.assert_allclose(ours.importances, dense.importances, atol=1e-15)


def test_X_is_not_modified(binary):
    X, y = binary
    X.setflags(write=False)
    before = X.copy()
    permutation_importance(LogisticRegression().fit(X, y), X, y, random_state=0)
    np.testing.assert_array_equal(X, before)


def test_more_rows_than_there_are_is_the_error_of_scikit_learn(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="max_samples must be <= n_samples.*201.*200"):
        permutation_importance(model, X, y, max_samples=201)
