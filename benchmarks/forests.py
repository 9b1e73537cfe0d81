"""How small does a forest get, and what does it lose on rows that nobody has seen?

    python benchmarks/forests.py [--data FOLDER] [--quick] [--task binary] [--json FILE]

The protocol of LOP (Devos et al., ICML 2025): five folds, of which three fit the forest
and prune it, one chooses, and one tests. The smallest model whose score on the choosing
rows falls by no more than the tolerance is taken: 0.005 of ROC AUC, or two per cent of
RMSE. `factor` is the leaves of the forest over the leaves of the result, means are
means of logarithms, over folds, then over tables. Beside the methods stand what a user
would do instead: nothing, as many trees taken at random, a cap on the leaves of each
tree, and a small boosting from scratch, chosen by the same rule.
"""

import argparse
import json
import time

import numpy as np
from datasets import load
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import KFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from sklprune import cost, prune, strip
from sklprune.methods import Backfitting, MemberSelection, Regrow
from sklprune.rules import Tolerance

BINARY = (
    "spambase",
    "compas",
    "dry_bean",
    "california_housing",
    "credit_default",
    "electricity",
    "adult",
)
REGRESSION = (
    "abalone",
    "california_housing",
    "elevators",
    "cpu_act",
    "wine_quality",
    "bike_sharing",
)
SEED = 5823
METHODS = {
    "backfitting, same": Backfitting(),
    "backfitting, auto": Backfitting(container="auto"),
    "regrow": Regrow(),
    "member selection": MemberSelection(),
}


class Fold:
    """One table, split; and what is asked of the models on it."""

    def __init__(self, name, task, test_fold, options):
        X, y = load(name, options.data)
        self.binary = task == "binary"
        if self.binary and name == "california_housing":
            y = y > np.median(y)
        if self.binary and name == "dry_bean":
            y = y == 6  # SIRA against the rest
        if not self.binary:
            y = (y - y.mean()) / y.std()
        self.X, self.y = np.nan_to_num(X, nan=-1), y
        folds = (StratifiedKFold if self.binary else KFold)(
            5, shuffle=True, random_state=SEED
        )
        parts = [test for _, test in folds.split(X, y)]
        self.test, self.choose = parts[test_fold], parts[(test_fold + 1) % 5]
        self.fit = np.setdiff1d(np.arange(len(y)), [*self.test, *self.choose])
        self.scoring = "roc_auc" if self.binary else "neg_root_mean_squared_error"
        self.rule = Tolerance(0.005) if self.binary else Tolerance(0.02, relative=True)
        make = RandomForestClassifier if self.binary else RandomForestRegressor
        self.forest = make(
            options.trees, max_depth=options.depth, random_state=SEED + test_fold
        )

    def rows(self, which):
        return self.X[which], self.y[which]

    def score(self, model, which):
        return get_scorer(self.scoring)(model, *self.rows(which))

    def allowed(self, forest):
        """The lowest score on the choosing rows that will do."""
        score = self.score(forest, self.choose)
        drop = self.rule.max_drop * (abs(score) if self.rule.relative else 1)
        return score - drop

    def loss_on_test(self, forest, model):
        """What is lost: of ROC AUC, or of RMSE as a share."""
        before, after = self.score(forest, self.test), self.score(model, self.test)
        return before - after if self.binary else after / before - 1

    def log_loss_on_test(self, forest, model):
        if not self.binary:
            return np.nan
        X, y = self.rows(self.test)
        return log_loss(y, model.predict_proba(X)) / log_loss(
            y, forest.predict_proba(X)
        )


# -- ways -----------------------------------------------------------------------------


def by_method(method, fold, forest):
    rows = np.concatenate([fold.fit, fold.choose])
    n_fit = len(fold.fit)
    split = (np.arange(n_fit), np.arange(n_fit, len(rows)))
    pruned = prune(
        forest,
        *fold.rows(rows),
        method=method,
        rule=fold.rule,
        scoring=fold.scoring,
        cv=[split],
        random_state=SEED,
    )
    return pruned.estimator_


def at_random(fold, forest):
    """The fewest of the trees, in a random order, that will do."""
    order = np.random.RandomState(SEED).permutation(len(forest.estimators_))
    allowed, few = fold.allowed(forest), strip(forest)
    for n_trees in (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 70, 100):
        few.estimators_ = [forest.estimators_[i] for i in order[:n_trees]]
        few.n_estimators = len(few.estimators_)
        if fold.score(few, fold.choose) >= allowed:
            break
    return few


def capped(fold, forest):
    """A forest from scratch with the smallest cap on leaves that will do."""
    allowed = fold.allowed(forest)
    for n_leaves in (8, 16, 32, 64, 128, 256, 512, None):
        small = clone(forest).set_params(max_leaf_nodes=n_leaves)
        small.fit(*fold.rows(fold.fit))
        if fold.score(small, fold.choose) >= allowed:
            return small
    return forest


def boosting_from_scratch(fold, forest):
    """The fewest leaves of 32 boostings, each cut at the stage that will do."""
    make = HistGradientBoostingRegressor
    if fold.binary:
        make = HistGradientBoostingClassifier
    allowed, best, fewest = fold.allowed(forest), forest, np.inf
    for n_leaves in (2, 3, 4, 6, 8, 16, 31, 63):
        for rate in (0.1, 0.2, 0.4, 0.8):
            most = int(min(200, max(4, 3000 / n_leaves)))
            model = make(
                max_iter=most,
                max_leaf_nodes=n_leaves,
                learning_rate=rate,
                early_stopping=False,
                random_state=SEED,
            ).fit(*fold.rows(fold.fit))
            stages = np.geomspace(1, most, 15).astype(int)
            for n_stages in np.unique(stages):
                few = strip(model)
                few._predictors = model._predictors[:n_stages]
                if leaves(few) >= fewest:
                    break
                if fold.score(few, fold.choose) >= allowed:
                    best, fewest = few, leaves(few)
                    break
    return best


def ways(options):
    chosen = {
        "do nothing": lambda fold, forest: forest,
        "trees at random": at_random,
        "cap on leaves": capped,
        "boosting from scratch": boosting_from_scratch,
    }
    for name, method in METHODS.items():
        chosen[name] = lambda fold, forest, m=method: by_method(m, fold, forest)
    wanted = options.ways.split(",") if options.ways else list(chosen)
    return {name: chosen[name] for name in wanted}


# -- measuring ------------------------------------------------------------------------


def leaves(model):
    if hasattr(model, "_predictors"):
        return sum(t.get_n_leaf_nodes() for stage in model._predictors for t in stage)
    return sum(int(tree.get_n_leaves()) for tree in np.ravel(model.estimators_))


def measure(name, task, options):
    """For each way the numbers of one table, means over the folds."""
    results = {}
    for test_fold in range(1 if options.quick else 5):
        fold = Fold(name, task, test_fold, options)
        forest = fold.forest.fit(*fold.rows(fold.fit))
        for way, make in ways(options).items():
            start = time.perf_counter()
            model = make(fold, forest)
            seconds = time.perf_counter() - start
            before, after = cost(forest, fold.X[:50]), cost(model, fold.X[:50])
            row = {
                "factor": leaves(forest) / leaves(model),
                "loss on test": fold.loss_on_test(forest, model),
                "log loss": fold.log_loss_on_test(forest, model),
                "trees": after.members,
                "file": before.compressed_bytes / after.compressed_bytes,
                "one row": before.latency_one_row / after.latency_one_row,
                "seconds": seconds,
            }
            results.setdefault(way, []).append(row)
    return {way: mean_of(rows) for way, rows in results.items()}


RATIOS = ("factor", "file", "one row")


def mean_of(rows):
    """Means of numbers, geometric means of ratios."""
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    for key in RATIOS:
        mean[key] = float(np.exp(np.mean([np.log(row[key]) for row in rows])))
    return mean


def show(title, by_way):
    print(f"\n{title}")
    print(f"  {'':22s}  leaves  loss on test  log loss  trees  file  one row  seconds")
    for way, row in by_way.items():
        print(
            f"  {way:22s} {row['factor']:6.0f}x {row['loss on test']:13.4f}"
            f" {row['log loss']:9.3f} {row['trees']:6.0f} {row['file']:4.0f}x"
            f" {row['one row']:7.1f}x {row['seconds']:8.1f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data")
    parser.add_argument("--quick", action="store_true", help="one fold")
    parser.add_argument("--task", choices=("binary", "regression"), default="binary")
    parser.add_argument("--tables", help="names, with commas between them")
    parser.add_argument("--ways", help="names of rows, with commas between them")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=15)
    parser.add_argument("--json")
    options = parser.parse_args()
    tables = BINARY if options.task == "binary" else REGRESSION
    if options.tables:
        tables = options.tables.split(",")
    results = {}
    with threadpool_limits(1):
        for name in tables:
            results[name] = measure(name, options.task, options)
            show(name, results[name])
    together = {
        way: mean_of([result[way] for result in results.values()])
        for way in next(iter(results.values()))
    }
    show("all tables", together)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results | {"all tables": together}, file, indent=1)


if __name__ == "__main__":
    main()
