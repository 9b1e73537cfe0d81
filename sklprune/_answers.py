"""What a model answers where the sums of its trees are known without asking it."""

from functools import partial

import numpy as np

#: how a scorer may ask a model
RESPONSES = ("predict", "predict_proba", "decision_function")


class Answers:
    """Stands in for a model before a scorer: it answers from sums that are known.

    Parameters
    ----------
    family, model : Family, estimator
    total : ndarray of shape (n_rows, n_outputs)
    """

    def __init__(self, family, model, total):
        self._family, self._model = family, model
        self._total = total
        self._known = {}

    def __getattr__(self, name):
        given = getattr(self._model, name)
        if name == "score":
            # the score of the model's own kind, of what is answered here
            return partial(type(self._model).score, self)
        if name not in RESPONSES:
            return given

        def response(X):
            return self._answer(name)

        # scikit-learn asks a method for its name
        response.__name__ = name
        return response

    def _answer(self, name):
        if name not in self._known:
            self._known[name] = self._ask(name, self._total)
        said = [array.copy() for array in self._known[name]]
        return said if len(said) > 1 else said[0]

    def _ask(self, name, total):
        """One array, or of several outputs one for each; none is a part of `total`."""
        said = self._family.answer(self._model, total, name)
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


class OutOfBag:
    """What a fitted ensemble says of rows that it has seen, by trees that have not.

    Parameters
    ----------
    family, model : Family, estimator
    X : array-like of shape (n_rows, n_features)
        Some of the rows that it was fitted on.
    rows : ndarray of shape (n_rows,), int
        Their positions among all of them.
    """

    def __init__(self, family, model, X, rows):
        self._family, self._model = family, model
        self._total = family.out_of_bag_total(model, X, rows)

    def at(self, rows):
        """The model as it answers some of these rows, in their order."""
        return Answers(self._family, self._model, self._total[rows])
