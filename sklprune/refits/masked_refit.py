"""Masked refit: fit the kept weights to the targets, while removed weights remain
zero."""

import numbers
from typing import Any

from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.refits._base import Refit
from sklprune.refits.reconstruction import Reconstruction


class MaskedRefit(Refit):
    """Fit the kept weights to the targets; removed weights remain zero.

    An MLP is trained by Adam on its own loss, by default from the weights that
    :class:`Reconstruction` gives. The gradients of removed weights are set to zero
    before the update. The result is the epoch with the lowest training loss, and the
    starting weights if no epoch has a lower one.

    For a linear model, a clone is fitted by scikit-learn on the kept columns. If the
    outputs keep different columns, each output is fitted separately, as a regression
    or as one class against the rest. Multinomial logistic regression cannot be fitted
    for each class separately. Its penalised loss is then minimised by L-BFGS.

    Parameters
    ----------
    max_epochs : int, default=20
        Maximum number of passes over the rows, for an MLP. Training stops earlier
        when the loss no longer decreases.
    learning_rate : float, default=0.01
        Initial learning rate, for an MLP. It decreases to zero over the epochs.
    alpha : float or None, default=None
        Strength of the L2 penalty: the parameter `alpha` of the model, or 1 / `C`.
        None uses the value of the model.
    start : {"reconstruction", "kept"}, default="reconstruction"
        Initial weights of an MLP: those of :class:`Reconstruction`, or the kept
        weights without a change.

    Raises
    ------
    ValueError
        In `fit`, if y lacks a class that a linear model was fitted on, or contains a
        class that it was not fitted on.

    Notes
    -----
    A weight that is zero remains zero, so that a pruned model can be pruned again.

    Linear models are fitted on the given rows alone. To prune a frozen model, pass
    about as many rows as it was fitted on, or use :class:`Reconstruction`.

    References
    ----------
    Han, Pool, Tran and Dally, Learning both weights and connections for efficient
    neural networks, NeurIPS 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklprune import prune
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = RidgeClassifier().fit(X, y)
    >>> small = prune(model, X, y, method="magnitude", pruning_ratio=0.8,
    ...               refit="masked_refit").estimator_
    >>> kept = np.ravel(small.coef_) != 0
    >>> again = RidgeClassifier().fit(X[:, kept], y)
    >>> bool((np.ravel(small.coef_)[kept] == np.ravel(again.coef_)).all())
    True
    """

    needs = ("layers", "masked_refit")
    needs_labels = True

    def __init__(
        self,
        *,
        max_epochs: int = 20,
        learning_rate: float = 0.01,
        alpha: float | None = None,
        start: str = "reconstruction",
    ) -> None:
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.start = start

    def apply(
        self, family: Any, dense: Estimator, units: Units, keep: Array, task: Task
    ) -> Estimator:
        """A smaller copy of the model, fitted to the targets."""
        self._check()
        if self.start == "reconstruction":
            model = Reconstruction().apply(family, dense, units, keep, task)
        else:
            model = family.remove(dense, units, keep)
        return family.masked_refit(
            model,
            task,
            max_epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            alpha=self.alpha,
        )

    def _check(self) -> None:
        epochs, rate, alpha = self.max_epochs, self.learning_rate, self.alpha
        if not isinstance(epochs, numbers.Integral) or epochs < 1:
            raise ValueError(
                f"MaskedRefit(max_epochs={epochs!r}): max_epochs must be a positive "
                "whole number."
            )
        if not isinstance(rate, numbers.Real) or not rate > 0:
            raise ValueError(
                f"MaskedRefit(learning_rate={rate!r}): learning_rate must be a "
                "positive number."
            )
        if alpha is not None and not (isinstance(alpha, numbers.Real) and alpha >= 0):
            raise ValueError(
                f"MaskedRefit(alpha={alpha!r}): alpha must be None or a number that is "
                "not negative."
            )
        if self.start not in ("reconstruction", "kept"):
            raise ValueError(
                f"MaskedRefit(start={self.start!r}): start must be 'reconstruction' or "
                "'kept'."
            )


register("refit", MaskedRefit)
