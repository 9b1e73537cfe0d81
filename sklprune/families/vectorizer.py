"""Vectorisers of texts: an output for each term of the vocabulary."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import (
    CountVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)

from sklprune._estimators import unfitted, without
from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune.families._base import Family
from sklprune.families._column_links import (
    Mask,
    all_of,
    is_all,
    of_one_source,
    one_to_one,
    slice_attributes,
    with_inputs,
)
from sklprune.families._wrapping import TermCounts

#: parameters that a `TfidfVectorizer` passes on to its `TfidfTransformer`
WEIGHT_PARAMETERS = ("norm", "use_idf", "smooth_idf", "sublinear_tf")


class VectorizerFamily(Family):
    """`CountVectorizer` and `TfidfVectorizer`: they can lose terms.

    A term that is not in the vocabulary is ignored. With a norm, the weight of a term
    depends on all terms of its text, so that none can be lost.
    """

    classes = ("CountVectorizer", "TfidfVectorizer")
    exact = True
    reads_texts = True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        known = outputs is not None and len(outputs) == len(estimator.vocabulary_)
        if not known or _norm(estimator) is not None:
            return inputs, all_of(outputs)
        return inputs, outputs

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        return of_one_source(inputs, len(estimator.vocabulary_))

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if outputs is None or is_all(outputs):
            return estimator
        smaller = without(estimator, ())
        smaller.vocabulary_ = _kept_terms(estimator.vocabulary_, outputs)
        if estimator.vocabulary is not None:
            smaller.vocabulary = smaller.vocabulary_
        inner: Any = getattr(estimator, "_tfidf", None)
        if inner is not None:
            smaller._tfidf = family_of(inner).on_columns(inner, outputs, outputs)
        return smaller

    def count_terms(
        self, estimator: Estimator, texts: MatrixLike, fitted: bool
    ) -> TermCounts | None:
        kind = type(estimator)
        if kind not in (CountVectorizer, TfidfVectorizer):
            return None  # a subclass may count in another way
        weights = None
        if fitted:
            weights = getattr(estimator, "_tfidf", None)
            counts = _counts(CountVectorizer.transform, estimator, texts)
        else:
            estimator = unfitted(estimator)
            counts = _counts(CountVectorizer.fit_transform, estimator, texts)
            if kind is TfidfVectorizer:
                weights = TfidfTransformer(
                    **{name: getattr(estimator, name) for name in WEIGHT_PARAMETERS}
                )
        return TermCounts(estimator, counts, weights)

    def with_terms(
        self, estimator: Estimator, kept: Array, weights: Estimator | None
    ) -> Estimator:
        smaller = without(estimator, ("_tfidf",))
        smaller = without(self.on_columns(smaller, None, kept), ())
        if weights is not None:
            smaller._tfidf = weights
        return smaller

    def why_linked(self, estimator: Estimator) -> str:
        return _norm_of_a_row(estimator)


class TfidfFamily(Family):
    """`TfidfTransformer`: one output for each input, unless rows have a norm."""

    classes = ("TfidfTransformer",)
    exact = True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        if estimator.norm is not None:
            return all_of(inputs), all_of(outputs)
        return one_to_one(inputs, outputs)

    def may_act_apart(self, estimator: Estimator) -> bool:
        return estimator.norm is None

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        # with a norm, each output depends on all terms of a text
        is_apart = estimator.norm is None
        return inputs if is_apart else of_one_source(inputs, len(inputs))

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        smaller = with_inputs(estimator, inputs)
        slice_attributes(smaller, "idf_", inputs)
        return smaller

    def why_linked(self, estimator: Estimator) -> str:
        return _norm_of_a_row(estimator)


def _counts(
    count: Callable[[Estimator, Any], Any], vectorizer: Estimator, texts: Any
) -> Any:
    """What a function counts in texts, with a clear error for what is no text."""
    try:
        return count(vectorizer, texts)
    except AttributeError as error:
        for i, text in enumerate(texts):
            if not isinstance(text, (str, bytes)):
                raise ValueError(
                    f"X: the text of row {i} is {text!r}. Each text must be a str or "
                    "bytes; give '' for a missing one."
                ) from error
        raise


def _norm(estimator: Estimator) -> str | None:
    """The norm of each row, as it was in the fit."""
    inner = getattr(estimator, "_tfidf", None)
    return None if inner is None else inner.norm


def _norm_of_a_row(estimator: Estimator) -> str:
    return (
        f"divides each row by a norm over all terms (norm={estimator.norm!r}; with "
        "norm=None it could lose terms, and method='columns' removes terms by fits)"
    )


def _kept_terms(vocabulary: dict[str, int], outputs: Array) -> dict[str, int]:
    """The kept terms with their new positions, in their order in the vocabulary."""
    numbers = np.cumsum(outputs) - 1
    return {
        term: int(numbers[position])
        for term, position in vocabulary.items()
        if outputs[position]
    }


register_family(VectorizerFamily())
register_family(TfidfFamily())
