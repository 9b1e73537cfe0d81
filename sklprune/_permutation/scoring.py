"""Scores of all repeats of a permutation, from responses that are computed once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sklprune._metadata import routing_enabled
from sklprune._permutation.metrics import (
    OF_CLASSES,
    OF_VALUES,
    Metric,
    Targets,
    accuracy,
)
from sklprune._permutation.moved import Moved
from sklprune._predictions import PredictionProxy
from sklprune._sklearn_private import (
    is_passthrough,
    only_predicts,
    scorer_parts,
    scorer_takes_weights,
    scorers_inside,
)
from sklprune._typing import Array, ArrayLike, Estimator, Scorer

#: scores by the name of the metric; the name is None for a scorer that gives a number
Scores = dict[Any, Array]
#: largest difference between responses that are equal up to rounding
SAME_RESPONSE = 1e-9


class Responses:
    """What a model returns for the tables of all repeats, computed when needed.

    Parameters
    ----------
    model : estimator
        A model whose rows are those of `rows`.
    rows : array or data frame of shape (n_repeats * n_rows, n_columns), or Moved
        The tables of all repeats, one below the other.
    n_repeats : int
    predicted : callable or None
        `predicted(outputs)` gives the predictions of shape (n_repeats, n_rows) for rows
        of shape (n_repeats, n_rows, n_columns), with classes as positions in
        `classes_`. None to call `predict`.
    """

    def __init__(
        self,
        model: Estimator,
        rows: Any,
        n_repeats: int,
        predicted: Callable[[Array], Array] | None = None,
    ) -> None:
        self.model, self.n_repeats = model, n_repeats
        self.moved = rows if isinstance(rows, Moved) and predicted else None
        self._rows, self._predicted = rows, predicted
        self._known = dict[str, Any]()

    @property
    def rows(self) -> Any:
        """The tables of all repeats, one below the other."""
        if isinstance(self._rows, Moved):
            self._rows = self._rows.array().reshape(-1, 1)
        return self._rows

    def response(self, name: str) -> Any:
        """The response by a prediction method: (n_repeats, n_rows, ...).

        It is a list of such arrays where the model returns a list.
        """
        if name not in self._known:
            found = getattr(self.model, name)(self.rows)
            several = isinstance(found, list)
            self._known[name] = (
                [self._split(each) for each in found] if several else self._split(found)
            )
        return self._known[name]

    @property
    def has_predictions(self) -> bool:
        """Whether predictions are known without a call of `predict`."""
        return self._predicted is not None

    def codes(self) -> Array:
        """The predicted classes as positions in `classes_`: (n_repeats, n_rows)."""
        if self.moved is not None and self.moved.labels is not None:
            return self.moved.labels
        if self._predicted is not None:
            return self._predicted(self._outputs())
        return np.searchsorted(self.model.classes_, self.response("predict"))

    def values(self) -> Array:
        """The predicted values: (n_repeats, n_rows)."""
        if self._predicted is not None:
            return self._predicted(self._outputs())
        return self.response("predict")

    def _outputs(self) -> Array:
        return self.rows.reshape(self.n_repeats, -1, self.rows.shape[-1])

    def of_repeat(self, repeat: int) -> PredictionProxy:
        """A model that returns the responses of one repeat for any rows."""

        def respond(name, X):
            found = self.response(name)
            several = isinstance(found, list)
            return [each[repeat] for each in found] if several else found[repeat]

        return PredictionProxy(self.model, respond)

    def rows_of(self, repeat: int) -> Any:
        """The table of one repeat."""
        n_rows = self.rows.shape[0] // self.n_repeats
        return self.rows[repeat * n_rows : (repeat + 1) * n_rows]

    def end_with(self, alone: "Responses") -> bool:
        """Whether the responses of the last repeat are those of `alone`.

        Only responses that have been computed are compared.
        """
        for name, known in self._known.items():
            own = alone.response(name)
            pairs = zip(known, own) if isinstance(known, list) else [(known, own)]
            if not all(equal_responses(many[-1], one[0]) for many, one in pairs):
                return False
        return True

    def _split(self, response: Any) -> Array:
        response = np.asarray(response)
        return response.reshape(self.n_repeats, -1, *response.shape[1:])


class Scoring:
    """Scores of a model by one scorer on given rows.

    Parameters
    ----------
    scorer : callable
        A scorer of scikit-learn for one metric or several, or any other callable that
        returns a number or a dict of numbers.
    estimator : estimator
        The fitted model.
    y : array-like or None
    metadata : dict
        Keywords of the scorer, such as `sample_weight`.
    """

    def __init__(
        self,
        scorer: Scorer,
        estimator: Estimator,
        y: ArrayLike | None,
        metadata: dict[str, Any],
    ) -> None:
        self._scorer, self._y, self._metadata = scorer, y, metadata
        self._parts = self._split_up(scorer, estimator)
        self._metrics = {
            name: _metric(part, estimator, y, metadata)
            for name, part in self._parts.items()
        }

    def _split_up(self, scorer: Any, estimator: Estimator) -> dict[Any, Any]:
        inside = None if routing_enabled() else scorers_inside(scorer)
        if inside is None:
            return {None: scorer}
        # each has its own metadata, as `_MultimetricScorer` has it
        return inside

    def only_predicts(self, estimator: Estimator) -> bool:
        """Whether the scores depend on nothing but predictions of the model."""
        return all(only_predicts(part, estimator) for part in self._parts.values())

    @property
    def passes_through(self) -> bool:
        """Whether the scores come from the `score` method of the model."""
        return is_passthrough(self._scorer)

    @property
    def is_computed(self) -> bool:
        """Whether all scores are computed as arrays, from targets without surprises."""
        return all(m is not None and m.complete for m in self._metrics.values())

    def of_table(self, estimator: Estimator, X: Any) -> Scores:
        """The scores of a model on one table, by the scorer itself."""
        value = self._scorer(estimator, X, self._y, **self._metadata)
        return _stacked([value])

    def of_tables(self, estimator: Estimator, tables: Any) -> Scores:
        """The scores on several tables, each of which is used once."""
        return _stacked(
            [self._scorer(estimator, X, self._y, **self._metadata) for X in tables]
        )

    def of_responses(self, responses: Responses) -> Scores:
        """The scores of each repeat."""
        scores: Scores = {}
        for name, part in self._parts.items():
            metric = self._metrics[name]
            found = None if metric is None else metric(responses)
            if found is None:
                found = self._by_scorer(part, responses)
            scores |= {name: found} if not isinstance(found, dict) else found
        return scores

    def _by_scorer(self, part: Any, responses: Responses) -> Any:
        """The scores by a scorer that is called for each repeat."""
        metadata = self._metadata
        if part is not self._scorer and not scorer_takes_weights(part, responses.model):
            metadata = {k: v for k, v in metadata.items() if k != "sample_weight"}
        cached = only_predicts(part, responses.model)
        found = _of_repeats(part, responses, self._y, metadata) if cached else None
        if found is not None:
            return {None: found} if part is self._scorer else found
        values = []
        for repeat in range(responses.n_repeats):
            model = responses.of_repeat(repeat) if cached else responses.model
            values.append(part(model, responses.rows_of(repeat), self._y, **metadata))
        scores = _stacked(values)
        return scores if part is self._scorer else scores[None]


def _of_repeats(
    scorer: Any, responses: Responses, y: ArrayLike | None, metadata: dict[str, Any]
) -> Array | None:
    """The scores of a scorer whose metric computes all repeats itself, or None."""
    function = scorer_parts(scorer, responses.model)[0]
    of_repeats = getattr(function, "of_repeats", None)
    if of_repeats is None or routing_enabled():
        return None
    found: Array | None = of_repeats(responses, y, metadata)
    return found


def equal_responses(one: Array, other: Array) -> bool:
    """Whether two responses differ by nothing but rounding."""
    if one.dtype.kind != "f":
        return np.array_equal(one, other)
    return np.allclose(one, other, SAME_RESPONSE, SAME_RESPONSE, equal_nan=True)


def _stacked(values: list[Any]) -> Scores:
    """The scores of several calls by name."""
    if isinstance(values[0], dict):
        return {name: np.array([v[name] for v in values]) for name in values[0]}
    return {None: np.array(values)}


class _ArrayMetric(NamedTuple):
    """A metric of scikit-learn as a function of the responses of all repeats."""

    metric: Metric
    targets: Targets
    sign: int
    response: Any
    of_classes: bool

    @property
    def complete(self) -> bool:
        return self.targets.complete

    def __call__(self, responses: Responses) -> Array | None:
        """The scores; None if the responses have another form than expected."""
        if not _suits(responses, self.response, self.of_classes):
            return None
        found = self.metric(responses, self.targets)
        return None if found is None else self.sign * found


def _metric(
    scorer: Any, estimator: Estimator, y: ArrayLike | None, metadata: dict[str, Any]
) -> _ArrayMetric | None:
    """The metric of a scorer, or None if it is not known."""
    function, sign, response = scorer_parts(scorer, estimator)
    metric = OF_CLASSES.get(function) or OF_VALUES.get(function)
    if metric is None or routing_enabled() or not metadata.keys() <= {"sample_weight"}:
        return None
    weight = metadata.get("sample_weight")
    if weight is not None:
        if not scorer_takes_weights(scorer, estimator):
            return None
        weight = np.asarray(weight)
        if weight.shape != np.asarray(y).shape[:1] or weight.dtype.kind not in "biuf":
            return None
        if not (weight >= 0).all():
            return None
    of_classes = function in OF_CLASSES
    targets = (_classes if of_classes else _values)(estimator, y, weight)
    if targets is None or not (targets.complete or metric is accuracy):
        return None
    return _ArrayMetric(metric, targets, sign, response, of_classes)


def _suits(responses: Responses, response: Any, of_classes: bool) -> bool:
    """Whether the responses have the form that the metrics expect."""
    names = (response,) if isinstance(response, str) else tuple(response)
    if names == ("predict",) and responses.has_predictions:
        return True
    name = next((each for each in names if hasattr(responses.model, each)), None)
    if name is None:
        return False
    found = responses.response(name)
    if isinstance(found, list) or (name == "predict" and found.ndim != 2):
        return False
    return found.dtype == float or (of_classes and name == "predict")


def _classes(
    estimator: Estimator, y: ArrayLike | None, weight: Array | None
) -> Targets | None:
    """The targets of a classifier, or None if they are no labels of one output."""
    classes, y = getattr(estimator, "classes_", None), np.asarray(y)
    if not isinstance(classes, np.ndarray) or classes.ndim != 1 or y.ndim != 1:
        return None
    if y.dtype.kind != classes.dtype.kind or len(y) == 0:
        return None
    codes = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    codes[classes[codes] != y] = -1
    used = codes if weight is None else codes[weight > 0]
    complete = len(classes) > 1 and codes.min() >= 0
    complete = complete and len(np.unique(used)) == len(classes)
    return Targets(codes, weight, len(classes), complete)


def _values(
    estimator: Estimator, y: ArrayLike | None, weight: Array | None
) -> Targets | None:
    """The targets of a regressor; None unless they are one column of numbers."""
    y = np.asarray(y)
    if y.ndim != 1 or y.dtype.kind not in "biuf" or y.dtype == np.float32 or len(y) < 2:
        return None
    return Targets(y.astype(float), weight, 0, True)
