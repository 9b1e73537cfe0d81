"""How many terms does a text model need?

    python benchmarks/text_columns.py [--data FOLDER] [--json FILE]

The data set is reuters_r8: counts of 7,372 terms in 7,674 documents of eight classes.
Three quarters of the documents are pruned, and the others test the result. The model is
a logistic regression on tf-idf values. `method="columns"` removes

- columns of the counts from `make_pipeline(TfidfTransformer(), LogisticRegression())`;
- terms from the vocabulary of a `TfidfVectorizer`, for documents that are made from the
  counts;
- the same with 50,000 terms and pairs of terms.

In the last row, weights behind a `TfidfVectorizer(norm=None)` are removed with
`drop_unread=True`, which removes terms from the vocabulary. Seconds are processor
seconds on one thread, of the whole choice and of one fit.
"""

import time

import numpy as np
from command_line import parser_of, write
from datasets import load
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from sklprune import PrunedEstimator, cost


def documents(counts):
    """A text for each row of counts, in which each term is a word."""
    words = np.array([f"term{j}" for j in range(counts.shape[1])], dtype=object)
    return [
        " ".join(np.repeat(words[row.indices], row.data.astype(int))) for row in counts
    ]


def cases(counts):
    """The name, the model, its rows, and the parameters of each case."""
    classifier = LogisticRegression(max_iter=1000)
    columns = {"method": "columns"}
    yield "counts", make_pipeline(TfidfTransformer(), classifier), counts, columns
    texts = np.array(documents(counts), dtype=object)
    for name, settings in (
        ("texts", {}),
        ("pairs", {"ngram_range": (1, 2), "max_features": 50_000}),
    ):
        vectorizer = TfidfVectorizer(**settings)
        yield name, make_pipeline(vectorizer, classifier), texts, columns
    vectorizer = TfidfVectorizer(norm=None, sublinear_tf=True)
    weights = {"method": "magnitude", "drop_unread": True}
    yield "weights", make_pipeline(vectorizer, classifier), texts, weights


def n_terms(model):
    """The number of terms that the model needs."""
    if hasattr(model[0], "vocabulary_"):
        return len(model[0].vocabulary_)
    return int(cost(model).features)


def measured(name, model, rows, y, settings):
    train, test = train_test_split(np.arange(len(y)), stratify=y, random_state=0)
    start = time.process_time()
    whole = clone(model).fit(rows[train], y[train])
    seconds_of_fit = time.process_time() - start
    start = time.process_time()
    pruned = PrunedEstimator(model, random_state=0, **settings)
    small = pruned.fit(rows[train], y[train]).estimator_
    seconds = time.process_time() - start
    accuracy = whole.score(rows[test], y[test])
    return {
        "what": name,
        "terms": n_terms(whole),
        "kept": n_terms(small),
        "accuracy": accuracy,
        "standard error": float(np.sqrt(accuracy * (1 - accuracy) / len(test))),
        "accuracy of pruned": small.score(rows[test], y[test]),
        "file bytes": cost(whole).file_bytes,
        "file bytes of pruned": cost(small).file_bytes,
        "seconds of a fit": seconds_of_fit,
        "seconds": seconds,
    }


def main():
    options = parser_of(__doc__).parse_args()
    counts, y = load("reuters_r8", options.data)
    counts = sparse.csr_array(counts)
    with threadpool_limits(1):
        results = []
        for name, model, rows, settings in cases(counts):
            results.append(measured(name, model, rows, y, settings))
            print(results[-1], flush=True)
    write(results, options.json)


if __name__ == "__main__":
    main()
