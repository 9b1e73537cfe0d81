"""Member selection: which trees of an ensemble its average can do without."""

import numpy as np

from sklprune._registry import register
from sklprune.methods._base import Method


class MemberSelection(Method):
    """Order the members of an averaging ensemble by reduced error.

    Starting from the whole ensemble, the member leaves whose absence costs the
    least squared error (the Brier score of a classifier); and so on until one is
    left. The error of any set of members follows from the products of their
    residuals alone (Perrone and Cooper 1993), so that each step costs one pass over
    the members and none over the rows. Of a bootstrap forest the products are taken
    over the rows that are out of bag for both members, and no rows are held out.

    Memory: rows x members x outputs x 4 bytes for what the members say.

    References
    ----------
    Margineantu and Dietterich, Pruning adaptive boosting, ICML 1997. Perrone and
    Cooper, When networks disagree: ensemble methods for hybrid neural networks, 1993.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(50, random_state=0)
    >>> pruned = PrunedEstimator(forest, method="member_selection",
    ...                          pruning_ratio=0.8).fit(X, y)
    >>> len(pruned.estimator_.estimators_)
    10
    """

    granularity = "member"
    needs = ("member_outputs", "member_targets")
    needs_unseen = True
    needs_labels = True
    reason = "the average of the others errs least without it"
    takes_out_of_bag = True

    def score(self, family, estimator, units, task):
        rows = task.to_order()
        outputs = family.member_outputs(estimator, rows.X)
        targets = family.member_targets(estimator, rows.y)
        seen = None
        if task.unseen is None and "out_of_bag" in family.capabilities(estimator):
            seen = ~family.out_of_bag(estimator)
        residuals = np.subtract(outputs, targets[:, None, :], out=outputs)
        return elimination_steps(residual_products(residuals, rows.sample_weight, seen))


def residual_products(residuals, sample_weight=None, seen=None):
    """Mean products of the residuals of each two members, (n_members, n_members).

    Parameters
    ----------
    residuals : ndarray of shape (n_rows, n_members, n_outputs), written to
        What each member says less what it ought to say.
    sample_weight : ndarray of shape (n_rows,) or None
    seen : ndarray of shape (n_rows, n_members), bool, or None
        Rows that do not count for a member. Two members that share no row get the
        mean product of the others.
    """
    n_rows, n_members, n_outputs = residuals.shape
    weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight)
    counts = np.full((n_members, n_members), weight.sum())
    if seen is not None:
        residuals[seen] = 0
        unseen = (~seen).astype(np.float32)
        counts = (unseen.T * weight) @ unseen
    residuals *= np.sqrt(weight).astype(residuals.dtype)[:, None, None]
    products = np.zeros((n_members, n_members))
    for output in range(n_outputs):
        of_output = residuals[:, :, output]
        products += of_output.T @ of_output
    known = counts > 0
    mean = np.divide(products, counts, out=np.zeros_like(products), where=known)
    mean[~known] = mean[known].mean() if known.any() else 0.0
    return mean


def elimination_steps(products):
    """The step at which each member leaves, 1 to n_members; the last one stays longest.

    The squared error of the average over a set S is the sum of `products` over
    S x S, divided by the square of its size. Of equal members the later one leaves.
    """
    n_members = len(products)
    steps = np.zeros(n_members)
    inside = np.ones(n_members, dtype=bool)
    row_sums = products.sum(axis=1)
    own = np.diag(products)
    for step in range(1, n_members + 1):
        # what leaves the double sum when a member goes; the larger, the better
        relief = np.where(inside, 2 * row_sums - own, -np.inf)
        out = n_members - 1 - int(np.argmax(relief[::-1]))
        steps[out] = step
        inside[out] = False
        row_sums -= products[out]
    return steps


register("method", MemberSelection)
