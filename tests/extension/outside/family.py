"""Families of models that store rows: one of scikit-learn, one of this package.

The unit is a stored row. Both offer the capability "stored_rows", which is the name of
the method that returns the rows and their targets.
"""

from sklearn.base import clone, is_classifier

from sklprune.families import Family, Units


class StoredRows(Family):
    """What both families share; each class keeps at least one row."""

    granularities = ("row",)

    def own_units(self, estimator, granularity):
        rows, targets = self.stored_rows(estimator)
        strata = targets if is_classifier(estimator) else None
        return Units(granularity, len(rows), strata=strata)

    def capabilities(self, estimator):
        return frozenset({"stored_rows"})

    def stored_rows(self, estimator):
        raise NotImplementedError

    def counts(self, estimator):
        rows, _ = self.stored_rows(estimator)
        return super().counts(estimator) | {"parameters": rows.size}


class NeighboursFamily(StoredRows):
    """`KNeighborsClassifier` and `KNeighborsRegressor` of scikit-learn."""

    classes = ("KNeighborsClassifier", "KNeighborsRegressor")

    def stored_rows(self, estimator):
        targets = estimator._y
        if is_classifier(estimator):
            targets = estimator.classes_[targets]
        return estimator._fit_X, targets

    def own_remove(self, estimator, units, keep):
        rows, targets = self.stored_rows(estimator)
        return clone(estimator).fit(rows[keep], targets[keep])


class PrototypesFamily(StoredRows):
    """`Prototypes` of this package."""

    classes = ("Prototypes",)

    def stored_rows(self, estimator):
        return estimator.rows_, estimator.labels_

    def own_remove(self, estimator, units, keep):
        smaller = self.strip(estimator)
        smaller.rows_ = estimator.rows_[keep]
        smaller.labels_ = estimator.labels_[keep]
        return smaller
