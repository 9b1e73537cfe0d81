"""Tables on the command line: separators, decimal signs, labels and their errors."""

import gzip
from importlib import import_module

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from sklprune import cli
from sklprune._command_line import table_files, tables
from sklprune._command_line.messages import CommandError

NAMES = ["c0", 'c 1 "x"', "flag", "label"]
LINES = (
    'c0;"c 1 ""x""";flag;label',
    "1;0,5;True;yes",
    '2;"1,5";False;no',
    ";2,25;True;yes",
    "4,5;3;False;NA",
)
SEMICOLONS = "\n".join(LINES)
COMMAS = SEMICOLONS.replace(",", ".").replace(";", ",")


@pytest.fixture
def folder(tmp_path, binary, monkeypatch):
    """A folder with a model and a table; it is the current one."""
    monkeypatch.chdir(tmp_path)
    X, y = binary
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(8)])
    joblib.dump(LogisticRegression().fit(frame, y), "model.joblib")
    frame.assign(answer=y).to_csv("rows.csv", index=False)
    return tmp_path


def run(capsys, line):
    """The exit code, and what is printed on stdout and stderr."""
    code = cli.main(line.split())
    return code, *capsys.readouterr()


def without_pandas(name):
    """Import a module that is not pandas."""
    if name == "pandas":
        raise ImportError(name)
    return import_module(name)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "name, text",
    [
        ("one.csv", SEMICOLONS),
        ("two.CSV", COMMAS),
        ("three.tsv", COMMAS.replace(",", "\t")),
    ],
)
def test_separators_decimal_commas_and_quotes_are_read(
    tmp_path, monkeypatch, library, compressed, name, text
):
    pytest.importorskip(library)
    if library == "polars":
        monkeypatch.setattr(table_files, "import_module", without_pandas)
    path = tmp_path / (name + (".gz" if compressed else ""))
    data = ("\ufeff" + text + "\n").encode()
    path.write_bytes(gzip.compress(data) if compressed else data)
    frame = table_files.read_frame(path, NAMES)
    assert list(frame.columns) == NAMES
    np.testing.assert_array_equal(frame["c0"].to_numpy(), [1, 2, np.nan, 4.5])
    np.testing.assert_array_equal(frame[NAMES[1]].to_numpy(), [0.5, 1.5, 2.25, 3])
    assert frame["flag"].to_list() == [True, False, True, False]
    *labels, missing = frame["label"].to_list()
    assert labels == ["yes", "no", "yes"]
    assert missing is None or missing != missing


def test_labels_of_another_type_are_those_of_the_model(folder):
    rows = pd.read_csv("rows.csv")
    truth = rows["answer"].to_numpy(bool)
    model = LogisticRegression().fit(rows.drop(columns="answer"), truth)
    # a text file has no types: polars reads True as a text
    for written in (truth, truth.astype(str)):
        rows.assign(answer=written).to_csv("typed.csv", index=False)
        y = tables.read_rows("typed.csv", "answer", model).y
        assert y.dtype == bool
        np.testing.assert_array_equal(y, truth)
    model.classes_ = np.array(["no", "yes"])
    with pytest.raises(CommandError, match="values 0, 1, and LogisticRegression pred"):
        tables.read_rows("rows.csv", "answer", model)


def test_a_model_without_names_needs_as_many_columns(folder):
    rows = pd.read_csv("rows.csv")
    X = rows.drop(columns="answer").to_numpy()
    model = LogisticRegression().fit(X, rows["answer"])
    np.testing.assert_array_equal(tables.read_rows("rows.csv", "answer", model).X, X)
    with pytest.raises(CommandError, match="name the target with --target, and Log"):
        tables.read_rows("rows.csv", None, model)
    rows.drop(columns="c3").to_csv("seven.csv", index=False)
    with pytest.raises(CommandError, match="was fitted on 8"):
        tables.read_rows("seven.csv", "answer", model)


@pytest.mark.parametrize(
    "changed, message",
    [
        (lambda rows: rows.assign(answer=rows["answer"][3:]), "missing in 3 of "),
        (lambda rows: rows.assign(answer="1,5"), "has the values '1,5', and Logistic"),
        (lambda rows: rows.assign(c2="1,5"), "Columns with texts: 'c2'"),
        (lambda rows: rows.rename(columns={"c2": " C2"}), "Did you mean ' C2'"),
        (lambda rows: rows[:0], "minimum of 1"),
    ],
)
@pytest.mark.parametrize("command", ["inspect", "compare"])
def test_values_that_do_not_suit_the_model_are_named(
    folder, capsys, changed, message, command
):
    changed(pd.read_csv("rows.csv")).to_csv("other.csv", index=False)
    line = f"{command} model.joblib other.csv --target answer --trust-pickle"
    code, out, err = run(capsys, line)
    assert code == cli.PROBLEM and out == ""
    assert message in err.splitlines()[-1]


def test_texts_are_no_target_of_a_regressor(folder, capsys):
    X = np.arange(12.0).reshape(6, 2)
    joblib.dump(Ridge().fit(X, X[:, 0]), "ridge.joblib")
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame.assign(price=[f"1,{i}00" for i in range(6)]).to_csv("p.csv", index=False)
    line = "compare ridge.joblib p.csv --target price --trust-pickle"
    code, _, err = run(capsys, line)
    assert code == cli.PROBLEM and "texts such as '1,000'" in err
    # a column that numbers the rows is not used
    frame.assign(price=X[:, 0]).to_csv("p.csv")
    code, _, err = run(capsys, line)
    assert code == cli.DONE and "numbers the rows" in err


def test_text_that_is_not_utf_8_is_a_problem(folder, capsys):
    (folder / "rows.csv").write_bytes("größe\n1\n".encode("latin-1"))
    code, _, err = run(capsys, "inspect model.joblib rows.csv --trust-pickle")
    assert code == cli.PROBLEM and "cannot be read as UTF-8" in err
