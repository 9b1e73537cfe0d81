"""The models that `forests.py` compares: pruned forests, and small models instead.

A contender is a function of three arguments: a fold, its forest, and records by name.
The records are those of the contenders that ran before on the same fold. It returns a
model, or None if the record of a contender that it is compared with is missing. All
contenders apply one rule: the smallest model whose score on the rows used for the
choice is accepted.
"""

from functools import partial

import numpy as np
from forest_problems import SEED
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from sklprune import cost, prune, strip
from sklprune.methods import (
    Backfitting,
    CostComplexity,
    MemberSelection,
    Recast,
    Regrow,
)

METHODS = {
    "backfitting, same": Backfitting(),
    "backfitting, auto": Backfitting(container="auto"),
    "regrow": Regrow(),
    "regrow, histograms": Regrow(container="hist_gradient_boosting"),
    "recast": Recast(),
    "cost complexity": CostComplexity(),
    "member selection": MemberSelection(),
}


# -- the parts of a model -------------------------------------------------------------


def members_of(model):
    """The trees of a model, or the stages of gradient boosting."""
    return getattr(model, "_predictors", None) or list(model.estimators_)


def trees_of(model):
    return list(np.ravel(members_of(model)))


def n_leaves(model):
    return sum(
        tree.get_n_leaf_nodes() if hasattr(tree, "nodes") else int(tree.get_n_leaves())
        for tree in trees_of(model)
    )


def n_nodes(model):
    return sum(
        len(tree.nodes) if hasattr(tree, "nodes") else tree.tree_.node_count
        for tree in trees_of(model)
    )


def with_members(model, members):
    """A copy of a model that has only these trees or stages."""
    few = strip(model)
    if hasattr(model, "estimators_features_"):  # one array for each member of bagging
        columns = dict(zip(map(id, model.estimators_), few.estimators_features_))
        few.estimators_features_ = [columns[id(member)] for member in members]
        few._seeds = few._seeds[: len(members)]
    if hasattr(model, "_predictors"):
        few._predictors, few.max_iter = members, len(members)
    else:
        few.estimators_, few.n_estimators = members, len(members)
    return few


def sizes_up_to(most, n_sizes=20):
    return np.unique(np.geomspace(1, most, n_sizes).round().astype(int))


# -- the methods of sklprune ----------------------------------------------------------


def by_method(fold, forest, known, method, cv=None, **changed):
    """Prune by a method on one part of the rows, choose on the other part.

    `changed` are parameters of the rule.
    """
    rows, n_learn = np.concatenate([fold.learn, fold.choose]), len(fold.learn)
    parts = np.split(np.arange(len(rows)), [n_learn])
    return prune(
        forest,
        *fold.rows(rows),
        method=method,
        rule=clone(fold.rule).set_params(**changed),
        scoring=fold.scoring,
        cv=[tuple(parts)] if cv is None else cv,
        random_state=SEED,
    ).estimator_


def on_own_rows(name, fold, forest, known):
    """Prune and choose on the rows that the forest was fitted on, without others."""
    return prune(
        forest,
        *fold.rows(fold.fit),
        method=METHODS[name],
        rule=fold.rule,
        scoring=fold.scoring,
        random_state=SEED,
    ).estimator_


# -- small models without pruning -----------------------------------------------------


def unpruned(fold, forest, known):
    return forest


def few_members(fold, forest, known, at_random=False):
    """The fewest members that are accepted, in their own or in a random order."""
    members, accepted = members_of(forest), fold.acceptance(forest)
    if at_random:
        order = np.random.RandomState(SEED).permutation(len(members))
        members = [members[i] for i in order]
    for n_members in sizes_up_to(len(members)):
        few = with_members(forest, members[:n_members])
        if accepted(few):
            return few
    return forest


def refitted(fold, forest, known, name, values):
    """The first accepted refit along values of a parameter, from small to large."""
    accepted = fold.acceptance(forest)
    for value in values:
        small = clone(forest).set_params(**{name: value})
        small.fit(*fold.rows(fold.learn))
        if accepted(small):
            return small
    return forest


def as_many_bytes(fold, forest, known):
    """The best forest from scratch whose file is at most as large as the pruned one."""
    if "backfitting, same" not in known:
        return None
    record = known["backfitting, same"]
    n_allowed = record["forest leaves"] * record["bytes"] / record["forest bytes"]
    fitting = []
    for n_trees in sizes_up_to(len(forest.estimators_), 6):
        first = int(n_allowed / n_trees)
        few = _within(fold, forest, int(n_trees), first, record["bytes"])
        fitting += [] if few is None else [few]
    if not fitting:
        return None
    return max(fitting, key=lambda model: fold.score(model, fold.choose))


def _within(fold, forest, n_trees, cap, most):
    """The largest forest of `n_trees` trees in at most `most` bytes, or None.

    `cap` is the first guess of the number of leaves of a tree.
    """
    largest = max(tree.get_n_leaves() for tree in forest.estimators_)
    best = None
    for _ in range(4):
        if cap < 2:
            break
        few = clone(forest).set_params(n_estimators=n_trees, max_leaf_nodes=cap)
        few.fit(*fold.rows(fold.learn))
        share = cost(few).compressed_bytes / most
        if share <= 1 and (best is None or n_leaves(few) > n_leaves(best)):
            best = few
        if 0.95 <= share <= 1 or (share < 1 and cap >= largest):
            break
        cap = min(int(cap * 0.98 / share), cap - 1 if share > 1 else 2 * cap)
    return best


def boosting_from_scratch(fold, forest, known):
    """The smallest accepted boosting model, each truncated at one of its stages.

    If none is accepted, it is the forest. In the task few_rows it is the best boosting
    model instead, since the rows of the forest are not available there.
    """
    found, best = _smallest_boosting(
        fold, forest, fold.learn, fold.choose, fold.acceptance(forest)
    )
    if found is None and fold.task == "few_rows":
        return best
    return forest if found is None else found


def boosting_of_equal_loss(fold, forest, known, rival):
    """The smallest boosting that reaches the score of a rival on the test rows.

    It is also fitted on the rows used for the choice, and chosen on the test rows. It
    is therefore a lower bound of the size of any boosting model that is chosen without
    them. If none reaches the score, it is the best one.
    """
    if rival not in known:
        return None
    rows, least = np.concatenate([fold.learn, fold.choose]), known[rival]["score"]

    def accepted(model):
        return fold.score(model, fold.test) >= least

    found, best = _smallest_boosting(fold, forest, rows, fold.test, accepted)
    return best if found is None else found


def _smallest_boosting(fold, forest, rows, scored, accepted):
    """The accepted boosting with the fewest leaves, or None; and the best one of all.

    The models are fitted on `rows` and scored on `scored`.
    """
    found, fewest, best, highest = None, np.inf, forest, -np.inf
    for model in _boostings(fold, forest, rows):
        for n_stages in sizes_up_to(model.n_iter_, 15):
            few = with_members(model, model._predictors[:n_stages])
            if n_leaves(few) >= fewest:
                break
            score = fold.score(few, scored)
            if score > highest:
                best, highest = few, score
            if accepted(few):
                found, fewest = few, n_leaves(few)
                break
    return found, best


def _boostings(fold, forest, rows):
    """32 boosting models; fewer for more than two classes, more for few rows."""
    many, few_rows = fold.n_classes > 2, fold.task == "few_rows"
    for most_leaves in (4, 8, 16, 31) if many else (2, 3, 4, 6, 8, 16, 31, 63):
        n_stages = min(60 if many else 200, max(4, 3000 // most_leaves))
        for rate in (0.1, 0.3) if many else (0.1, 0.2, 0.4, 0.8):
            for least_rows in (5, 20) if few_rows else (20,):
                model = _boosting(fold, forest).set_params(
                    max_iter=n_stages,
                    max_leaf_nodes=most_leaves,
                    learning_rate=rate,
                    min_samples_leaf=least_rows,
                )
                yield model.fit(*fold.rows(rows))


def _boosting(fold, forest):
    fixed = {"early_stopping": False, "random_state": SEED}
    if not fold.n_classes:
        return HistGradientBoostingRegressor(**fixed)
    # the members of bagging have the class weights, not bagging itself
    weighted = forest if hasattr(forest, "class_weight") else forest.estimator
    return HistGradientBoostingClassifier(class_weight=weighted.class_weight, **fixed)


# -- all contenders -------------------------------------------------------------------

CAPPED = partial(
    refitted, name="max_leaf_nodes", values=(8, 16, 32, 64, 128, 256, 512, None)
)
CUT = partial(
    refitted, name="ccp_alpha", values=(1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 0)
)


def _as_histograms(method):
    """A method whose result is histogram boosting, which makes the smallest file."""
    if getattr(method, "container", None) != "auto":
        return method
    return clone(method).set_params(container="hist_gradient_boosting")


def contenders_of(task):
    """Contenders by name, in the order in which they run."""
    methods = METHODS
    if task == "multiclass":
        methods = {name: _as_histograms(value) for name, value in METHODS.items()}
    ours = {name: partial(by_method, method=value) for name, value in methods.items()}
    first = {"do nothing": unpruned, "first trees": few_members}
    at_random = {"trees at random": partial(few_members, at_random=True)}
    scratch = {"boosting from scratch": boosting_from_scratch}
    if task == "hist":
        same = {name: ours[name] for name in ("backfitting, same", "cost complexity")}
        capped = partial(CAPPED, values=(2, 3, 4, 6, 8, 16, 31))
        return first | {"cap on leaves": capped} | scratch | same
    if task == "bagging":
        return first | scratch | ours
    if task == "few_rows":
        for name in ("backfitting, same", "backfitting, auto"):
            pruned = partial(by_method, method=METHODS[name])
            ours[f"{name}, cv=5"] = partial(pruned, cv=5)
            ours[f"{name}, faithful"] = partial(pruned, faithful=True)
            ours[f"{name}, cv=5, half faithful"] = partial(pruned, cv=5, faithful=0.5)
        of_equal_loss = {
            f"boosting as good as {rival}": partial(boosting_of_equal_loss, rival=rival)
            for rival in ("backfitting, same", "backfitting, auto")
        }
        return first | at_random | scratch | ours | of_equal_loss
    for name in ("backfitting, same", "backfitting, auto", "regrow"):
        ours[f"{name}, own rows"] = partial(on_own_rows, name)
        ours[f"{name}, shrunk gain"] = partial(ours[name], shrink_gain=True)
    from_scratch = {"cap on leaves": CAPPED, "ccp_alpha": CUT} | scratch
    equal_bytes = {"forest of equal bytes": as_many_bytes}
    return first | at_random | from_scratch | ours | equal_bytes
