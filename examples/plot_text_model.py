"""
A text model of a few megabytes
===============================

A text classifier stores its vocabulary, and one weight for each word and class. Most of
the words decide nothing. How do you remove them from the weights *and* from the
vocabulary?
"""

# %%
# Documents
# ---------
# scikit-learn has no texts that it can load offline, so that the documents are drawn at
# random: 20,000 words with the frequencies of a natural language, of which each topic
# prefers forty.

import pickle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklprune import prune
from sklprune.rules import Tolerance

rng = np.random.default_rng(0)
n_words, n_topics = 20_000, 4
words = np.array([f"word{i}" for i in range(n_words)])
frequencies = 1 / np.arange(10, n_words + 10)
preferred = rng.choice(3_000, (n_topics, 40), replace=False)


def document(topic):
    """Sixty words, of which some are typical of the topic."""
    some = rng.choice(words, 58, p=frequencies / frequencies.sum())
    return " ".join([*some, *rng.choice(words[preferred[topic]], 2)])


topics = rng.integers(n_topics, size=1600)
texts = [document(topic) for topic in topics]
texts, texts_test, y, y_test = train_test_split(texts, topics, random_state=0)
model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, y)
len(model[0].vocabulary_)

# %%
# Prune
# -----
# Weights are removed as long as the accuracy falls by at most 0.01. With
# ``drop_unread=True``, words without a weight are removed from the vocabulary too.

small = prune(
    model,
    texts,
    y,
    seen=True,
    cv=2,
    pruning_ratio=[0.8, 0.9, 0.95, 0.97, 0.98, 0.99],
    rule=Tolerance(0.01),
    drop_unread=True,
    random_state=0,
)
print(small.report_.summary)
len(small.estimator_[0].vocabulary_)

# %%
# The comparison
# --------------
# The usual way is to select the words by a univariate test before the model is fitted,
# with a number that you choose. The vectoriser still stores all words then.


def selected(k):
    """The pipeline with the k best words by the chi-square test."""
    steps = CountVectorizer(), SelectKBest(chi2, k=k), LogisticRegression()
    return make_pipeline(*steps).fit(texts, y)


n_kept = len(small.estimator_[0].vocabulary_)
univariate = selected(n_kept)
both = prune(univariate, texts, y, pruning_ratio=0.1, drop_unread=True)
models = {
    "all words": model,
    "pruned": small.estimator_,
    f"SelectKBest, {n_kept} words": univariate,
    "SelectKBest, then pruned": both.estimator_,
}
table = pd.DataFrame(
    {
        "file, kB": {n: len(pickle.dumps(m)) / 1e3 for n, m in models.items()},
        "accuracy": {n: m.score(texts_test, y_test) for n, m in models.items()},
    }
)
table.round({"file, kB": 1, "accuracy": 3})

# %%
# The sizes in a picture:

table["file, kB"].plot.barh(xlabel="kB of the file", figsize=(7, 3))
plt.tight_layout()
plt.show()

# %%
# The univariate test is the more accurate selection here: the model was fitted on
# more words than documents, and most of its weights are noise. Its file is large only
# because the vectoriser keeps all words. The last row removes a tenth of the weights,
# and with them all words that nothing reads: the best of both.
#
# With ``TfidfVectorizer``, use ``norm=None``: the norm of a document depends on all of
# its words, so that no word can be removed without a change of the predictions.
