"""Texts and other rows without columns, where columns are to be removed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklprune import FeaturePruningSelector, PrunedEstimator, prune

LABELS = [i % 2 for i in range(120)]
TEXTS = [
    f"{'good nice' if i % 2 else 'bad awful'} word{i % 7} thing{i % 5}"
    for i in range(120)
]
ERROR = "X has no columns that could be removed.*make_pipeline.*PrunedEstimator"


class CountingTfidf(TfidfVectorizer):
    fits = 0

    def fit_transform(self, texts, y=None):
        type(self).fits += 1
        return super().fit_transform(texts, y)


@pytest.mark.parametrize("last", [MultinomialNB(), SVC()])
@pytest.mark.parametrize("container", [list, tuple, np.array, pd.Series])
def test_texts_are_refused_before_any_fit(last, container):
    model = make_pipeline(CountingTfidf(), last)
    CountingTfidf.fits = 0
    for ratio in ("auto", 0.5):
        with pytest.raises(ValueError, match=ERROR):
            PrunedEstimator(model, pruning_ratio=ratio).fit(container(TEXTS), LABELS)
    assert CountingTfidf.fits == 0
    with pytest.raises(ValueError, match=ERROR):
        prune(model.fit(TEXTS, LABELS), container(TEXTS), LABELS)
    assert CountingTfidf.fits == 1


@pytest.mark.parametrize("method", ["permutation", "elastic_net_path"])
def test_a_method_of_columns_is_refused_for_texts_of_other_vectorizers(method):
    # it may count in another way than its base class
    model = make_pipeline(CountingTfidf(), LogisticRegression())
    with pytest.raises(ValueError, match=f"its rows are texts.*{ERROR[40:]}"):
        PrunedEstimator(model, method=method).fit(TEXTS, LABELS)


def test_the_advice_of_the_error_works():
    model = make_pipeline(
        TfidfVectorizer(), PrunedEstimator(MultinomialNB(), pruning_ratio=0.5, cv=2)
    )
    assert model.fit(TEXTS, LABELS).score(TEXTS, LABELS) > 0.9
    assert len(model[-1].report_.removed) == 8


def test_texts_are_accepted_where_other_units_are_removed():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(TEXTS, LABELS)
    assert np.count_nonzero(pruned.estimator_[-1].coef_) == 8


def test_rows_that_are_dicts_are_refused():
    rows = [{"a": i % 2, "b": i} for i in range(20)]
    model = make_pipeline(DictVectorizer(), MultinomialNB())
    with pytest.raises(ValueError, match="no columns.*its rows are of type dict"):
        PrunedEstimator(model).fit(rows, [0, 1] * 10)


def test_a_selector_refuses_texts():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    for texts in (TEXTS, np.array(TEXTS), pd.Series(TEXTS)):
        with pytest.raises(ValueError, match=ERROR):
            FeaturePruningSelector(model).fit(texts, LABELS)


@pytest.mark.parametrize("make", [PrunedEstimator, FeaturePruningSelector])
def test_a_single_column_of_texts_is_refused(make):
    frame = pd.DataFrame({"text": TEXTS})
    vectorizer = make_column_transformer((TfidfVectorizer(), "text"))
    model = make_pipeline(vectorizer, MultinomialNB())
    with pytest.raises(ValueError, match="only column contains texts.*MultinomialNB"):
        make(model).fit(frame, LABELS)
    # other units than columns can be removed
    model = make_pipeline(vectorizer, LogisticRegression())
    pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(frame, LABELS)
    assert np.count_nonzero(pruned.estimator_[-1].coef_) == 8
