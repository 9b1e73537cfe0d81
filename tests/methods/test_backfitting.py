"""Backfitting: the descent against brute force, and invariants of every result."""

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    make_classification,
)
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import recall_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import PrunedEstimator, prune
from sklprune._registry import family_of
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.losses import (
    BinaryBrierLoss,
    BrierLoss,
    OneVsRestLoss,
)
from sklprune._trees.arrays import VALUE_BITS, both_classes
from sklprune._units import Task
from sklprune.methods import Backfitting, Regrow

CANCER = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)
DIABETES = train_test_split(*load_diabetes(return_X_y=True), random_state=0)


def prunings(left, right, node=0):
    """All prunings below a node, each as the tuple of its leaves."""
    yield (node,)
    if left[node] >= 0:
        for one in prunings(left, right, left[node]):
            for other in prunings(left, right, right[node]):
                yield one + other


def rows_below(left, right, ids):
    """Which rows reach each node, (n_nodes, n_rows)."""
    below = np.array([ids == node for node in range(len(left))])
    for node in reversed(range(len(left))):
        if left[node] >= 0:
            below[node] = below[left[node]] | below[right[node]]
    return below


@pytest.mark.parametrize("leaf_penalty", [0.0, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_pruning_of_one_tree_is_the_best_of_all_prunings(
    descent_over, leaf_penalty, weighted
):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    weight = rng.uniform(0.5, 2, size=60) if weighted else np.ones(60)
    tree = DecisionTreeRegressor(max_leaf_nodes=7, random_state=0).fit(X, y)
    descent = descent_over(tree, X, y, 2.0, weight)
    descent.start_empty()
    proposal = descent.proposer.propose(0, leaf_penalty)
    left, right = descent.state.traversals[0].children()
    residual = y - descent.state.raw_prediction[:, 0]
    below = rows_below(left, right, descent.state.leaves[0])
    neg_gradients = below @ (weight * residual)
    gain_of = neg_gradients**2 / (below @ weight + descent.proposer.l2) - leaf_penalty
    gains = {
        leaves: gain_of[list(leaves)].sum()
        for leaves in prunings(left, right)
        if len(leaves) > 1
    }
    best = max(gains.values())
    # the root alone is a constant, and the ensemble has one already
    expected = best if best > gain_of[0] else 0.0
    # rounding of sums in another order
    assert proposal.gain == pytest.approx(expected, rel=1e-9)


def test_the_objective_falls_with_every_sweep(descent_over):
    X, _, y, _ = DIABETES
    forest = RandomForestRegressor(10, max_depth=6, random_state=0).fit(X, y)
    descent = descent_over(forest, X, y, 20.0)
    descent.start_empty()
    leaf_penalty = 3 * descent.noise()
    descent.add_trees(leaf_penalty)

    def objective():
        kept = descent.state.kept.values()
        leaves = [value[reached & ~split] for split, value, reached in kept]
        return (
            ((y - descent.state.raw_prediction[:, 0]) ** 2).sum()
            + descent.proposer.l2 * sum((value**2).sum() for value in leaves)
            + leaf_penalty * sum(len(value) for value in leaves)
        )

    values = [objective()]
    for _ in range(4):
        descent.sweep(leaf_penalty)
        values.append(objective())
    # exact steps of one block each: only rounding may raise it
    assert (np.diff(values) <= 1e-9 * values[0]).all()
    assert values[-1] < ((y - y.mean()) ** 2).sum()


MODELS = {
    "forest": (RandomForestRegressor(10, random_state=0), DIABETES),
    "tree": (DecisionTreeRegressor(random_state=0), DIABETES),
    "boosting": (GradientBoostingRegressor(n_estimators=30, random_state=0), DIABETES),
    "histograms": (HistGradientBoostingRegressor(max_iter=30), DIABETES),
    "classes, forest": (RandomForestClassifier(10, random_state=0), CANCER),
    "classes, extra trees": (ExtraTreesClassifier(10, random_state=0), CANCER),
    "classes, tree": (DecisionTreeClassifier(random_state=0), CANCER),
    "classes, boosting": (
        GradientBoostingClassifier(n_estimators=15, random_state=0),
        CANCER,
    ),
    "classes, histograms": (HistGradientBoostingClassifier(max_iter=15), CANCER),
}


def leaves_of(model):
    family = family_of(model)
    return sum(tree.n_leaves for tree in family.tree_arrays(model))


def end_above(tree, subtree):
    """The place of the leaf at or above each node of a tree."""
    place = np.full(len(tree.left), -1)
    place[subtree.nodes[~subtree.split]] = np.flatnonzero(~subtree.split)
    for node in np.flatnonzero(tree.left >= 0):
        if place[node] >= 0:
            place[tree.left[node]] = place[tree.right[node]] = place[node]
    return place


def end_below(tree, subtree, row):
    """The place of the leaf of one row, from split to split."""
    left, right = subtree.children()
    place = 0
    while subtree.split[place]:
        node = subtree.nodes[place]
        goes_left = row[tree.feature[node]] <= tree.threshold[node]
        place = (left if goes_left else right)[place]
    return place


@pytest.mark.parametrize("name", MODELS)
def test_the_result_predicts_the_sum_of_the_trees_of_the_descent(name):
    model, (X, _, y, _) = MODELS[name]
    model = model.fit(X, y)
    method, family = Backfitting(rho=40), family_of(model)
    pruned = prune(model, X, y, method=method, pruning_ratio=0.9)
    task = Task(X, y)
    units = family.units(model, "leaf", X)
    path = method.path(family, model, units, task)
    ensemble, _ = path.nearest(units, 0.9)
    # a model stores short probabilities
    ensemble = path.container.loss.rounded(ensemble.unpacked())
    raw_prediction = path.container.offset(X) + ensemble.baseline
    ids = family.leaf_ids(model, X)
    tables = family.tree_arrays(model)
    for subtree in ensemble.subtrees:
        if subtree.statistics is None:
            ends = end_above(tables[subtree.tree], subtree)[ids[subtree.tree]]
        else:
            tree = family.sklearn_trees(model)[subtree.tree]
            ends = [end_below(tree, subtree, row) for row in X.astype(np.float32)]
        raw_prediction += subtree.value[ends]
    if name.startswith("classes"):
        if not path.container.second_class_only and raw_prediction.shape[1] == 1:
            raw_prediction = 1 / (1 + np.exp(-raw_prediction))
        if raw_prediction.shape[1] == 1:
            raw_prediction = np.hstack([1 - raw_prediction, raw_prediction])
        predicted = pruned.predict_proba(X)
    else:
        predicted = pruned.predict(X)[:, None]
    # sums over trees in another order
    np.testing.assert_allclose(predicted, raw_prediction, rtol=1e-9, atol=1e-9)
    assert leaves_of(pruned.estimator_) <= ensemble.n_leaves + 1


@pytest.mark.parametrize("whole", [False, True])
def test_copies_of_a_tree_are_chosen_together_as_one_by_one(whole):
    X, y = load_digits(n_class=4, return_X_y=True)
    model = RandomForestClassifier(8, max_depth=6, random_state=0).fit(X, y)
    family, y = family_of(model), np.eye(4)[y]
    copies = [
        tree._replace(value=tree.value[:, [output]], output=output)
        for output in range(4)
        for tree in family.tree_arrays(model)
    ]
    leaves = list(family.leaf_ids(model, X)) * 4
    found = []
    for separable in (True, False):
        loss = OneVsRestLoss(y)
        loss.separable = separable
        descent = BlockDescent(copies, leaves, loss, np.zeros((len(y), 4)), rho=5.0)
        if whole:
            descent.start_whole()
            descent.regularize(l2_factor=1.0, prior_weight=0.5)
        else:
            descent.start_empty()
            descent.add_trees(3 * descent.noise())
        for _ in range(3):
            descent.sweep(3 * descent.noise())
        found.append(descent.ensemble())
    together, one_by_one = found
    assert len(together.subtrees) == len(one_by_one.subtrees) > 4
    for one, other in zip(together.subtrees, one_by_one.subtrees):
        np.testing.assert_array_equal(one.nodes, other.nodes)
        assert (one.tree, one.output) == (other.tree, other.output)
        # sums in another order, and the last of the bits that are kept
        np.testing.assert_allclose(one.value, other.value, rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_a_tenth_of_the_leaves_does_as_well(name):
    model, (X, X_test, y, y_test) = MODELS[name]
    model = model.fit(X, y)
    small = prune(model, X, y, method="backfitting", pruning_ratio=0.9)
    assert leaves_of(small.estimator_) < 0.3 * leaves_of(model)
    # a margin for the noise of 110 to 140 test rows: R2 of diabetes varies by as much
    assert small.score(X_test, y_test) > model.score(X_test, y_test) - 0.09


def test_a_weight_of_zero_is_a_row_removed():
    X, _, y, _ = DIABETES
    forest = RandomForestRegressor(6, max_depth=6, random_state=0).fit(X, y)
    weight = np.ones(len(y))
    weight[::4] = 0
    some = weight > 0
    weighted = prune(forest, X, y, sample_weight=weight, pruning_ratio=0.95)
    fewer = prune(forest, X[some], y[some], pruning_ratio=0.95)
    # sums of the same numbers in another order
    np.testing.assert_allclose(weighted.predict(X), fewer.predict(X), rtol=1e-6)


def test_the_order_of_rows_does_not_matter():
    X, _, y, _ = DIABETES
    forest = RandomForestRegressor(10, random_state=0).fit(X, y)
    order = np.random.RandomState(0).permutation(len(y))
    # with rho="auto", other rows are held out
    settings = {"method": Backfitting(rho=40.0), "pruning_ratio": 0.95}
    one = prune(forest, X, y, **settings)
    other = prune(forest, X[order], y[order], **settings)
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-6)


@pytest.mark.parametrize("method", [Backfitting(), Regrow(rho=40, max_trees=100)])
def test_the_origin_of_values_does_not_matter(method):
    """The mean of prices and years is far above their spread."""
    X, X_test, y, _ = DIABETES
    y = (y - y.mean()) / y.std()
    predicted = []
    # powers of two and their sums with y are as good as exact
    for origin in (0.0, 1024.0):
        forest = RandomForestRegressor(10, max_depth=6, random_state=0)
        forest.fit(X, y + origin)
        small = prune(
            forest, X, y + origin, method=method, pruning_ratio=0.9, random_state=0
        )
        assert small.pruning_ratio_ > 0.85
        predicted.append(small.predict(X_test) - origin)
    # trees of other splits where two are as good up to a rounding
    assert np.corrcoef(*predicted)[0, 1] > 0.98
    assert abs(np.mean(predicted[0] - predicted[1])) < 0.05


def test_the_path_ends_where_no_residual_is_left():
    X, y = make_classification(200, 4, n_redundant=0, n_informative=4, random_state=0)
    forest = RandomForestRegressor(5, max_depth=4, random_state=0).fit(X, y)
    for rows in (slice(0, 1), forest.predict(X) == 0):
        targets = forest.predict(X[rows])
        small = prune(
            forest,
            X[rows],
            targets,
            pruning_ratio=0.5,
            scoring="neg_mean_absolute_error",
            random_state=0,
        )
        assert np.isfinite(small.predict(X)).all()


@pytest.mark.parametrize(
    "method", ["recast", Regrow(max_trees=5), Backfitting(container="auto")]
)
def test_a_random_generator_of_the_model_is_not_used(method):
    X, _, y, _ = CANCER
    rng = np.random.RandomState(3)
    forest = RandomForestClassifier(5, max_depth=3, random_state=rng).fit(X, y)
    before = rng.get_state()[1].copy()
    ratio = "auto" if method == "recast" else 0.5
    prune(forest, X, y, method=method, pruning_ratio=ratio, random_state=0)
    np.testing.assert_array_equal(rng.get_state()[1], before)


def test_nullable_columns_of_frames():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(
        {
            "a": pandas.array([*range(99), None], dtype="Int64"),
            "b": np.random.RandomState(0).rand(100),
        }
    )
    y = np.arange(100) > 50
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    fast = prune(forest, X, y, method="recast").estimator_
    assert isinstance(fast, HistGradientBoostingClassifier)
    np.testing.assert_array_equal(fast.predict(X), forest.predict(X))


@pytest.mark.parametrize("model", [RandomForestClassifier(1), DecisionTreeClassifier()])
def test_one_tree_of_one_leaf(model):
    X, y = np.arange(8.0)[:, None], np.array([0, 1] * 4)
    model = model.set_params(max_depth=1, min_samples_leaf=5, random_state=0).fit(X, y)
    assert leaves_of(model) == 1
    small = prune(model, X, y, method="backfitting", pruning_ratio=0.9)
    np.testing.assert_array_equal(small.predict_proba(X), model.predict_proba(X))


def test_a_constant_remains_at_the_end_of_the_path():
    X, _, y, _ = DIABETES
    rng = np.random.RandomState(0)
    noise = rng.normal(size=len(y))
    forest = RandomForestRegressor(5, max_depth=3, random_state=0).fit(X, noise)
    small = prune(forest, X, noise, method=Backfitting(rho=1e9), pruning_ratio=0.99)
    assert leaves_of(small.estimator_) >= 1
    assert np.isfinite(small.predict(X)).all()


def test_shares_add_up_to_no_more_than_one():
    X, _, y, _ = CANCER
    model = RandomForestClassifier(30, random_state=0).fit(X, y)
    small = prune(
        model, X, y, method=Backfitting(n_shares=5), pruning_ratio=0.95
    ).estimator_
    assert len(small.estimators_) <= 5
    loss = BrierLoss(np.eye(2)[y], None)
    wild = np.random.RandomState(0).normal(size=(50, 2))
    shares = 5 * loss.projected(wild, 5) + loss.constant
    assert shares.min() >= 0
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_the_second_class_alone_gives_the_result_of_both():
    X, _, y, _ = CANCER
    model = RandomForestClassifier(15, random_state=0).fit(X, y)
    family, weight = family_of(model), 1.0 + (y == 0)
    trees, ids = family.tree_arrays(model), family.leaf_ids(model, X)
    seconds = [tree._replace(value=tree.value[:, 1:]) for tree in trees]
    both = BrierLoss(np.eye(2)[y], weight)
    second = BinaryBrierLoss(y[:, None], weight)
    found = []
    # two classes have the same gain each: both together have twice the leaf penalty
    for known, loss, leaf_penalty in ((trees, both, 2.0), (seconds, second, 1.0)):
        offset = np.zeros((len(y), len(loss.constant)))
        descent = BlockDescent(known, ids, loss, offset, rho=4.0, max_trees=5)
        descent.start_empty()
        descent.add_trees(leaf_penalty)
        descent.sweep(leaf_penalty)
        found.append(descent.ensemble().unpacked())
    of_both, of_second = found
    assert of_second.n_leaves > 10
    for one, other in zip(of_both.subtrees, both_classes(of_second).subtrees):
        np.testing.assert_array_equal(one.nodes, other.nodes)
        # the last of the bits that single values keep
        last = 2.0 ** (1 - VALUE_BITS)
        np.testing.assert_allclose(one.value, other.value, rtol=last)
    np.testing.assert_allclose(of_both.baseline, both_classes(of_second).baseline)


@pytest.mark.parametrize("label", [0, 1])
def test_a_class_without_rows_gets_the_probability_zero(label):
    loss = BinaryBrierLoss(np.full((20, 1), label), None)
    assert (loss.projected(np.array([[-1.0], [0.0], [1.0]]), 5) == 0).all()


def test_the_smallest_models_have_few_shares():
    """Larger ones have one more at each penalty at which all shares are used."""
    X, y = make_classification(2000, n_informative=8, flip_y=0.1, random_state=0)
    model = RandomForestClassifier(40, max_depth=8, random_state=0).fit(X, y)
    family, method = family_of(model), Backfitting(n_shares=15)
    units, task = family.units(model, "leaf", X), Task(X, y)
    path = method.path(family, model, units, task)
    path.nearest(units, 0.01)  # the path grows on request
    models = sorted(path.models, key=lambda each: each.n_leaves)
    trees = [len(small.subtrees) for small in models]
    assert trees[0] <= 10 and 15 in trees
    grown = [count for count in trees if 10 <= count <= 15]
    assert set(range(10, 16)) == set(grown)


def test_weights_of_classes_are_kept():
    X, y = make_classification(
        1500, n_informative=5, weights=[0.93], flip_y=0.05, random_state=0
    )
    for model in (
        RandomForestClassifier(15, min_samples_leaf=5, class_weight="balanced"),
        HistGradientBoostingClassifier(max_iter=15, class_weight="balanced"),
    ):
        model = model.set_params(random_state=0).fit(X[:1000], y[:1000])
        method = Backfitting(rho=40)
        small = prune(model, X[:1000], y[:1000], method=method, pruning_ratio=0.9)
        before, after = (
            recall_score(y[1000:], each.predict(X[1000:])) for each in (model, small)
        )
        # without them the recall of the rare class falls by a third
        assert after > before - 0.08


@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_models_of_all_sizes_are_on_the_path(ratio):
    X, _, y, _ = DIABETES
    forest = RandomForestRegressor(10, random_state=0).fit(X, y)
    small = prune(forest, X, y, method=Backfitting(rho=40), pruning_ratio=ratio)
    assert abs(small.pruning_ratio_ - ratio) < 0.1 and small.pruning_ratio_ > 0


def test_a_loss_without_a_hessian_is_pruned_by_cost_complexity():
    X, _, y, _ = DIABETES
    model = GradientBoostingRegressor(loss="absolute_error", n_estimators=10)
    with pytest.raises(ValueError, match="loss='absolute_error', without a Hessian"):
        PrunedEstimator(model, method="backfitting").fit(X, y)
    pruned = PrunedEstimator(model, pruning_ratio=0.3).fit(X, y)
    assert "CostComplexity" in pruned.report_.summary


def test_monotonic_constraints_are_kept():
    X, _, y, _ = DIABETES
    model = HistGradientBoostingRegressor(max_iter=5, monotonic_cst=[1] + [0] * 9)
    with pytest.raises(ValueError, match="monotonic constraints.*'cost_complexity'"):
        PrunedEstimator(model, method="backfitting").fit(X, y)
    pruned = PrunedEstimator(model, pruning_ratio=0.3).fit(X, y)
    assert "CostComplexity" in pruned.report_.summary


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Backfitting(rho=0), "Backfitting\\(rho=0\\): rho must be a number above zero"),
        (Backfitting(n_shares=0), "n_shares=0.*positive whole number"),
        (Backfitting(container="other"), "container='other'.*'same', 'auto', "),
    ],
)
def test_bad_parameters(method, message):
    X, _, y, _ = CANCER
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(RandomForestClassifier(3), method=method).fit(X, y)
