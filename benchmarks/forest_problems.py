"""The data sets, splits, scores and tolerances of `forests.py`.

The protocol is that of LOP (Devos et al., ICML 2025). Three of five folds fit the
forest and prune it. The size is chosen on one fold, and one is the test set. In the
task few_rows, the three folds only fit the forest. It is pruned, and the size is
chosen, on a tenth as many rows of the fourth fold.
"""

from dataclasses import dataclass

import numpy as np
from datasets import load
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import get_scorer, log_loss, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.tree import DecisionTreeClassifier

from sklprune.rules import Tolerance

#: the tables of the figures in the docs: those of LOP that are available here
PUBLISHED = {
    "binary": (
        "spambase",
        "compas",
        "dry_bean",
        "california_housing",
        "credit_default",
        "electricity",
        "adult",
    ),
    "regression": (
        "abalone",
        "california_housing",
        "elevators",
        "cpu_act",
        "wine_quality",
        "bike_sharing",
    ),
    "multiclass": ("digits", "letter", "pendigits", "covertype20k"),
}
BINARY = (
    *PUBLISHED["binary"],
    "bank",
    "churn",
    "sick",
    "heloc",
    "higgs7k",
    "magic",
    "covertype20k",
    "madelon",
)
REGRESSION = (*PUBLISHED["regression"], "ames", "house_16H")
MULTICLASS = (*PUBLISHED["multiclass"], "satimage", "segment", "usps", "isolet1560")
OF_TWO_CLASSES = ("roc_auc", "accuracy", "balanced_accuracy", "neg_log_loss")
#: scores whose tolerance is a fraction of the score of the forest
RELATIVE = ("neg_log_loss", "neg_root_mean_squared_error")
N_FOLDS, N_BLOCKS, SEED = 5, 10, 5823


@dataclass(frozen=True)
class Task:
    """The data sets and scores of one kind of problem.

    Parameters
    ----------
    tables, published : tuple of str
        All tables, and those of the published protocol.
    scorings : tuple of str
        The allowed scores, the default first.
    on_average, on_one : float
        Limits of the loss on test rows: of its mean over all tables, and of each table
        after two standard errors are subtracted.
    sizes : str
        Numbers of trees of the forests, or of iterations.
    """

    tables: tuple
    published: tuple
    scorings: tuple
    on_average: float
    on_one: float
    sizes: str = "50,100,250"

    def limits(self, scoring):
        """The limits of the loss on test rows: on average, and on one table."""
        if scoring == "neg_log_loss":
            return 0.02, 0.02
        return self.on_average, self.on_one


OF_BINARY = BINARY, PUBLISHED["binary"], OF_TWO_CLASSES
TASKS = {
    "binary": Task(*OF_BINARY, 0.002, 0.006),
    "regression": Task(
        REGRESSION,
        PUBLISHED["regression"],
        ("neg_root_mean_squared_error",),
        0.02,
        0.04,
    ),
    "multiclass": Task(
        MULTICLASS, PUBLISHED["multiclass"], ("accuracy",), 0.005, 0.005
    ),
    "hist": Task(*OF_BINARY, 0.002, 0.006, sizes="100,300"),
    "few_rows": Task(*OF_BINARY, 0.005, 0.005),
    "bagging": Task(*OF_BINARY, 0.002, 0.006),
}


def settings_of(task, sizes, depths):
    """Pairs of a size and a depth; with unlimited depth only the middle size."""
    if task == "hist":
        return [(size, None) for size in sizes]
    middle = sizes[len(sizes) // 2]
    return [
        (size, depth)
        for depth in depths
        for size in sizes
        if depth is not None or size == middle
    ]


class Fold:
    """One split of one table, with its forest, score and rule.

    Attributes
    ----------
    fit, learn, choose, test : ndarray of int
        Positions of rows. The forest is fitted on `fit`. It is pruned, or a small
        model is fitted instead, on `learn`. The size is chosen on `choose`. `test` is
        used for nothing else.

    With `n_rows`, a sample of so many rows is split, and all other rows of the table
    are added to `test`.
    """

    def __init__(
        self,
        task,
        table,
        scoring,
        setting,
        number,
        folder=None,
        margin=0,
        n_rows=None,
    ):
        X, y = load(table, folder, numeric=True)
        self.task, self.scoring = task, scoring
        self.n_classes = 0 if task == "regression" else 2
        if task == "multiclass":
            self.n_classes = len(np.unique(y))
        # only histogram boosting gets missing values
        self.X = X if task == "hist" else np.nan_to_num(X, nan=-1)
        self.y = _target(table, y, self.n_classes)
        self._split(number, n_rows)
        share = scoring in RELATIVE
        max_drop = 0.02 if share else 0.005
        self.rule = Tolerance(max_drop, relative=share, margin=margin)
        self.forest = self._model(*setting).set_params(random_state=SEED + number)

    def _split(self, number, n_rows):
        rows, others = np.arange(len(self.y)), []
        if n_rows and n_rows < len(rows):
            rows, others = self._some(rows, n_rows)
        folds = (StratifiedKFold if self.n_classes else KFold)(
            N_FOLDS, shuffle=True, random_state=SEED
        )
        parts = [rows[test] for _, test in folds.split(self.X[rows], self.y[rows])]
        test, self.choose = parts[number], parts[(number + 1) % N_FOLDS]
        self.fit = self.learn = np.setdiff1d(rows, np.concatenate([test, self.choose]))
        self.test = np.concatenate([test, others]).astype(int)
        if self.task == "few_rows":
            few = self._some(self.choose, len(self.fit) // 10)[0]
            self.learn, self.choose = self._some(few, len(few) * 3 // 4)

    def _some(self, rows, n_rows):
        """A stratified sample of `n_rows` of the rows, and the remaining rows."""
        return train_test_split(
            rows,
            train_size=n_rows,
            stratify=self.y[rows] if self.n_classes else None,
            random_state=SEED,
        )

    def _model(self, size, depth):
        if not self.n_classes:
            return RandomForestRegressor(size, max_depth=depth)
        weight = "balanced" if self.scoring == "balanced_accuracy" else None
        if self.task == "hist":
            return HistGradientBoostingClassifier(
                max_iter=size, early_stopping=False, class_weight=weight
            )
        if self.task == "bagging":
            # each tree is fitted on half of the columns: random patches
            tree = DecisionTreeClassifier(max_depth=depth, class_weight=weight)
            return BaggingClassifier(tree, size, max_features=0.5)
        return RandomForestClassifier(size, max_depth=depth, class_weight=weight)

    def rows(self, which):
        return self.X[which], self.y[which]

    def score(self, model, which):
        return float(get_scorer(self.scoring)(model, *self.rows(which)))

    def acceptance(self, forest):
        """A function of a model: whether the rule takes it instead of the forest."""
        before = self._on_choosing_rows(forest)

        def accepted(model):
            columns = zip(before, self._on_choosing_rows(model))
            table = dict(zip(("score_mean", "scores"), map(np.array, columns)))
            return self.rule.choose(table) == 1

        return accepted

    def _on_choosing_rows(self, model):
        """The score on the rows used for the choice, and scores for its standard error.

        With a margin these are the pseudo-values of the jackknife over ten blocks.
        """
        whole, y = self.score(model, self.choose), self.y[self.choose]
        if not self.rule.margin:
            return whole, [whole]
        blocks = (StratifiedKFold if self.n_classes else KFold)(N_BLOCKS)
        some = [self.choose[most] for most, _ in blocks.split(y[:, None], y)]
        left_out = np.array([self.score(model, rows) for rows in some])
        return whole, N_BLOCKS * whole - (N_BLOCKS - 1) * left_out

    def loss(self, before, after):
        """The loss between two scores, as a fraction where the tolerance is one."""
        return after / before - 1 if self.rule.relative else before - after

    def others_on_test(self, model):
        """Log loss and ROC AUC on the test rows, whatever score chooses."""
        if not self.n_classes:
            return {}
        X, y = self.rows(self.test)
        probabilities = model.predict_proba(X)
        scores = {"log loss": float(log_loss(y, probabilities, labels=model.classes_))}
        if self.n_classes == 2:
            scores["roc auc"] = float(roc_auc_score(y, probabilities[:, 1]))
        return scores


def _target(table, y, n_classes):
    """Two classes where a table has more or has values; values are standardised."""
    if not n_classes:
        return (y - y.mean()) / y.std()
    if table == "california_housing":
        return y > np.median(y)
    if n_classes == 2 and table == "dry_bean":
        return y == 6  # SIRA against the rest
    if n_classes == 2 and table == "covertype20k":
        return y == np.bincount(y.astype(int)).argmax()
    return y
