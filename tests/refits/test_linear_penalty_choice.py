"""The strength of the penalty of a linear model is chosen on held-out rows."""

import numpy as np
import pytest
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
)
from sklearn.multiclass import OneVsRestClassifier

from sklprune import prune
from sklprune.families._linear_penalty_choice import FACTORS, own_strength
from sklprune.refits import MaskedRefit

RNG = np.random.RandomState(0)
X = RNG.normal(size=(500, 40))
SIGNAL = X @ np.where(np.arange(40) < 20, RNG.normal(size=40), 0.0)
NOISY = SIGNAL + 8 * RNG.normal(size=500)
TRAIN, TEST = slice(0, 220), slice(220, None)


def pruned(model, y, alpha, ratio=0.25):
    return prune(
        model, X[TRAIN], y[TRAIN], method="magnitude", pruning_ratio=ratio,
        refit=MaskedRefit(alpha=alpha), seen=False, random_state=0,
    ).estimator_  # fmt: skip


def log_loss(model, y):
    likely = model.predict_proba(X[TEST])[np.arange(280), y[TEST]]
    return -np.mean(np.log(np.maximum(likely, 1e-12)))


def test_a_weak_penalty_becomes_stronger_on_noisy_rows():
    y = (NOISY > 0).astype(int)
    model = LogisticRegression(C=100, max_iter=1000).fit(X[TRAIN], y[TRAIN])
    own, chosen = (pruned(model, y, alpha) for alpha in (None, "auto"))
    assert log_loss(chosen, y) < log_loss(own, y)
    values = NOISY / NOISY.std()
    model = Ridge(1e-2).fit(X[TRAIN], values[TRAIN])
    own, chosen = (pruned(model, values, alpha) for alpha in (None, "auto"))
    assert chosen.score(X[TEST], values[TEST]) >= own.score(X[TEST], values[TEST])


def test_a_strong_penalty_becomes_weaker_without_noise():
    y = np.digitize(SIGNAL, [-2, 2])
    for model in (
        LogisticRegression(C=1e-2),
        OneVsRestClassifier(LogisticRegression(C=1e-2)),
    ):
        model.fit(X[TRAIN], y[TRAIN])
        own, chosen = (pruned(model, y, alpha) for alpha in (None, "auto"))
        assert log_loss(chosen, y) < log_loss(own, y) - 0.1
        repeated = pruned(model, y, "auto")
        np.testing.assert_array_equal(
            chosen.predict_proba(X[TEST]), repeated.predict_proba(X[TEST])
        )


def test_the_result_is_a_fit_of_the_model_with_a_strength_of_the_list():
    y = (NOISY > 0).astype(int)
    model = LogisticRegression(tol=1e-8, max_iter=1000).fit(X[TRAIN], y[TRAIN])
    small = pruned(model, y, "auto")
    kept = small.coef_[0] != 0
    fits = [
        LogisticRegression(C=1 / factor, tol=1e-8, max_iter=1000)
        .fit(X[TRAIN][:, kept], y[TRAIN])
        .coef_
        for factor in FACTORS
    ]
    errors = [np.abs(small.coef_[:, kept] - coef).max() for coef in fits]
    assert min(errors) < 1e-4


@pytest.mark.parametrize(
    "model, strength",
    [
        (LogisticRegression(C=4), 0.25),
        (LogisticRegression(C=np.inf), None),
        (Ridge(3), 3.0),
        (Ridge([1.0, 2.0]), None),
        (SGDClassifier(alpha=0.01), 0.01),
        (SGDClassifier(penalty=None), None),
        (LinearRegression(), None),
    ],
    ids=repr,
)
def test_the_strength_of_a_model(model, strength):
    assert own_strength(model) == strength


def test_models_without_a_strength_and_few_rows_keep_their_penalty():
    model = LinearRegression().fit(X[TRAIN], SIGNAL[TRAIN])
    for ratio in (0.25, 0.5):
        own, chosen = (
            pruned(model, SIGNAL, alpha, ratio).coef_ for alpha in (None, "auto")
        )
        np.testing.assert_array_equal(own, chosen)
    y = (SIGNAL > 0).astype(int)
    model = LogisticRegression().fit(X[TRAIN], y[TRAIN])
    few = np.r_[np.flatnonzero(y == 0)[:3], np.flatnonzero(y == 1)[:3]]
    own, chosen = (
        prune(
            model, X[few], y[few], method="magnitude", pruning_ratio=0.5,
            refit=MaskedRefit(alpha=alpha), seen=False, random_state=0,
        ).estimator_.coef_
        for alpha in (None, "auto")
    )  # fmt: skip
    np.testing.assert_array_equal(own, chosen)
