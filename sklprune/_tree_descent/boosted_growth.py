"""Grows boosted trees of all sizes: forward-backward paths of the method `regrow`."""

from typing import Any, NamedTuple

import numpy as np

from sklprune._progress import tracked
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.forward_backward import ForwardBackwardPath
from sklprune._tree_descent.l2_strength import Curve, held_out_curve
from sklprune._tree_descent.proposals import Proposal
from sklprune._tree_descent.subtree_raising import raise_children
from sklprune._trees.arrays import Ensemble, TreeArrays
from sklprune._typing import Array

#: trees that are grown at one penalty, for each output
MAX_TREES_A_STEP = 30


class GrowthSettings(NamedTuple):
    """How trees are grown.

    Parameters
    ----------
    min_penalty : float
        Lower bound of the leaf penalty, as a share of the expected gain of a leaf that
        is fitted to noise.
    sweep_factor : float
        All trees are chosen again when there are so many times as many.
    raise_up_to : float
        Children are raised only among at most this number of leaves, since it takes
        long.
    backward_up_to : float
        No backward phase begins at more leaves. It would overfit noisy targets.
    stride : int
        Steps of the penalty that are taken at once while no tree is kept.
    """

    min_penalty: float
    sweep_factor: float
    raise_up_to: float
    backward_up_to: float
    stride: int


#: the scores of classes hardly gain from many leaves
TWO_CLASSES = GrowthSettings(
    min_penalty=0.5,
    sweep_factor=1.05,
    raise_up_to=500,
    backward_up_to=500,
    stride=3,
)
#: each tree concerns only one of the classes
SEVERAL_CLASSES = TWO_CLASSES._replace(sweep_factor=1.2)
#: noisy values need many leaves, and stronger regularisation. With a higher lower bound
#: of the penalty, the path of wine_quality ended before a model was as good as a forest
REGRESSION = GrowthSettings(
    min_penalty=0.02,
    sweep_factor=1.01,
    raise_up_to=np.inf,
    backward_up_to=2000,
    stride=1,
)


class Growth:
    """Grows trees on the gradients of a descent, along a forward-backward path.

    Parameters
    ----------
    grower : ExactGrower or HistogramGrower
    descent : BlockDescent
        Without trees.
    settings : GrowthSettings
    grown : list
        Scikit-learn trees; new ones are appended.
    """

    def __init__(
        self,
        grower: Any,
        descent: BlockDescent,
        settings: GrowthSettings,
        grown: list[Any],
    ) -> None:
        self.grower, self.descent, self.settings = grower, descent, settings
        self.grown = grown
        self.outputs = range(descent.state.raw_prediction.shape[1])
        self.n_at_sweep = 0

    @property
    def n_trees(self) -> int:
        """Number of trees that were grown and kept at first."""
        return len(self.descent.state.trees)

    def run(self, max_trees: int, max_leaves: float) -> list[Ensemble]:
        """Ensembles at decreasing leaf penalties, in ascending order of leaves."""
        self.max_trees = max_trees * len(self.outputs)
        self.descent.start_empty()
        path = ForwardBackwardPath(
            self.descent,
            forward=self._forward,
            backward=self._choose_again,
            backward_up_to=self.settings.backward_up_to,
            stride=self.settings.stride,
        )
        return path.run(self._first_penalty(), self.settings.min_penalty, max_leaves)

    def curve(self, max_trees: int, held_out: Array) -> Curve:
        """The held-out loss of ensembles of increasing size."""
        self.max_trees = max_trees * len(self.outputs)
        self.descent.start_empty()
        first_penalty, least = self._first_penalty(), self.settings.min_penalty
        return held_out_curve(
            self.descent, self._forward, first_penalty, least, held_out
        )

    def _forward(self, leaf_penalty: float) -> bool:
        """Grow trees while they have a gain; False if no tree may be added."""
        if self.n_trees >= self.max_trees:
            return False
        outputs = list(self.outputs)
        for _ in tracked(range(MAX_TREES_A_STEP), "new trees"):
            outputs = self._grow_round(outputs, leaf_penalty)
            if self.n_trees >= self.max_trees or not outputs:
                break
        self._choose_again(leaf_penalty)
        return True

    def _choose_again(self, leaf_penalty: float) -> None:
        self.descent.sweep(leaf_penalty)
        if self.settings.raise_up_to:
            if self.descent.n_leaves <= self.settings.raise_up_to:
                raise_children(self.descent, leaf_penalty)
            self.descent.sweep(leaf_penalty)

    def _first_penalty(self) -> float:
        """A leaf penalty at which the first tree has hardly a leaf."""
        gains = []
        for output in self.outputs:
            gains.append(self._grow(output, 0.0)[1].gain)
            self.descent.discard_new()
        return max(gains) / 2

    def _grow_round(self, outputs: list[int], leaf_penalty: float) -> list[int]:
        """Grow one tree for each of some outputs; return those where it has a gain."""
        gaining = []
        for output in outputs:
            tree, proposal = self._grow(output, leaf_penalty)
            if self.descent.accept_new(proposal):
                self.grown.append(tree)
                self._sweep_if_due(leaf_penalty)
                gaining.append(output)
        return gaining

    def _sweep_if_due(self, leaf_penalty: float) -> None:
        """Choose all trees again, unless only a few were added since the last time."""
        if self.n_trees > self.settings.sweep_factor * self.n_at_sweep:
            self.descent.sweep(leaf_penalty)
            self.n_at_sweep = self.n_trees

    def _grow(self, output: int, leaf_penalty: float) -> tuple[Any, Proposal]:
        """A new tree, appended to the descent, and its best pruning."""
        neg_gradient, hessian = self.descent.state.derivatives(output)
        l2 = self.descent.proposer.l2
        tree, ids = self.grower.grow(neg_gradient[:, 0], hessian[:, 0], l2)
        arrays = TreeArrays(
            tree.children_left,
            tree.children_right,
            value=np.zeros((tree.node_count, 1)),
            weight=tree.weighted_n_node_samples,
            output=output,
            position=len(self.grown),
        )
        return tree, self.descent.propose_new(arrays, ids, leaf_penalty)
