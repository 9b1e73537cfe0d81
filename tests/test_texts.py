"""Texts as rows: terms are removed from the vocabulary of the vectoriser."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import (
    CountVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from sklprune import PrunedEstimator, prune
from sklprune._sklearn_private import elastic_net_logistic
from sklprune.methods import RecursiveElimination

N_ROWS = 90
LABELS = np.arange(N_ROWS) % 3
WORDS = ["good nice fine", "bad awful poor", "so medium fair"]
TEXTS = [
    f"{WORDS[i % 3].split()[i % 2]} {WORDS[i % 3].split()[2]} word{i % 7} thing{i % 5}"
    for i in range(N_ROWS)
]
VECTORIZERS = [
    CountVectorizer(),
    CountVectorizer(binary=True, vocabulary=["good", "bad", "so", "word1", "poor"]),
    TfidfVectorizer(),
    TfidfVectorizer(norm=None, sublinear_tf=True),
    TfidfVectorizer(use_idf=False, ngram_range=(1, 2), max_features=30),
]


def with_vocabulary(vectorizer, terms):
    """An unfitted vectoriser of certain terms."""
    return clone(vectorizer).set_params(vocabulary=terms, max_features=None)


@pytest.mark.parametrize("vectorizer", VECTORIZERS, ids=repr)
@pytest.mark.parametrize("method", ["columns", "permutation"])
def test_the_result_is_the_fit_on_the_kept_terms(vectorizer, method):
    model = make_pipeline(vectorizer, LogisticRegression())
    settings = {"method": method, "pruning_ratio": 0.6, "random_state": 0}
    pruned = PrunedEstimator(model, **settings).fit(TEXTS, LABELS)
    small, names = pruned.estimator_, pruned.get_feature_names_out()
    assert type(small[0]) is type(vectorizer) and len(small) == 2
    assert sorted(small[0].vocabulary_) == sorted(names)
    assert len(names) == pruned.support_.sum() == small[1].coef_.shape[1]
    everything = clone(vectorizer).fit(TEXTS).get_feature_names_out()
    assert pruned.support_.tolist() == np.isin(everything, names).tolist()
    assert {each["name"] for each in pruned.report_.removed} == {*everything} - {*names}
    alone = make_pipeline(with_vocabulary(vectorizer, names), LogisticRegression())
    alone.fit(TEXTS, LABELS)
    expected = alone.predict_proba(TEXTS)
    np.testing.assert_allclose(small.predict_proba(TEXTS), expected, atol=1e-6)
    assert not hasattr(model[0], "vocabulary_")


@pytest.mark.parametrize("container", [list, tuple, np.array, pd.Series])
def test_texts_may_be_in_any_container(container):
    model = make_pipeline(TfidfVectorizer(), MultinomialNB())
    pruned = PrunedEstimator(model, pruning_ratio=0.5, random_state=0)
    assert pruned.fit(container(TEXTS), LABELS).score(TEXTS, LABELS) > 0.5
    assert 0.4 < pruned.pruning_ratio_ <= 0.5
    assert len(pruned.estimator_[0].vocabulary_) == pruned.support_.sum()


def test_a_fitted_pipeline_keeps_its_vocabulary_and_weights():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, LABELS)
    other = [f"{text} unknown" for text in TEXTS]
    small = prune(model, other, LABELS, method="columns", pruning_ratio=0.5)
    assert {*small.estimator_[0].vocabulary_} < {*model[0].vocabulary_}
    same = prune(model, other, LABELS, method="columns", pruning_ratio=0)
    expected = model.predict_proba(TEXTS)
    np.testing.assert_allclose(same.predict_proba(TEXTS), expected, atol=1e-12)
    assert same.estimator_[0].vocabulary_ == model[0].vocabulary_


def test_all_models_of_the_path_take_texts():
    model = Pipeline([("words", TfidfVectorizer()), ("last", LogisticRegression())])
    settings = {"pruning_ratio": [0.3, 0.8], "store_path": True, "cv": 2}
    pruned = PrunedEstimator(model, method="permutation", random_state=0, **settings)
    pruned.fit(TEXTS, LABELS)
    sizes = []
    for ratio in (0, 0.3, 0.8):
        small = pruned.path_.at(ratio)
        assert len(small.predict(TEXTS)) == N_ROWS
        assert len(small["words"].vocabulary_) == small["last"].coef_.shape[1]
        sizes.append(small["last"].coef_.shape[1])
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] < sizes[0]


def test_steps_between_the_vectoriser_and_the_model():
    steps = [CountVectorizer(), TfidfTransformer(), LogisticRegression()]
    whole = [TfidfVectorizer(), LogisticRegression()]
    several, one = (
        PrunedEstimator(make_pipeline(*each), method="columns", pruning_ratio=0.6)
        .fit(TEXTS, LABELS)
        .estimator_
        for each in (steps, whole)
    )
    assert several[0].vocabulary_ == one[0].vocabulary_
    np.testing.assert_allclose(several.predict_proba(TEXTS), one.predict_proba(TEXTS))


def test_the_report_states_what_was_fitted_again_and_measures_texts():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    settings = {"method": "columns", "pruning_ratio": 0.5, "random_state": 0}
    report = PrunedEstimator(model, **settings).fit(TEXTS, LABELS).report_
    assert "Fitted again for each number of terms: logisticregression." in str(report)
    assert report.pruned.file_bytes < report.original.file_bytes


def test_terms_without_weights_are_dropped_too():
    lasso = elastic_net_logistic(0.5, 1.0, max_iter=2000, tol=0.01, random_state=0)
    model = make_pipeline(CountVectorizer(), lasso)
    settings = {"method": RecursiveElimination(), "pruning_ratio": 0.2}
    pruned = PrunedEstimator(model, drop_unread=True, random_state=0, **settings)
    small = pruned.fit(TEXTS, LABELS).estimator_
    assert small[1].coef_.any(axis=0).all()
    assert pruned.support_.sum() == len(small[0].vocabulary_)


def test_a_regressor_of_texts():
    model = make_pipeline(TfidfVectorizer(), Ridge())
    pruned = PrunedEstimator(model, method="columns", pruning_ratio=0.5)
    pruned.fit(TEXTS, LABELS.astype(float))
    assert pruned.score(TEXTS, LABELS) > 0.9


def test_both_classes_are_fitted_where_equal_texts_are_held_out_together():
    texts = ["good film", "bad film"] * 20
    model = make_pipeline(TfidfVectorizer(), LinearSVC(random_state=0))
    pruned = PrunedEstimator(model, method="permutation", pruning_ratio=0.5)
    pruned.set_params(random_state=0).fit(texts, [1, 0] * 20)
    assert pruned.predict(["good film", "bad film"]).tolist() == [1, 0]


@pytest.mark.parametrize("value", [None, 3])
def test_what_is_no_text_is_an_error_that_names_its_row(value):
    model = make_pipeline(CountVectorizer(), LogisticRegression())
    texts = [*TEXTS[:7], value, *TEXTS[8:]]
    with pytest.raises(ValueError, match=f"text of row 7 is {value}"):
        PrunedEstimator(model, method="columns").fit(texts, LABELS)
    with pytest.raises(ValueError, match=f"text of row 7 is {value}"):
        prune(model.fit(TEXTS, LABELS), texts, LABELS, method="columns")
