"""The capability "fast_permutation" of the families whose models are trees."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array

from sklprune._predictions import PredictionProxy
from sklprune._trees.permuted_columns import Forest, Splits, Summands, Table
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune.families._permuted_outputs import PermutedOutputs, Stream


class PermutedTrees(PermutedOutputs):
    """The capability for families of trees; outputs are the raw predictions.

    A family whose trees are no `Tree` objects of scikit-learn overrides `splits`. A
    family whose trees are not averaged overrides `summands`.
    """

    def output_model(self, estimator: Estimator) -> Estimator:
        family: Any = self

        def respond(name: str, outputs: Array) -> Any:
            return family.response(estimator, outputs, name)

        return PredictionProxy(estimator, respond)

    def permuted_outputs(
        self,
        estimator: Estimator,
        X: MatrixLike,
        changes: Sequence[Any],
        n_at_once: int,
    ) -> Stream:
        family: Any = self
        forest = Forest(self.splits(estimator), self.summands(estimator))
        rows = self.compared_rows(estimator, X)
        columns = self.compared_columns(estimator)
        if columns is not None:
            changes = [c._replace(columns=np.sort(columns[c.columns])) for c in changes]
        table = Table(
            rows,
            lambda some: family.leaf_ids(estimator, X[some]),
            lambda some: family.offset(estimator, rows[some]),
        )
        sums = forest.permuted_sums(table, changes)
        first = next(sums)
        return chain([([], first)], (([i], found) for i, found in enumerate(sums)))

    def predicted(self, estimator: Estimator, outputs: Array) -> Array | None:
        family: Any = self
        if family.n_outputs(estimator) > 1:
            return None
        if not is_classifier(estimator):
            flat = outputs.reshape(-1, outputs.shape[-1])
            return family.response(estimator, flat, "predict").reshape(
                outputs.shape[:2]
            )
        if outputs.shape[-1] > 2:
            return outputs.argmax(axis=-1)
        if outputs.shape[-1] == 2:
            return outputs[..., 1] > outputs[..., 0]
        zero_is_second = getattr(self, "zero_is_second", False)
        return outputs[..., 0] >= 0 if zero_is_second else outputs[..., 0] > 0

    # -- what families override --------------------------------------------------------

    def splits(self, estimator: Estimator) -> list[Splits]:
        """The splits of each tree."""
        family: Any = self
        return [
            Splits(
                tree.children_left,
                tree.children_right,
                tree.feature,
                rounded_down(tree.threshold),
                tree.missing_go_to_left,
            )
            for tree in family.sklearn_trees(estimator)
        ]

    def summands(self, estimator: Estimator) -> Summands:
        """What the trees add up to, in the precision in which the model adds."""
        family: Any = self
        trees = family.sklearn_trees(estimator)
        values = [tree.value.reshape(tree.node_count, -1) for tree in trees]
        return Summands(values, family.n_values(estimator), float(len(values)))

    def compared_rows(self, estimator: Estimator, X: MatrixLike) -> Any:
        """The rows as trees compare them: an array, or a CSR matrix."""
        return check_array(
            X, dtype=np.float32, accept_sparse="csr", ensure_all_finite=False
        )

    def compared_columns(self, estimator: Estimator) -> Array | None:
        """Positions of columns of X in `compared_rows`; None if they are the same."""
        return None


def rounded_down(threshold: Array) -> Array:
    """The largest float32 that is not above each threshold.

    It separates the same values of single precision as the threshold itself.
    """
    single = threshold.astype(np.float32)
    below = np.nextafter(single, np.float32(-np.inf))
    return np.where(single > threshold, below, single)
