"""The forward-backward path: models of all sizes from one run over leaf penalties.

Forward steps lower the leaf penalty, so that the ensemble grows. The leaves that are
added first reduce the loss most alone. Later leaves make many of them useless, and the
splits above them too. Each of these still lowers the loss by more than the penalty, so
that forward steps keep it. Backward phases therefore raise the penalty again from time
to time, down to the empty ensemble. They remove first what the other leaves predict as
well. The result has models that are better than those of the forward steps at the same
size.

A model counts if its objective is lower than that of all smaller ones. All are compared
with its own L2 penalty. The penalty may grow with the number of trees, and objectives
with different penalties are not comparable: a single tree with a weak penalty would
often have the lowest of all.

References
----------
Zhang, Adaptive forward-backward greedy algorithm for learning sparse representations,
IEEE Transactions on Information Theory 57, 2011.
"""

from collections.abc import Callable, Iterator

from sklprune._progress import part
from sklprune._tree_descent.block_descent import BlockDescent, Objective
from sklprune._trees.arrays import Ensemble

#: factor of the leaf penalty from one step to the next
PENALTY_FACTOR = 1.3
#: with more leaves, two steps are taken at once, since each takes long
MANY_LEAVES = 5000
#: leaves at the first backward phase, and the factor to each further phase
FIRST_BACKWARD, BACKWARD_FACTOR = 100, 4


class ForwardBackwardPath:
    """Runs forward steps and backward phases of a descent, and collects the models.

    Parameters
    ----------
    descent : BlockDescent
    forward : callable
        `forward(leaf_penalty)` adds trees and chooses all trees again. It returns False
        if no further tree could be added.
    backward : callable
        `backward(leaf_penalty)` chooses all trees again at a higher penalty.
    backward_up_to : float
        No backward phase begins at more leaves.
    stride : int, default=1
        Steps of the penalty that are taken at once while no tree is kept.

    Attributes
    ----------
    visited : list of (Ensemble, Objective)
        All models, each with its objective.
    """

    def __init__(
        self,
        descent: BlockDescent,
        forward: Callable[[float], bool],
        backward: Callable[[float], None],
        backward_up_to: float,
        stride: int = 1,
    ) -> None:
        self.descent, self.forward, self.backward = descent, forward, backward
        self.backward_up_to, self.stride = backward_up_to, stride
        self.visited: list[tuple[Ensemble, Objective]] = []

    def run(
        self, leaf_penalty: float, min_penalty: float, max_leaves: float
    ) -> list[Ensemble]:
        """Take forward steps, with backward phases in between.

        Parameters
        ----------
        leaf_penalty : float
            The first penalty.
        min_penalty : float
            Lower bound of the penalty, as a share of the expected gain of a leaf that
            is fitted to noise.
        max_leaves : float
            The path ends at the first model with more leaves.

        Returns
        -------
        list of Ensemble
            In ascending order of leaves. With its own L2 penalty, each has a lower
            objective than all smaller ones.
        """
        with part("leaf penalties") as penalties:
            for _ in self._steps(leaf_penalty, min_penalty, max_leaves):
                penalties.advance()
        return self._pareto_front()

    def models(
        self, leaf_penalty: float, min_penalty: float, max_leaves: float
    ) -> Iterator[Ensemble]:
        """Take forward steps only as far as models are requested.

        The models up to the last backward phase come first, as `run` returns them. Each
        further step gives one model, if it has more leaves than all before, and a lower
        objective with its own L2 penalty. Parameters are those of `run`.

        Yields
        ------
        Ensemble
            In ascending order of leaves.
        """
        most, front = 0, True
        for no_more_backward in self._steps(leaf_penalty, min_penalty, max_leaves):
            if not no_more_backward:
                continue
            if front:
                yield from self._pareto_front()
            else:
                *before, (model, objective) = self.visited
                if model.n_leaves > most and _is_lower(objective, before):
                    yield model
            most = max(model.n_leaves for model, _ in self.visited)
            front = False
        if front:
            yield from self._pareto_front()

    def _steps(
        self, leaf_penalty: float, min_penalty: float, max_leaves: float
    ) -> Iterator[bool]:
        """Take forward steps that give a model, each with the phase that follows.

        Yields
        ------
        bool
            Whether no further backward phase will begin.
        """
        descent, next_backward = self.descent, float(FIRST_BACKWARD)
        while leaf_penalty > min_penalty * descent.noise():
            if not self.forward(leaf_penalty):
                return
            n_leaves = descent.n_leaves
            if n_leaves:
                self._record()
                if next_backward <= n_leaves <= self.backward_up_to:
                    self._run_backward(leaf_penalty)
                while next_backward <= n_leaves:
                    next_backward *= BACKWARD_FACTOR
                yield next_backward > self.backward_up_to
                if n_leaves > max_leaves:
                    return
            stride = 1 if n_leaves else self.stride
            if n_leaves > MANY_LEAVES:
                stride = 2
            leaf_penalty /= PENALTY_FACTOR**stride

    def _run_backward(self, leaf_penalty: float) -> None:
        """Raise the penalty until no tree is kept, then restore the state."""
        snapshot = self.descent.state.snapshot()
        while self.descent.n_trees:
            leaf_penalty *= PENALTY_FACTOR
            self.backward(leaf_penalty)
            if self.descent.n_trees:
                self._record()
        self.descent.state.restore(snapshot)

    def _record(self) -> None:
        self.visited.append((self.descent.ensemble(), self.descent.objective()))

    def _pareto_front(self) -> list[Ensemble]:
        """The models with a lower objective than all that have no more leaves."""
        ordered = sorted(
            self.visited, key=lambda pair: (pair[0].n_leaves, pair[1].value)
        )
        front: list[Ensemble] = []
        for i, (model, objective) in enumerate(ordered):
            larger = not front or model.n_leaves > front[-1].n_leaves
            if larger and _is_lower(objective, ordered[:i]):
                front.append(model)
        return front


def _is_lower(objective: Objective, others: list[tuple[Ensemble, Objective]]) -> bool:
    """Whether an objective is lower than others with the same L2 penalty."""
    l2 = objective.l2
    return all(objective.value < other.at(l2) for _, other in others)
