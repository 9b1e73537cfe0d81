"""The report as an HTML page: complete, escaped, and without other files."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from sklprune import PrunedEstimator, prune
from sklprune._reporting.chart import chart
from sklprune.rules import Tolerance

#: elements without an end tag
EMPTY = {"meta", "line", "br"}


class Checked(HTMLParser):
    """Parses a page, and checks that all elements are closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.links = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [v for name, v in attrs if name in ("href", "src")]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def compared(binary_rows, few_small_models):
    return PrunedEstimator(
        RandomForestClassifier(6, max_depth=3, random_state=0),
        method=["cost_complexity", "member_selection"],
        rule=Tolerance(0.03),
        cv=2,
        baseline=True,
        random_state=0,
    ).fit(*binary_rows)


def test_the_page_is_complete_and_needs_no_other_file(compared, tmp_path):
    path = tmp_path / "report.html"
    compared.report_.to_html(path)
    text = path.read_text(encoding="utf-8")
    page = Checked(text)
    assert page.links == [] and "script" not in page.seen and "http" not in text
    assert len(text) < 500_000
    for part in (
        compared.report_.summary,
        "member_selection",
        "trained from scratch",
        "recall of class",
        "parameters and versions",
        "scikit-learn",
        "rule</td><td>Tolerance(max_drop=0.03)",
        "prefers-color-scheme: dark",
    ):
        assert part in text
    assert {"svg", "circle", "details", "table"} <= set(page.seen)


def test_a_notebook_shows_the_same_without_a_page_around(compared):
    text = compared.report_._repr_html_()
    assert text.startswith('<div class="sklprune">') and "<html" not in text
    Checked(text)


def test_names_from_the_data_are_escaped(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=[f"<i>{i}&" for i in range(8)])
    labels = np.where(y == 1, "<script>alert(1)</script>", "no")
    report = prune(
        KNeighborsClassifier().fit(frame, labels), frame, labels, pruning_ratio=[0.5]
    ).report_
    text = report._repr_html_()
    assert "<script>" not in text and "&lt;script&gt;" in text
    assert "<i>" not in text and "&lt;i&gt;" in text


def test_a_given_ratio_has_a_page_without_a_chart(binary):
    model = LogisticRegression().fit(*binary)
    report = prune(model, *binary, pruning_ratio=0.5).report_
    page = Checked(report._repr_html_())
    assert "svg" not in page.seen
    assert "weights" in report._repr_html_()


def test_measured_latencies_are_shown(compared, binary):
    report = compared.report_.measure(binary[0])
    assert "one row" in report._repr_html_()


def test_many_removed_units_are_counted_by_part(binary):
    forest = RandomForestClassifier(30, random_state=0).fit(*binary)
    report = prune(forest, *binary, method="cost_complexity", pruning_ratio=0.9).report_
    text = report._repr_html_()
    assert "tree 3" in text and "tree 3 node" not in text


# -- the chart ------------------------------------------------------------------------


def test_the_chart_has_a_point_for_each_model_and_a_ring_for_the_chosen():
    sizes, scores = np.array([100, 30, 5.0]), np.array([0.9, 0.89, 0.7])
    errors = np.array([0, 0.01, np.nan])
    text = chart(sizes, scores, errors, 1, "leaves kept", "accuracy")
    assert text.count("<circle") == 3
    assert text.count('class="chosen"') == text.count('class="unpruned"') == 1
    # a bar only where the standard error is known and not zero
    assert text.count('class="error"') == 1
    assert "30 leaves kept: 0.8900 +- 0.0100" in text


def test_larger_models_are_right_of_smaller_ones_and_better_ones_above():
    text = chart(np.array([1000, 10.0]), np.array([0.9, 0.7]), np.zeros(2), 1, "n", "s")
    (x1, y1), (x2, y2) = [
        [float(part.split(f'{name}="')[1].split('"')[0]) for name in ("cx", "cy")]
        for part in text.split("<circle")[1:]
    ]
    assert x1 > x2 and y1 < y2


@pytest.mark.parametrize("sizes", [[10.0, 10.0], [np.nan, 5.0]])
def test_a_chart_of_equal_or_unknown_sizes(sizes):
    text = chart(np.array(sizes), np.array([0.9, 0.9]), np.zeros(2), 0, "n", "s")
    assert (text == "") == bool(np.isnan(sizes[0]))
    assert "nan" not in text
