"""What a model answers where it need not be asked, or not again."""

from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklprune._sklearn_private import only_predicts, safe_indexing

#: how a scorer may ask a model
RESPONSES = ("predict", "predict_proba", "decision_function")
#: how often the trees that have not seen a row are halved
N_HALVINGS = 2


class PredictionProxy:
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


class UpdatablePredictions(PredictionProxy):
    """UpdatablePredictions from sums over trees that are known, and may change, whatever X is.

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
        said = self._family.response(self._model, total, name)
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


class CachedPredictions(PredictionProxy):
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


def with_cached_predictions(model, task):
    """A model before the scorer of a task, asked about its rows once if that will do.

    Parameters
    ----------
    model : estimator
    task : Task

    Returns
    -------
    model : estimator or CachedPredictions
    task : Task
        Its X are the rows as the model takes them: positions, of `CachedPredictions`.
    """
    if not only_predicts(task.scorer, model):
        return model, task
    return CachedPredictions(
        model, lambda name: getattr(model, name)(task.X)
    ), with_positions(task)


class OutOfBag(NamedTuple):
    """What an ensemble says of rows that it has seen, by trees that have not.

    Parameters
    ----------
    said : CachedPredictions
    by_halves, by_quarters : list of CachedPredictions
        The same by half of those trees, and by a quarter, one part after the other.
    right : CachedPredictions
        What would be right.
    n_more : float
        How often those trees must be doubled to be as many as there are.
    """

    said: CachedPredictions
    by_halves: list
    by_quarters: list
    right: CachedPredictions
    n_more: float

    def extrapolated(self, score, scored):
        """A score as all trees would have it of rows that none of them has seen.

        A row is out of bag for about a third of the trees, and the mean of fewer trees
        scores worse. From half of them to all there is so much to be gained, from a
        quarter to a half there was so much; each doubling brings the same share of the
        one before. Of squared error this is a half, and no score is given more; of log
        loss, where one tree that is wrong for certain costs all, it is less. Nor does a
        score become better than that of what is right.

        Parameters
        ----------
        score : callable
            `score(model)`, a float.
        scored : callable
            `scored(model)`, the same float, and the parts that its standard error
            comes from: (n_parts,).

        Returns
        -------
        score : float
        parts : ndarray of shape (n_parts,)

        References
        ----------
        Lopes, Wu and Lee, Measuring the algorithmic convergence of randomized
        ensembles: the regression setting, arXiv:1908.01251, 2019 (errors of many
        members from those of few).
        """
        whole, parts = scored(self.said)
        halves, parts_of_halves = zip(*map(scored, self.by_halves))
        half = np.mean(halves)
        quarter = np.mean([score(model) for model in self.by_quarters])
        factor = extrapolation_factor(whole - half, half - quarter, self.n_more)
        carried = whole + factor * (whole - half)
        bound = min(carried, max(whole, score(self.right)))
        gains = np.array(parts) - np.mean(parts_of_halves, axis=0)
        return float(bound), parts + factor * gains + (bound - carried)


def extrapolation_factor(last, before, n_more):
    """How many times the gain of the last doubling `n_more` further ones bring.

    Each brings the same share of the one before, a half at most.
    """
    falls = 0 < last < before / 2
    share = last / before if falls else 0.5
    return share * (1 - share**n_more) / (1 - share)


def out_of_bag(family, model, task, rows):
    """What a fitted ensemble says of rows that it has seen, by trees that have not.

    Parameters
    ----------
    family, model : Family, estimator
    task : Task
        Some of the rows that it was fitted on.
    rows : ndarray of shape (n_rows,), int
        Their positions among all of them.

    Returns
    -------
    OutOfBag
    """
    unseen = family.out_of_bag(model)[rows]
    unseen[~unseen.any(axis=1)] = True
    rng = check_random_state(task.random_state)
    halves = [half for _ in range(N_HALVINGS) for half in halves_of(unseen, rng)]
    quarters = [quarter for half in halves for quarter in halves_of(half, rng)]
    totals = family.raw_predictions_by(
        model, task.X, np.stack([unseen, *halves, *quarters])
    )
    said, *others, right = [
        CachedPredictions(model, partial(family.response, model, total))
        for total in [*totals, family.targets(model, task.y)]
    ]
    # of squared error what a row lacks is one over its trees, times what they vary
    n_more = np.log2(unseen.shape[1] * (1 / unseen.sum(axis=1)).mean())
    parts = others[: len(halves)], others[len(halves) :]
    return OutOfBag(said, *parts, right, n_more)


def halves_of(speaks, rng):
    """Two halves of the trees that speak of a row, at random; of one tree it twice.

    `speaks` and each of them are of shape (n_rows, n_trees), bool.
    """
    order = np.where(speaks, rng.random_sample(speaks.shape), 2.0).argsort(axis=1)
    rank = order.argsort(axis=1)
    n_trees = speaks.sum(axis=1, keepdims=True)
    first = rank < np.maximum(n_trees // 2, 1)
    second = (rank >= n_trees // 2) & (rank < n_trees)
    return first, second


def with_positions(task):
    """A task with positions in the place of its rows."""
    return task.with_X(np.arange(task.n_samples))
