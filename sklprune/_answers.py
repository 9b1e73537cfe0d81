"""What a model answers where it need not be asked, or not again."""

from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklprune._sklearn_private import asks_for_answers_alone, safe_indexing

#: how a scorer may ask a model
RESPONSES = ("predict", "predict_proba", "decision_function")
#: how often the trees that have not seen a row are halved
N_HALVINGS = 4


class StandIn:
    """Stands in for a model before a scorer of scikit-learn's.

    Parameters
    ----------
    model : estimator
    answer : callable
        `answer(name, X)`, what it answers by one of `RESPONSES`.
    """

    def __init__(self, model, answer):
        self._model, self._answer = model, answer
        # scikit-learn names the class in its errors
        self.__class__ = type(type(model).__name__, (type(self),), {})

    def __getattr__(self, name):
        given = getattr(self._model, name)
        if name == "score":
            # the score of the model's own kind, of what is answered here
            return partial(type(self._model).score, self)
        if name not in RESPONSES:
            return given

        def response(X):
            return self._answer(name, X)

        # scikit-learn asks a method for its name
        response.__name__ = name
        return response


class Answers(StandIn):
    """Answers from sums over trees that are known, and may change, whatever X is.

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

    def _copied(self, name, X):
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


class AskedOnce(StandIn):
    """Is asked about all rows once, and then answers for any; X are their positions.

    Parameters
    ----------
    model : estimator
    ask : callable
        `ask(name)`, the answers to all rows by one of `RESPONSES`.
    """

    def __init__(self, model, ask):
        super().__init__(model, self._of_rows)
        self._ask = ask
        self._known = {}

    def _of_rows(self, name, rows):
        if name not in self._known:
            self._known[name] = self._ask(name)
        known = self._known[name]
        if name == "predict_proba" and isinstance(known, list):
            return [safe_indexing(of_output, rows) for of_output in known]
        return safe_indexing(known, rows)


def asked_once(model, task):
    """A model before the scorer of a task, asked about its rows once if that will do.

    Parameters
    ----------
    model : estimator
    task : Task

    Returns
    -------
    model : estimator or AskedOnce
    task : Task
        Its X are the rows as the model takes them: positions, of `AskedOnce`.
    """
    if not asks_for_answers_alone(task.scorer, model):
        return model, task
    return AskedOnce(model, lambda name: getattr(model, name)(task.X)), by_position(
        task
    )


class OutOfBag(NamedTuple):
    """What an ensemble says of rows that it has seen, by trees that have not.

    Parameters
    ----------
    said : AskedOnce
    by_halves : list of AskedOnce
        The same by half of those trees, one half after the other.
    beyond : float
        How many times what halves lack all of those trees lack next to the ensemble.
    """

    said: AskedOnce
    by_halves: list
    beyond: float

    def carried_on(self, measure):
        """A score as all trees would have it of rows that none of them has seen.

        A row is out of bag for about a third of the trees, and the mean of fewer trees
        scores worse, by about as much as one over their number: exactly so in squared
        error. From half of them to all what is missing is found.

        Parameters
        ----------
        measure : callable
            `measure(model)`, a score or an array of them.

        References
        ----------
        Lopes, Wu and Lee, Measuring the algorithmic convergence of randomized
        ensembles: the regression setting, arXiv:1908.01251, 2019 (errors of many
        members from those of few).
        """
        score = measure(self.said)
        of_halves = np.mean([measure(half) for half in self.by_halves], axis=0)
        return score + self.beyond * (score - of_halves)


def out_of_bag(family, model, X, rows, random_state):
    """What a fitted ensemble says of rows that it has seen, by trees that have not.

    Parameters
    ----------
    family, model : Family, estimator
    X : array-like of shape (n_rows, n_features)
        Some of the rows that it was fitted on.
    rows : ndarray of shape (n_rows,), int
        Their positions among all of them.
    random_state : int or None
        Which trees make a half.

    Returns
    -------
    OutOfBag
    """
    unseen = family.out_of_bag(model)[rows]
    unseen[~unseen.any(axis=1)] = True
    rng = check_random_state(random_state)
    halves = [half for _ in range(N_HALVINGS) for half in _halves(unseen, rng)]
    speaks = np.stack([unseen, *halves])
    # of squared error what a row lacks is one over its trees, times what they vary
    lacks = (1 / speaks.sum(axis=2)).mean(axis=1)
    of_halves = lacks[1:].mean() - lacks[0]
    beyond = (lacks[0] - 1 / speaks.shape[2]) / of_halves if of_halves > 0 else 0.0
    said, *by_halves = [
        AskedOnce(model, partial(family.answer, model, total))
        for total in family.totals_by(model, X, speaks)
    ]
    return OutOfBag(said, by_halves, beyond)


def _halves(unseen, rng):
    """Two halves of the trees of each row, at random; of one tree this one twice."""
    rank = np.where(unseen, rng.random_sample(unseen.shape), 2.0).argsort(axis=1)
    rank = rank.argsort(axis=1)
    n_trees = unseen.sum(axis=1, keepdims=True)
    first = rank < np.maximum(n_trees // 2, 1)
    second = (rank >= n_trees // 2) & (rank < n_trees)
    return [first, second]


def by_position(task):
    """A task with positions in the place of its rows."""
    return task.seen_as(np.arange(task.n_samples))
