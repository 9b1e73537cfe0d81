"""Which family an estimator belongs to, in particular a subclass of another package."""

import functools
import gc
import weakref

import numpy as np
import pytest
from sklearn.base import TransformerMixin, clone
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import BayesianRidge, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklprune import PrunedEstimator, prune
from sklprune._registry import family_of, register_family, unregister_family
from sklprune._units import TooLittleLeft
from sklprune.families import Family
from sklprune.families.forest import ForestFamily
from sklprune.families.linear import LinearFamily
from sklprune.families.search import SearchFamily
from sklprune.methods import Magnitude
from sklprune.refits import Reconstruction


class OnlyFit(RandomForestClassifier):
    def fit(self, X, y, sample_weight=None):
        for tree in ():
            tree.mark_ = 1
        return super().fit(X, y, sample_weight)


class NewMembers(RandomForestClassifier):
    apply_cap = 3
    predict = RandomForestClassifier.predict

    @property
    def predictions_seen(self):
        return 0

    def predict_named(self, X):
        return dict(enumerate(self.predict(X)))


class WrappedFit(RandomForestClassifier):
    fit = functools.wraps(functools.partial(RandomForestClassifier.fit))(
        lambda self, X, y, sample_weight=None: RandomForestClassifier.fit(
            self, X, y, sample_weight
        )
    )


class Predicts(RandomForestClassifier):
    def predict(self, X):
        return self.classes_[self.predict_proba(X)[:, 1].astype(int)]


class Stores(RandomForestClassifier):
    def fit(self, X, y, sample_weight=None):
        self.extra_ = len(X)
        return super().fit(X, y, sample_weight)


class StoresByName(RandomForestClassifier):
    def fit(self, X, y, sample_weight=None):
        setattr(self, "bias_", 1.0)  # noqa: B010
        return super().fit(X, y, sample_weight)


class StoresInside(RandomForestClassifier):
    def fit(self, X, y, sample_weight=None):
        def keep():
            self.extra_ = 3

        keep()
        return super().fit(X, y, sample_weight)


class Bayesian(BayesianRidge):
    """scikit-learn gives it set_predict_request, since predict has a parameter."""


class Thresholded(GridSearchCV):
    def predict(self, X):
        return self.predict_proba(X)[:, 1] > 0.999


@pytest.mark.parametrize("cls", [OnlyFit, NewMembers, WrappedFit])
def test_a_subclass_with_the_same_predictions_belongs_to_its_parent(cls):
    assert type(family_of(cls())) is ForestFamily


@pytest.mark.parametrize("cls", [Predicts, Stores, StoresByName, StoresInside])
def test_other_predictions_or_more_state_make_a_model_generic(cls, binary):
    assert type(family_of(cls())) is Family
    with pytest.raises(ValueError, match=f"{cls.__name__} .*not handled as Forest"):
        PrunedEstimator(cls(5), method="backfitting").fit(*binary)
    pruned = PrunedEstimator(cls(5), pruning_ratio=0.5, random_state=0).fit(*binary)
    assert type(pruned.estimator_[-1]) is cls


def test_requests_of_metadata_are_no_predictions():
    assert type(family_of(Bayesian())) is LinearFamily


def test_a_search_that_predicts_in_its_own_way_is_not_replaced(binary):
    search = Thresholded(LogisticRegression(), {"C": [1.0]}).fit(*binary)
    assert type(family_of(search)) is Family
    same = prune(search, *binary, pruning_ratio=0.0)
    np.testing.assert_array_equal(same.predict(binary[0]), search.predict(binary[0]))
    plain = GridSearchCV(LogisticRegression(), {"C": [1.0]})
    assert type(family_of(plain)) is SearchFamily


def test_a_subclass_of_a_pipeline_keeps_its_class_and_family():
    class Named(Pipeline):
        def predict(self, X, **params):
            return super().predict(X, **params)

    assert type(family_of(Named([("a", LogisticRegression())]))) is type(
        family_of(Pipeline([("a", LogisticRegression())]))
    )


def test_classes_are_not_kept_alive():
    def made():
        cls = type("Local", (RandomForestClassifier,), {})
        family_of(cls())
        return weakref.ref(cls)

    reference = made()
    gc.collect()
    assert reference() is None


class Base:
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


class Encoder(TransformerMixin, Base):
    """Mixins of scikit-learn are not the user's own predictions."""


class EncoderFamily(Family):
    classes = ("Base",)
    granularities = ("code",)


def test_a_family_that_is_replaced_is_valid_again():
    first, second = EncoderFamily(), EncoderFamily()
    register_family(first)
    register_family(second)
    assert family_of(Encoder()) is second
    unregister_family(second)
    assert family_of(Encoder()) is first
    register_family(second)
    unregister_family(first)
    assert family_of(Encoder()) is second
    unregister_family(second)
    assert type(family_of(Encoder())) is Family


def test_balanced_members_of_bagging_are_weighted_over_all_rows(binary):
    member = RandomForestClassifier(3, class_weight="balanced_subsample")
    model = BaggingClassifier(member, 4, random_state=0)
    pruned = PrunedEstimator(model, method="member_selection", pruning_ratio=0.5)
    assert len(pruned.fit(*binary).estimator_.estimators_) == 2


# -- errors of fits -------------------------------------------------------------------


class NoFewColumns(ValueError):
    """An error with a type of its own."""


class Picky(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        if X.shape[1] < 5:
            error = NoFewColumns("five columns at least")
            error.add_note("note of the estimator")
            raise error
        return super().fit(X, y, sample_weight)


def test_an_error_of_a_fit_keeps_its_type_and_its_notes(binary):
    pruned = PrunedEstimator(Picky(), method="permutation", pruning_ratio=0.6)
    with pytest.raises(NoFewColumns, match="five columns") as caught:
        pruned.fit(*binary)
    assert caught.value.__notes__ == [
        "note of the estimator",
        "Raised at pruning_ratio=0.6, on 4 of 8 features.",
    ]
    # the original error, and not an error whose cause is itself
    assert caught.value.__cause__ is None
    plain = TooLittleLeft("too few")
    assert clone(pruned) is not None and plain.of_original_type() is plain


class Strict(Reconstruction):
    """A refit that refuses large ratios by itself."""

    def apply(self, family, dense, units, keep, task):
        if keep.mean() < 0.5:
            error = ValueError("half of the weights at least")
            error.add_note("note of the refit")
            raise error
        return super().apply(family, dense, units, keep, task)


class StrictMethod(Magnitude):
    def candidate(self, path, family, estimator, units, task, ratio):
        if ratio and ratio > 0.5:
            error = ValueError("half of the weights at most")
            error.add_note("note of the method")
            raise error
        return super().candidate(path, family, estimator, units, task, ratio)


@pytest.mark.parametrize("ratio", ["auto", [0.25, 0.75], 0.75])
@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"refit": Strict()}, "half of the weights at least"),
        ({"method": StrictMethod()}, "half of the weights at most"),
    ],
    ids=["refit", "method"],
)
def test_an_error_of_a_method_or_refit_itself_is_raised(binary, part, message, ratio):
    # it does not mean that too few units remain, whose ratios are omitted
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=ratio, cv=2, **part)
    with pytest.raises(ValueError, match=message) as caught:
        pruned.fit(*binary)
    assert type(caught.value) is ValueError
    assert caught.value.__notes__[0].startswith("note of the ")
