"""Member selection: the order in which members of an averaging ensemble are removed.

The order follows from the mean products of the residuals of each pair of members.
"""

from typing import Any, Literal

import numpy as np
from sklearn.base import is_classifier

from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._base import Method

ORDERS = ("reduced_error", "margin_distance")
#: the target of the mean margin of every row; the source uses 0 to 0.25
MARGIN = 0.25


class MemberSelection(Method):
    """Order the members of an averaging ensemble by their joint predictions.

    Let C(i, j) be the mean over the rows of the product of the residuals of members i
    and j. The squared error of the average over a set S of n members is a double sum
    (Perrone and Cooper 1993)::

        (sum of C(i, j) over all i and j in S) / n^2

    Each step therefore needs one pass over the members, and
    none over the rows. There are two orders:

    1. *Reduced error.* It starts from the whole ensemble. Each step removes the member
       without which the squared error is smallest, which is the Brier score of a
       classifier.
    2. *Margin distance*, for classifiers. The margin of a member on a row is its
       probability of the true class minus its largest one of another class. It starts
       from no member. Each step adds the member that brings the mean margins of the
       rows nearest to a small positive number. Rows that are right anyway do not gain
       by larger margins. Members that are right where the others are wrong therefore
       come first.

    In a bootstrap forest, the products are means over the rows that are out of bag for
    both members, and no rows are held out. The weights of rows are those of the fit:
    `sample_weight` and the `class_weight` of the forest.

    Memory: rows x members x outputs x 4 bytes for the predictions of the members.

    Parameters
    ----------
    order : {"reduced_error", "margin_distance"}, default="reduced_error"
        How members are compared. "margin_distance" prefers diversity, and requires a
        classifier with one output.

    Raises
    ------
    ValueError
        If `order` is another name, or if the members of the model have no margins.

    Notes
    -----
    With two classes, or with few trees, reduced error has the better accuracy. With
    many classes and a fifth of the trees or more, margin distance has. The differences
    are smaller than those between splits of the rows.

    References
    ----------
    Margineantu and Dietterich, Pruning adaptive boosting, ICML 1997. Perrone and
    Cooper, When networks disagree: ensemble methods for hybrid neural networks, 1993.
    Martinez-Munoz and Suarez, Aggregation ordering in bagging, IASTED 2004 (margin
    distance minimisation). They use margins of votes instead of probabilities.

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
    needs: tuple[str, ...] = ("members",)
    uses: tuple[str, ...] = ("out_of_bag",)
    needs_unseen = True
    needs_labels = True
    takes_out_of_bag = True

    def __init__(
        self, *, order: Literal["reduced_error", "margin_distance"] = "reduced_error"
    ) -> None:
        self.order = order

    @property
    def reason(self) -> str:  # type: ignore[override]
        """Why a member is removed."""
        if self.order == "margin_distance":
            return "the margins of the others are nearer to their target without it"
        return "the average of the others has the least error without it"

    def misfit(self, family: Any, estimator: Estimator) -> str:
        why = super().misfit(family, estimator)
        if why or self.order != "margin_distance":
            return why
        if not is_classifier(estimator):
            return "is not a classifier: its members have no margins"
        several = family.n_outputs(estimator) > 1
        return "has several outputs: its members have no margins" if several else ""

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        if self.order not in ORDERS:
            raise ValueError(
                f"MemberSelection(order={self.order!r}): order must be one of "
                f"{', '.join(map(repr, ORDERS))}."
            )
        rows = task.to_order()
        weight = family.row_weights(estimator, rows)
        outputs = family.member_outputs(estimator, rows.X)
        targets = family.member_targets(estimator, rows.y)
        seen = None
        if task.unseen is None and "out_of_bag" in family.capabilities(estimator):
            seen = ~family.out_of_bag(estimator)
        if self.order == "margin_distance":
            residuals = margins(outputs, targets)[:, :, None] - MARGIN
            return inclusion_steps(residual_products(residuals, weight, seen))
        residuals = np.subtract(outputs, targets[:, None, :], out=outputs)
        return elimination_steps(residual_products(residuals, weight, seen))


def margins(outputs: Array, targets: Array) -> Array:
    """Probability of the true class minus the largest one of the other classes.

    Parameters
    ----------
    outputs : ndarray of shape (n_rows, n_members, n_classes)
        Predicted probabilities.
    targets : ndarray of shape (n_rows, n_classes)
        1 for the true class, else 0. A row of a class without a column has only zeros,
        and every prediction for it is wrong.

    Returns
    -------
    ndarray of shape (n_rows, n_members)
        From -1 to 1.
    """
    true = np.einsum("rmc,rc->rm", outputs, targets)
    # the subtraction excludes the true class from the maximum
    return true - np.max(outputs - 2 * targets[:, None, :], axis=2)


def residual_products(
    residuals: Array, sample_weight: Array | None = None, seen: Array | None = None
) -> Array:
    """Mean products of the residuals of each pair of members, (n_members, n_members).

    Parameters
    ----------
    residuals : ndarray of shape (n_rows, n_members, n_outputs)
        Prediction minus target of each member. It is overwritten.
    sample_weight : ndarray of shape (n_rows,) or None, default=None
    seen : ndarray of shape (n_rows, n_members), bool, or None, default=None
        Rows that do not count for a member. Two members without a common row get the
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
    for output in tracked(range(n_outputs), "outputs"):
        of_output = residuals[:, :, output]
        products += of_output.T @ of_output
    known = counts > 0
    mean = np.divide(products, counts, out=np.zeros_like(products), where=known)
    mean[~known] = mean[known].mean() if known.any() else 0.0
    return mean


def elimination_steps(products: Array) -> Array:
    """The step at which each member is removed, from 1 to n_members.

    Each step removes the member without which the squared error of the average is
    smallest. This error is the sum of `products` over S x S, divided by the squared
    size of the set S of the others. Among equal members, the later one is removed.
    """
    n_members = len(products)
    steps = np.zeros(n_members)
    inside = np.ones(n_members, dtype=bool)
    row_sums = products.sum(axis=1)
    own = np.diag(products)
    for step in range(1, n_members + 1):
        # by how much the double sum falls without each member; the larger, the better
        decrease = np.where(inside, 2 * row_sums - own, -np.inf)
        removed = n_members - 1 - int(np.argmax(decrease[::-1]))
        steps[removed] = step
        inside[removed] = False
        row_sums -= products[removed]
    return steps


def inclusion_steps(products: Array) -> Array:
    """The reversed order in which members are added: n_members for the first one.

    Each step adds the member with which the squared error, as in `elimination_steps`,
    is smallest. Among equal members, the first one is added.

    Returns
    -------
    ndarray of shape (n_members,)
        From n_members down to 1, so that the member that is added last is removed
        first.
    """
    n_members = len(products)
    steps = np.zeros(n_members)
    outside = np.ones(n_members, dtype=bool)
    row_sums = np.zeros(n_members)
    own = np.diag(products)
    for step in range(n_members, 0, -1):
        # by how much the double sum rises with each member; the smaller, the better
        increase = np.where(outside, 2 * row_sums + own, np.inf)
        added = int(np.argmin(increase))
        steps[added] = step
        outside[added] = False
        row_sums += products[added]
    return steps


register("method", MemberSelection)
