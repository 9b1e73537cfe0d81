"""Progress of a fit: printed lines, and callbacks of scikit-learn."""

import pickle
import re

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, prune, strip
from sklprune._progress import Progress

KINDS = [PrunedEstimator, FeaturePruningSelector]


class Recorder:
    """A callback that records each task, in threads: processes have copies."""

    def __init__(self):
        self.began, self.ended, self.set_up, self.torn_down = [], [], 0, 0

    def setup(self, estimator, context):
        self.set_up += 1

    def teardown(self, estimator, context):
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        self.began.append((context.task_name, context.max_subtasks))

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)


@pytest.fixture
def recorder():
    pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")
    return Recorder()


# -- lines -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_for_each_step(binary, capsys, kind):
    kind(LogisticRegression(), pruning_ratio=[0.5], cv=2, verbose=1).fit(*binary)
    lines = capsys.readouterr().out.splitlines()
    expected = ["split 1 of 2", "split 2 of 2", "unpruned model", "prune at 0.5"]
    assert len(lines) == len(expected)
    for line, step in zip(lines, expected):
        pattern = rf"\[{kind.__name__}\] \.+ {step}, total= +[\d.]+s"
        assert re.fullmatch(pattern, line), line


def test_a_fit_at_a_number_has_two_steps(binary, capsys):
    PrunedEstimator(LogisticRegression(), pruning_ratio=0.5, verbose=True).fit(*binary)
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("verbose", [False, 0])
def test_nothing_is_printed_by_default(binary, capsys, verbose):
    PrunedEstimator(LogisticRegression(), cv=2, verbose=verbose).fit(*binary)
    assert capsys.readouterr().out == ""


# -- callbacks -------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_each_step_is_a_task(binary, recorder, kind, n_jobs):
    pruned = kind(LogisticRegression(), pruning_ratio=[0.5], cv=3, n_jobs=n_jobs)
    with parallel_config(backend="threading"):
        pruned.set_callbacks(recorder).fit(*binary)
    splits = [(f"split {i} of 3", 0) for i in (1, 2, 3)]
    last = [("unpruned model", 0), ("prune at 0.5", 0)]
    assert recorder.began[0] == ("fit", 5)
    assert sorted(recorder.began[1:4]) == splits
    assert recorder.began[4:] == last
    assert sorted(recorder.ended) == sorted(name for name, _ in recorder.began)
    assert recorder.ended[-1] == "fit"
    assert recorder.set_up == recorder.torn_down == 1


def test_tasks_do_not_contain_an_earlier_fit(binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(*binary)
    progress = Progress(pruned, verbose=0)
    progress.begin(0)
    assert not hasattr(progress.step("next").caller, "report_")
    pruned.set_params(pruning_ratio=[0.5], cv=2, n_jobs=2).fit(*binary)
    assert pruned.report_._models is not None


def test_a_failed_fit_is_torn_down(binary, recorder):
    pruned = PrunedEstimator(LogisticRegression(C=-1), pruning_ratio=0.5)
    with pytest.raises(ValueError, match="C"):
        pruned.set_callbacks(recorder).fit(*binary)
    assert recorder.set_up == recorder.torn_down == 1
    assert not hasattr(pruned, "_callback_fit_ctx")


def test_a_frozen_model_with_one_split_is_not_pruned_again(binary, recorder):
    model = FrozenEstimator(LogisticRegression().fit(*binary))
    PrunedEstimator(model).set_callbacks(recorder).fit(*binary)
    names = [name for name, _ in recorder.began]
    assert names == ["fit", "split 1 of 1", "unpruned model"]


@pytest.mark.parametrize("method", ["auto", "permutation"])
@pytest.mark.parametrize("piped", [False, True])
def test_callbacks_of_the_model_remain_with_it(binary, recorder, method, piped):
    X, y = binary
    model = LogisticRegression()
    model = make_pipeline(StandardScaler(), model) if piped else model
    settings = {"method": method, "pruning_ratio": [0.5], "random_state": 0}
    alone = PrunedEstimator(model, cv=2, **settings).fit(X, y)
    model.set_callbacks(recorder)
    observed = PrunedEstimator(model, cv=2, **settings).set_callbacks(Recorder())
    observed.fit(X, y)
    np.testing.assert_array_equal(observed.predict(X), alone.predict(X))
    assert recorder.set_up == recorder.torn_down >= 3  # two folds, and all rows
    pruned = prune(model.fit(X, y), X, y, **settings)
    for small in (observed.estimator_, pruned.estimator_, strip(model)):
        assert b"Recorder" not in pickle.dumps(small)
    assert b"Recorder" in pickle.dumps(model)


def test_a_search_with_callbacks_gives_equal_results(binary, recorder):
    pruned = PrunedEstimator(LogisticRegression(), cv=2)
    grid = {"pruning_ratio": [[0.2], [0.5]]}
    search = GridSearchCV(pruned, grid, cv=2).set_callbacks(recorder)
    with_callback = search.fit(*binary)
    alone = GridSearchCV(pruned, grid, cv=2).fit(*binary)
    assert with_callback.best_score_ == alone.best_score_
    assert not hasattr(search.best_estimator_, "_callback_fit_ctx")
