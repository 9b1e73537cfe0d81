"""How far the splits agree on the kept columns."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune._evaluation.stability import nogueira, packed, stability_of


def test_the_measure_is_the_one_of_its_paper():
    kept = np.random.RandomState(0).rand(6, 20) < 0.4
    frequency, k = kept.mean(axis=0), kept.sum(axis=1).mean()
    variance = 6 / 5 * frequency * (1 - frequency)
    expected = 1 - variance.sum() / 20 / (k / 20 * (1 - k / 20))
    assert nogueira(kept) == pytest.approx(expected)


def test_equal_selections_have_one_and_random_ones_about_zero():
    same = np.tile(np.arange(10) < 3, (4, 1))
    assert nogueira(same) == 1
    rng = np.random.RandomState(0)
    measures = [nogueira(rng.rand(5, 50) < 0.3) for _ in range(200)]
    # the mean of 200 measures whose standard deviation is about 0.1
    assert abs(np.mean(measures)) < 0.03


@pytest.mark.parametrize("kept", [[[True, False]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]])
def test_without_two_different_kinds_of_columns_there_is_no_measure(kept):
    assert np.isnan(nogueira(kept))


def test_shares_of_packed_masks_have_the_names_of_the_columns():
    masks = np.array([[True, False, True], [True, False, False]])
    found = stability_of([packed(mask) for mask in masks], np.array(["a", "b", "c"]))
    assert found["kept"] == {"a": 1.0, "b": 0.0, "c": 0.5}
    assert stability_of([packed(masks[0])], np.array(["a", "b", "c"])) is None


@pytest.mark.parametrize("model", [LogisticRegression(), KNeighborsClassifier()])
def test_the_report_states_how_often_columns_were_kept(binary, model):
    selector = FeaturePruningSelector(model, method="columns", cv=4, random_state=0)
    report = selector.fit(*binary).report_
    shares = np.array(list(report.stability["kept"].values()))
    assert shares.shape == (8,) and set(shares) <= {0, 0.25, 0.5, 0.75, 1}
    # on average, as many columns are kept as in the table
    units = selector.path_.table["units"][selector.path_.chosen]
    assert shares.sum() == pytest.approx(units)
    if 0 < shares.sum() < 8:
        assert "Stability of the selection" in str(report)
    assert report.to_dict()["stability"]["kept"] == report.stability["kept"]


def test_scores_without_models_give_the_same_masks_as_models(binary):
    X, y = binary
    known = {"method": "recursive_elimination", "cv": 3, "random_state": 0}
    without = FeaturePruningSelector(Ridge(), **known).fit(X, y)
    with_models = PrunedEstimator(Ridge(), **known, store_path=True).fit(X, y)
    assert without.report_.stability == with_models.report_.stability


def test_other_units_and_given_ratios_have_no_stability(binary):
    tree = DecisionTreeClassifier(random_state=0)
    assert PrunedEstimator(tree, cv=3).fit(*binary).report_.stability is None
    given = FeaturePruningSelector(Ridge(), n_features_to_select=3).fit(*binary)
    assert given.report_.stability is None
