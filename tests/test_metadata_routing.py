"""Routing of sample weights and groups, with `enable_metadata_routing=True`."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tests.metadata_routing_common import (
    ConsumingClassifier,
    ConsumingScorer,
    ConsumingSplitter,
    _Registry,
    check_recorded_metadata,
)

from sklprune import FeaturePruningSelector, PrunedEstimator, prune
from sklprune.methods import Permutation

X, Y = make_classification(120, 6, n_informative=3, n_redundant=0, random_state=0)
W = np.random.RandomState(0).uniform(0.1, 3, len(Y))
G = np.arange(len(Y)) // 12
KINDS = [PrunedEstimator, FeaturePruningSelector]
# the recording consumers inspect the call stack, which is slow: use few calls
FEW = {"method": Permutation(1), "pruning_ratio": [0.5], "cv": 2}


@pytest.fixture(autouse=True)
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def scorer(weighted):
    return make_scorer(accuracy_score).set_score_request(sample_weight=weighted)


def logistic(fit=True, score=True):
    model = LogisticRegression().set_fit_request(sample_weight=fit)
    return model.set_score_request(sample_weight=score)


def unrouted(estimator, **metadata):
    """A fit without metadata routing."""
    with config_context(enable_metadata_routing=False):
        return estimator.fit(X, Y, **metadata)


# -- each consumer receives what it requests, and nothing else -------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_receives_the_weights_that_it_requests(kind):
    registry = _Registry()
    model = ConsumingClassifier(registry).set_fit_request(sample_weight=True)
    settings = FEW | {"scoring": scorer(False)}
    kind(model, **settings).fit(X, Y, sample_weight=W)
    assert registry
    for each in registry:
        split = {"split_params": ("sample_weight",)}
        check_recorded_metadata(each, "fit", "fit", sample_weight=W, **split)


@pytest.mark.parametrize("kind", KINDS)
def test_a_scorer_receives_the_weights_that_it_requests(kind):
    registry = _Registry()
    scoring = ConsumingScorer(registry).set_score_request(sample_weight=True)
    kind(logistic(), scoring=scoring, **FEW).fit(X, Y, sample_weight=W)
    assert registry
    for each in registry:
        split = {"split_params": ("sample_weight",)}
        check_recorded_metadata(
            each, "consuming_metric", "fit", sample_weight=W, **split
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_splitter_receives_the_groups_that_it_requests(kind):
    registry = _Registry()
    cv = ConsumingSplitter(registry).set_split_request(groups=True)
    kind(Ridge(), cv=cv).fit(X, Y, groups=G)
    assert registry
    for each in registry:
        check_recorded_metadata(each, "split", "fit", groups=G)


def test_no_consumer_receives_what_it_does_not_request():
    registry = _Registry()
    model = ConsumingClassifier(registry).set_fit_request(sample_weight=False)
    settings = FEW | {"cv": KFold(3), "scoring": scorer(False)}
    pruned = PrunedEstimator(model, **settings)
    pruned.fit(X, Y, sample_weight=W, groups=G)
    assert pruned.path_.table["scores"].shape[1] == 3
    for each in registry:
        check_recorded_metadata(each, "fit", "fit")


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_without_a_request_are_an_error(kind):
    with pytest.raises(UnsetMetadataPassedError, match="LogisticRegression.fit"):
        kind(LogisticRegression()).fit(X, Y, sample_weight=W)
    only_fit = LogisticRegression().set_fit_request(sample_weight=True)
    with pytest.raises(UnsetMetadataPassedError, match="score"):
        kind(only_fit).fit(X, Y, sample_weight=W)


def test_a_model_that_takes_no_weights_is_fitted_without_them():
    pruned = PrunedEstimator(KNeighborsClassifier(), pruning_ratio=0.5, random_state=0)
    weighted = pruned.set_params(scoring=scorer(False)).fit(X, Y, sample_weight=W)
    assert weighted.predict(X).shape == Y.shape


# -- the same as without routing -------------------------------------------------------


@pytest.mark.parametrize("method", ["magnitude", "permutation"])
def test_requests_for_everything_are_equal_to_routing_off(method):
    pruned = PrunedEstimator(
        logistic(), method=method, scoring=scorer(True), random_state=0
    )
    routed = pruned.fit(X, Y, sample_weight=W, groups=G)
    table, probabilities = routed.path_.table["scores"], routed.predict_proba(X)
    off = unrouted(pruned, sample_weight=W, groups=G)
    np.testing.assert_array_equal(table, off.path_.table["scores"])
    np.testing.assert_array_equal(probabilities, off.predict_proba(X))


def test_weights_reach_the_last_step_of_a_wrapped_pipeline():
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    model = make_pipeline(scaler, logistic())
    pruned = PrunedEstimator(model, pruning_ratio=0.5, scoring=scorer(True))
    routed = pruned.fit(X, Y, sample_weight=W).predict_proba(X)
    off = unrouted(pruned, sample_weight=W).predict_proba(X)
    np.testing.assert_array_equal(routed, off)


def test_weights_of_columns_kept_in_a_wrapped_pipeline():
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    model = make_pipeline(scaler, logistic())
    pruned = PrunedEstimator(
        model, method="permutation", pruning_ratio=0.5, random_state=0
    )
    pruned.set_params(scoring=scorer(True)).fit(X, Y, sample_weight=W)
    by_hand = LogisticRegression().fit(
        pruned.estimator_[-1][:-1].transform(pruned.estimator_[0].transform(X)), Y, W
    )
    np.testing.assert_array_equal(pruned.estimator_[-1][-1].coef_, by_hand.coef_)


def test_a_wrapped_search_receives_groups_for_its_own_splitter():
    search = GridSearchCV(
        logistic(), {"C": [0.1, 1.0]}, cv=GroupKFold(3), scoring=scorer(True)
    )
    pruned = PrunedEstimator(search, pruning_ratio=0.5, scoring=scorer(True))
    pruned.fit(X, Y, sample_weight=W, groups=G)
    by_hand = search.fit(X, Y, sample_weight=W, groups=G)
    assert by_hand.best_params_["C"] == pruned.estimator_.C


def test_the_requests_of_the_model_inside_a_frozen_model_count():
    model = logistic().fit(X, Y)
    for pruned in (
        prune(model, X, Y, pruning_ratio=0.5, sample_weight=W),
        prune(FrozenEstimator(model), X, Y, pruning_ratio=0.5, sample_weight=W),
    ):
        assert pruned.pruning_ratio_ == 0.5
    with pytest.raises(UnsetMetadataPassedError, match="LogisticRegression.fit"):
        prune(LogisticRegression().fit(X, Y), X, Y, sample_weight=W)


# -- inside something that routes ------------------------------------------------------


def test_it_can_be_the_last_step_of_a_weighted_pipeline():
    pruned = PrunedEstimator(logistic(), pruning_ratio=0.5, scoring=scorer(True))
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    inside = make_pipeline(scaler, pruned.set_fit_request(sample_weight=True))
    inside.fit(X, Y, sample_weight=W)
    alone = pruned.fit(StandardScaler().fit_transform(X), Y, sample_weight=W)
    np.testing.assert_array_equal(inside[-1].estimator_.coef_, alone.estimator_.coef_)
    with pytest.raises(UnsetMetadataPassedError, match="PrunedEstimator.fit"):
        make_pipeline(PrunedEstimator(logistic())).fit(X, Y, sample_weight=W)


def test_a_selector_can_be_the_first_step():
    selector = FeaturePruningSelector(
        logistic(), scoring=scorer(True), n_features_to_select=3, random_state=0
    ).set_fit_request(sample_weight=True)
    model = make_pipeline(selector, KNeighborsClassifier()).fit(X, Y, sample_weight=W)
    alone = selector.fit(X, Y, sample_weight=W)
    np.testing.assert_array_equal(model[0].importances_, alone.importances_)


def test_it_can_be_in_a_search_with_groups():
    pruned = PrunedEstimator(logistic(), cv=GroupKFold(3), scoring=scorer(True))
    pruned.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    grid = {"pruning_ratio": [0.2, 0.5]}
    search = GridSearchCV(pruned, grid, cv=GroupKFold(3), scoring=scorer(True))
    search.fit(X, Y, sample_weight=W, groups=G)
    assert search.best_params_["pruning_ratio"] in (0.2, 0.5)
    # groups are requested by default, as by every group splitter
    scores = cross_validate(
        PrunedEstimator(Ridge(), cv=GroupKFold(2)),
        X,
        Y,
        params={"groups": G},
        cv=GroupKFold(2),
    )
    assert np.isfinite(scores["test_score"]).all()


# -- after fit -------------------------------------------------------------------------


def test_scores_are_weighted_where_the_model_requests_it():
    pruned = PrunedEstimator(logistic(), pruning_ratio=0.5).fit(X, Y, sample_weight=W)
    expected = accuracy_score(Y, pruned.predict(X), sample_weight=W)
    assert pruned.score(X, Y, sample_weight=W) == pytest.approx(expected, abs=1e-12)
    undecided = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(X, Y)
    with pytest.raises(UnsetMetadataPassedError, match="LogisticRegression.score"):
        undecided.score(X, Y, sample_weight=W)


def test_keywords_of_predict_are_routed():
    process = GaussianProcessRegressor()
    pruned = PrunedEstimator(process, pruning_ratio=0.5, random_state=0)
    with config_context(enable_metadata_routing=False):
        mean, std = pruned.fit(X, Y).predict(X, return_std=True)
    assert mean.shape == std.shape == Y.shape
    consuming = ConsumingClassifier().set_predict_request(metadata=True)
    pruned = PrunedEstimator(consuming, pruning_ratio=0.0).fit(X, Y)
    assert pruned.predict(X, metadata="note").shape == Y.shape
    check_recorded_metadata(pruned.estimator_, "predict", "predict", metadata="note")


def test_the_router_lists_the_requests():
    pruned = PrunedEstimator(logistic(), cv=GroupKFold(3))
    router = pruned.get_metadata_routing()
    assert router.consumes("fit", {"sample_weight", "groups"}) == {
        "sample_weight",
        "groups",
    }
    assert PrunedEstimator(StandardScaler()).get_metadata_routing() is not None
