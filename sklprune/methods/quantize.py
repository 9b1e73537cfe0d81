"""Quantisation: numbers of few bits instead of 64, in arrays of the same dtype."""

import numbers
import warnings
from typing import Any, Literal

import numpy as np
from sklearn.utils import check_random_state

from sklprune._frames import as_matrix
from sklprune._networks.layer import Layer
from sklprune._networks.quantized import quantized
from sklprune._registry import register
from sklprune._trees.quantized import (
    CODEBOOK_BITS,
    same_numbers,
    with_few_values,
    with_short_thresholds,
)
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._base import Method

#: numbers of bits to which a model can be quantised, besides its own 64
BITS = (32, 16, 8, 7, 6, 5, 4, 3, 2)
#: bits of a number as it is stored
ALL_BITS = 64
#: significant bits of a number of single precision
SINGLE_BITS = 24
#: significant bits of a scaler at least, and beyond those of the weights
MIN_SCALER_BITS, MORE_SCALER_BITS = 6, 2


class Quantize(Method):
    """Replace the numbers of a model by few distinct values.

    The units are the 64 bits of a number. The pruning ratio is the share of the bits
    that are removed: 0.5 gives values of single precision, 0.75 of half precision, and
    0.875 to 0.97 a codebook of 256 to 4 values. Other ratios give the nearest of these.

    The result is an ordinary estimator of the same class, with arrays of the same
    dtype. Its memory and speed are unchanged. What shrinks is a compressed file:
    :func:`sklprune.dump`, or `joblib.dump` with `compress`.

    Codebooks hold for a layer of a network, or for a linear model. The weights are
    rounded one input after the other. The error of each is compensated in the weights
    that are not yet rounded, by the inverse of the second derivatives, as in optimal
    brain surgeon. The values of the codebook, and the intercepts, are then fitted to
    the outputs of the unpruned model. Labels are not used. Weights that are zero remain
    zero. The intercepts of wide layers are multiples of a small step. Means and scales
    of `StandardScaler` and `RobustScaler` in the same pipeline get two more significant
    bits than the weights, and at least 6.

    In a tree, a forest or boosting, each threshold becomes the number with the fewest
    significant bits between two neighbouring values of its column, so that no row
    changes sides. With 8 bits or fewer, the leaves share a codebook of least squared
    error, weighted by their training rows. With fewer than 8 bits, the splits by a
    column also share at most as many thresholds as a codebook has values. Where a
    column has more different thresholds, few rows change sides. Pass the rows of the
    fit: fewer rows bound the thresholds less.

    Parameters
    ----------
    bits : {None, 32, 16, 8, 7, 6, 5, 4, 3, 2}, default=None
        Bits of a value. None means that the pruning ratio determines them. With a
        number, `pruning_ratio` must be "auto", and the rule is not used.
    codebook : {"kmeans", "uniform"}, default="kmeans"
        Values of least squared error, or with equal distances. Thresholds do not
        depend on it.
    per : {"layer", "output"}, default="layer"
        Whether all weights of a layer share a codebook, or those of one output. It has
        no effect on trees.
    max_rows : int or None, default=4000
        Errors of layers are compensated on at most so many rows, drawn at random. None
        is all rows. For trees all rows are used.

    Raises
    ------
    ValueError
        If a parameter has another value.

    Warns
    -----
    UserWarning
        If each layer has at most as many distinct weights as the codebook, or the
        numbers of trees are as short already. They are then unchanged.

    Notes
    -----
    The activations of scikit-learn's networks are not clipped, and its predictions use
    floating-point numbers. Quantised activations are therefore not available.

    References
    ----------
    Han, Mao and Dally, Deep compression, ICLR 2016 (codebooks by k-means). Hassibi and
    Stork, Optimal brain surgeon, NIPS 1992. Frantar et al., GPTQ, ICLR 2023 (the order
    of the compensation).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import prune
    >>> from sklprune.methods import Quantize
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((50,), max_iter=60, random_state=0).fit(X / 16, y)
    >>> small = prune(model, X / 16, y, method=Quantize(bits=4)).estimator_
    >>> [len(np.unique(coef)) <= 16 for coef in small.coefs_]
    [True, True]
    >>> bool(np.mean(small.predict(X / 16) == model.predict(X / 16)) > 0.97)
    True

    A forest of few thresholds has a small file. Its rows are on the same sides of all
    splits:

    >>> from sklearn.ensemble import RandomForestClassifier
    >>> forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    >>> small = prune(forest, X, y, method=Quantize(bits=8)).estimator_
    >>> bool((small.apply(X) == forest.apply(X)).all())
    True
    """

    granularity = "bit"
    uses: tuple[str, ...] = ("layers", "trees", "tree_numbers")
    trains = True
    reason = "numbers of fewer bits give nearly the same predictions"

    def __init__(
        self,
        bits: int | None = None,
        *,
        codebook: Literal["kmeans", "uniform"] = "kmeans",
        per: Literal["layer", "output"] = "layer",
        max_rows: int | None = 4000,
    ) -> None:
        self.bits = bits
        self.codebook = codebook
        self.per = per
        self.max_rows = max_rows

    @property
    def decides(self) -> bool:  # type: ignore[override]  # depends on a parameter
        """Whether the number of bits is given."""
        return self.bits is not None

    def grid(self, task: Task) -> list[float]:
        """The ratios of all numbers of bits."""
        return [1 - bits / ALL_BITS for bits in BITS]

    @classmethod
    def variants(cls) -> list["Method"]:
        """None: alternatives are compared by bytes that do not depend on the bits."""
        return []

    def misfit(self, family: Any, estimator: Estimator) -> str:
        why = super().misfit(family, estimator)
        offered = family.capabilities(estimator)
        if why or offered & {"layers", "tree_numbers"}:
            return why
        return "has neither weights nor trees whose numbers can be shorter"

    def path(self, family: Any, estimator: Estimator, units: Units, task: Task) -> Any:
        """Where the rows are in the trees; None for layers."""
        self._check()
        if "tree_numbers" not in family.capabilities(estimator):
            return None
        return family.leaf_ids(estimator, task.X)

    def candidate(
        self,
        path: Any,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The model at a ratio, with the nearest possible number of bits."""
        sizes = np.array([ALL_BITS, *BITS])
        n_bits = self.bits
        if n_bits is None:
            n_bits = int(sizes[units.nearest_in_size(sizes, ratio or 0.0)])
        scores = np.arange(ALL_BITS, 0, -1.0)
        keep = scores > ALL_BITS - n_bits
        model = estimator
        if n_bits < ALL_BITS:
            change = self._with_few_values if path is None else self._with_short_trees
            model = change(path, family, estimator, task, n_bits)
        ratio = 1 - n_bits / ALL_BITS if ratio is None else ratio
        return Candidate(ratio, keep, scores, family, estimator, units, model)

    def around(
        self, family: Any, wrapper: Estimator, candidate: Candidate
    ) -> Estimator:
        """A pipeline whose scalers have as short numbers as the weights."""
        n_bits = int(candidate.keep.sum())
        unchanged = candidate.refitted is candidate.dense
        if unchanged or "layers" not in candidate.family.capabilities(candidate.dense):
            return wrapper
        n_bits = max(MIN_SCALER_BITS, min(n_bits + MORE_SCALER_BITS, SINGLE_BITS))
        return family.with_short_numbers(wrapper, n_bits)

    def _with_short_trees(
        self, path: Array, family: Any, estimator: Estimator, task: Task, n_bits: int
    ) -> Estimator:
        trees = family.tree_numbers(estimator)
        distributions = 0
        if family.output_kind(estimator) == "distributions":
            distributions = family.n_distributions(estimator)
        new = with_short_thresholds(
            trees,
            path,
            family.compared_rows(estimator, task.X),
            _weights(task),
            n_bits,
        )
        uniform = self.codebook == "uniform"
        new = with_few_values(new, n_bits, distributions, uniform)
        if all(map(same_numbers, trees, new)):
            self._warn_unchanged(estimator, n_bits, "thresholds and values")
            return estimator
        return family.with_numbers(estimator, new)

    def _with_few_values(
        self, path: None, family: Any, estimator: Estimator, task: Task, n_bits: int
    ) -> Estimator:
        layers = family.layers(estimator)
        if n_bits <= CODEBOOK_BITS and _n_distinct(layers, self.per) <= 2**n_bits:
            self._warn_unchanged(estimator, n_bits, "weights")
            return estimator
        rows = self._rows(task)
        X = as_matrix(rows.X)
        new = quantized(
            layers,
            X if X.dtype.kind == "f" else X.astype(float),
            _weights(rows),
            lambda outputs: family.activate(estimator, outputs),
            n_bits,
            uniform=self.codebook == "uniform",
            per_output=self.per == "output",
        )
        return family.with_layers(estimator, new)

    def _rows(self, task: Task) -> Task:
        """The rows on which errors are compensated."""
        if self.max_rows is None or task.n_samples <= self.max_rows:
            return task
        rng = check_random_state(task.random_state)
        return task.take(np.sort(rng.permutation(task.n_samples)[: self.max_rows]))

    def _warn_unchanged(self, estimator: Estimator, n_bits: int, what: str) -> None:
        """Warn that a codebook changes nothing, once for all searched sizes."""
        size = f"{n_bits} bits, {2**n_bits} values, are not fewer"
        if self.bits is None:
            # one text for all sizes, so that it is shown once
            size = "Some of the searched codebooks have no fewer values"
        warnings.warn(
            f"{size} than the {what} of {type(estimator).__name__}, so that its "
            f"{what} are unchanged.",
            stacklevel=5,
        )

    def _check(self) -> None:
        """Raise an error for a parameter that has another value than allowed."""
        whole = isinstance(self.bits, numbers.Integral) and self.bits is not True
        if self.bits is not None and not (whole and self.bits in BITS):
            raise ValueError(
                f"Quantize(bits={self.bits!r}): bits must be None or one of "
                f"{', '.join(map(str, BITS))}."
            )
        for name, allowed in (
            ("codebook", ("kmeans", "uniform")),
            ("per", ("layer", "output")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"Quantize({name}={getattr(self, name)!r}): {name} must be "
                    f"{' or '.join(map(repr, allowed))}."
                )
        n = self.max_rows
        if n is not None and not (isinstance(n, numbers.Integral) and n >= 1):
            raise ValueError(
                f"Quantize(max_rows={n!r}): max_rows must be None or a whole number "
                "of at least 1."
            )


def _weights(task: Task) -> Array:
    """The weights of the rows in a common unit."""
    weight = task.with_comparable_weights().sample_weight
    return np.ones(task.n_samples) if weight is None else weight


def _n_distinct(layers: list[Layer], per: str) -> int:
    """The largest number of distinct weights that share a codebook."""
    parts: list[Array] = [layer.coef for layer in layers]
    if per == "output":
        parts = [column for coef in parts for column in coef.T]
    return max(len(np.unique(part)) for part in parts)


register("method", Quantize)
