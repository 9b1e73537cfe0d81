"""Progress of a fit: printed lines, and callbacks of scikit-learn."""

import pickle
import re
import threading
import time

import numpy as np
import pytest
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, _progress, prune, strip
from sklprune._progress import Progress, part, tick, tracked
from sklprune.methods import Regrow

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
        parent = None if context.parent is None else context.parent.task_name
        self.began.append(((context.task_name, context.max_subtasks), parent))

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


@pytest.fixture
def impatient(monkeypatch):
    """Report after every moment, so that short loops are reported as long ones are."""
    monkeypatch.setattr(_progress, "SECONDS_PER_LINE", 1e-4)
    monkeypatch.setattr(_progress, "SECONDS_PER_CALLBACK", 0.0)


class Slow(LogisticRegression):
    """A model whose fit and predictions take a moment."""

    def fit(self, X, y, sample_weight=None):
        time.sleep(0.02)
        return super().fit(X, y, sample_weight)

    def predict(self, X):
        time.sleep(0.002)
        return super().predict(X)


def test_lines_during_a_step_name_the_loops(binary, capsys, impatient):
    PrunedEstimator(Slow(), method="permutation", pruning_ratio=[0.5], cv=2).set_params(
        verbose=1, random_state=0
    ).fit(*binary)
    lines = capsys.readouterr().out.splitlines()
    for expected in (
        r"\[PrunedEstimator\] split 1 of 2: fit: \d+ s",
        r"\[PrunedEstimator\] split 2 of 2: columns, \d+ of \d+: \d+ s",
        r"\[PrunedEstimator\] prune at 0.5: columns, \d+ of \d+: \d+ s",
    ):
        assert any(re.fullmatch(expected, line) for line in lines), expected


def test_lines_name_all_open_loops(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_PER_LINE", 0.01)
    progress = Progress(PrunedEstimator(None), verbose=1)
    progress.begin(0)

    def work():
        for i in tracked(range(2), "ratios"):
            with part("rounds", 30 * i) as rounds:
                rounds.advance()
                time.sleep(0.05)

    progress.step("prune")(work)
    lines = capsys.readouterr().out.splitlines()
    assert "[PrunedEstimator] prune: ratios, 1 of 2: rounds, 1 of 30: 0 s" in lines


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_lines_of_workers(binary, capfd, backend):
    model = LogisticRegression()  # workers cannot import the classes of a test
    pruned = PrunedEstimator(model, pruning_ratio=[0.5], cv=2, n_jobs=2, verbose=1)
    # workers of an earlier test write to where its output went
    get_reusable_executor().shutdown(wait=True)
    with parallel_config(backend=backend):
        pruned.fit(*binary)
    out = capfd.readouterr().out
    assert "split 1 of 2, total=" in out and "split 2 of 2, total=" in out


def test_lines_before_the_first_step(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_PER_LINE", 0.01)
    for verbose in (0, 1):
        with Progress(PrunedEstimator(None), verbose) as progress:
            time.sleep(0.05)
            progress.begin(0)
            at_begin = capsys.readouterr().out
            time.sleep(0.05)
        assert ("[PrunedEstimator] preparation: 0 s\n" in at_begin) == bool(verbose)
        assert capsys.readouterr().out == ""


def test_no_thread_remains_after_an_error(impatient):
    progress = Progress(PrunedEstimator(None), verbose=1)
    progress.begin(0)

    def fail():
        for _ in tracked(range(3), "ratios"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        progress.step("prune")(fail)
    names = [thread.name for thread in threading.enumerate()]
    assert "sklprune progress" not in names
    assert _progress._running() is None


# -- callbacks -------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_each_step_is_a_task(binary, recorder, kind, n_jobs):
    pruned = kind(LogisticRegression(), pruning_ratio=[0.5], cv=3, n_jobs=n_jobs)
    with parallel_config(backend="threading"):
        pruned.set_callbacks(recorder).fit(*binary)
    splits = [(f"split {i} of 3", None) for i in (1, 2, 3)]
    last = [("unpruned model", None), ("prune at 0.5", None)]
    steps = [task for task, parent in recorder.began if parent == "fit"]
    assert recorder.began[0] == (("fit", 5), None)
    assert sorted(steps[:3]) == splits
    assert steps[3:] == last
    assert sorted(recorder.ended) == sorted(name for (name, _), _ in recorder.began)
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
    X, y = binary
    model = FrozenEstimator(LogisticRegression().fit(X[::2], y[::2]))
    splits = [(range(0, 40), range(40, 80))]
    pruned = PrunedEstimator(model, cv=splits).set_callbacks(recorder)
    pruned.fit(X[1::2], y[1::2])
    steps = [name for (name, _), parent in recorder.began if parent == "fit"]
    assert steps == ["split 1 of 1", "unpruned model"]


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
    pruned = prune(model.fit(X, y), X, y, seen=False, **settings)
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


# -- loops inside a step ---------------------------------------------------------------


def run_step(recorder, function):
    """Run a function as the only step of a fit with a callback."""
    pruned = PrunedEstimator(None).set_callbacks(recorder)
    progress = Progress(pruned, verbose=0)
    progress.begin(0)
    result = progress.step("step")(function)
    progress.end()
    return result


def test_loops_outside_a_step_report_nothing():
    assert list(tracked([1, 2], "items")) == [1, 2]
    with part("items", 2) as loop:
        loop.advance()
    tick()


@pytest.mark.parametrize("length", [0, 1, 7, 1000])
def test_each_item_of_the_outer_loop_is_a_subtask(recorder, length):
    def work():
        return list(tracked(range(length), "items"))

    assert run_step(recorder, work) == list(range(length))
    assert (("items", length), "step") in recorder.began
    items = [task for task, parent in recorder.began if parent == "items"]
    assert items == [(f"items, {i + 1:,} of {length:,}", 0) for i in range(length)]
    assert len(recorder.ended) == len(recorder.began)


def test_a_long_loop_has_a_limited_number_of_subtasks(recorder):
    run_step(recorder, lambda: list(tracked(range(12_345), "items")))
    assert (("items", 1000), "step") in recorder.began
    assert len([task for task, parent in recorder.began if parent == "items"]) == 1000
    assert recorder.ended[-4] == "items, 12,345 of 12,345"


def test_inner_loops_are_tasks_of_the_step(recorder, impatient):
    def work():
        for _ in tracked(range(2), "outer"):
            for _ in tracked(range(3), "inner"):
                pass

    run_step(recorder, work)
    inner = [parent for (name, _), parent in recorder.began if name.startswith("inner")]
    assert inner == ["step"] * 6
    assert [task[0] for task, parent in recorder.began if parent == "outer"] == [
        "outer, 1 of 2",
        "outer, 2 of 2",
    ]


def test_a_loop_of_unknown_length_is_reported_by_time(recorder, monkeypatch):
    def work():
        for _ in tracked(iter(range(100)), "items"):
            pass

    run_step(recorder, work)
    assert (("items", None), "step") in recorder.began
    assert not [task for task, parent in recorder.began if parent == "items"]
    monkeypatch.setattr(_progress, "SECONDS_PER_CALLBACK", 0.0)
    run_step(recorder, work)
    assert len([task for task, parent in recorder.began if parent == "items"]) == 100


def test_an_open_loop_ends_with_its_step(recorder):
    def work():
        items = tracked(range(3), "items")
        next(items)
        return items

    items = run_step(recorder, work)
    assert recorder.ended == ["items", "step", "fit"]
    assert list(items) == [1, 2]
    assert recorder.ended == ["items", "step", "fit"]


def test_tick_reports_the_innermost_loop(recorder, impatient):
    def work():
        with part("fit", 0):
            tick()

    run_step(recorder, work)
    assert (("fit", 0), "step") in recorder.began
    assert recorder.ended[:2] == ["fit", "fit"]


def models_of_each_method():
    """Models and methods, with loops that take long for large models."""
    forest = RandomForestClassifier(4, max_leaf_nodes=4, random_state=0)
    network = MLPClassifier((8,), max_iter=5, random_state=0)
    return [
        (forest, "backfitting", "leaf penalties"),
        (forest, Regrow(max_trees=3), "leaf penalties"),
        (forest, "member_selection", "trees"),
        (forest, "cost_complexity", "splits"),
        (network, "neuron_elimination", "hidden units"),
        (network, "neuron_elimination", "epochs"),
        (LogisticRegression(), "permutation", "columns"),
        (SGDClassifier(random_state=0), "recursive_elimination", "rounds"),
        (LogisticRegression(), "elastic_net_path", "penalties"),
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model, method, loop", models_of_each_method())
def test_each_method_reports_its_loops(
    binary, recorder, impatient, model, method, loop
):
    settings = {"method": method, "pruning_ratio": [0.5], "cv": 2, "random_state": 0}
    silent = PrunedEstimator(model, **settings).fit(*binary)
    observed = PrunedEstimator(model, **settings).set_callbacks(recorder).fit(*binary)
    assert any(name.split(",")[0] == loop for name in recorder.ended)
    assert sorted(recorder.ended) == sorted(name for (name, _), _ in recorder.began)
    np.testing.assert_array_equal(
        observed.predict(binary[0]), silent.predict(binary[0])
    )


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_columns_in_parallel(binary, recorder, n_jobs):
    # neighbours have no faster way than to predict the permuted rows
    model = KNeighborsClassifier()
    pruned = PrunedEstimator(model, method="permutation", n_jobs=n_jobs)
    pruned.set_params(pruning_ratio=0.5, random_state=0).set_callbacks(recorder)
    pruned.fit(*binary)
    n_columns = binary[0].shape[1]
    columns = [task for task, parent in recorder.began if parent == "columns"]
    assert len(columns) == n_columns


def test_a_step_can_be_pickled(binary):
    pruned = PrunedEstimator(LogisticRegression(), verbose=1)
    (step,) = Progress(pruned, verbose=1).begin(1)
    assert pickle.loads(pickle.dumps(step))(len, [1, 2]) == 2
