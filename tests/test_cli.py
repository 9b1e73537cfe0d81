"""The command line: the table of the demo, its arguments and its threads."""

import sys

import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from sklprune import cli


def test_the_demo_prints_a_row_for_each_model(monkeypatch, capsys):
    data = load_diabetes(return_X_y=True)
    models = [("ridge, diabetes: weights", data, Ridge(), "auto")]
    monkeypatch.setattr(cli, "demo_models", lambda: models)
    assert cli.main(["demo"]) == 0
    progress, _, titles, row, *_ = capsys.readouterr().out.splitlines()
    assert progress == "pruning ridge, diabetes: weights ..."
    assert titles.split() == " ".join(title for title, _ in cli.HEAD).split()
    assert row.startswith("ridge, diabetes: weights") and "of 10 weights" in row


def test_the_models_of_the_demo_have_data_and_a_method():
    for title, (X, y), model, method in cli.demo_models():
        assert ":" in title and len(X) == len(y)
        assert hasattr(model, "fit") and isinstance(method, str)


def test_a_missing_or_unknown_command_is_an_error(capsys):
    for arguments in ([], ["prune"]):
        with pytest.raises(SystemExit):
            cli.main(arguments)
    assert "usage: sklprune" in capsys.readouterr().err


def test_threads_are_limited_only_if_threadpoolctl_is_installed(monkeypatch):
    pytest.importorskip("threadpoolctl")
    with cli.one_thread() as limits:
        assert limits is not None
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with cli.one_thread() as limits:
        assert limits is None
