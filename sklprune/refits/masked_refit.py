"""Masked refit: the kept weights are fitted to the labels once more."""

import numbers

from sklprune._registry import register
from sklprune.refits._base import Refit
from sklprune.refits.reconstruction import Reconstruction


class MaskedRefit(Refit):
    """Fit the weights that stay to the labels; what was removed stays removed.

    A network is trained by Adam from where the reconstruction leaves it, on its own
    loss; the gradients of what was removed are masked before the optimiser sees them,
    and no epoch that raises the loss on the rows given is kept. A linear model is
    solved by scikit-learn: a clone of it is fitted on the columns kept. Where its
    outputs keep different columns each output is fitted by itself, as one regression
    or as one class against the rest; only multinomial logistic regression, whose
    classes hang together, is then solved here, by L-BFGS on its own penalised loss.

    Parameters
    ----------
    max_epochs : int, default=20
        Passes over the rows, of a network; training ends earlier where the loss no
        longer falls.
    learning_rate : float, default=0.01
        Size of the first steps of a network; it falls to zero along the epochs.
    alpha : float or None, default=None
        Strength of the penalty: `alpha` of the model, or 1 / `C`. None is the
        model's own.
    start : {"reconstruction", "kept"}, default="reconstruction"
        Where training starts: from :class:`Reconstruction`, or from the values that
        were kept as they are.

    Notes
    -----
    A weight that is zero stays zero, so that two prunings in a row compose. Linear
    models are fitted anew from the rows given: of a frozen model these ought to be
    about as many as it was fitted on, else `Reconstruction` is the better refit.

    Raises
    ------
    ValueError
        If y lacks a class that a linear model knows, or has one that the model does
        not know.

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
        max_epochs=20,
        learning_rate=0.01,
        alpha=None,
        start="reconstruction",
    ):
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.start = start

    def apply(self, family, dense, units, keep, task):
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

    def _check(self):
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
