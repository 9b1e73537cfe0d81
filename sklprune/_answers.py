"""What a model answers where it need not be asked, or not again."""

from functools import partial

import numpy as np

from sklprune._sklearn_private import asks_for_answers_alone, safe_indexing

#: how a scorer may ask a model
RESPONSES = ("predict", "predict_proba", "decision_function")


class StandIn:
    """Stands in for a model before a scorer of scikit-learn's.

    Parameters
    ----------
    model : estimator
    answer : callable
        `answer(name)`, the answer by one of `RESPONSES`, to whatever rows.
    """

    def __init__(self, model, answer):
        self.stands_for, self._answer = model, answer

    def __getattr__(self, name):
        given = getattr(self.stands_for, name)
        if name == "score":
            # the score of the model's own kind, of what is answered here
            return partial(type(self.stands_for).score, self)
        if name not in RESPONSES:
            return given

        def response(X):
            return self._answer(name)

        # scikit-learn asks a method for its name
        response.__name__ = name
        return response


class Answers(StandIn):
    """Answers from sums over trees that are known, and may change.

    Parameters
    ----------
    family, model : Family, estimator
    total : ndarray of shape (n_rows, n_outputs)
    """

    def __init__(self, family, model, total):
        super().__init__(model, self._copied)
        self._family = family
        self._total = total
        self._known = {}

    def _copied(self, name):
        if name not in self._known:
            self._known[name] = self._ask(name, self._total)
        said = [array.copy() for array in self._known[name]]
        return said if len(said) > 1 else said[0]

    def _ask(self, name, total):
        """One array, or of several outputs one for each; none is a part of `total`."""
        said = self._family.answer(self.stands_for, total, name)
        return [np.array(each) for each in (said if isinstance(said, list) else [said])]

    def change(self, rows, total):
        """Change the sums of some rows.

        Returns
        -------
        before : dict
            What they were told, for `restore`.
        moved : bool
            Whether they are told anything else now.
        """
        before, moved = {"total": self._total[rows]}, False
        self._total[rows] = total
        for name, known in self._known.items():
            before[name] = [array[rows] for array in known]
            for array, new, old in zip(known, self._ask(name, total), before[name]):
                moved = moved or not np.array_equal(new, old)
                array[rows] = new
        return before, moved

    def restore(self, rows, before):
        """Take a change back."""
        self._total[rows] = before["total"]
        for name, known in self._known.items():
            for array, old in zip(known, before[name]):
                array[rows] = old


class AskedOnce:
    """A model that is asked about all rows once, and then answers for any of them.

    Parameters
    ----------
    model : estimator
    ask : callable
        `ask(name)`, its answers to all rows by one of `RESPONSES`.
    """

    def __init__(self, model, ask):
        self._model, self._ask = model, ask
        self._known = {}

    def at(self, rows):
        """The model as it answers some of the rows, in their order."""
        return StandIn(self._model, partial(self._answer, rows))

    def _answer(self, rows, name):
        if name not in self._known:
            self._known[name] = self._ask(name)
        known = self._known[name]
        if name == "predict_proba" and isinstance(known, list):
            return [safe_indexing(of_output, rows) for of_output in known]
        return safe_indexing(known, rows)


class AskedAgain:
    """A model that is asked itself each time."""

    def __init__(self, model):
        self._model = model

    def at(self, rows):
        """The model."""
        return self._model


def asked_by(scorer, model, X):
    """What answers for a model: it is asked about all rows once, where the scorer will
    not ask it for anything else.

    Parameters
    ----------
    scorer : callable or None
    model : estimator
    X : array-like of shape (n_rows, n_features)

    Returns
    -------
    AskedOnce or AskedAgain
    """
    if not asks_for_answers_alone(scorer, model):
        return AskedAgain(model)
    return AskedOnce(model, lambda name: getattr(model, name)(X))


def out_of_bag(family, model, X, rows):
    """What a fitted ensemble says of rows that it has seen, by trees that have not.

    Parameters
    ----------
    family, model : Family, estimator
    X : array-like of shape (n_rows, n_features)
        Some of the rows that it was fitted on.
    rows : ndarray of shape (n_rows,), int
        Their positions among all of them.

    Returns
    -------
    AskedOnce
    """
    total = family.out_of_bag_total(model, X, rows)
    return AskedOnce(model, lambda name: family.answer(model, total, name))
