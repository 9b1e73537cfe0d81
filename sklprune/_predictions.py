"""Objects that return cached or updatable predictions to a scorer instead of a model.

A scorer calls `predict`, `predict_proba` or `decision_function`. `CachedPredictions`
calls the model once for all rows and then returns subsets by position.
`UpdatablePredictions` computes the responses from raw predictions that may change.
"""

from functools import cache, partial
from typing import Any

import numpy as np

from sklprune._sklearn_private import (
    only_predicts,
    predicts_as_pipeline,
    safe_indexing,
    score_function,
)

#: the methods that a scorer may call
RESPONSES = ("predict", "predict_proba", "decision_function")


class PredictionProxy:
    """Behaves like a model whose responses are known.

    Parameters
    ----------
    model : estimator
        All other attributes are those of this model.
    respond : callable
        `respond(name, X)`: the result of the method `name`, one of `RESPONSES`.
    """

    def __init__(self, model, respond):
        self._model, self._respond = model, respond
        self.__class__ = _named_like(type(self), type(model).__name__)

    def __getattr__(self, name: str) -> Any:
        original = getattr(self._model, name)
        if name == "score":
            # the score method of the model's class, on the responses of the proxy.
            # That of a pipeline would transform the rows
            return partial(score_function(self._model), self)
        if name not in RESPONSES:
            return original

        def response(X):
            return self._respond(name, X)

        # scikit-learn reads the name of the method
        response.__name__ = name
        return response


@cache
def _named_like(proxy_class, name):
    """A subclass with the name of the class of the model, for error messages."""
    return type(name, (proxy_class,), {})


class UpdatablePredictions(PredictionProxy):
    """Responses computed from raw predictions that may change; X is not used.

    Parameters
    ----------
    family, model : Family, estimator
    raw : ndarray of shape (n_rows, n_outputs)
        Raw predictions; changed in place by `change` and `restore`.
    """

    def __init__(self, family, model, raw):
        super().__init__(model, self._copies)
        self._family = family
        self._raw = raw
        self._known = {}

    def _copies(self, name, X):
        if name not in self._known:
            self._known[name] = self._responses(name, self._raw)
        arrays = [array.copy() for array in self._known[name]]
        return arrays if len(arrays) > 1 else arrays[0]

    def _responses(self, name, raw):
        """A list of one array for each output; none is a view of `raw`."""
        found = self._family.response(self._model, raw, name)
        return [
            np.array(each) for each in (found if isinstance(found, list) else [found])
        ]

    def change(self, rows, raw):
        """Change the raw predictions of some rows.

        Returns
        -------
        before : dict
            The previous values, for `restore`.
        changed : bool
            Whether any response has changed.
        """
        before, changed = {"raw": self._raw[rows]}, False
        self._raw[rows] = raw
        for name, known in self._known.items():
            before[name] = [array[rows] for array in known]
            for array, new, old in zip(known, self._responses(name, raw), before[name]):
                changed = changed or not np.array_equal(new, old)
                array[rows] = new
        return before, changed

    def restore(self, rows, before):
        """Undo a change."""
        self._raw[rows] = before["raw"]
        for name, known in self._known.items():
            for array, old in zip(known, before[name]):
                array[rows] = old


class CachedPredictions(PredictionProxy):
    """Predicts all rows once, and returns subsets; X holds positions of rows.

    Parameters
    ----------
    model : estimator
    predict_all : callable
        `predict_all(name)`: the responses for all rows by one of `RESPONSES`.
    """

    def __init__(self, model, predict_all):
        super().__init__(model, self._of_rows)
        self._predict_all = predict_all
        self._known = {}

    def _of_rows(self, name, rows):
        if name not in self._known:
            self._known[name] = self._predict_all(name)
        known = self._known[name]
        if name == "predict_proba" and isinstance(known, list):
            return [safe_indexing(of_output, rows) for of_output in known]
        return safe_indexing(known, rows)


def with_cached_predictions(model, task):
    """A model that predicts the rows of a task once, if the scorer allows it.

    Parameters
    ----------
    model : estimator
    task : Task

    Returns
    -------
    model : estimator or CachedPredictions
        The model itself where the scorer may do more than call a response.
    task : Task
        For `CachedPredictions`, X holds positions.
    """
    predicts = only_predicts(task.scorer, model)
    if not (predicts or predicts_as_pipeline(task.scorer, model)):
        return model, task
    cached = CachedPredictions(model, lambda name: getattr(model, name)(task.X))
    return cached, with_positions(task)


def with_positions(task):
    """A task whose X holds the positions of the rows instead of the rows."""
    return task.with_X(np.arange(task.n_samples))
