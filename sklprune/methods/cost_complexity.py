"""Cost complexity: collapses the weakest splits of fitted trees one by one."""

import heapq
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sklprune._progress import part
from sklprune._registry import register
from sklprune._trees.arrays import levels_of, sum_up
from sklprune._typing import Array, Estimator, Scoring
from sklprune._units import Candidate, Task, Units
from sklprune.methods._base import Method
from sklprune.methods._metric_criterion import MetricCriterion


class CostComplexity(Method):
    """Prune fitted trees by weakest-link pruning, without fitting them again.

    Let R(t) be the risk of a node t as a leaf. Let T be the leaves below t, R(T) the
    sum of their risks, and n(T) their number. The strength of the split at t is the
    risk that it saves for each leaf that it costs::

        g(t) = (R(t) - R(T)) / (n(T) - 1)

    The split of the lowest strength is the weakest link. It is collapsed, which makes
    it a leaf. This repeats until only roots remain. No tree is fitted again and no
    rows are predicted, while `ccp_alpha` of scikit-learn fits every tree again. The
    links of all trees of an ensemble are compared with each other.

    With a criterion, a metric on unseen rows replaces the training risk:

    1. Links whose collapse does not lower the metric come first, in the order of
       their strengths.
    2. Then comes the link for which the metric loses least for each leaf.

    The metric is always that of the whole ensemble at this step. In a bootstrap forest
    each tree predicts its out-of-bag rows, and no rows are held out.

    Parameters
    ----------
    criterion : None, str or callable, default=None
        The order of the links.

        - None: the training risk.
        - str: the name of a scorer, for example `"roc_auc"`, see
          `sklearn.metrics.get_scorer_names`.
        - callable: a metric `criterion(y_true, y_pred)` of predictions, higher is
          better. A scorer made by `sklearn.metrics.make_scorer` may use probabilities:
          `make_scorer(metric, response_method="predict_proba")`.

        It gets row weights if it takes `sample_weight`. Inside a pipeline or a
        transformed target it gets the y of the inner model.

    Raises
    ------
    ValueError
        If `criterion` is not the name of a scorer, or returns a number that is not
        finite.
    TypeError
        If `criterion` is neither a name nor can be called with (y_true, y_pred).

    Notes
    -----
    On one tree the sequence is that of
    `DecisionTreeClassifier.cost_complexity_pruning_path`. Links of equal strength are
    collapsed one by one, in the order of their nodes. The importance of a leaf is the
    strength of the link whose collapse removes it. With a criterion, it is the loss of
    the metric for each leaf. Time is proportional to nodes times depth.

    With a criterion, the metric is called once for each visit to a link, unless no
    prediction changes. On spambase with the ROC AUC there were 4000 calls for the 4200
    links of a forest of 20 trees. Memory: rows x trees x 8 bytes.

    References
    ----------
    Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984,
    section 3.3. With a criterion: Quinlan, Simplifying decision trees, International
    Journal of Man-Machine Studies 1987 (reduced error pruning); Minoux, Accelerated
    greedy algorithms, 1978 (the last known loss as a lower bound).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> pruned = PrunedEstimator(tree, method="cost_complexity", random_state=0)
    >>> pruned = pruned.fit(X, y)
    >>> bool(pruned.estimator_.get_n_leaves() < tree.fit(X, y).get_n_leaves())
    True

    By your own metric on held-out rows:

    >>> from sklearn.metrics import fbeta_score
    >>> from sklprune import prune
    >>> from sklprune.methods import CostComplexity
    >>> def f2(y_true, y_pred):
    ...     return fbeta_score(y_true, y_pred, beta=2)
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X[:300], y[:300])
    >>> small = prune(tree, X[300:], y[300:], method=CostComplexity(criterion=f2),
    ...               pruning_ratio=0.8)
    >>> before, after = (f2(y[300:], m.predict(X[300:])) for m in (tree, small))
    >>> bool(after >= before)
    True
    """

    granularity = "leaf"
    needs: tuple[str, ...] = ("trees",)
    uses: tuple[str, ...] = ("out_of_bag",)
    takes_out_of_bag = True

    def __init__(self, *, criterion: Scoring = None) -> None:
        self.criterion = criterion

    @property
    def needs_unseen(self) -> bool:  # type: ignore[override]
        """Whether a criterion is computed on rows."""
        return self.criterion is not None

    @property
    def needs_labels(self) -> bool:  # type: ignore[override]
        """Whether a criterion compares predictions with y."""
        return self.criterion is not None

    @property
    def reason(self) -> str:  # type: ignore[override]
        """Why a leaf is removed."""
        if self.criterion is None:
            return "the split above it saves little risk for its leaves"
        return "without the split above it the criterion loses little for its leaves"

    def path(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> "PruningSequence":
        risks = family.risks(estimator)
        links = [
            TreeLinks(left, right, risk)
            for (left, right), risk in zip(units.where, risks)
        ]
        if self.criterion is None:
            return collapse_all(links, units.count)
        unseen = None
        if task.unseen is None and "out_of_bag" in family.capabilities(estimator):
            unseen = family.out_of_bag(estimator)
        rows = task.to_order()
        metric = MetricCriterion(self.criterion, family, estimator, rows, unseen)
        return collapse_all(links, units.count, metric)

    def candidate(
        self,
        path: "PruningSequence",
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The candidate at a ratio: after the step nearest in size, at least one."""
        ratio = 0.0 if ratio is None else ratio
        n_steps = 0
        if units.n_removed(ratio) and len(path.n_removed):
            # the whole model is not one of the sizes
            n_kept = units.count - path.n_removed
            n_steps = 1 + units.nearest_in_size(n_kept, ratio)
        keep = path.step > n_steps
        return Candidate(ratio, keep, path.strength, family, estimator, units)


@dataclass(frozen=True)
class PruningSequence:
    """The order in which splits are collapsed.

    Parameters
    ----------
    step : ndarray of shape (n_leaves,), int
        The step that removes each leaf, from 1; a large number for the leaves that are
        never removed.
    strength : ndarray of shape (n_leaves,)
        The strength of the link that is collapsed at this step.
    n_removed : ndarray of shape (n_steps,), int
        Number of removed leaves after each step.
    """

    step: Array
    strength: Array
    n_removed: Array


class Criterion(Protocol):
    """What `collapse_all` needs of a criterion, see `MetricCriterion`."""

    def loss(self, tree: int, node: int) -> float: ...

    def collapse(self, tree: int, node: int) -> None: ...


class TreeLinks:
    """The splits of one tree, and the current leaves below each of them."""

    def __init__(self, left: Array, right: Array, risk: Array) -> None:
        levels = levels_of(left, right)
        parent = np.full(len(left), -1)
        first = np.arange(len(left))
        for nodes, on_left, on_right in reversed(levels):
            parent[on_left] = parent[on_right] = nodes
            first[nodes] = first[on_left]
        leaf = left < 0
        number = np.cumsum(leaf) - 1
        # lists: single numbers are read and written one at a time
        self.first_leaf = number[first].tolist()
        self.n_leaves = sum_up(leaf.astype(int), levels).tolist()
        self.risk = np.asarray(risk, dtype=float).tolist()
        self.risk_below = sum_up(np.where(leaf, risk, 0.0), levels).tolist()
        self.parent = parent.tolist()
        self.left, self.right = left.tolist(), right.tolist()
        self.splits = np.flatnonzero(~leaf).tolist()

    def strength(self, node: int) -> float:
        """The risk that a split saves for each leaf that it costs."""
        saved = max(self.risk[node] - self.risk_below[node], 0.0)
        return saved / (self.n_leaves[node] - 1)

    def is_collapsed(self, node: int) -> bool:
        """Whether a node is already a leaf, or below one."""
        return self.n_leaves[node] <= 1

    def collapse(self, node: int) -> list[int]:
        """Make a leaf of a split, and return the removed leaves by number.

        The first leaf below the split counts as kept.
        """
        removed = [self.first_leaf[leaf] for leaf in self._leaves_below(node)[1:]]
        risk = self.risk[node] - self.risk_below[node]
        above = node
        while above >= 0:
            self.n_leaves[above] -= len(removed)
            self.risk_below[above] += risk
            above = self.parent[above]
        return removed

    def _leaves_below(self, node: int) -> list[int]:
        """The current leaves below a split; the splits between are marked."""
        leaves, below = [], [node]
        while below:
            top = below.pop()
            if self.n_leaves[top] == 1:
                leaves.append(top)
                continue
            below += [self.right[top], self.left[top]]
            if top != node:
                self.n_leaves[top] = 0
        return leaves


def collapse_all(
    links: list[TreeLinks], n_leaves: int, criterion: Criterion | None = None
) -> PruningSequence:
    """Collapse the weakest link of all trees until only roots remain.

    With a criterion, the weakest link is that with the smallest loss for each leaf, and
    ties are broken by the lowest strength. The last known loss of a link is a
    lower bound until the link is next in the heap. At first it is zero.
    """
    start = np.cumsum([0, *(link.n_leaves[0] for link in links)])
    heap = [
        (0.0, link.strength(node), i, node)
        for i, link in enumerate(links)
        for node in link.splits
    ]
    heapq.heapify(heap)
    step = np.full(n_leaves, np.iinfo(int).max)
    strength = np.full(n_leaves, np.inf)
    n_removed: list[int] = []
    with part("splits", len(heap)) as splits:
        while heap:
            known_loss, known, i, node = heapq.heappop(heap)
            if links[i].is_collapsed(node):
                continue
            now = links[i].strength(node)
            # a link only becomes stronger when weaker links below it are collapsed
            if now > known:
                heapq.heappush(heap, (known_loss, now, i, node))
                continue
            loss = 0.0
            if criterion is not None:
                loss = criterion.loss(i, node) / (links[i].n_leaves[node] - 1)
            if loss > known_loss and heap and (loss, now) > heap[0][:2]:
                heapq.heappush(heap, (loss, now, i, node))
                continue
            if criterion is not None:
                criterion.collapse(i, node)
            removed = start[i] + np.array(links[i].collapse(node))
            n_removed.append(len(removed) + (n_removed[-1] if n_removed else 0))
            step[removed] = len(n_removed)
            strength[removed] = now if criterion is None else loss
            splits.advance()
    last = strength[np.isfinite(strength)]
    strength[np.isinf(strength)] = last.max() if len(last) else 0.0
    return PruningSequence(step, strength, np.array(n_removed, dtype=int))


register("method", CostComplexity)
