"""Naive Bayes models of counts lose columns by their weights."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklprune import FeaturePruningSelector
from sklprune._registry import family_of
from sklprune._units import Task

X, Y = load_digits(return_X_y=True)
X, Y = X[:400], Y[:400]
TWO = Y % 2
MODELS = [
    MultinomialNB(),
    ComplementNB(norm=True),
    BernoulliNB(binarize=7),
    BernoulliNB(binarize=None),
]


def rows_for(model):
    return X > 7 if getattr(model, "binarize", 0) is None else X


@pytest.mark.parametrize("y", [Y, TWO], ids=["ten classes", "two classes"])
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_importances_are_the_changes_of_log_probabilities(model, y):
    """A column is important if one standard deviation changes the classes apart."""
    rows = rows_for(model)
    model.fit(rows, y)
    found = family_of(model).column_importances(model, Task(rows, y))
    seen = (X > 7) if isinstance(model, BernoulliNB) else X
    threshold = 7.5 if getattr(model, "binarize", 0) == 7 else 1.0
    expected = []
    for column, sd in enumerate(seen.std(axis=0)):
        one = np.zeros((2, rows.shape[1]))
        one[1, column] = threshold
        change = np.diff(model.predict_joint_log_proba(one), axis=0)[0]
        expected.append(sd * np.linalg.norm(change - change.mean()))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    in_sparse = family_of(model).column_importances(
        model, Task(sparse.csr_matrix(rows.astype(float)), y)
    )
    np.testing.assert_allclose(in_sparse, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("model", MODELS[:3], ids=repr)
def test_columns_are_removed_by_elimination(model):
    rng = np.random.default_rng(0)
    noise = rng.permuted(X[:, 20:40], axis=0)
    pipeline = make_pipeline(MinMaxScaler(), model)
    if isinstance(model, BernoulliNB):
        pipeline = model
    selector = FeaturePruningSelector(pipeline, n_features_to_select=20)
    selector.fit(np.hstack([X, noise]), Y)
    assert "RecursiveElimination" in selector.report_.summary
    assert selector.support_[:64].sum() >= 15


@pytest.mark.parametrize("kind", [MultinomialNB, ComplementNB, BernoulliNB])
def test_a_column_of_one_class_is_the_most_important_without_smoothing(kind):
    """Its probability in the other class is zero, whose logarithm is not finite."""
    counts = np.random.default_rng(0).poisson(2.0, (60, 6)).astype(float)
    y = np.arange(60) % 2
    counts[:, 2] *= y
    counts[:, 3] = 0  # in no row
    counts[:, 4] = 1  # in each row
    with np.errstate(divide="ignore", invalid="ignore"):
        model = kind(alpha=0.0, force_alpha=True).fit(counts, y)
    found = family_of(model).column_importances(model, Task(counts, y))
    assert np.isfinite(found).all()
    assert found.argmax() == 2
    assert found[3] == 0
