"""Regrow: replaces a forest by a small boosting model grown on the same rows."""

import numbers
from functools import partial
from typing import Any, Literal

import numpy as np
from sklearn.base import is_classifier

from sklprune._registry import family_of, register
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.boosted_growth import (
    REGRESSION,
    SEVERAL_CLASSES,
    TWO_CLASSES,
    Growth,
)
from sklprune._tree_descent.containers import (
    CONTAINERS,
    Container,
    check_container,
    empty_boosting,
)
from sklprune._tree_descent.distillation import (
    TrainingRows,
    blended_rows,
    distils_from_model,
)
from sklprune._tree_descent.inner_folds import Fold, inner_folds
from sklprune._tree_descent.l2_strength import (
    OF_CLASSES,
    OF_SEVERAL_CLASSES,
    OF_VALUES,
    Curve,
    Search,
    Trial,
)
from sklprune._tree_descent.tree_growing import make_grower
from sklprune._trees.arrays import Ensemble
from sklprune._trees.consistency import probe_rows
from sklprune._typing import Array, Estimator
from sklprune._units import Units
from sklprune.methods._distilled import DistilledMethod, DistilledPath, check_rho

#: bounds of min_samples_leaf="auto"
MIN_SAMPLES_LEAF = 5, 20
#: trees that are grown at most to choose the strength of the L2 penalty, and the
#: factor to the next choice of all trees there, where several folds take long
TRIAL_TREES, TRIAL_SWEEP_FACTOR = 100, 1.3
#: with at most so many rows of two classes, and values in X, the path also has models
#: that are fitted to the predictions of the forest, by these shares. On few held-out
#: rows, the score of a forest may be high by chance. Models that are fitted to labels
#: alone do not share this chance, and the whole forest was kept in one of five cases
FEW_ROWS, FEW_VALUES, SHARES = 2000, 200_000, (0.5, 1.0)
#: these models have more than a share of the leaves of the largest model of labels.
#: Smaller ones are not better than those of labels, and more of them would be accepted
#: by chance. They also have at most a share of the leaves of the forest
SMALLEST_SHARE, LARGEST_SHARE = 0.25, 0.2


class Regrow(DistilledMethod):
    """Grow a small boosting model on the same rows, in place of a forest.

    The smallest model with the score of a forest is often not a part of the forest.
    The method minimises, over the number of trees, their splits and the values v of
    their leaves::

        2 sum_i w_i L(y_i, F_i) + l2 sum_leaves v^2 + leaf_penalty (number of leaves)

    where F_i is the raw prediction of row i, L is the loss, and w_i are the weights.
    One run over decreasing leaf penalties gives models of all sizes:

    1. *Grow.* A new tree is fitted to the gradients and Hessians of the loss, as in
       boosting. For classification, splits are between 255 bins of each column.
    2. *Prune.* The tree is pruned at once, at the current leaf penalty. It is dropped
       if it does not lower the objective.
    3. *Choose again.* Whenever the number of trees has grown by a few percent, the
       pruning and the leaf values of all trees are chosen again. Splits that a later
       tree made useless are removed, and children are raised to the positions of their
       parents.
    4. *Backward.* From time to time the penalty rises again until no tree is kept. For
       each size, the model with the lowest objective counts.

    Only the classes and the columns of the forest are taken over. The ratio compares
    numbers of leaves. The report lists as many leaves as removed as the result has
    fewer.

    Parameters
    ----------
    max_leaf_nodes : int, default=31
        Maximal number of leaves of a tree before it is pruned.
    rho : float or "auto", default="auto"
        L2 regularisation of the leaf values, in units of rows: ``l2`` is `rho` times
        the mean Hessian of a row. "auto" is chosen on held-out rows. For two classes
        it is a factor times the number of kept trees.
    min_samples_leaf : int or "auto", default="auto"
        Minimal number of rows in a leaf. "auto" is a hundredth of all rows, but at
        least 5 and at most 20.
    max_trees : int, default=400
        Maximal number of trees that are grown. With more than two classes it holds for
        each class.
    container : {"auto", "gradient_boosting", "hist_gradient_boosting"}, \
default="auto"
        Class of the result. "auto" is `HistGradientBoosting*` if X has missing values,
        else `GradientBoosting*`, which predicts a single row fastest.
        `HistGradientBoosting*` makes the smallest file.
    teacher : {"auto", "labels", "model"}, default="auto"
        Source of the training targets, as in `Backfitting`: y, the predictions of the
        forest, or a choice by the number of rows. With up to 2,000 rows of two classes,
        "auto" fits large models to both: the path then also has models that are fitted
        to predictions, and to means of labels and predictions.

    Raises
    ------
    ValueError
        If a parameter has a value that is not allowed, or if the container does not
        support X.

    Notes
    -----
    On data of two classes, the result usually has fewer leaves than that of
    `Backfitting(container="auto")` at the same tolerance: see the benchmarks.

    References
    ----------
    Friedman, Greedy function approximation: a gradient boosting machine, Annals of
    Statistics 29, 2001. Johnson and Zhang, Learning nonlinear functions using
    regularized greedy forest, TPAMI 36, 2014 (all trees are chosen again).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklprune import prune
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    >>> small = prune(forest, X, y, method="regrow", pruning_ratio=0.9).estimator_
    >>> type(small).__name__
    'GradientBoostingClassifier'
    """

    needs: tuple[str, ...] = ("trees", "empty_boosting")
    replaces = True
    reason = "the regrown trees predict the same with fewer leaves"

    def __init__(
        self,
        max_leaf_nodes: int = 31,
        *,
        rho: float | Literal["auto"] = "auto",
        min_samples_leaf: int | Literal["auto"] = "auto",
        max_trees: int = 400,
        container: Literal[
            "auto", "gradient_boosting", "hist_gradient_boosting"
        ] = "auto",
        teacher: Literal["auto", "labels", "model"] = "auto",
    ) -> None:
        self.max_leaf_nodes = max_leaf_nodes
        self.rho = rho
        self.min_samples_leaf = min_samples_leaf
        self.max_trees = max_trees
        self.container = container
        self.teacher = teacher

    def uses_only_pruning_rows(self, n_rows: int, n_fitted: int) -> bool:
        return not distils_from_model(self.teacher, n_rows, n_fitted)

    def check_parameters(self) -> None:
        check_container(self, CONTAINERS[1:])
        super().check_parameters()
        for name, least, auto in (
            ("max_leaf_nodes", 2, ""),
            ("min_samples_leaf", 1, ", or 'auto'"),
            ("max_trees", 1, ""),
        ):
            value = getattr(self, name)
            if auto and _is_auto(value):
                continue
            if not isinstance(value, numbers.Integral) or value < least:
                raise ValueError(
                    f"Regrow({name}={value!r}): {name} must be a whole number, {least} "
                    f"or more{auto}."
                )
        check_rho(self)

    def fit_path(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        rows: TrainingRows,
        probe: Array,
    ) -> DistilledPath:
        grown: list[Any] = []
        strength = self._strength(family, estimator, rows)
        empty, growth = self._growth(family, estimator, rows, strength, grown)
        models = growth.run(self.max_trees, units.count)
        state = growth.descent.state
        trees, leaf_ids = list(state.trees), state.original_leaves(probe)
        least = SMALLEST_SHARE * max((model.n_leaves for model in models), default=1)
        for share in self._shares(family, estimator, rows):
            blended = blended_rows(family, estimator, rows.given, share)
            probe = blended.position[probe_rows(blended.given.n_samples)]
            strength = self._strength(family, estimator, blended, quick=True)
            _, more = self._growth(family, estimator, blended, strength, grown)
            others = more.run(self.max_trees, units.count * LARGEST_SHARE)
            models += [model for model in others if model.n_leaves > least]
            trees += more.descent.state.trees
            leaf_ids += more.descent.state.original_leaves(probe)
        container = Container(
            family_of(empty),
            empty,
            trees,
            grown,
            growth.descent.loss,
            starts_whole=False,
        )
        # the last one of equal sizes is used at a ratio: it was fitted to labels
        models = sorted(models, key=lambda model: model.n_leaves)[::-1]
        return DistilledPath(
            container,
            models,
            n_kept=np.array([model.n_leaves for model in models], dtype=int),
            scores=-np.arange(units.count, dtype=float),
            kept_units=partial(_first_units, units.count),
            leaf_ids=leaf_ids,
        )

    def _shares(
        self, family: Any, estimator: Estimator, rows: TrainingRows
    ) -> tuple[float, ...]:
        """The shares of predictions in the targets of further models.

        There are none if the forest was fitted on more rows: the held-out rows could be
        among these.
        """
        two_classes = is_classifier(estimator) and len(estimator.classes_) == 2
        if self.teacher != "auto" or rows.distilled or not two_classes:
            return ()
        weight, n_rows = rows.given.sample_weight, rows.given.n_samples
        if weight is not None:
            n_rows = int((weight > 0).sum())
        few = n_rows <= min(FEW_ROWS, FEW_VALUES / rows.task.X.shape[1])
        return SHARES if few and family.n_fitted(estimator) <= n_rows else ()

    def _strength(
        self,
        family: Any,
        estimator: Estimator,
        rows: TrainingRows,
        quick: bool = False,
    ) -> dict[str, Any]:
        """The parameters `rho` and `per_tree` of the descent.

        `quick` is whether they are chosen on one fold, in less time.
        """
        if self.rho != "auto":
            return {"rho": self.rho, "per_tree": False}
        search = _search_for(estimator)
        folds = inner_folds(rows, is_classifier(estimator))
        folds, quick = folds[: 1 if quick else None], quick or len(folds) > 1
        faster = {"sweep_factor": TRIAL_SWEEP_FACTOR} if quick else {}
        trials = [
            self._trial(family, estimator, fold, search.per_tree, **faster)
            for fold in folds
        ]
        return search.parameters(trials)

    def _growth(
        self,
        family: Any,
        estimator: Estimator,
        rows: TrainingRows,
        strength: dict[str, Any],
        grown: list[Any],
        **changed: Any,
    ) -> tuple[Estimator, Growth]:
        """An empty boosting model, and what grows trees for it on some rows."""
        task = rows.task
        empty, offset, loss = empty_boosting(
            family, estimator, task, rows.targets, self.container
        )
        settings = REGRESSION
        if is_classifier(estimator):
            settings = TWO_CLASSES if offset.shape[1] == 1 else SEVERAL_CLASSES
        decision_paths = family.decision_paths(estimator, task.X, grown)
        descent = BlockDescent(
            [], [], loss, offset, **strength, decision_paths=decision_paths
        )
        weight = loss.weight[:, 0]
        grower = make_grower(
            task.X,
            decision_paths,
            weight,
            regression=not is_classifier(estimator),
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self._min_samples_leaf((weight > 0).sum()),
            random_state=task.random_state,
        )
        settings = settings._replace(**changed)
        return empty, Growth(grower, descent, settings, grown)

    def _trial(
        self,
        family: Any,
        estimator: Estimator,
        fold: Fold,
        per_tree: bool,
        **changed: Any,
    ) -> Trial:
        """Growing on the first rows of a fold, for a given factor."""

        def trial(factor: float) -> Curve:
            strength = {"rho": factor, "per_tree": per_tree}
            _, growth = self._growth(
                family,
                estimator,
                fold.rows,
                strength,
                grown=[],
                raise_up_to=0,
                **changed,
            )
            return growth.curve(min(self.max_trees, TRIAL_TREES), fold.held_out)

        return trial

    def _min_samples_leaf(self, n_rows: int) -> int:
        if isinstance(self.min_samples_leaf, str):  # it is "auto"
            return int(np.clip(n_rows // 100, *MIN_SAMPLES_LEAF))
        return self.min_samples_leaf


def _search_for(estimator: Estimator) -> Search:
    """How the strength of the L2 penalty is searched for a kind of target."""
    if not is_classifier(estimator):
        return OF_VALUES
    return OF_CLASSES if len(estimator.classes_) <= 2 else OF_SEVERAL_CLASSES


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _first_units(n_units: int, model: Ensemble) -> Array:
    """As many units as kept as the model has leaves, (n_units,), bool."""
    return np.arange(n_units) < model.n_leaves


register("method", Regrow)
