"""Second-order pruning: remove the weights whose removal raises the loss least, and
adapt the others."""

import numbers
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklprune._networks.layer import Layer
from sklprune._networks.newton import newton_steps
from sklprune._networks.problem import Problem
from sklprune._networks.surgeon import (
    MAX_OPERATIONS,
    REMOVED,
    Operated,
    diagonal_scores,
    operate,
    operations,
)
from sklprune._networks.weight_elimination import eliminate_one_by_one, is_small
from sklprune._networks.weight_scores import check_finite
from sklprune._parameters import is_real
from sklprune._progress import part
from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._weights import WeightMethod

#: fraction of the weights that one stage keeps, and the number of stages
STAGE, N_STAGES = 0.8, 25
#: relative damping for networks, whose units are often nearly collinear
NETWORK_DAMPING = 1e-4
#: relative damping of Newton steps of whole networks
NEWTON_DAMPING = 1e-2
#: stages with a larger fraction of weights need no Newton step
DENSE = 0.3
#: iterations of conjugate gradients in a stage, and for a result
STAGE_ITERATIONS, ITERATIONS, STEPS = 15, 30, 2
#: Newton steps for the result of a linear model, which then is at its minimum
LINEAR_STEPS = 6


class Stage(NamedTuple):
    """A model on the path, and the order in which it loses its weights.

    Parameters
    ----------
    n_kept : int
    layers : list of Layer
    scores : ndarray of shape (n_units,)
        `REMOVED` for removed weights.
    damping : float
    """

    n_kept: int
    layers: list[Layer]
    scores: Array
    damping: float


class SecondOrder(WeightMethod):
    """Remove the weights whose removal raises the loss least, and adapt the others.

    The score of a weight is the increase of the loss that its removal causes, by the
    second derivatives of the loss. With `curvature="block"` this is the increase after
    all other weights of the same unit have adapted (optimal brain surgeon). They then
    are adapted in closed form, layer by layer. Newton steps of the whole network
    towards the predictions of the unpruned model follow. No labels are used.

    Weights are removed in stages, and scored again after each. For a linear model with
    few weights, each stage is one weight. For least squares this is exact: the removed
    weight is the best one, and the update equals a fit without it. For logistic
    regression, the result is the penalised fit of the kept weights, up to the precision
    of the solvers, and still needs no labels.

    Parameters
    ----------
    curvature : {"block", "diagonal"}, default="block"
        "block" takes the second derivatives of all weights of a unit. "diagonal"
        ignores those of two weights, as optimal brain damage does, and removes weights
        without an update.
    damping : "auto" or float, default="auto"
        This fraction of its diagonal is added to each matrix of second derivatives.
        "auto" is 1e-4 for networks and 0 for linear models. It is increased where a
        matrix is singular, and a warning then states its value.
    max_rows : int or None, default=10000
        The second derivatives are computed on at most so many rows, drawn at random.
        None is all rows.
    storage : {"dense", "sparse"}, default="dense"
        The form of the weights in the result, as in :class:`Magnitude`.

    Notes
    -----
    The curvature is the Fisher information of the predicted distribution, which equals
    the Gauss-Newton matrix. It is positive semidefinite, also where the model is not
    at a minimum of the loss. Losses such as the hinge are replaced by squared error.

    If the blocks of a large model are too expensive, the first stages use the diagonal,
    and no update.

    References
    ----------
    LeCun, Denker and Solla, Optimal brain damage, NIPS 1989. Hassibi and Stork, Second
    order derivatives for network pruning: optimal brain surgeon, NIPS 1992. Singh and
    Alistarh, WoodFisher, NeurIPS 2020. Frantar and Alistarh, Optimal brain compression,
    NeurIPS 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklprune import prune
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LinearRegression().fit(X, y)
    >>> small = prune(model, X, method="second_order", pruning_ratio=0.5).estimator_
    >>> kept = small.coef_ != 0
    >>> again = LinearRegression().fit(X[:, kept], y)
    >>> bool(np.allclose(small.coef_[kept], again.coef_))
    True
    """

    granularity = "weight"
    needs = ("layers", "training_problem")
    reason = "its removal raises the loss least"

    def __init__(
        self,
        curvature: str = "block",
        *,
        damping: str | float = "auto",
        max_rows: int | None = 10_000,
        storage: str = "dense",
    ) -> None:
        self.curvature = curvature
        self.damping = damping
        self.max_rows = max_rows
        self.storage = storage

    def is_complete(self, path: Any) -> bool:
        """Whether the stages of the path order all weights already."""
        return self.curvature == "block"

    def path(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> list[Stage]:
        """The stages: models with fewer and fewer weights."""
        self._check()
        problem, layers, rng = self._opened(family, estimator, task)
        if self.curvature == "diagonal":
            damage = diagonal_scores(problem, layers, rng)
            return [Stage(units.count, layers, _flat(damage), 0.0)]
        damping = self._damping(layers)
        outputs = _outputs(problem, layers)
        first = self._scored(problem, layers, outputs, damping, rng)
        stages = [first]
        if len(layers) == 1 and is_small(layers[0].coef.shape):
            increase = eliminate_one_by_one(problem, layers[0], first.damping, rng)
            return [first._replace(scores=increase.ravel())]
        with part("stages", N_STAGES) as progress:
            for k in range(1, N_STAGES + 1):
                progress.advance()
                ratio = 1 - STAGE**k
                if units.n_removed(ratio) == units.n_removed(1 - STAGE ** (k - 1)):
                    break
                arguments = problem, outputs, units, ratio
                stages.append(self._next(stages[-1], *arguments, rng, last=False))
        return stages

    def candidate(
        self,
        path: Any,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The candidate at a ratio, from the last stage before it."""
        ratio = 0.0 if ratio is None else ratio
        n_kept = units.count - units.n_removed(ratio)
        stage = [stage for stage in path if stage.n_kept >= n_kept][-1]
        keep = units.best(stage.scores, ratio)
        candidate = Candidate(ratio, keep, stage.scores, family, estimator, units)
        if keep.all() or self.curvature == "diagonal":
            return candidate
        problem, layers, rng = self._opened(family, estimator, task)
        outputs = _outputs(problem, layers)
        new = self._next(stage, problem, outputs, units, ratio, rng, last=True)
        model = family.with_layers(estimator, new.layers)
        smaller = family.remove(model, units, keep)
        return Candidate(
            ratio, keep, stage.scores, family, estimator, units, refitted=smaller
        )

    def _next(
        self,
        stage: Stage,
        problem: Problem,
        outputs: Sequence[Array],
        units: Units,
        ratio: float,
        rng: np.random.RandomState,
        last: bool,
    ) -> Stage:
        """The stage at a ratio, from one with more weights."""
        keep = units.best(stage.scores, ratio)
        masks = _split(keep, units.where)
        layers = [
            layer._replace(coef=np.where(mask, layer.coef, 0))
            for layer, mask in zip(stage.layers, masks)
        ]
        damping = self._damping(layers)
        new = self._scored(problem, layers, outputs, damping, rng, masks)
        solved = new.layers
        sparse_enough = last or keep.sum() <= DENSE * units.count
        n_steps = STEPS if len(layers) > 1 else LINEAR_STEPS
        if sparse_enough and not _is_least_squares(problem, layers):
            solved = newton_steps(
                problem,
                solved,
                masks,
                n_steps=n_steps if last else 1,
                n_iterations=ITERATIONS if last else STAGE_ITERATIONS,
                damping=NEWTON_DAMPING,
                rng=rng,
            )
        scores = _rescaled(new.scores, new.layers, solved)
        scores[~keep] = REMOVED
        return Stage(int(keep.sum()), solved, scores, new.damping)

    def _scored(
        self,
        problem: Problem,
        layers: list[Layer],
        outputs: Sequence[Array],
        damping: float,
        rng: np.random.RandomState,
        masks: list[Array] | None = None,
    ) -> Stage:
        """Layers that reproduce given outputs, and scores of their weights."""
        if masks is None:
            masks = [layer.coef != 0 for layer in layers]
        if operations(masks, problem.rows) > MAX_OPERATIONS:
            scores = diagonal_scores(problem, layers, rng)
            found = Operated(layers, scores, 0.0)
        else:
            found = operate(problem, layers, masks, outputs, damping, rng)
            if found.damping > damping:
                _warn_of_damping(found.damping)
        n_kept = sum(layer.coef.size for layer in layers)
        return Stage(n_kept, found.layers, _flat(found.scores), found.damping)

    def _opened(
        self, family: Any, estimator: Estimator, task: Task
    ) -> tuple[Problem, list[Layer], np.random.RandomState]:
        """The problem whose targets are predictions, its layers, and a generator."""
        rng = check_random_state(task.random_state)
        rows = task.to_order()
        if self.max_rows is not None and rows.n_samples > self.max_rows:
            drawn = rng.permutation(rows.n_samples)[: self.max_rows]
            rows = rows.take(np.sort(drawn))
        check_finite("SecondOrder", family.layers(estimator))
        problem = family.training_problem(estimator, rows, labels=False)
        dtype = problem.targets.dtype
        layers = [
            layer.combined(lambda a: np.asarray(a, dtype))
            for layer in family.layers(estimator)
        ]
        # the predictions of the model are the targets, and its loss is lowest there
        prior = [layer.coef for layer in layers]
        return problem._replace(prior=prior), layers, rng

    def _damping(self, layers: Sequence[Layer]) -> float:
        if isinstance(self.damping, str):
            return NETWORK_DAMPING if len(layers) > 1 else 0.0
        return float(self.damping)

    def _check(self) -> None:
        if self.curvature not in ("block", "diagonal"):
            raise ValueError(
                f"SecondOrder(curvature={self.curvature!r}): curvature must be 'block' "
                "or 'diagonal'."
            )
        damping = self.damping
        is_auto = isinstance(damping, str) and damping == "auto"
        if not is_auto and not (is_real(damping) and float(damping) >= 0):
            raise ValueError(
                f"SecondOrder(damping={damping!r}): damping must be 'auto' or a number "
                "that is not negative."
            )
        rows = self.max_rows
        if rows is not None and not (isinstance(rows, numbers.Integral) and rows > 1):
            raise ValueError(
                f"SecondOrder(max_rows={rows!r}): max_rows must be None or a whole "
                "number above 1."
            )


def _warn_of_damping(damping: float) -> None:
    warnings.warn(
        "The second derivatives of the loss are singular, since columns or units are "
        f"collinear. SecondOrder used damping={damping:g}.",
        stacklevel=2,
    )


def _outputs(problem: Problem, layers: Sequence[Layer]) -> list[Array]:
    """The outputs of each layer before the activation."""
    *inputs, _ = problem.forward(layers)
    return [layer.forward(values) for layer, values in zip(layers, inputs)]


def _is_least_squares(problem: Problem, layers: Sequence[Layer]) -> bool:
    """Whether the closed form already is the minimum."""
    return len(layers) == 1 and problem.last == "identity"


def _flat(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(array) for array in arrays]).astype(float)


def _split(keep: Array, shapes: Sequence[tuple[int, int]]) -> list[Array]:
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    parts = np.split(keep, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes)]


def _rescaled(scores: Array, before: Sequence[Layer], after: Sequence[Layer]) -> Array:
    """Scores, which are proportional to squared weights, of changed weights."""
    old = _flat([layer.coef for layer in before])
    new = _flat([layer.coef for layer in after])
    ratio = np.divide(new, old, out=np.ones_like(old), where=old != 0)
    return scores * ratio**2


register("method", SecondOrder)
