"""The command line: its commands, files, messages and exit codes."""

import contextlib
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import warnings
from importlib import import_module

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._testing import ignore_warnings

from sklprune import cli
from sklprune._command_line import comparison, demo, model_files, pruning, table_files
from sklprune._command_line.demo import Example
from sklprune._command_line.messages import short_warnings
from sklprune._command_line.time_limit import TimeIsUp, time_limit


@pytest.fixture
def folder(tmp_path, binary, monkeypatch):
    """A folder with models and tables; it is the current one."""
    monkeypatch.chdir(tmp_path)
    X, y = binary
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(8)])
    forest = RandomForestClassifier(8, max_depth=4, random_state=0).fit(frame, y)
    joblib.dump(forest, "forest.joblib")
    joblib.dump(LogisticRegression().fit(X, y), "unnamed.joblib")
    frame["unused"] = 0.0
    frame.assign(answer=y).to_csv("rows.csv", index=False)
    np.savez("rows.npz", X=X, answer=y)
    return tmp_path


def run(capsys, line):
    """The exit code, and what is printed on stdout and stderr."""
    code = cli.main(line.split())
    return code, *capsys.readouterr()


PRUNE = "prune forest.joblib rows.csv --target answer --trust-pickle --method "
QUICK = PRUNE + "cost_complexity --max-drop 0.05 -o small.joblib"


# -- prune ----------------------------------------------------------------------------


def test_a_smaller_model_is_written(folder, capsys):
    code, out, err = run(capsys, QUICK)
    assert code == cli.DONE
    assert "leaves removed by CostComplexity" in out and "small.joblib" in out
    assert "pruning on 200 rows" in err
    small = joblib.load("small.joblib")
    assert type(small) is RandomForestClassifier
    leaves = [sum(t.get_n_leaves() for t in m.estimators_) for m in (small, forest())]
    assert leaves[0] < leaves[1]


def forest():
    return joblib.load("forest.joblib")


@pytest.mark.parametrize("ending", ["joblib", "pkl", "skops"])
def test_models_are_written_in_the_format_of_the_ending(folder, capsys, ending):
    if ending == "skops":
        pytest.importorskip("skops")
    code, _, err = run(capsys, QUICK.replace("small.joblib", f"small.{ending}"))
    assert code == cli.DONE, err
    reloaded = model_files.load_model(f"small.{ending}", trust_pickle=True)
    assert reloaded.n_estimators <= 8


def test_the_report_is_written_as_a_page(folder, capsys):
    code, *_ = run(capsys, QUICK + " --report page.html")
    assert code == cli.DONE
    page = (folder / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "removed by CostComplexity" in page


def test_json_is_the_report(folder, capsys):
    code, out, _ = run(capsys, QUICK + " --json")
    assert code == cli.DONE
    found = json.loads(out)
    assert found["output"] == "small.joblib"
    assert found["pruned"]["nodes"] < found["original"]["nodes"]


def test_nothing_that_can_be_removed_has_an_exit_code_of_its_own(folder, capsys):
    line = QUICK.replace("0.05", "0") + " --scoring neg_log_loss --quiet"
    code, out, _ = run(capsys, line.replace("cost_complexity", "member_selection"))
    assert (code == cli.NOTHING_REMOVED) == ("nothing was pruned" in out)


def test_several_methods_are_compared(folder, capsys):
    methods = "cost_complexity,member_selection"
    code, out, _ = run(capsys, QUICK.replace("cost_complexity", methods))
    assert code == cli.DONE and "member_selection" in out


def test_a_ratio_can_be_given(folder, capsys):
    code, *_ = run(capsys, PRUNE + "member_selection --ratio 0.5 -o small.joblib")
    assert code == cli.DONE
    assert joblib.load("small.joblib").n_estimators == 4


# -- files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line, message",
    [
        (QUICK.replace(" --trust-pickle", ""), "can run any code"),
        (QUICK.replace("forest.joblib", "none.joblib"), "there is no such model file"),
        (QUICK.replace("forest.joblib", "rows.csv"), "ending of a model must be"),
        (QUICK.replace("rows.csv", "none.csv"), "there is no such table"),
        (QUICK.replace("rows.csv", "forest.joblib"), "ending of a table must be"),
        (QUICK.replace("small.joblib", "none/small.joblib"), "none does not exist"),
        (QUICK.replace("small.joblib", "small.onnx"), "ending of a model must be"),
        (QUICK.replace("small.joblib", "forest.joblib"), "exists. Pass --force"),
        (QUICK + " --report rows.csv", "exists. Pass --force"),
        (QUICK.replace("answer", "answr"), "Did you mean 'answer'"),
        (QUICK.replace("cost_complexity", "cost"), "cost_complexity"),
        (QUICK + " --scoring accuraci", "Did you mean 'accuracy'"),
        (QUICK + " --force --report small.joblib", "need two files"),
        (QUICK.replace("0.05", "-1"), "max_drop must be"),
    ],
)
def test_problems_are_one_sentence_and_nothing_is_written(
    folder, capsys, line, message
):
    before = sorted(path.name for path in folder.iterdir())
    content = (folder / "forest.joblib").read_bytes()
    code, out, err = run(capsys, line)
    assert code == cli.PROBLEM and out == ""
    problem = err.splitlines()[-1]
    assert problem.startswith("sklprune prune: ") and message in problem
    assert sorted(path.name for path in folder.iterdir()) == before
    assert (folder / "forest.joblib").read_bytes() == content


def test_an_existing_file_is_replaced_with_force(folder, capsys):
    (folder / "small.joblib").write_text("old")
    code, *_ = run(capsys, QUICK + " --force")
    assert code == cli.DONE and joblib.load("small.joblib").n_estimators <= 8


def test_an_interrupted_command_leaves_no_file(folder, capsys, monkeypatch):
    def interrupt(*_, **__):
        (folder / f".small.joblib.{model_files.os.getpid()}.part").write_text("half")
        raise KeyboardInterrupt

    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.setattr(model_files.joblib, "dump", interrupt)
    code, _, err = run(capsys, QUICK)
    assert code == cli.INTERRUPTED and "interrupted" in err
    assert sorted(path.name for path in folder.iterdir()) == before


def test_the_page_is_not_written_without_the_model(folder, capsys, monkeypatch):
    before = sorted(path.name for path in folder.iterdir())

    def interrupt(*_):
        assert any(path.name.startswith(".page.html") for path in folder.iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr(pruning, "save_model", interrupt)
    code, *_ = run(capsys, QUICK + " --report page.html")
    assert code == cli.INTERRUPTED
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(
    ("option", "seen"), [("", "auto"), (" --seen true", True), (" --seen false", False)]
)
def test_rows_of_the_fit_are_declared_by_an_option(
    folder, capsys, monkeypatch, option, seen
):
    passed = {}

    def refuse(*_, **parameters):
        passed.update(parameters)
        raise ValueError("stop here")

    monkeypatch.setattr(pruning, "prune", refuse)
    code, _, err = run(capsys, QUICK + option)
    assert code == cli.PROBLEM and "stop here" in err
    assert passed["seen"] is seen or passed["seen"] == seen == "auto"


def test_a_file_that_contains_no_model_is_a_problem(folder, capsys):
    (folder / "list.pkl").write_bytes(pickle.dumps([1, 2]))
    (folder / "broken.pkl").write_bytes(b"nothing")
    (folder / "new.pkl").write_bytes(pickle.dumps(Ridge()))
    for name, message in [
        ("list.pkl", "contains a list, which is not a scikit-learn estimator"),
        ("broken.pkl", "cannot be loaded"),
        ("new.pkl", "not fitted"),
    ]:
        code, _, err = run(capsys, f"inspect {name} --trust-pickle")
        assert code == cli.PROBLEM and message in err


def test_types_in_a_skops_file_must_be_trusted(folder, capsys):
    sio = pytest.importorskip("skops.io")
    sio.dump(forest(), "forest.skops")
    code, _, err = run(capsys, "inspect forest.skops")
    assert code == cli.PROBLEM and "sklearn.tree._tree.Tree" in err
    code, _, err = run(capsys, "inspect forest.skops --trust-pickle")
    assert code == cli.DONE and "trusted types are sklearn.tree._tree.Tree." in err


# -- tables ---------------------------------------------------------------------------


def without(*missing):
    """A function that imports modules, but not some that are missing."""

    def load(name):
        if name in missing:
            raise ImportError(f"no {name}")
        return import_module(name)

    return load


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_tables_of_every_kind_give_the_same_result(folder, capsys, ending):
    pytest.importorskip("pyarrow")
    getattr(pd.read_csv("rows.csv"), f"to_{ending}")(f"rows.{ending}")
    assert run(capsys, QUICK)[0] == cli.DONE
    line = QUICK.replace("rows.csv", f"rows.{ending}").replace("small", "other")
    assert run(capsys, line)[0] == cli.DONE
    X = pd.read_csv("rows.csv")[[f"c{i}" for i in range(8)]]
    small, other = joblib.load("small.joblib"), joblib.load("other.joblib")
    np.testing.assert_array_equal(small.predict_proba(X), other.predict_proba(X))


def test_a_table_of_arrays_needs_no_other_package(folder, capsys, monkeypatch):
    monkeypatch.setattr(table_files, "import_module", without("pandas", "polars"))
    code, _, err = run(capsys, "inspect unnamed.joblib rows.npz --trust-pickle")
    assert code == cli.DONE, err
    code, _, err = run(capsys, "inspect unnamed.joblib rows.csv --trust-pickle")
    assert code == cli.PROBLEM and "pip install pandas" in err


def test_polars_reads_tables_where_pandas_is_missing(folder, capsys, monkeypatch):
    pytest.importorskip("polars")
    monkeypatch.setattr(table_files, "import_module", without("pandas"))
    line = "inspect unnamed.joblib rows.csv --target answer --trust-pickle"
    code, _, err = run(capsys, line)
    # the model has no names, and the table has one more column
    assert code == cli.PROBLEM and "has 9 columns besides the target" in err


def test_arrays_that_do_not_fit_are_a_problem(folder, capsys):
    np.savez("other.npz", X=np.zeros((5, 3)))
    for table, message in [("other.npz", "shape (5, 3)"), ("rows.npz", "no array 'y'")]:
        line = f"inspect unnamed.joblib {table} --trust-pickle"
        line += " --target y" if table == "rows.npz" else ""
        code, _, err = run(capsys, line)
        assert code == cli.PROBLEM and message in err


# -- inspect and compare --------------------------------------------------------------


def test_inspect_shows_parts_and_what_can_be_removed(folder, capsys):
    code, out, _ = run(capsys, "inspect forest.joblib --trust-pickle")
    assert code == cli.DONE
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "members 8" in lines and "backfitting leaves" in lines
    assert any(line.startswith("estimators_ 8 x Decision") for line in lines)
    assert "Pass a table" in out


def test_inspect_shows_the_parts_inside_of_parts(folder, capsys):
    X = np.random.default_rng(0).normal(size=(60, 4))
    network = MLPClassifier((30,), max_iter=1, random_state=0)
    model = make_pipeline(make_pipeline(StandardScaler()), network)
    with ignore_warnings(category=ConvergenceWarning):
        joblib.dump(model.fit(X, X[:, 0] > 0), "network.joblib")
    code, out, _ = run(capsys, "inspect network.joblib --trust-pickle --json")
    parts = {part["name"]: part for part in json.loads(out)["parts"]}
    assert parts["pipeline / standardscaler"]["class"] == "StandardScaler"
    assert parts["mlpclassifier / coefs_[0]"]["class"] == "ndarray of 4 x 30"


def test_inspect_estimates_times_on_rows(folder, capsys):
    line = "inspect unnamed.joblib rows.npz --target answer --trust-pickle --json"
    code, out, err = run(capsys, line)
    assert code == cli.DONE
    found = json.loads(out)
    magnitude = next(m for m in found["methods"] if m["method"] == "magnitude")
    assert magnitude["units"] == 8 and magnitude["seconds"] > 0
    assert not magnitude["interrupted"]
    assert "timing magnitude ..." in err
    assert found["cost"]["latency_one_row"] > 0


def test_inspect_interrupts_slow_methods(folder, capsys, monkeypatch):
    monkeypatch.setattr("sklprune._command_line.inspection.SECONDS_PER_METHOD", 1e-3)
    line = "inspect unnamed.joblib rows.npz --target answer --trust-pickle"
    code, out, _ = run(capsys, line)
    assert code == cli.DONE
    assert re.search(r"sequential +\w+ +over \d+ s", out)


def test_an_interruption_at_the_last_moment_restores_the_handler():
    before = signal.getsignal(signal.SIGINT)
    for seconds in np.linspace(0, 2e-3, 200):
        with contextlib.suppress(TimeIsUp), time_limit(seconds):
            time.sleep(1e-3)
        assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def interruptible():
    """Interrupts raise, also in a process that a shell started in the background."""
    given = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, given)


@pytest.mark.usefixtures("interruptible")
def test_a_time_limit_interrupts_only_the_code_inside():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(TimeIsUp), time_limit(0.01):
        while True:
            time.sleep(0.001)
    assert signal.getsignal(signal.SIGINT) is before
    with time_limit(60.0), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)  # as Ctrl-C does
    assert signal.getsignal(signal.SIGINT) is before


def test_compare_shows_a_row_for_each_model(folder, capsys):
    run(capsys, QUICK)
    line = "compare forest.joblib small.joblib rows.csv --target answer --trust-pickle"
    code, out, _ = run(capsys, line + " --json")
    assert code == cli.DONE
    before, after = json.loads(out)
    assert after["file_bytes"] < before["file_bytes"]
    assert before["agreement"] == 1 and 0 < after["agreement"] <= 1
    assert before["score"] == forest().score(
        pd.read_csv("rows.csv")[[f"c{i}" for i in range(8)]],
        pd.read_csv("rows.csv")["answer"],
    )
    code, out, _ = run(capsys, line)
    assert code == cli.DONE and "agreement" in out


def test_compare_shows_how_close_the_values_of_regressors_are(folder, capsys):
    X, y = np.arange(20.0)[:, None], np.arange(20.0)
    first = Ridge().fit(X, y)
    second = Ridge(100.0).fit(X, y)
    for name, model in (("first", first), ("second", second)):
        joblib.dump(model, f"{name}.joblib")
    np.savez("values.npz", X=X, answer=y)
    line = "compare first.joblib second.joblib values.npz --trust-pickle --json"
    code, out, err = run(capsys, line + " --target answer")
    assert code == cli.DONE, err
    same, other = (row["agreement"] for row in json.loads(out))
    assert same == 1
    assert other == pytest.approx(r2_score(first.predict(X), second.predict(X)))


def test_compare_can_train_small_models(folder, capsys):
    line = "compare unnamed.joblib rows.npz --target answer --trust-pickle --baseline"
    code, out, _ = run(capsys, line)
    assert code == cli.DONE
    table, _, notes = out.partition("\n\n")
    assert notes.startswith("from scratch 1: LogisticRegression on")
    assert max(map(len, table.splitlines())) < 80
    code, _, err = run(capsys, line.replace(" --target answer", ""))
    assert code == cli.PROBLEM and "needs --target" in err


def test_few_small_models_are_compared_on_rows_that_trained_none(folder, capsys):
    X, y = np.load("rows.npz")["X"], np.load("rows.npz")["answer"]
    joblib.dump(DummyClassifier().fit(X, y), "constant.joblib")
    line = "compare unnamed.joblib constant.joblib rows.npz --target answer --baseline"
    code, out, _ = run(capsys, line + " --trust-pickle --json")
    assert code == cli.DONE
    given, trained = json.loads(out)[:2], json.loads(out)[2:]
    assert 1 <= len(trained) <= comparison.N_SHOWN
    assert all(0 < each["agreement"] <= 1 for each in trained)
    _, X, _, y = train_test_split(X, y, test_size=0.5, random_state=0)
    assert given[0]["score"] == joblib.load("unnamed.joblib").score(X, y)


def small(file_bytes, score):
    return comparison._Small(f"{file_bytes} bytes", None, file_bytes, score)


@pytest.mark.parametrize(
    "given, expected",
    [
        # 800 bytes score less than 500, and 450 are about as many as 500
        ((9000, 0.9), [10, 100, 500]),
        # smaller than most, and as good as those
        ((60, 0.8), [1, 10]),
        # better than each: the best of them is shown
        ((1, 0.9), [500]),
    ],
)
def test_small_models_that_are_worse_and_larger_are_not_shown(given, expected):
    trained = [small(500, 0.8), small(450, 0.79), small(800, 0.7), small(100, 0.75)]
    trained += [small(10, 0.6), small(1, 0.5)]
    given = [dict(zip(("file_bytes", "score"), given))]
    shown = comparison._shown(trained, given)
    assert [each.file_bytes for each in shown] == expected


# -- demo and arguments ---------------------------------------------------------------


def test_the_demo_prints_a_row_for_each_model(monkeypatch, capsys):
    data = load_diabetes(return_X_y=True)
    example = Example("ridge, diabetes: weights", data, Ridge(), "auto", "Ridge()")
    monkeypatch.setattr(demo, "demo_models", lambda: [example])
    assert cli.main(["demo"]) == 0
    progress, *code, _, titles, row, _, _, _ = capsys.readouterr().out.splitlines()
    assert progress == "pruning ridge, diabetes: weights ..."
    assert code[0] == "    model = Ridge()"
    assert titles.split() == " ".join(title for title, _ in demo.HEAD).split()
    assert row.startswith("ridge, diabetes: weights") and "of 10 weights" in row


def test_the_code_of_the_demo_makes_its_models():
    names = {name: getattr(demo, name) for name in dir(demo)}
    for example in demo.demo_models():
        assert ":" in example.title and len(example.data[0]) == len(example.data[1])
        made = eval(example.code, names)
        assert repr(made) == repr(example.model)


def test_a_missing_or_unknown_command_is_an_error(capsys):
    for arguments in ([], ["shrink"], ["prune"]):
        with pytest.raises(SystemExit) as error:
            cli.main(arguments)
        assert error.value.code == 2
    assert "usage: sklprune" in capsys.readouterr().err


def test_the_help_lists_commands_and_exit_codes(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in (*cli.COMMANDS, "exit codes", "130"))


def test_threads_are_limited_only_if_threadpoolctl_is_installed(monkeypatch):
    pytest.importorskip("threadpoolctl")
    with cli.one_thread() as limits:
        assert limits is not None
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with cli.one_thread() as limits:
        assert limits is None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error")
def test_a_reader_that_stops_is_no_error(folder):
    command = [sys.executable, "-m", "sklprune", "inspect", "forest.joblib"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*command, "--trust-pickle"], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert done.returncode == cli.PROBLEM and "Error" not in done.stderr


def test_a_warning_is_one_line_and_printed_once(capsys):
    with short_warnings():
        warnings.simplefilter("always")
        for _ in range(2):
            warnings.warn("two\nlines", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "UserWarning: two lines\n"
