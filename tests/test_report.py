"""The report: its numbers, notes and text."""

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import recall_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklprune import PrunedEstimator, cost, prune
from sklprune.methods import Magnitude
from sklprune.rules import Tolerance


def recalls(score, which):
    return [each[which] for each in score["recall"]]


# -- classes --------------------------------------------------------------------------


def test_recall_and_changes_on_held_out_rows_are_summed_over_splits(classes):
    X, y = classes
    folds = list(StratifiedKFold(3, shuffle=True, random_state=0).split(X, y))
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=[0.75], cv=folds)
    score = pruned.fit(X, y).report_.to_dict()["score"]
    # by hand, with one model for each fold
    before, after, truth = [], [], []
    for first, second in folds:
        alone = PrunedEstimator(LogisticRegression(), pruning_ratio=0.75)
        whole = LogisticRegression().fit(X[first], y[first])
        before.extend(whole.predict(X[second]))
        after.extend(alone.fit(X[first], y[first]).predict(X[second]))
        truth.extend(y[second])
    before, after, truth = map(np.array, (before, after, truth))
    assert score["right_to_wrong"] == ((before == truth) & (after != truth)).sum() > 0
    assert score["wrong_to_right"] == ((before != truth) & (after == truth)).sum()
    assert [each["class"] for each in score["recall"]] == ["ant", "bee", "cat"]
    assert recalls(score, "rows") == [(truth == label).sum() for label in np.unique(y)]
    for which, labels in (("original", before), ("pruned", after)):
        expected = recall_score(truth, labels, average=None)
        np.testing.assert_array_equal(recalls(score, which), expected)


def test_recall_of_one_split_of_a_frozen_model(classes):
    X, y = classes
    model = RandomForestClassifier(10, random_state=0).fit(X[:120], y[:120])
    split = [(np.arange(120, 180), np.arange(180, 240))]
    pruned = prune(model, X, y, cv=split, rule=Tolerance(0.05))
    score = pruned.report_.score
    held_out = X[180:], y[180:]
    for which, each in (("original", model), ("pruned", pruned)):
        expected = recall_score(held_out[1], each.predict(held_out[0]), average=None)
        np.testing.assert_array_equal(recalls(score, which), expected)
    assert sum(recalls(score, "rows")) == 60


def test_recall_is_on_the_fitted_rows_if_these_are_scored(binary):
    X, y = binary
    model = LogisticRegression().fit(X[:100], y[:100])
    X, y = X[100:], y[100:]
    pruned = prune(model, X, y, pruning_ratio=0.9)
    score = pruned.report_.score
    assert score["rows"] == "fitted"
    expected = recall_score(y, pruned.predict(X), average=None)
    np.testing.assert_array_equal(recalls(score, "pruned"), expected)
    right = model.predict(X) == y
    assert score["right_to_wrong"] == (right & (pruned.predict(X) != y)).sum()


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        RandomForestClassifier(10, random_state=0),
        MLPClassifier((9,), max_iter=30, random_state=0),
    ],
)
def test_scores_on_rows_of_the_fit_are_omitted(binary, model, frozen):
    X, y = binary
    settings = {"pruning_ratio": 0.5, "random_state": 0}
    if frozen:
        seen = True if isinstance(model, MLPClassifier) else "auto"
        pruned = prune(model.fit(X, y), X, y, seen=seen, **settings)
    else:
        pruned = PrunedEstimator(model, **settings).fit(X, y)
    score = pruned.report_.to_dict()["score"]
    assert score["omitted"] is True and score["rows"] == "fitted"
    assert score["original"] is score["pruned"] is score["difference"] is None
    assert "recall" not in score and "right_to_wrong" not in score
    text = str(pruned.report_)
    assert "fitted on these rows, where scores are biased" in text
    assert "pruned on all 200 rows" in text


def test_rows_of_a_class_may_be_missing_from_the_held_out_rows(classes):
    X, y = classes
    model = LogisticRegression().fit(X[:100], y[:100])
    bees = np.flatnonzero(y == "bee")
    pruned = prune(model, X, y, cv=[(np.arange(100), bees)], pruning_ratio=[0.5])
    assert [each["class"] for each in pruned.report_.score["recall"]] == ["bee"]


@pytest.mark.parametrize("ratio", [0.5, [0.5]])
def test_regressors_have_no_classes(regression, ratio):
    pruned = PrunedEstimator(Ridge(), pruning_ratio=ratio, cv=2).fit(*regression)
    assert "recall" not in pruned.report_.score
    assert "recall" not in str(pruned.report_)


def test_several_outputs_have_no_classes(classes):
    X, y = classes
    several = np.column_stack([y == "ant", y == "bee"]).astype(int)
    pruned = PrunedEstimator(RandomForestClassifier(5), pruning_ratio=[0.5], cv=2)
    assert "recall" not in pruned.fit(X, several).report_.score


def test_classes_are_printed(classes):
    X, y = classes
    model = LogisticRegression().fit(X, y)
    report = prune(model, X, y, pruning_ratio=0.5, seen=False).report_
    score, text = report.score, str(report)
    assert f"from right to wrong: {score['right_to_wrong']}" in text
    assert f"from wrong to right: {score['wrong_to_right']}" in text
    line = next(line for line in text.splitlines() if line.startswith("bee"))
    assert line.split()[1:] == [
        "80",
        *(f"{recalls(score, w)[1]:.4f}" for w in ("original", "pruned")),
    ]


def test_with_many_classes_those_that_lose_most_are_printed():
    rng = np.random.RandomState(0)
    y = np.repeat(np.arange(14), 10)
    X = np.eye(14)[y] * 3 + rng.normal(size=(140, 14))
    model = LogisticRegression().fit(X, y)
    report = prune(model, X, y, pruning_ratio=0.9, seen=False).report_
    lines = str(report).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("recall of"))
    printed = [int(line.split()[0]) for line in lines[start + 1 : start + 11]]
    assert lines[start + 11] == "and 4 classes that lose less."
    loss = np.subtract(*(recalls(report.score, w) for w in ("original", "pruned")))
    hidden = sorted(set(range(14)) - set(printed))
    assert loss[printed].min() >= loss[hidden].max()
    assert len(report.to_dict()["score"]["recall"]) == 14


def test_the_dictionary_contains_plain_numbers_and_strings(classes):
    report = PrunedEstimator(LogisticRegression(), cv=2).fit(*classes).report_
    assert json.loads(json.dumps(report.to_dict())).keys() == report.to_dict().keys()


@pytest.mark.parametrize("ratio", ["auto", 0.5])
def test_unknown_numbers_are_none(classes, ratio):
    report = PrunedEstimator(LogisticRegression(), pruning_ratio=ratio, cv=2).fit(
        *classes
    )
    numbers = report.report_.to_dict()
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


# -- rows -----------------------------------------------------------------------------


@pytest.mark.parametrize("cv", [3, None])
def test_all_rows_prune_the_result_if_no_split_is_given(classes, cv):
    X, y = classes
    model = RandomForestClassifier(10, random_state=0).fit(X[:120], y[:120])
    rows = slice(120, 240)
    method = "cost_complexity"
    pruned = prune(model, X[rows], y[rows], method=method, cv=cv, random_state=0)
    score, n_splits = pruned.report_.score, cv or 5
    assert score["n_rows_pruned"] == 120 and score["n_rows_unused"] == 0
    assert score["n_rows_scored"] == 120 and score["n_splits"] == n_splits
    assert score["n_rows_candidates"] == pytest.approx(120 * (1 - 1 / n_splits))
    assert score["score_of"] == "candidates of the same ratio"
    assert "pruned on all 120 rows. The score is not its own" in str(pruned.report_)
    alone = prune(
        model,
        X[rows],
        y[rows],
        method=method,
        pruning_ratio=score["reached_ratio"],
        random_state=0,
        seen=False,
    )
    np.testing.assert_array_equal(pruned.predict(X), alone.predict(X))


def test_with_a_given_split_the_score_belongs_to_the_result(classes):
    X, y = classes
    model = RandomForestClassifier(10, random_state=0).fit(X[:120], y[:120])
    split = [(np.arange(120, 200), np.arange(200, 240))]
    pruned = prune(model, X, y, cv=split)
    score = pruned.report_.score
    assert score["pruned"] == pruned.score(X[200:], y[200:])
    assert score["n_rows_pruned"] == 80 and score["n_rows_unused"] == 40
    assert score["score_of"] == "the result" and score["n_splits"] == 1
    text = str(pruned.report_)
    assert "pruned on 80 rows. The score is its own, on 40 other rows." in text


# -- notes ----------------------------------------------------------------------------


def test_a_note_states_that_zeros_in_an_array_save_no_bytes(classes):
    X, y = classes
    # copies of columns would have equal weights, whose file is compressed well already
    wide = np.hstack([X, np.random.RandomState(0).normal(size=(len(X), 152))])
    weights = PrunedEstimator(LogisticRegression(), pruning_ratio=0.9).fit(wide, y)
    assert (
        "zeros: the compressed file is smaller, the raw file and the latency are not."
        in str(weights.report_)
    )
    report = weights.report_
    same = replace(report.pruned, compressed_bytes=report.stripped.compressed_bytes)
    report._costs["pruned"] = same
    assert "zeros: the raw file and the latency are not smaller." in str(report)


@pytest.mark.parametrize(
    "model, method",
    [
        (RandomForestClassifier(10, random_state=0), "member_selection"),
        (LogisticRegression(), "permutation"),  # the file grows by a step
        (MLPClassifier((9,), max_iter=5, random_state=0), Magnitude("neuron")),
    ],
)
def test_removed_units_have_no_note_on_zeros(classes, model, method):
    pruned = PrunedEstimator(model, method=method, pruning_ratio=0.5, random_state=0)
    text = str(pruned.fit(*classes).report_)
    assert "zeros" not in text and "no longer count" not in text


def test_the_columns_that_were_kept_are_named(binary):
    X, y = pd.DataFrame(binary[0]).add_prefix("column "), binary[1]
    pruned = PrunedEstimator(
        LogisticRegression(), method="columns", pruning_ratio=0.75, random_state=0
    ).fit(X, y)
    kept = X.columns[pruned.support_].tolist()
    assert pruned.report_.to_dict()["kept_columns"] == kept
    assert f"Columns kept: {', '.join(kept)}." in str(pruned.report_)


def test_kept_columns_are_empty_unless_columns_were_removed(binary):
    model = LogisticRegression().fit(*binary)
    for method in ("magnitude", "permutation"):
        report = prune(model, *binary, method=method, pruning_ratio=0.0).report_
        assert report.kept_columns == [] and "Columns kept" not in str(report)


def test_columns_that_are_no_longer_read_are_named(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    pruned = PrunedEstimator(
        make_pipeline(StandardScaler(), LogisticRegression()), pruning_ratio=0.5
    ).fit(frame, y)
    unread = pruned.report_.unread_columns
    assert len(unread) == 4 and set(unread) < set(frame)
    # their values do not change predictions
    other = frame.assign(**dict.fromkeys(unread, 7.0))
    np.testing.assert_array_equal(pruned.predict(other), pruned.predict(frame))
    assert f"no longer count: {', '.join(unread)}; their values" in str(pruned.report_)
    assert pruned.report_.to_dict()["unread_columns"] == unread


def test_a_column_that_one_class_reads_is_not_named(classes):
    X, y = classes
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.6).fit(X, y)
    unread = [f"x{i}" for i in np.flatnonzero(~pruned.estimator_.coef_.any(axis=0))]
    assert pruned.report_.unread_columns == unread
    assert len(unread) < (pruned.estimator_.coef_ == 0).any(axis=0).sum()


def test_many_columns_after_steps_without_names_are_numbered(classes):
    X, y = classes
    wide = np.hstack([X, X**2])
    model = make_pipeline(FunctionTransformer(), Ridge())
    pruned = PrunedEstimator(model, pruning_ratio=0.95).fit(wide, y == "ant")
    kept = np.flatnonzero(pruned.estimator_[-1].coef_)
    expected = [f"x{i}" for i in range(16) if i not in kept]
    assert pruned.report_.unread_columns == expected
    assert f"{expected[9]} and 5 more; their values" in str(pruned.report_)


def test_columns_that_the_original_did_not_read_are_not_named(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    model.coef_[0, [2, 5]] = 0
    pruned = prune(model, X, y, pruning_ratio=0.25, refit=False)
    assert pruned.report_.unread_columns == []


# -- latencies and copies ------------------------------------------------------


def test_measure_adds_latencies_and_gives_the_report(binary):
    X, y = binary
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(X, y)
    report = pruned.report_
    before = report.to_dict()
    assert before["pruned"]["latency_one_row"] is None
    assert report.measure(X[:20]) is report
    after = report.to_dict()
    for name in ("original", "stripped", "pruned"):
        timed = {f: after[name][f] for f in ("latency_one_row", "latency_per_row")}
        assert min(timed.values()) > 0
        np.testing.assert_equal(after[name], before[name] | timed)
    assert "one row, microseconds" in str(report)


def test_latencies_can_be_measured_after_bytes_were_read(binary):
    X, y = binary
    report = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(X, y).report_
    assert report.original.file_bytes == cost(LogisticRegression().fit(X, y)).file_bytes
    assert report.measure(X).original.latency_one_row > 0


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_a_pickle_holds_numbers_and_no_models(binary, again):
    X, y = binary
    report = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(X, y).report_
    copied = again(report)
    np.testing.assert_equal(copied.to_dict(), report.to_dict())
    assert str(copied) == str(report)
    assert b"coef_" not in pickle.dumps(report)
    with pytest.raises(ValueError, match="comes out of a pickle.*before pickling"):
        copied.measure(X)
    # the original report can be measured, and copies contain its numbers
    measured = again(report.measure(X))
    assert measured.pruned.latency_one_row == report.pruned.latency_one_row
