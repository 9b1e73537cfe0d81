"""Cost complexity: the weakest link of all trees is cut first."""

import heapq
from dataclasses import dataclass

import numpy as np

from sklprune._registry import register
from sklprune._trees.arrays import levels_of, sum_up
from sklprune._units import Candidate
from sklprune.methods._base import Method
from sklprune.methods._metric_criterion import Criterion


class CostComplexity(Method):
    """Cut subtrees of fitted trees, those first that save least for their leaves.

    The weakest link is the split below which the training risk falls least for each
    leaf; it becomes a leaf, and so on until only roots are left. Trees are cut as they
    are: nothing is fitted anew and no rows are asked, where `ccp_alpha` of
    scikit-learn fits every tree again. The links of all trees of an ensemble are
    compared with each other.

    With a criterion, a metric on rows that the model has not seen takes the place of
    the training risk. Links whose cut does not lower the metric leave first, those of
    least training risk before others; then the link leaves of which the metric loses
    least for each leaf. What the metric says is always said of the whole ensemble as
    it is by then. Of a bootstrap forest each tree speaks for its out-of-bag rows, and
    no rows are held out.

    Parameters
    ----------
    criterion : None, str or callable, default=None
        What orders the links.

        - None: the training risk.
        - str: the name of a scorer, `"roc_auc"` say, see
          `sklearn.metrics.get_scorer_names`.
        - callable: a metric `criterion(y_true, y_pred)` of predictions, higher is
          better; or what `sklearn.metrics.make_scorer` gives, of probabilities say:
          `make_scorer(metric, response_method="predict_proba")`.

        Weights of rows go to it where it takes `sample_weight`. Inside a pipeline or
        a transformed target it sees y as the model inside does.

    Raises
    ------
    ValueError
        If `criterion` is a name that no scorer has, or gives what is not a finite
        number.
    TypeError
        If `criterion` is neither a name nor can be called with (y_true, y_pred).

    Notes
    -----
    On one tree the sequence is the one of
    `DecisionTreeClassifier.cost_complexity_pruning_path`; links of equal strength are
    cut one by one, in the order of their nodes. The importance of a leaf is the
    strength of the link with which it leaves. Time grows with nodes times depth.

    With a criterion nothing is predicted anew: a cut changes the sums of the rows
    below it. The metric is called once for each visit to a link, and not at all where
    no answer changes, as most cuts change no label. A link that is refused is visited
    again when its turn comes. On spambase there were 0.2 to 0.7 calls for each link
    with accuracy, 0.9 to 1.5 with the ROC AUC, and 0.7 to 3.8 with the log loss: 4000
    calls for the 4200 links of a forest of 20 trees and the ROC AUC. The importance of
    a leaf is what the metric loses for each leaf when it leaves. Memory: rows x trees x
    8 bytes.

    References
    ----------
    Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984,
    section 3.3. With a criterion: Quinlan, Simplifying decision trees, International
    Journal of Man-Machine Studies 1987 (reduced error pruning); a loss that is known
    is taken for a lower bound of what it is now: Minoux, Accelerated greedy
    algorithms, 1978.

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

    By a metric of one's own on held-out rows:

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
    needs = ("trees",)
    uses = ("out_of_bag",)
    takes_out_of_bag = True

    def __init__(self, *, criterion=None):
        self.criterion = criterion

    @property
    def needs_unseen(self):
        """Whether a criterion is taken on rows."""
        return self.criterion is not None

    @property
    def needs_labels(self):
        """Whether a criterion compares answers with y."""
        return self.criterion is not None

    @property
    def reason(self):
        """Why a leaf leaves."""
        if self.criterion is None:
            return "the split above it saves little risk for its leaves"
        return "without the split above it the criterion loses little for its leaves"

    def path(self, family, estimator, units, task):
        risks = family.risks(estimator)
        links = [
            _Links(left, right, risk) for (left, right), risk in zip(units.where, risks)
        ]
        if self.criterion is None:
            return _cut_all(links, units.count)
        unseen = None
        if task.unseen is None and "out_of_bag" in family.capabilities(estimator):
            unseen = family.out_of_bag(estimator)
        rows = task.to_order()
        judge = Criterion(self.criterion, family, estimator, rows, unseen)
        return _cut_all(links, units.count, judge)

    def candidate(self, path, family, estimator, units, task, ratio):
        n_cuts = np.searchsorted(path.n_removed, units.n_removed(ratio), side="right")
        keep = path.cut > n_cuts
        return Candidate(ratio, keep, path.strength, family, estimator, units)


@dataclass(frozen=True)
class Cuts:
    """The sequence of cuts.

    Parameters
    ----------
    cut : ndarray of shape (n_leaves,), int
        The cut with which each leaf leaves, from 1; a large number for those that
        stay to the end.
    strength : ndarray of shape (n_leaves,)
        The strength of the link that was cut then.
    n_removed : ndarray of shape (n_cuts,), int
        How many leaves have left after each cut.
    """

    cut: np.ndarray
    strength: np.ndarray
    n_removed: np.ndarray


class _Links:
    """The splits of one tree, and what stands below each of them."""

    def __init__(self, left, right, risk):
        levels = levels_of(left, right)
        self.parent = np.full(len(left), -1)
        first = np.arange(len(left))
        for nodes, below, beside in reversed(levels):
            self.parent[below] = self.parent[beside] = nodes
            first[nodes] = first[below]
        leaf = left < 0
        number = np.cumsum(leaf) - 1
        # lists: single numbers are read and written one at a time
        self.first_leaf = number[first].tolist()
        self.n_leaves = sum_up(leaf.astype(int), levels).tolist()
        self.risk = np.asarray(risk, dtype=float).tolist()
        self.risk_below = sum_up(np.where(leaf, risk, 0.0), levels).tolist()
        self.parent = self.parent.tolist()
        self.left, self.right = left.tolist(), right.tolist()
        self.splits = np.flatnonzero(~leaf).tolist()

    def strength(self, node):
        """What the split saves for each leaf that it costs."""
        saved = max(self.risk[node] - self.risk_below[node], 0.0)
        return saved / (self.n_leaves[node] - 1)

    def is_cut(self, node):
        """Whether a node is a leaf by now, or below one."""
        return self.n_leaves[node] <= 1

    def cut(self, node):
        """Make a leaf of a split; the leaves below it that leave, by number."""
        gone = [self.first_leaf[leaf] for leaf in self._take_leaves(node)]
        risk = self.risk[node] - self.risk_below[node]
        above = node
        while above >= 0:
            self.n_leaves[above] -= len(gone)
            self.risk_below[above] += risk
            above = self.parent[above]
        return gone

    def _take_leaves(self, node):
        """The leaves that stand below a split, but the first one."""
        standing, below = [], [node]
        while below:
            top = below.pop()
            if self.n_leaves[top] == 1:
                standing.append(top)
                continue
            below += [self.right[top], self.left[top]]
            if top != node:
                self.n_leaves[top] = 0
        return standing[1:]


def _cut_all(links, n_leaves, judge=None):
    """Cut the weakest link of all trees until only roots are left.

    With a judge, a `Criterion`, the weakest one is that by which it loses least for
    each leaf, and of equal ones that of the least strength. What was known of a link
    last stands for what it is until its turn comes; at first it costs the judge
    nothing.
    """
    start = np.cumsum([0, *(link.n_leaves[0] for link in links)])
    heap = [
        (0.0, link.strength(node), i, node)
        for i, link in enumerate(links)
        for node in link.splits
    ]
    heapq.heapify(heap)
    cut = np.full(n_leaves, np.iinfo(int).max)
    strength = np.full(n_leaves, np.inf)
    n_removed = []
    while heap:
        known_loss, known, i, node = heapq.heappop(heap)
        if links[i].is_cut(node):
            continue
        now = links[i].strength(node)
        # a link only gets stronger when weaker ones below it have gone
        if now > known:
            heapq.heappush(heap, (known_loss, now, i, node))
            continue
        loss = 0.0
        if judge is not None:
            loss = judge.loss(i, node) / (links[i].n_leaves[node] - 1)
        if loss > known_loss and heap and (loss, now) > heap[0][:2]:
            heapq.heappush(heap, (loss, now, i, node))
            continue
        if judge is not None:
            judge.cut(i, node)
        gone = start[i] + np.array(links[i].cut(node))
        n_removed.append(len(gone) + (n_removed[-1] if n_removed else 0))
        cut[gone], strength[gone] = len(n_removed), now if judge is None else loss
    last = strength[np.isfinite(strength)]
    strength[np.isinf(strength)] = last.max() if len(last) else 0.0
    return Cuts(cut, strength, np.array(n_removed, dtype=int))


register("method", CostComplexity)
