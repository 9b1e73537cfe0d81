"""Several methods in sequence: order, tolerance, rows and the report."""

import subprocess
import sys
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, prune
from sklprune._chain import _Allowance, _Chooser, _Run
from sklprune.methods import Chain, Magnitude, Quantize
from sklprune.rules import Agreement, Budget, OneStandardError, Tolerance

NETWORK = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=40, tol=1e-3))
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:MLPClassifier was prob"
)


@pytest.fixture
def chained(binary):
    return PrunedEstimator(
        NETWORK,
        method=Chain(["recursive_elimination", "neuron_elimination", "magnitude"]),
        rule=Tolerance(0.1),
        random_state=0,
    )


def test_the_result_is_one_flat_pipeline_without_sklprune(binary, tmp_path):
    chain = Chain(["permutation", "neuron_elimination", "magnitude"])
    pruned = PrunedEstimator(
        NETWORK, method=chain, rule=Tolerance(0.1), random_state=0
    ).fit(*binary)
    model = pruned.estimator_
    assert not any(isinstance(step, Pipeline) for _, step in model.steps)
    assert type(model[-1]) is MLPClassifier
    joblib.dump((model, binary[0], model.predict(binary[0])), tmp_path / "m")
    code = (
        "import sys; sys.modules['sklprune'] = None; import joblib; "
        f"m, X, p = joblib.load({str(tmp_path / 'm')!r}); "
        "assert (m.predict(X) == p).all()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_step_has_a_line_and_the_model_becomes_smaller(binary):
    chain = Chain(["neuron_elimination", "magnitude"])
    pruned = PrunedEstimator(
        NETWORK, method=chain, rule=Tolerance(0.1), random_state=0
    ).fit(*binary)
    report = pruned.report_
    assert [step.granularity for step in report.steps] == ["neuron", "weight"]
    assert report.summary.splitlines()[1].startswith("2. MLPClassifier: ")
    assert report.pruned.nonzero < report.original.nonzero
    assert pruned.pruning_ratio_ == report.removed_share > 0
    found = report.to_dict()
    assert len(found["steps"]) == 2
    assert found["score"]["difference"] >= -0.1 - 1e-12
    assert "after step" in str(report)


def test_columns_that_a_step_keeps_are_known(binary):
    pruned = PrunedEstimator(
        LogisticRegression(),
        method=Chain(["recursive_elimination", "magnitude"]),
        rule=Tolerance(0.1),
        random_state=0,
    ).fit(*binary)
    assert pruned.support_.shape == (8,) and pruned.support_.sum() < 8
    assert len(pruned.get_feature_names_out()) == pruned.support_.sum()


def test_a_chain_of_one_method_is_that_method(binary):
    X, y = binary
    split = (np.arange(150), np.arange(150, 200))
    model = LogisticRegression().fit(X, y)
    known = {"cv": [split], "rule": Tolerance(0.05), "seen": False}
    alone = prune(model, X, y, method="magnitude", **known)
    chain = prune(model, X, y, method=Chain(["magnitude"]), **known)
    np.testing.assert_array_equal(alone.estimator_.coef_, chain.estimator_.coef_)


def test_columns_that_the_chosen_model_does_not_read_are_removed(binary):
    X, y = binary
    split = (np.arange(150), np.arange(150, 200))
    model = LogisticRegression().fit(X, y)
    known = {"cv": [split], "rule": Tolerance(0.05), "seen": False}
    chain = Chain(["magnitude"])
    whole = prune(model, X, y, method=chain, **known).estimator_
    small = prune(model, X, y, method=chain, drop_unread=True, **known).estimator_
    assert small[-1].coef_.shape[1] == np.count_nonzero(whole.coef_) < 8
    np.testing.assert_array_equal(small.predict(X), whole.predict(X))


def test_a_fitted_model_is_not_changed(binary):
    forest = RandomForestClassifier(6, max_depth=4, random_state=0).fit(*binary)
    before = joblib.hash(forest)
    pruned = prune(
        forest,
        *binary,
        method=Chain(["member_selection", "cost_complexity"]),
        rule=Tolerance(0.1),
        random_state=0,
    )
    assert joblib.hash(forest) == before
    assert len(pruned.estimator_.estimators_) <= 6


def test_the_result_repeats_with_a_seed(binary):
    chain = Chain(["neuron_elimination", "magnitude"])
    first, second = (
        PrunedEstimator(NETWORK, method=chain, rule=Tolerance(0.1), random_state=0)
        .fit(*binary)
        .predict_proba(binary[0])
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_a_chain_can_be_cloned_and_its_result_pickled(binary):
    pruned = PrunedEstimator(
        LogisticRegression(), method=Chain([Magnitude(), "magnitude"]), rule="best"
    )
    assert clone(pruned).method.methods[1] == "magnitude"
    pruned.fit(*binary)
    assert str(joblib.hash(pruned)) and repr(pruned.report_)


# -- the tolerance --------------------------------------------------------------------


class Scored:
    """A report with the scores of one step."""

    def __init__(self, original, pruned):
        self.score = {"original": original, "pruned": pruned}


def test_the_tolerance_that_is_left_is_divided_among_the_steps_that_are_left():
    allowance = _Allowance(Tolerance(0.03), 3)
    assert allowance.next_rule().max_drop == pytest.approx(0.01)
    allowance.after(Scored(0.9, 0.9))
    # the first step has used nothing
    assert allowance.next_rule().max_drop == pytest.approx(0.015)
    allowance.after(Scored(0.9, 0.88))
    assert allowance.next_rule().max_drop == pytest.approx(0.01)
    assert not allowance.is_used_up
    allowance.after(Scored(0.88, 0.87))
    assert allowance.is_used_up


def test_a_gain_of_a_step_is_not_given_to_the_others():
    allowance = _Allowance(Tolerance(0.02), 2)
    allowance.after(Scored(0.9, 0.95))
    assert allowance.next_rule().max_drop == pytest.approx(0.02)


def test_a_relative_tolerance_refers_to_the_unpruned_model():
    allowance = _Allowance(Tolerance(0.02, relative=True), 2)
    assert allowance.next_rule().relative
    allowance.after(Scored(-2.0, -2.01))
    second = allowance.next_rule()
    assert not second.relative and second.max_drop == pytest.approx(0.04 - 0.01)


def test_an_agreement_is_divided_too_and_other_rules_are_not():
    assert _Allowance(Agreement(0.98), 2).next_rule().share == pytest.approx(0.99)
    rule = OneStandardError()
    assert _Allowance(rule, 2).next_rule() is rule


def test_steps_are_skipped_when_the_tolerance_is_used_up(binary, monkeypatch):
    monkeypatch.setattr(
        _Allowance, "is_used_up", property(lambda self: self.n_left < 2)
    )
    pruned = PrunedEstimator(
        LogisticRegression(), method=Chain(["magnitude", "magnitude"]), rule=Tolerance()
    )
    with pytest.warns(UserWarning, match="have used the whole Tolerance"):
        pruned.fit(*binary)
    assert len(pruned.report_.steps) == 1


# -- bad input ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"method": Chain([])}, "must be a list of at least one"),
        ({"method": Chain(["magnitud"])}, "Did you mean 'magnitude'"),
        ({"method": Chain(["magnitude", 3])}, "3 must be the name of a method"),
        (
            {"method": Chain(["magnitude", "permutation"])},
            r"Use Chain\(\['permutation', 'magnitude'\]\)",
        ),
        ({"pruning_ratio": 0.5}, "each step of a Chain has a ratio of its own"),
        ({"rule": Budget(nonzero=3)}, "cannot be divided among the steps"),
        ({"cv": 3}, "gives 3 splits, and a Chain uses one"),
    ],
)
def test_what_a_chain_cannot_use_is_an_error(binary, parameters, message):
    given = {"method": Chain(["permutation", "magnitude"]), "rule": Tolerance()}
    pruned = PrunedEstimator(LogisticRegression(), **given | parameters)
    with pytest.raises(ValueError, match=message):
        pruned.fit(*binary)


class TwoSteps(_Chooser):
    """Stands for weights and bits, of which few sizes are possible."""

    #: ratio, loss and bytes of the sizes of each step
    sizes = (
        [(0, 0, 1000), (0.5, 0.001, 500), (0.8, 0.004, 200), (0.9, 0.007, 100)],
        [(0, 0, 1), (0.9, 0.001, 0.5)],
    )

    def step(self, run, allowance, rule):
        possible = [
            row for row in self.sizes[len(run.parts)] if row[1] <= rule.max_drop + 1e-12
        ]
        ratio, loss, size = possible[-1]
        n_bytes, score = run.model
        run.model = (n_bytes * size, score - loss)
        report = SimpleNamespace(
            score={"original": score, "pruned": score - loss},
            pruned=SimpleNamespace(compressed_bytes=n_bytes * size),
        )
        run.parts.append(SimpleNamespace(pruning_ratio_=ratio, report_=report))
        allowance.after(report)


@pytest.mark.parametrize(
    "max_drop, ratio, n_bytes", [(0.01, 0.9, 50), (0.0055, 0.8, 100), (0.001, 0, 500)]
)
def test_what_remains_of_the_tolerance_is_used(max_drop, ratio, n_bytes):
    chooser = TwoSteps(None, [Magnitude(), Quantize()], (), (), 0)
    run, allowance = _Run((1, 0.9)), _Allowance(Tolerance(max_drop), 2)
    before = []
    for _ in range(2):
        before.append((run.model, allowance.used))
        chooser.step(run, allowance, allowance.next_rule())
    result = chooser.with_the_rest(run, allowance, before)
    assert result.parts[0].pruning_ratio_ == ratio
    assert result.parts[-1].report_.pruned.compressed_bytes == n_bytes
