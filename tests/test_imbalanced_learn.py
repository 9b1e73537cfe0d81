"""Pipelines and ensembles of imbalanced-learn; skipped where it is not installed.

`.ci/run` installs it and runs this file.
"""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, prune, to_plain

combine = pytest.importorskip("imblearn.combine")
ensemble = pytest.importorskip("imblearn.ensemble")
over_sampling = pytest.importorskip("imblearn.over_sampling")
pipeline = pytest.importorskip("imblearn.pipeline")
under_sampling = pytest.importorskip("imblearn.under_sampling")

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def rows():
    return make_classification(
        300, 8, n_informative=4, weights=[0.85], random_state=1, class_sep=1.5
    )


def forest():
    return RandomForestClassifier(8, max_leaf_nodes=12, random_state=0)


PIPELINES = {
    "linear": pipeline.make_pipeline(
        StandardScaler(), over_sampling.SMOTE(random_state=0), LogisticRegression()
    ),
    "forest": pipeline.make_pipeline(
        under_sampling.RandomUnderSampler(random_state=0), forest()
    ),
    "two samplers": pipeline.make_pipeline(
        over_sampling.RandomOverSampler(random_state=0),
        StandardScaler(),
        under_sampling.RandomUnderSampler(random_state=0),
        LogisticRegression(),
    ),
    "cleaning": pipeline.make_pipeline(
        combine.SMOTEENN(random_state=0), StandardScaler(), LogisticRegression()
    ),
    "mixing": pipeline.make_pipeline(
        PCA(6), over_sampling.SMOTE(random_state=0), LogisticRegression()
    ),
}


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("frozen", [False, True])
def test_a_pipeline_with_samplers_is_pruned_as_its_last_step(rows, name, frozen):
    X, y = rows
    model, settings = PIPELINES[name], {"pruning_ratio": 0.5, "random_state": 0}
    if frozen:
        pruned = prune(model.fit(X[:200], y[:200]), X[200:], y[200:], **settings)
    else:
        pruned = PrunedEstimator(model, **settings).fit(X, y)
    assert 0.3 < pruned.pruning_ratio_ <= 0.55
    assert type(pruned.estimator_) is type(model)
    assert [step for step, _ in pruned.estimator_.steps] == [
        step for step, _ in model.steps
    ]
    assert pruned.score(X, y) > 0.6
    np.testing.assert_array_equal(to_plain(pruned).predict(X), pruned.predict(X))


@pytest.mark.parametrize("name", PIPELINES)
def test_a_ratio_is_chosen_with_samplers(rows, name):
    X, y = rows
    pruned = PrunedEstimator(
        PIPELINES[name], pruning_ratio=[0.25, 0.5], cv=2, random_state=0
    ).fit(X, y, sample_weight=None)
    assert pruned.path_.frame()["chosen"].sum() == 1
    assert pruned.predict(X).shape == y.shape


def test_columns_of_a_pipeline_with_a_sampler_are_pruned(rows):
    X, y = rows
    pruned = PrunedEstimator(
        PIPELINES["linear"], method="permutation", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    assert pruned.estimator_[-1].n_features_in_ == pruned.support_.sum() == 4


def test_unread_columns_are_removed_beside_a_sampler(rows):
    X, y = rows
    settings = {"pruning_ratio": 0.5, "random_state": 0}
    plain = PrunedEstimator(PIPELINES["linear"], **settings).fit(X, y)
    pruned = PrunedEstimator(PIPELINES["linear"], drop_unread=True, **settings)
    pruned.fit(X, y)
    assert len(pruned.report_.dropped_columns) == 4
    np.testing.assert_allclose(pruned.predict_proba(X), plain.predict_proba(X))


ENSEMBLES = {
    "balanced forest": ensemble.BalancedRandomForestClassifier(
        6,
        sampling_strategy="all",
        replacement=True,
        bootstrap=False,
        random_state=0,
    ),
    "balanced bagging": ensemble.BalancedBaggingClassifier(
        n_estimators=4, random_state=0
    ),
    "easy ensemble": ensemble.EasyEnsembleClassifier(3, random_state=0),
    "boosting": ensemble.RUSBoostClassifier(n_estimators=4, random_state=0),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_an_ensemble_can_lose_columns(rows, name):
    X, y = rows
    pruned = PrunedEstimator(
        ENSEMBLES[name], method="permutation", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    assert type(pruned.estimator_[-1]) is type(ENSEMBLES[name])
    assert pruned.estimator_[-1].n_features_in_ == 4
    assert pruned.score(X, y) > 0.6


@pytest.mark.parametrize("method", ["auto", "backfitting", "member_selection"])
@pytest.mark.parametrize("name", ENSEMBLES)
def test_another_method_keeps_its_promise_or_is_refused_before_a_fit(
    rows, name, method, monkeypatch
):
    X, y = rows
    model = ENSEMBLES[name]
    fitted = []
    own_fit = type(model).fit

    def fit(self, *args, **kwargs):
        fitted.append(self)
        return own_fit(self, *args, **kwargs)

    monkeypatch.setattr(type(model), "fit", fit)
    try:
        pruned = PrunedEstimator(
            model, method=method, pruning_ratio=0.5, random_state=0
        ).fit(X, y)
    except ValueError as error:
        assert type(model).__name__ in str(error) and "Methods that work" in str(error)
        assert not fitted
    else:
        assert pruned.score(X, y) > 0.6
