"""The prices of columns, for rules that limit what the columns of a model cost."""

import numbers
from collections.abc import Mapping

import numpy as np

from sklprune._evaluation.stability import unpacked
from sklprune._feature_groups import positions_of
from sklprune._frames import column_names
from sklprune._registry import family_of
from sklprune._support import has_support

#: the column of the table that follows from prices
FEATURE_COST = "feature_cost"


def prices_of(rule, X):
    """The price of each column of X that a rule states, or None without prices.

    Parameters
    ----------
    rule : Rule
    X : array, sparse matrix or data frame of shape (n_rows, n_features)

    Returns
    -------
    ndarray of shape (n_features,), or None

    Raises
    ------
    ValueError
        If a column is unknown or has no price, or a price is not allowed.
    """
    if FEATURE_COST not in rule.needs:
        return None
    prices, name = rule.prices, type(rule).__name__
    if not isinstance(prices, Mapping) or not prices:
        raise ValueError(
            f"{name}(prices={prices!r}): feature_cost needs the price of each column, "
            "as a dict from names or positions of columns to numbers."
        )
    for column, price in prices.items():
        real = isinstance(price, numbers.Real) and not isinstance(price, bool)
        if not real or not 0 <= float(price) < np.inf:
            raise ValueError(
                f"{name}(prices={{{column!r}: {price!r}}}): the price of a column must "
                "be a finite number that is not negative."
            )
    names = column_names(X)
    values = np.full(len(names), np.nan)
    columns = positions_of(names, list(prices), f"{name}(prices=...)")
    values[columns] = [float(price) for price in prices.values()]
    missing = names[np.isnan(values)]
    if len(missing):
        listed = ", ".join(repr(str(each)) for each in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise ValueError(
            f"{name}(prices=...) has no price for the columns {listed}{more}. Give a "
            "price to each column of X, and 0 to a column that costs nothing."
        )
    return values


def check_prices(rule, plan, X):
    """Raise an error for prices that cannot be used, before anything is fitted."""
    if FEATURE_COST not in rule.needs:
        return
    if plan.method.granularity != "feature":
        raise ValueError(
            f"rule={rule!r} limits the cost of the columns, and method="
            f"{plan.method!r} removes units of granularity {plan.method.granularity!r}."
            " Use a method for columns, for example method='columns'."
        )
    prices_of(rule, X)


def costs_of_paths(rule, estimator, X, kept):
    """The mean cost of the columns of each candidate over the splits.

    Parameters
    ----------
    rule : Rule
    estimator : estimator
        The unpruned model; its columns are the units.
    X : array, sparse matrix or data frame
    kept : list of list of ndarray
        For each ratio and split the `packed` mask of the kept units.

    Returns
    -------
    ndarray of shape (n_ratios,), or None without prices
    """
    prices = prices_of(rule, X)
    if prices is None:
        return None
    prices = prices[family_of(estimator).columns(estimator, X)]
    return (unpacked(kept, len(prices)) @ prices).mean(axis=1)


def cost_of(rule, candidate, X):
    """The cost of the columns of one candidate, by name; {} without prices."""
    prices = prices_of(rule, X)
    if prices is None or not has_support(candidate.units):
        return {}
    kept = candidate.units.where.positions[candidate.keep]
    return {FEATURE_COST: float(prices[kept].sum())}
