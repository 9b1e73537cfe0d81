"""Magnitude pruning: remove the smallest weights, or the hidden units whose weights
are smallest."""

import numbers
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from sklprune._column_scale import column_scales
from sklprune._networks.weight_scores import check_finite, check_scope, comparable
from sklprune._parameters import is_real
from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._weights import WeightMethod

#: statistics of the scores that a threshold can be a multiple of
STATISTICS: dict[str, Callable[[Array], Any]] = {"mean": np.mean, "median": np.median}
TINY = np.finfo(float).tiny


class Magnitude(WeightMethod):
    """Remove the weights, or the hidden units, of smallest magnitude.

    The score of a weight is its absolute value. For a hidden unit, let p be the norm
    of its incoming weights (intercept included) times the norm of its outgoing
    weights. Its score is p divided by the root mean square of p in its layer. A high
    score thus needs large norms on both sides. If a ReLU unit is rescaled without
    changing the function, its score does not change either.

    Parameters
    ----------
    granularity : {"weight", "neuron"}, default="weight"
        What is removed: single weights, or hidden units of an MLP.
    per : {"global", "layer", "layer_adaptive"}, default="global"
        "global" compares the scores of all layers with each other. "layer" removes
        the same fraction from each layer. "layer_adaptive" divides each squared score
        by the sum of those in its layer that are not smaller (LAMP). The largest score
        of each layer then is 1, so that no layer loses all its weights first.
    standardize : bool, default=True
        Whether the weights of the first layer are multiplied by the standard
        deviation of their column of X. If the layer has no intercept, the root mean
        square of the column is used. With False the order depends on the units of
        measurement. If there are further layers, the weights of the first one are
        then rescaled to the norm that they had before.
    threshold : float, str or None, default=None
        Units with a score below the threshold are removed, instead of a given
        fraction. It is a number, "mean", "median", or a multiple of one of them such
        as "1.25*mean", as in
        :class:`sklearn.feature_selection.SelectFromModel`. `pruning_ratio` must then
        be "auto", and no rule is applied. With `per="layer"` the scores are ranks
        within the layer, scaled to (0, 1].
    exclude : sequence of int, default=()
        Positions of layers that lose nothing. Negative ones count from the end, so
        that -1 is the last layer. For hidden units, the layers are the hidden layers.
    storage : {"dense", "sparse"}, default="dense"
        The form of the weights in the result. "sparse" stores `coef_` as
        `sparsify()` of scikit-learn does, and `coefs_` of an MLP as CSR arrays. Files
        are smaller from about 70 % zeros on, and batches are predicted faster from
        about 90 % on. Exporters, and a `fit` with `warm_start`, need "dense".

    Notes
    -----
    If hidden units of an MLP on digits are removed and the rest is reconstructed, the
    accuracy falls more without the division by the root mean square of the layer. It
    falls most with the incoming norms alone.

    The first layer keeps its norm because standardized weights are not comparable
    with those of other layers. On digits, whose columns have standard deviations of
    several units, removing most of the weights would otherwise empty all layers
    behind the first one.

    References
    ----------
    Han, Pool, Tran and Dally, Learning both weights and connections for efficient
    neural networks, NeurIPS 2015. Lee, Park, Mo, Ahn and Shin, Layer-adaptive sparsity
    for the magnitude-based pruning, ICLR 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklprune import prune
    >>> from sklprune.methods import Magnitude
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = RidgeClassifier().fit(X, y)
    >>> small = prune(model, X, y, method=Magnitude(), pruning_ratio=0.8)
    >>> int((small.estimator_.coef_ != 0).sum())
    6
    >>> threshold = Magnitude(threshold="1.25*mean")
    >>> small = prune(model, X, y, method=threshold)
    >>> round(small.pruning_ratio_, 2)
    0.83
    """

    needs = ("layers",)
    reason = "smaller than the kept units"

    _parameter_constraints: ClassVar = {
        "standardize": ["boolean"],
        "exclude": ["array-like"],
    }

    def __init__(
        self,
        granularity: str = "weight",
        *,
        per: str = "global",
        standardize: bool = True,
        threshold: float | str | None = None,
        exclude: Sequence[int] = (),
        storage: str = "dense",
    ) -> None:
        self.granularity = granularity
        self.per = per
        self.standardize = standardize
        self.threshold = threshold
        self.exclude = exclude
        self.storage = storage

    @property
    def decides(self) -> bool:  # type: ignore[override]  # depends on a parameter
        """Whether a threshold, and not a ratio, sets the number of removed units."""
        return self.threshold is not None

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Scores of all units, (n_units,); see the description of the class."""
        check_scope("Magnitude", self.per)
        layers = list(family.layers(estimator))
        check_finite("Magnitude", layers)
        norm_before = np.linalg.norm(layers[0].coef)
        if self.standardize:
            centred = layers[0].intercept is not None
            scale = column_scales(task.X, task.sample_weight, centred)
            layers[0] = layers[0]._replace(coef=layers[0].coef * scale[:, None])
        sizes = _unit_sizes(layers) if units.strata is not None else _sizes(layers)
        if units.strata is None and len(layers) > 1:
            # standardizing must make columns comparable, not resize the layer
            sizes[0] *= norm_before / max(np.linalg.norm(sizes[0]), TINY)
        return comparable(sizes, self.per)

    def candidate(
        self,
        path: Any,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The candidate at a ratio, or with the ratio None at the threshold."""
        limited = self._limited(units)
        if ratio is not None:
            keep = limited.best(path, ratio)
            return Candidate(ratio, keep, path, family, estimator, units)
        keep = limited.at_least(path, threshold_of(path, self.threshold))
        return Candidate(float((~keep).mean()), keep, path, family, estimator, units)

    def _limited(self, units: Units) -> Units:
        """The units, of which those of excluded layers are fixed."""
        if not len(self.exclude):
            return units
        layers = units.strata
        if layers is None:
            sizes = [rows * columns for rows, columns in units.where]
            layers = np.repeat(np.arange(len(sizes)), sizes)
        n_layers = int(layers.max()) + 1
        for layer in self.exclude:
            whole = isinstance(layer, numbers.Integral) and not isinstance(layer, bool)
            if not (whole and -n_layers <= layer < n_layers):
                raise ValueError(
                    f"Magnitude(exclude={self.exclude!r}): {layer!r} must be the "
                    f"position of one of {n_layers} layers, from {-n_layers} to "
                    f"{n_layers - 1}."
                )
        fixed = np.isin(layers, np.mod(self.exclude, n_layers))
        return replace(units, fixed=fixed)


def threshold_of(scores: Array, threshold: Any) -> Any:
    """The number that the parameter `threshold` denotes for these scores."""
    if is_real(threshold):
        return threshold
    factor, star, name = str(threshold).rpartition("*")
    try:
        return float(factor if star else 1) * STATISTICS[name.strip()](scores)
    except (KeyError, ValueError):
        raise ValueError(
            f"Magnitude(threshold={threshold!r}): threshold must be None, a number, "
            "'mean', 'median', or a multiple of them like '1.25*mean'."
        ) from None


def _sizes(layers: Sequence[Any]) -> list[Array]:
    return [np.abs(layer.coef).ravel() for layer in layers]


def _unit_sizes(layers: Sequence[Any]) -> list[Array]:
    incoming = [
        np.sqrt((layer.coef**2).sum(axis=0) + layer.intercept**2)
        for layer in layers[:-1]
    ]
    outgoing = [np.sqrt((layer.coef**2).sum(axis=1)) for layer in layers[1:]]
    products = [a * b for a, b in zip(incoming, outgoing)]
    return [size / max(np.sqrt((size**2).mean()), TINY) for size in products]


register("method", Magnitude)
