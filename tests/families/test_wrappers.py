"""Wrappers: searches, transformed targets and pipelines."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, prune


def test_a_fitted_search_is_pruned_as_its_best_estimator(binary):
    X, y = binary
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1]}, cv=2).fit(X, y)
    pruned = prune(search, X, y, pruning_ratio=0.5)
    alone = prune(search.best_estimator_, X, y, pruning_ratio=0.5)
    assert type(pruned.estimator_) is LogisticRegression
    np.testing.assert_array_equal(pruned.estimator_.coef_, alone.estimator_.coef_)


@pytest.mark.parametrize("method", ["auto", "permutation"])
def test_an_unfitted_search_is_fitted_and_then_pruned(binary, method):
    X, y = binary
    model = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(model, {"logisticregression__C": [0.01, 1]}, cv=2)
    pruned = PrunedEstimator(search, method=method, pruning_ratio=0.5)
    pruned.fit(X, y, sample_weight=np.ones(len(y)))
    assert "GridSearchCV" not in repr(pruned.estimator_)
    assert pruned.pruning_ratio_ == 0.5


def test_a_search_without_a_best_estimator_is_refused(binary):
    X, y = binary
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, refit=False, cv=2)
    with pytest.raises(ValueError, match="refit=False.* keeps no best estimator"):
        PrunedEstimator(search, pruning_ratio=0.5).fit(X, y)


def test_the_regressor_of_a_transformed_target_is_pruned(regression):
    X, y = regression
    model = TransformedTargetRegressor(
        RandomForestRegressor(12, random_state=0), transformer=StandardScaler()
    )
    pruned = PrunedEstimator(model, method="member_selection", pruning_ratio=0.5)
    pruned.fit(X, y)
    assert len(pruned.estimator_.regressor_.estimators_) == 6
    assert pruned.score(X, y) > 0.8
    assert pruned.report_.pruned.members == 6


@pytest.mark.parametrize("method", ["auto", "permutation"])
def test_a_search_inside_a_transformed_target_is_resolved(regression, method):
    X, y = regression
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 10]}, cv=2)
    model = TransformedTargetRegressor(search, transformer=StandardScaler())
    pruned = PrunedEstimator(model, method=method, pruning_ratio=0.5).fit(X, y)
    assert "GridSearchCV" not in repr(pruned.estimator_)
    assert "3 of 6" in str(pruned.report_)
    best = model.fit(X, y).regressor_.best_params_["alpha"]
    whole = pruned.estimator_ if method == "auto" else pruned.estimator_[-1]
    assert whole.regressor_.alpha == best


def test_the_default_regressor_of_a_transformed_target_is_pruned(regression):
    X, y = regression
    model = TransformedTargetRegressor().fit(X, y)
    pruned = prune(model, X, y, pruning_ratio=0.5)
    assert np.count_nonzero(pruned.estimator_.regressor_.coef_) == 3
    assert np.count_nonzero(model.regressor_.coef_) == 6


def test_a_pipeline_inside_a_pipeline_is_pruned(regression):
    X, y = regression
    inner = make_pipeline(StandardScaler(), Ridge())
    pruned = PrunedEstimator(make_pipeline(StandardScaler(), inner), pruning_ratio=0.5)
    pruned.fit(X, y, sample_weight=np.ones(len(y)))
    assert np.count_nonzero(pruned.estimator_[-1][-1].coef_) == 3
    plain = make_pipeline(Ridge())
    assert PrunedEstimator(plain, pruning_ratio=0.5).fit(X, y).pruning_ratio_ == 0.5


def test_columns_of_a_pipeline_are_those_of_its_input(regression):
    X, y = regression
    model = make_pipeline(StandardScaler(), Ridge())
    pruned = PrunedEstimator(model, method="permutation", pruning_ratio=0.5)
    pruned.fit(X, y)
    assert pruned.estimator_[-1][0].n_features_in_ == 3


def test_missing_values_are_refused_by_the_model_inside_only(binary):
    X, y = binary
    X = X.copy()
    X[::7, 3] = np.nan
    imputed = make_pipeline(SimpleImputer(), LogisticRegression()).fit(X, y)
    assert prune(imputed, X, y, pruning_ratio=0.5).pruning_ratio_ == 0.5
    selector = FeaturePruningSelector(imputed, pruning_ratio=0.5).fit(X, y)
    assert selector.transform(X).shape[1] == 4
    boosting = TransformedTargetRegressor(HistGradientBoostingRegressor(max_iter=5))
    pruned = prune(boosting.fit(X, y), X, y, method="permutation", pruning_ratio=0.5)
    assert pruned.predict(X).shape == y.shape
    with pytest.raises(ValueError, match="NaN"):
        prune(make_pipeline(Ridge()).fit(*binary), X, y, pruning_ratio=0.5)


def test_weights_reach_a_pipeline_inside_a_transformed_target(regression):
    X, y = regression
    model = TransformedTargetRegressor(make_pipeline(StandardScaler(), Ridge()))
    pruned = PrunedEstimator(model, pruning_ratio=0.5)
    assert pruned.fit(X, y, sample_weight=np.ones(len(y))).pruning_ratio_ == 0.5


@pytest.mark.parametrize("ratio", [0.0, 0.5])
@pytest.mark.parametrize(
    "last", [LogisticRegression(), MLPClassifier((6,), max_iter=5), SGDClassifier()]
)
def test_training_the_result_does_not_change_the_original(binary, last, ratio):
    X, y = binary
    model = make_pipeline(StandardScaler(), last).fit(X, y)
    before = model.predict(X)
    result = prune(model, X, y, pruning_ratio=ratio).estimator_
    if hasattr(last, "partial_fit"):
        for _ in range(5):
            result[-1].partial_fit(X, 1 - y)
    result.fit(X * 100 + 5, 1 - y)
    np.testing.assert_array_equal(model.predict(X), before)


def test_a_search_inside_a_wrapper_is_resolved(regression):
    X, y = regression
    search = GridSearchCV(Ridge(), {"alpha": [1, 10]}, cv=2)
    for model in (
        make_pipeline(StandardScaler(), search),
        TransformedTargetRegressor(search),
    ):
        pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X, y)
        assert pruned.pruning_ratio_ == 0.5
        assert pruned.predict(X).shape == y.shape


def test_the_number_of_columns_counts_those_that_a_model_reads(regression):
    X, y = regression
    once = PrunedEstimator(Ridge(), method="permutation", pruning_ratio=2 / 6)
    model = FrozenEstimator(once.fit(X, y).estimator_)
    selector = FeaturePruningSelector(model, n_features_to_select=3).fit(X, y)
    assert selector.support_.sum() == 3


def test_a_search_whose_best_model_has_other_units_is_refused(regression):
    X, y = regression
    grid = {"model": [RandomForestRegressor(5, random_state=0)]}
    search = GridSearchCV(Pipeline([("model", Ridge())]), grid, cv=2)
    with pytest.raises(ValueError, match="is a RandomForestRegressor, which has no w"):
        PrunedEstimator(search, pruning_ratio=0.5).fit(X, y)


# -- steps before the last one --------------------------------------------------------


class Squares(TransformerMixin, BaseEstimator):
    """Stateless: it has no fitted attributes, so a slice of a pipeline is unfitted."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.column_stack([X, X**2])


class Sampler(BaseEstimator):
    """Changes rows in the fit alone, as the samplers of imbalanced-learn do."""

    def fit_resample(self, X, y):
        return np.repeat(X, 2, axis=0), np.repeat(y, 2)


class SamplingPipeline(Pipeline):
    """Fits on resampled rows, and skips samplers when it predicts."""

    def fit(self, X, y):
        (_, sampler), (_, model) = self.steps
        model.fit(*sampler.fit_resample(X, y))
        return self

    def predict(self, X):
        return self.steps[-1][1].predict(X)

    def score(self, X, y):
        return self.steps[-1][1].score(X, y)


def test_a_stateless_step_transforms_the_rows(binary):
    X, y = binary
    model = make_pipeline(Squares(), LogisticRegression()).fit(X, y)
    inside = LogisticRegression().fit(Squares().transform(X), y)
    small = prune(model, X, y, pruning_ratio=0.5)
    same = prune(inside, Squares().transform(X), y, pruning_ratio=0.5)
    np.testing.assert_array_equal(small.estimator_[-1].coef_, same.estimator_.coef_)


def test_a_sampler_is_skipped_as_in_predict(binary):
    X, y = binary
    model = SamplingPipeline([("rows", Sampler()), ("model", LogisticRegression())])
    model.fit(X, y)
    small = prune(model, X, y, pruning_ratio=0.5)
    same = prune(model[-1], X, y, pruning_ratio=0.5)
    assert type(small.estimator_) is SamplingPipeline
    np.testing.assert_array_equal(small.predict(X), same.predict(X))


def test_pipelines_of_imbalanced_learn_are_pruned_as_their_last_step(binary):
    over_sampling = pytest.importorskip("imblearn.over_sampling")
    pipeline = pytest.importorskip("imblearn.pipeline")
    X, y = binary
    model = pipeline.make_pipeline(
        over_sampling.SMOTE(random_state=0), LogisticRegression()
    )
    pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X, y)
    assert (pruned.estimator_[-1].coef_ != 0).sum() == 4


@pytest.mark.filterwarnings("ignore:invalid value")
def test_an_inverse_that_gives_no_finite_values_is_named(binary):
    X = binary[0]
    y = np.exp(X[:, 0])
    inverse = {"inverse_func": lambda v: np.where(v > 0, v, np.nan)}
    model = TransformedTargetRegressor(
        Ridge(), func=np.log, check_inverse=False, **inverse
    )
    message = "TransformedTargetRegressor predicts [0-9]+ values that are not finite"
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(model, cv=2, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=message):
        prune(model.fit(X, y), X, y, random_state=0)
