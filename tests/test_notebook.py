"""What a notebook shows: the result in the diagram, and the path as its table."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import estimator_html_repr

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune.methods import Chain


@pytest.mark.parametrize("cls", [PrunedEstimator, FeaturePruningSelector])
def test_the_diagram_of_a_fitted_estimator_shows_the_result(cls, binary):
    pruned = cls(LogisticRegression(), random_state=0)
    unfitted = pruned._repr_html_()
    assert "sklprune-result" not in unfitted
    pruned.fit(*binary)
    html, report = pruned._repr_html_(), pruned.report_
    assert pruned._repr_mimebundle_()["text/html"].count("sklprune-result") == 1
    assert "LogisticRegression" in html and report.summary in html
    assert f"{pruned.pruning_ratio_:.4g}" in html
    assert f"{report.pruned.file_bytes:,.0f}" in html
    assert f"{report.score['pruned']:.4f}" in html
    assert "held-out rows, also used for the choice" in html
    # the diagram of scikit-learn is not replaced
    assert "sk-estimator" in html and "sk-estimator" in estimator_html_repr(pruned)


def test_without_a_diagram_there_is_no_html(binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(*binary)
    with sklearn.config_context(display="text"):
        assert not hasattr(pruned, "_repr_html_")
        assert set(pruned._repr_mimebundle_()) == {"text/plain"}


def test_at_a_given_ratio_no_score_is_shown(binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(*binary)
    html = pruned._repr_html_()
    assert "file, bytes" in html and "nan" not in html.partition("sklprune-result")[2]


def test_the_path_is_shown_as_its_table(binary):
    pruned = PrunedEstimator(LogisticRegression(), random_state=0).fit(*binary)
    html, frame = pruned.path_._repr_html_(), pruned.path_.frame()
    assert html.count("<tr>") == len(frame) + 1
    assert html.count("<td>chosen</td>") == 1
    for score in frame["score_mean"]:
        assert f"<td>{score:.4g}</td>" in html


def test_the_path_of_several_methods_has_their_names(binary):
    pruned = PrunedEstimator(
        LogisticRegression(), method=["magnitude", "permutation"], cv=2, random_state=0
    ).fit(*binary)
    html = pruned.path_._repr_html_()
    assert "<td>magnitude</td>" in html and "<td>permutation</td>" in html


@pytest.fixture
def hostile():
    """A frame whose columns have names that are HTML."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5))
    names = [f"<script>alert({i})</script>" for i in range(5)]
    return pd.DataFrame(X, columns=names), X[:, 0] + 0.1 * rng.normal(size=120)


def test_names_from_data_are_escaped(hostile):
    chain = Chain(["recursive_elimination", "magnitude"])
    for method in ("recursive_elimination", chain):
        pruned = PrunedEstimator(Ridge(), method=method, random_state=0).fit(*hostile)
        shown = (
            pruned._result_html(),
            pruned.path_._repr_html_(),
            pruned.report_._repr_html_(),
        )
        assert not any("<script" in html for html in shown)


def test_the_report_of_a_chain_is_a_page(hostile, tmp_path):
    chain = Chain(["recursive_elimination", "magnitude"])
    pruned = PrunedEstimator(Ridge(), method=chain, random_state=0).fit(*hostile)
    path, report = tmp_path / "report.html", pruned.report_
    report.to_html(path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and "http" not in text
    assert len(text) < 500_000
    for i, step in enumerate(report.steps, start=1):
        assert f"Step {i}: {step.summary}" in text
    for row in report.size_rows():
        assert all(cell in text for cell in row)
    assert "method" in report.settings and "recursive_elimination" in text
    assert report._repr_html_() in text
