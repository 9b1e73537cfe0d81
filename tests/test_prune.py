"""From the table to the result: rules that need other columns than scores."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator, cost, prune, strip
from sklprune._registry import family_of
from sklprune.methods import Backfitting, Magnitude
from sklprune.rules import Agreement, Best, Budget, Rule, Tolerance

RATIOS = [0.2, 0.5, 0.8]


@pytest.fixture
def forest():
    return RandomForestClassifier(10, random_state=0)


@pytest.fixture
def network(classes):
    X, y = classes
    model = make_pipeline(
        StandardScaler(), MLPClassifier((30,), max_iter=60, random_state=0)
    )
    return model.fit(X[:120], y[:120])


# -- columns of the table --------------------------------------------------------------


def test_bytes_are_counted_only_if_a_rule_needs_them(classes, forest):
    frame = PrunedEstimator(forest, pruning_ratio=RATIOS, cv=2).fit(*classes).path_
    assert frame.frame()["file_bytes"].isna().all()
    assert list(frame.frame()) == list(frame.columns)


@pytest.mark.filterwarnings("ignore:pruning_ratio=0.5 was requested")
def test_sizes_are_means_over_the_splits(classes, forest):
    X, y = classes
    folds = list(KFold(3, shuffle=True, random_state=0).split(X))
    rule = Budget(file_bytes=1e9, nodes=1e9)
    pruned = PrunedEstimator(
        forest, pruning_ratio=[0.5], rule=rule, cv=folds, random_state=0
    )
    frame = pruned.fit(X, y).path_.frame()
    alone = PrunedEstimator(forest, pruning_ratio=0.5, random_state=0)
    sizes = [cost(alone.fit(X[first], y[first])) for first, _ in folds]
    assert frame["nodes"].iloc[1] == np.mean([size.nodes for size in sizes])
    # padding depends on where in the file an array begins
    np.testing.assert_allclose(
        frame["file_bytes"].iloc[1], np.mean([s.file_bytes for s in sizes]), rtol=1e-3
    )


def test_a_stored_path_has_bytes_in_its_table(binary):
    pruned = PrunedEstimator(
        LogisticRegression(), pruning_ratio=RATIOS, cv=2, store_path=True
    ).fit(*binary)
    assert (pruned.path_.frame()["file_bytes"] > 0).all()


def test_agreement_is_counted_on_held_out_rows(classes, network):
    X, y = classes
    split = [(np.arange(120, 180), np.arange(180, 240))]
    pruned = prune(
        network,
        X,
        y,
        cv=split,
        pruning_ratio=RATIOS,
        rule=Agreement(0.5),
        store_path=True,
    )
    unpruned = network.predict(X[180:])
    same = [(pruned.path_.at(r).predict(X[180:]) == unpruned).mean() for r in RATIOS]
    assert pruned.path_.frame()["agreement"].tolist() == [1, *same]
    assert pruned.report_.score["agreement"] == same[pruned.path_.chosen - 1]


def test_rows_with_several_outputs_agree_if_all_outputs_do(classes, forest):
    X, y = classes
    several = np.column_stack([y == "ant", y == "bee"]).astype(int)
    model = forest.fit(X[:100], several[:100])
    pruned = prune(
        model,
        X,
        method="member_selection",
        pruning_ratio=[0.8],
        y=several,
        rule=Agreement(0.5),
        scoring=lambda model, X, y: (model.predict(X) == y).mean(),
        cv=[(np.arange(100, 170), np.arange(170, 240))],
        store_path=True,
    )
    same = pruned.path_.at(0.8).predict(X[170:]) == model.predict(X[170:])
    assert pruned.path_.table["agreement"][1] == same.all(axis=1).mean() < same.mean()


@pytest.mark.parametrize("weight", [None, np.arange(240) % 3])
def test_fidelity_is_the_score_against_probabilities_of_the_unpruned_model(
    classes, network, weight
):
    X, y = classes

    def pruned_by(rule):
        return prune(
            network,
            X,
            y,
            sample_weight=weight,
            cv=[(np.arange(120, 180), np.arange(180, 240))],
            pruning_ratio=RATIOS,
            rule=rule,
            store_path=True,
        )

    pruned = pruned_by(Tolerance(0.02, faithful=True))
    probability = network.predict_proba(X[180:])
    column = {label: i for i, label in enumerate(network.classes_)}
    rows, of_rows = np.arange(60), None if weight is None else weight[180:]
    for ratio, found in zip([0, *RATIOS], pruned.path_.table["fidelity"]):
        labels = pruned.path_.at(ratio).predict(X[180:])
        # the accuracy of a row is the probability of the predicted class
        likely = probability[rows, [column[label] for label in labels]]
        assert found == pytest.approx(np.average(likely, weights=of_rows), rel=1e-12)
    scores = pruned.path_.table["fidelity"]
    assert scores[pruned.path_.chosen] >= scores[0] - 0.02
    # chosen by labels alone, the model may be smaller, never larger
    assert pruned_by(Tolerance(0.02)).pruning_ratio_ >= pruned.pruning_ratio_


@pytest.mark.parametrize(
    ("model", "scoring", "message"),
    [
        (Ridge(), None, "Ridge gives none"),
        (Perceptron(), None, "Perceptron gives none"),
        (LogisticRegression(), lambda m, X, y: 0.5, "takes no sample_weight"),
    ],
)
def test_models_or_scores_without_fidelity_are_refused(binary, model, scoring, message):
    rule = Tolerance(faithful=True)
    pruned = PrunedEstimator(model, method="permutation", rule=rule, scoring=scoring)
    with pytest.raises(ValueError, match=message):
        pruned.fit(*binary)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5, random_state=0),
        RandomForestClassifier(5, max_samples=0.5, random_state=0),
        ExtraTreesClassifier(5, random_state=0),
        DecisionTreeClassifier(random_state=0),
        GradientBoostingClassifier(n_estimators=5, random_state=0),
        HistGradientBoostingClassifier(max_iter=5, random_state=0),
    ],
)
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_rows_that_a_model_was_fitted_on_are_recognised(binary, model, in_pipeline):
    X, y = binary
    half = len(y) // 2
    model = make_pipeline(StandardScaler(), model) if in_pipeline else clone(model)
    model.fit(X[:half], y[:half])
    # what is recognised does not depend on the method, and this one is fast
    settings = {"method": "cost_complexity", "pruning_ratio": [0.5], "cv": 2}
    settings["rule"] = Tolerance(0.1)
    pruned = prune(model, X[:half], y[:half], **settings)
    assert pruned.report_.score["original_fitted_anew"]
    # other rows, as many; these and others; by predictions alone
    prune(model, X[half : 2 * half], y[half : 2 * half], **settings)
    prune(model, X, y, **settings)
    prune(model, X[:half], y[:half], **settings | {"rule": Agreement(0.5)})


def test_a_stump_has_too_few_splits_to_recognise_rows_of_its_fit(binary):
    X, y = binary
    half = len(y) // 2
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    model = stump.fit(X[:half], y[:half])
    assert not family_of(model).fitted_on(model, X[:half])
    # a warning would be an error here
    prune(model, X[:half], y[:half], pruning_ratio=[0.5], cv=2)


def test_stripped_and_pruned_models_can_be_pruned_again(binary):
    X, y = binary
    model = RandomForestClassifier(10, random_state=0).fit(X, y)
    settings = {"pruning_ratio": [0.5, 0.8], "cv": 2, "rule": Tolerance(0.1)}
    with warnings.catch_warnings():
        # whether rows of a stripped forest are recognised depends on scikit-learn
        warnings.simplefilter("ignore", UserWarning)
        for method in (Backfitting(40), "member_selection", "cost_complexity"):
            once = prune(strip(model), X, y, method=method, **settings).estimator_
            twice = prune(once, X, y, method=method, **settings).estimator_
            assert cost(twice).nodes <= cost(once).nodes <= cost(model).nodes


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr"])
def test_fidelity_is_finite_where_a_class_is_never_predicted(scoring):
    X, y = make_classification(
        400, n_informative=5, n_classes=3, weights=[0.6, 0.38], random_state=0
    )
    tree = DecisionTreeClassifier(random_state=0).fit(X[:200], y[:200])
    rare = np.flatnonzero(tree.predict(X[200:]) < 2) + 200
    rows = np.concatenate([np.arange(200), rare])
    split = [(np.arange(200), np.arange(200, len(rows)))]
    rule = Tolerance(0.1, relative=True, faithful=True)
    pruned = prune(tree, X[rows], y[rows], cv=split, rule=rule, scoring=scoring)
    assert np.isfinite(pruned.path_.table["fidelity"]).all()


def test_a_score_that_fails_for_fidelity_is_an_error(classes, network):
    X, y = classes
    rule = Tolerance(faithful=True)
    with pytest.raises(ValueError, match="this score fails: .* Give another scoring"):
        prune(network, X, y, rule=rule, scoring="roc_auc_ovo", random_state=0)


class Counting(LogisticRegression):
    predictions = 0

    def predict(self, X):
        type(self).predictions += 1
        return super().predict(X)


def test_recalls_cost_one_prediction_for_each_candidate(binary):
    X, y = binary
    Counting.predictions = 0
    PrunedEstimator(Counting(), pruning_ratio=RATIOS, cv=2, scoring="neg_log_loss").fit(
        X, y
    )
    # and one row of the result, which must be able to predict
    assert Counting.predictions == 2 * (1 + len(RATIOS)) + 1


# -- Budget ---------------------------------------------------------------------------


def budget_just_met_in_the_folds(forest, X, y):
    """A limit that the table meets at 0.2, and the forest of all rows exceeds."""
    pruned = PrunedEstimator(
        forest, method="member_selection", pruning_ratio=RATIOS, cv=3, random_state=0
    )
    pruned.set_params(rule=Budget(nodes=1e9)).fit(X, y)
    return float(pruned.path_.frame()["nodes"].iloc[1])


@pytest.mark.parametrize("store_path", [False, True])
def test_a_budget_holds_for_the_result(classes, forest, store_path):
    X, y = classes
    limit = budget_just_met_in_the_folds(forest, X, y)
    pruned = PrunedEstimator(
        forest,
        method="member_selection",
        pruning_ratio=RATIOS,
        cv=3,
        rule=Budget(nodes=limit),
        store_path=store_path,
        random_state=0,
    ).fit(X, y)
    # by the table alone it would be 0.2, with the best score
    assert Budget(nodes=limit).choose(pruned.path_.table) == 1
    alone = PrunedEstimator(
        forest, method="member_selection", pruning_ratio=0.2, random_state=0
    ).fit(X, y)
    assert cost(alone).nodes > limit
    assert cost(pruned).nodes <= limit
    assert pruned.pruning_ratio_ == 0.5
    assert pruned.path_.frame()["chosen"].tolist() == [False, False, True, False]
    assert pruned.report_.score["pruned"] == pruned.path_.table["score_mean"][2]
    assert pruned.report_.pruned.nodes <= limit


def test_a_budget_that_the_result_cannot_meet_is_an_error(classes, forest):
    X, y = classes
    limit = budget_just_met_in_the_folds(forest, X, y)
    pruned = PrunedEstimator(
        forest, pruning_ratio=[0.2], cv=3, rule=Budget(nodes=limit), random_state=0
    )
    with pytest.raises(ValueError, match=r"Budget\(nodes=.*the smallest has nodes=\d+"):
        pruned.fit(X, y)
    assert not hasattr(pruned, "estimator_")


def test_with_one_split_the_result_is_the_candidate_of_the_table(classes, network):
    X, y = classes
    limit = 6000
    pruned = prune(network, X, y, rule=Budget(file_bytes=limit), random_state=0)
    frame = pruned.path_.frame()
    assert cost(pruned).file_bytes == frame.loc[frame["chosen"], "file_bytes"].item()
    assert cost(pruned).file_bytes <= limit < cost(network).file_bytes
    fits = frame["file_bytes"] <= limit
    assert frame.loc[frame["chosen"], "score_mean"].item() == (
        frame.loc[fits, "score_mean"].max()
    )


def test_a_budget_of_columns_and_of_seconds(binary):
    X, y = binary
    selector = FeaturePruningSelector(
        LogisticRegression(), rule=Budget(features=3, latency_per_row=60), cv=2
    )
    selector.fit(X, y)
    assert selector.support_.sum() <= 3
    assert (selector.path_.frame()["latency_per_row"] > 0).all()
    assert "The choice depends on latencies" in str(selector.report_)
    limited = selector.set_params(rule__latency_per_row=None).fit(X, y)
    assert "Latencies" not in str(limited.report_)


def test_a_budget_of_a_size_that_the_model_lacks_is_an_error(binary):
    with pytest.raises(ValueError, match="members is not known for this kind of model"):
        PrunedEstimator(LogisticRegression(), rule=Budget(members=3)).fit(*binary)


def test_a_budget_needs_scores(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="Choosing a ratio by scores requires y"):
        prune(model, X, rule=Budget(nonzero=4))


# -- Agreement ------------------------------------------------------------------------


@pytest.mark.parametrize("cv", [None, 3, "groups"])
def test_agreement_needs_no_labels(classes, network, cv):
    X, _ = classes
    groups = np.arange(len(X)) // 8 if cv == "groups" else None
    cv = 3 if cv == "groups" else cv
    pruned = prune(
        network, X, cv=cv, groups=groups, rule=Agreement(0.9), random_state=0
    )
    table = pruned.path_.table
    assert pruned.pruning_ratio_ > 0
    assert table["agreement"][pruned.path_.chosen] >= 0.9
    assert (table["agreement"][pruned.path_.chosen + 1 :] < 0.9).all()
    assert np.isnan(table["score_mean"]).all()
    assert pruned.path_.frame()["score_mean"].isna().all()
    score = pruned.report_.score
    assert np.isnan(score["original"]) and "recall" not in score
    share = f"{score['agreement']:.4f}"
    assert (
        f"on {share} of the rows; on held-out rows that were also used to choose the "
        "model. Chosen by Agreement(share=0.9)."
    ) in str(pruned.report_)


def test_agreement_by_name_and_beside_scores(classes, network):
    X, y = classes
    pruned = prune(network, X, y, rule="agreement", random_state=0)
    assert pruned.path_.table["agreement"][pruned.path_.chosen] >= 0.999
    assert "Pipeline.score" in str(pruned.report_)
    assert "agrees with the original on" in str(pruned.report_)


def test_the_original_is_kept_if_no_candidate_agrees(classes, network):
    X, _ = classes
    pruned = prune(network, X, pruning_ratio=[0.9], rule=Agreement(1.0))
    assert pruned.pruning_ratio_ == 0
    assert pruned.report_.summary.startswith(
        "MLPClassifier: nothing was pruned, Agreement(share=1.0) kept the unpruned "
        "model over the ratios 0.9"
    )
    np.testing.assert_array_equal(pruned.predict(X), network.predict(X))


@pytest.mark.parametrize("model", [Ridge(), KMeans(2, n_init=1)])
def test_agreement_is_for_classifiers(binary, model):
    message = f"compares predicted classes, and {type(model).__name__} .* Tolerance"
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(model, method="permutation", rule=Agreement()).fit(*binary)


def test_agreement_without_labels_where_the_method_needs_them(classes, forest):
    X, y = classes
    for model in (forest, make_pipeline(StandardScaler(), forest)):
        with pytest.raises(ValueError, match="'member_selection' requires y"):
            prune(model.fit(X, y), X, method="member_selection", rule=Agreement())


def test_a_model_that_is_not_fitted_needs_labels_for_its_fit(classes):
    X, _ = classes
    with pytest.raises(ValueError, match="requires y"):
        PrunedEstimator(LogisticRegression(), rule=Agreement()).fit(X)


def test_a_pipeline_without_labels_is_pruned_at_a_number_or_refused(classes, network):
    X, _ = classes
    pruned = prune(network, X, pruning_ratio=0.5)
    assert pruned.estimator_[-1].hidden_layer_sizes == (15,)
    assert pruned.report_.score["rows"] is None
    with pytest.raises(ValueError, match="requires y.*or, for a classifier, rule=Agr"):
        prune(network, X)


# -- splits of any kind ---------------------------------------------------------------


@pytest.mark.parametrize(
    "split",
    [
        (range(150), range(150, 200)),
        (list(range(150)), list(range(150, 200))),
        (np.arange(200) < 150, np.arange(200) >= 150),
        (np.arange(150, dtype=np.uint8), np.arange(150, 200, dtype=np.int32)),
        (slice(150), slice(150, None)),
    ],
    ids=["ranges", "lists", "masks", "other integers", "slices"],
)
def test_splits_are_whatever_scikit_learn_accepts(binary, split):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    expected = prune(model, X, y, cv=[(np.arange(150), np.arange(150, 200))])
    pruned = prune(model, X, y, cv=[split])
    np.testing.assert_array_equal(
        pruned.path_.table["scores"], expected.path_.table["scores"]
    )
    np.testing.assert_array_equal(pruned.predict(X), expected.predict(X))


# -- user-defined rules ---------------------------------------------------------------


def test_a_user_defined_rule_may_need_columns(binary):
    class Smallest(Rule):
        needs = ("memory_bytes",)

        def choose(self, table):
            return int(np.argmin(table["memory_bytes"]))

    model = MLPClassifier((8,), max_iter=5, random_state=0)
    pruned = PrunedEstimator(
        model, method=Magnitude("neuron"), pruning_ratio=RATIOS, rule=Smallest(), cv=2
    )
    assert pruned.fit(*binary).path_.chosen == 3


def test_a_callable_is_a_rule(binary):
    pruned = PrunedEstimator(
        LogisticRegression(), rule=lambda table: Best().choose(table), cv=2
    )
    assert pruned.fit(*binary).path_.chosen is not None
