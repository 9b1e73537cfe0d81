"""Outputs of a model as a sum of which one part is permuted."""

from typing import NamedTuple

import numpy as np

from sklprune._typing import Array

#: share of the rows up to which only these rows are computed
MAX_SHARE = 0.5


class Moved(NamedTuple):
    """One output of a model after changes of single columns that add to it.

    Parameters
    ----------
    rest : ndarray of shape (n_changes, n_rows)
        What the other columns add up to.
    added : ndarray of shape (n_changes, n_rows)
        What the changed column adds, with mean zero.
    orders : ndarray of shape (n_repeats, n_rows), int
        In repeat r, row i gets what the column adds in row `orders[r, i]`.
    work : ndarray of shape (n_repeats * n_rows,)
        Memory that is written to, so that it remains in the cache.
    labels : ndarray of shape (n_changes * n_repeats, n_rows), bool, or None
        The result of `positive`, if it is known.
    """

    rest: Array
    added: Array
    orders: Array
    work: Array
    labels: Array | None = None

    @property
    def n_repeats(self) -> int:
        """Number of repeats of all changes together."""
        return len(self.rest) * len(self.orders)

    def array(self) -> Array:
        """The outputs of all repeats, change by change: (n_repeats, n_rows, 1)."""
        found = self.added.take(self.orders.ravel(), axis=1)
        found = found.reshape(len(self.rest), *self.orders.shape)
        found += self.rest[:, None]
        return found.reshape(self.n_repeats, -1, 1)

    def squared_errors(self, y: Array) -> Array:
        """The sum of squared errors of each repeat, without the array of outputs."""
        errors, rows = y - self.rest, self.orders.ravel()
        sums = np.einsum("cn,cn->c", errors, errors)
        sums += np.einsum("cn,cn->c", self.added, self.added)
        taken = self.work.reshape(self.orders.shape)
        found = np.empty((len(errors), len(taken)))
        for k, (added, of_column) in enumerate(zip(self.added, errors)):
            # with "raise", numpy takes into a copy of the memory first
            added.take(rows, out=self.work, mode="wrap")
            found[k] = sums[k] - 2 * (taken @ of_column)
        return found.ravel()

    def positive(self, distance: float) -> Array | None:
        """Whether each output is positive: (n_repeats, n_rows).

        Rows whose other columns decide the sign are not computed. None if an output is
        within a distance of zero.
        """
        found = np.empty((len(self.rest), *self.orders.shape), dtype=bool)
        for k, (rest, added) in enumerate(zip(self.rest, self.added)):
            largest = max(added.max(), -added.min()) + distance
            open_rows = np.flatnonzero(np.abs(rest) <= largest)
            few = len(open_rows) < MAX_SHARE * len(rest)
            if few:
                outputs = added.take(self.orders.take(open_rows, axis=1))
                outputs += rest.take(open_rows)
            else:
                outputs = added.take(self.orders)
                outputs += rest
            positive = outputs > 0
            if outputs.size and np.abs(outputs, out=outputs).min() <= distance:
                return None
            if few:
                found[k] = rest > 0
                found[k][:, open_rows] = positive
            else:
                found[k] = positive
        return found.reshape(self.n_repeats, -1)
