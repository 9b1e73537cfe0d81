"""Masked refit: fit the kept weights to the targets, while removed weights remain
zero."""

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sklprune._networks.settings import RefitSettings
from sklprune._parameters import is_real
from sklprune._registry import register
from sklprune._typing import Array, ArrayLike, Estimator
from sklprune._units import Task, Units
from sklprune.refits._base import Refit
from sklprune.refits.reconstruction import Reconstruction

PENALTIES = (None, "l1", "l2", "elasticnet", "maxent")
#: ratios at which the rest is trained before more is removed, by schedule; t is the
#: share of the stages
SCHEDULES: dict[str, Any] = {
    "linear": lambda t: t,
    "cubic": lambda t: 1 - (1 - t) ** 3,
    "geometric": lambda t: 1 - LAST**t,
}
#: fraction of the units that the last stage of the geometric schedule keeps
LAST = 0.01


class MaskedRefit(Refit):
    """Fit the kept weights to the targets; removed weights remain zero.

    An MLP is trained on its own loss in float32, by Adam or L-BFGS, from the weights
    of the method or of :class:`Reconstruction`. The gradients of removed weights are
    set to zero before the update. The result is the epoch with the lowest loss, and
    the starting weights if no epoch has a lower one.

    For a linear model, a clone is fitted by scikit-learn on the kept columns. If the
    outputs keep different columns, each output is fitted separately, as a regression
    or as one class against the rest. Multinomial logistic regression cannot be fitted
    for each class separately. Its penalised loss is then minimised by L-BFGS.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet", "maxent"} or None, default=None
        None keeps the penalty of the model. The first three replace it by::

            alpha * (l1_ratio * sum(|w|) + (1 - l1_ratio) / 2 * sum(w ** 2))

        added to the mean loss, for every model. "l1" and "elasticnet" may set more
        weights to zero. "maxent" adds two terms for the predicted distribution p of a
        row, with entropy H::

            -alpha * H(p) + target_alpha * KL(target, p)
    alpha : float, "auto" or None, default=None
        Strength of the penalty. It is required if `penalty` is not None. For None it
        is the parameter `alpha` of the model, or 1 / `C`. "auto" chooses the strength
        on a quarter of the rows, and then fits all rows. For an MLP this is the L2
        penalty, on at most 5,000 held-out rows; a small network is fitted by L-BFGS.
        For a linear model it is 0.003 to 100 times its own strength, in ten fits. It
        needs `penalty=None`.
    l1_ratio : float, default=0.5
        Share of L1 in "elasticnet".
    target : {"prior", "dense"}, array-like or None, default=None
        The distribution of the classes that "maxent" moves predictions towards.
        "prior" is the share of each class in y. "dense" is the prediction of the
        unpruned model for each row. An array has shape (n_classes,) or
        (n_rows, n_classes). None omits the second term.
    target_alpha : float or None, default=None
        Strength of the second term. None is 1 if a target is given. With "dense" and
        without y, the unpruned model alone is the target.
    schedule : {"one_shot", "linear", "cubic", "geometric"}, default="one_shot"
        How units are removed. "one_shot" removes them together. The others remove them
        in stages, train what remains, and order it again. See :meth:`stations`.
    n_stages : int, default=20
        Number of stages of a schedule, to all units.
    stage_epochs : int, default=2
        Maximum number of epochs after each stage.
    max_epochs : int, default=20
        Maximum number of passes over the rows, for an MLP. Training stops earlier
        when the loss no longer decreases with a small learning rate. L-BFGS makes ten
        times as many iterations.
    learning_rate : float, default=0.01
        Initial learning rate of Adam. It decreases to zero over the epochs, and by a
        factor of 0.3 after five epochs without a lower loss.
    solver : {"auto", "adam", "lbfgs"}, default="auto"
        For an MLP. "auto" is "lbfgs" if the MLP was fitted by it. It is also "lbfgs" if
        `alpha="auto"` and rows times kept weights are at most 30 million. Else it is
        "adam".
    dropout : float, default=0.0
        Probability that a weight or a unit of an MLP is dropped in a batch.
    dropout_of : {"neuron", "weight"}, default="neuron"
        What is dropped: hidden units, or weights that are among the smaller half of
        the kept weights of their layer (targeted dropout).
    validation_fraction : float, default=0.0
        Fraction of the rows that are held out from the training of an MLP by Adam. If
        it is positive, the epoch with the lowest loss on these rows is selected.
    start : {"reconstruction", "kept"}, default="reconstruction"
        Initial weights of an MLP if the method has not changed them: those of
        :class:`Reconstruction`, or the kept weights without a change.

    Raises
    ------
    ValueError
        In `fit`, if y lacks a class that a linear model was fitted on, or contains a
        class that it was not fitted on. If the model cannot have the penalty; "maxent"
        needs a classifier with probabilities.

    Warns
    -----
    UserWarning
        If the training of an MLP diverges. The best weights before that are used.

    Notes
    -----
    A weight that is zero remains zero, so that a pruned model can be pruned again.

    Linear models are fitted on the given rows alone. To prune a frozen model, pass
    about as many rows as it was fitted on, or use :class:`Reconstruction`.

    References
    ----------
    Han, Pool, Tran and Dally, Learning both weights and connections for efficient
    neural networks, NeurIPS 2015. Zhu and Gupta, To prune, or not to prune, 2017.
    Pereyra, Tucker, Chorowski, Kaiser and Hinton, Regularizing neural networks by
    penalizing confident output distributions, 2017. Gomez, Zhang, Swersky, Gal and
    Hinton, Targeted dropout, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklprune import prune
    >>> from sklprune.refits import MaskedRefit
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = RidgeClassifier().fit(X, y)
    >>> small = prune(model, X, y, method="magnitude", pruning_ratio=0.8,
    ...               refit="masked_refit").estimator_
    >>> kept = np.ravel(small.coef_) != 0
    >>> again = RidgeClassifier().fit(X[:, kept], y)
    >>> bool((np.ravel(small.coef_)[kept] == np.ravel(again.coef_)).all())
    True

    A network is trained towards the predictions of the unpruned one, without labels:

    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((30,), max_iter=50, random_state=0).fit(X, y)
    >>> distilled = MaskedRefit("maxent", alpha=0, target="dense")
    >>> small = prune(model, X, method="activation", pruning_ratio=0.8, refit=distilled)
    >>> bool(small.score(X, y) > 0.95)
    True
    """

    needs = ("layers", "masked_refit", "training_problem")

    def __init__(
        self,
        penalty: str | None = None,
        *,
        alpha: float | str | None = None,
        l1_ratio: float = 0.5,
        target: str | ArrayLike | None = None,
        target_alpha: float | None = None,
        schedule: str = "one_shot",
        n_stages: int = 20,
        stage_epochs: int = 2,
        max_epochs: int = 20,
        learning_rate: float = 0.01,
        solver: str = "auto",
        dropout: float = 0.0,
        dropout_of: str = "neuron",
        validation_fraction: float = 0.0,
        start: str = "reconstruction",
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.target = target
        self.target_alpha = target_alpha
        self.schedule = schedule
        self.n_stages = n_stages
        self.stage_epochs = stage_epochs
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.solver = solver
        self.dropout = dropout
        self.dropout_of = dropout_of
        self.validation_fraction = validation_fraction
        self.start = start

    @property
    def needs_labels(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether y is needed: not if the unpruned model is the target."""
        return not (self.penalty == "maxent" and _is(self.target, "dense"))

    def apply(
        self, family: Any, dense: Estimator, units: Units, keep: Array, task: Task
    ) -> Estimator:
        """A smaller copy of the model, fitted to the targets."""
        self._check()
        masks = family.masks(units, keep)
        # the fit of a linear model does not depend on its start, apart from intercepts
        # of outputs without weights
        convex = len(masks) == 1 and masks[0].any(axis=0).all()
        if self.start == "reconstruction" and not convex:
            model = Reconstruction().apply(family, dense, units, keep, task)
        else:
            model = family.remove(dense, units, keep)
        return self._fitted(model, family, dense, task)

    def continued(
        self,
        start: Estimator,
        family: Any,
        dense: Estimator,
        units: Units,
        keep: Array,
        task: Task,
    ) -> Estimator:
        """The same from the values that the method has found."""
        self._check()
        return self._fitted(start, family, dense, task)

    def _fitted(
        self, model: Estimator, family: Any, dense: Estimator, task: Task
    ) -> Estimator:
        """A model after its non-zero weights were fitted."""
        if self.penalty == "maxent" and not is_classifier(dense):
            raise ValueError(
                "MaskedRefit(penalty='maxent') needs a classifier, since it changes "
                f"the predicted distribution; {type(dense).__name__} is a regressor."
            )
        if self.penalty == "maxent" and not hasattr(dense, "predict_proba"):
            raise ValueError(
                f"MaskedRefit(penalty='maxent') does not fit {type(dense).__name__}, "
                "whose loss has no probabilities. It fits LogisticRegression, "
                "SGDClassifier(loss='log_loss') and MLPClassifier."
            )
        target = None
        if self.penalty == "maxent" and self.target is not None:
            target = self._target_of_rows(family, dense, task)
        settings = RefitSettings(
            penalty=self.penalty,
            alpha=self.alpha,
            l1_ratio=self.l1_ratio,
            target=target,
            target_alpha=1.0 if self.target_alpha is None else self.target_alpha,
            labels=task.y is not None,
            solver=self.solver,
            max_epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            dropout=self.dropout,
            dropout_of=self.dropout_of,
            validation_fraction=self.validation_fraction,
        )
        refitted: Estimator = family.masked_refit(model, task, settings)
        return refitted

    def _target_of_rows(self, family: Any, dense: Estimator, task: Task) -> Array:
        """The target distribution in the form of the outputs: (n_rows, n_outputs)."""
        if _is(self.target, "dense"):
            unlabelled = family.training_problem(dense, task, labels=False)
            return np.asarray(unlabelled.targets)
        n_outputs = family.layers(dense)[-1].coef.shape[1]
        if _is(self.target, "prior"):
            problem = family.training_problem(dense, task, labels=True)
            prior = problem.weight @ problem.targets / problem.weight.sum()
            return np.broadcast_to(prior, (task.n_samples, n_outputs))
        target = np.asarray(self.target, dtype=float)
        n_classes = len(dense.classes_)
        if target.shape not in ((n_classes,), (task.n_samples, n_classes)):
            raise ValueError(
                f"MaskedRefit(target=...) has the shape {target.shape}. It must be "
                f"{(n_classes,)}, one probability for each class, or "
                f"{(task.n_samples, n_classes)}, also for each row."
            )
        if (target < 0).any() or not np.allclose(target.sum(axis=-1), 1, atol=1e-6):
            raise ValueError(
                "MaskedRefit(target=...) must contain probabilities that are not "
                "negative and sum to 1 over the classes."
            )
        # one output has the probability of the second class
        target = target[..., -n_outputs:] if n_outputs < n_classes else target
        return np.broadcast_to(target, (task.n_samples, n_outputs))

    # -- schedules ---------------------------------------------------------------------

    def stations(self, units: Units) -> Sequence[float]:
        """Ratios at which what remains is trained and ordered again, ascending.

        They do not depend on the requested ratio. With t from 0 to 1 in equal steps,
        they are t for "linear", 1 - (1 - t)^3 for "cubic", and 1 - 0.01^t for
        "geometric", which removes the same fraction of the rest in each stage.
        """
        self._check()
        if self.schedule == "one_shot":
            return ()
        shares = np.arange(1, self.n_stages) / self.n_stages
        ratios = [float(SCHEDULES[self.schedule](share)) for share in shares]
        return [ratio for ratio in ratios if 0 < units.n_removed(ratio) < units.count]

    def at_station(self) -> "MaskedRefit":
        """The refit after a stage."""
        return self.__class__(**{**self.get_params(), "max_epochs": self.stage_epochs})

    def _check(self) -> None:
        allowed: dict[str, Sequence[Any]] = {
            "penalty": PENALTIES,
            "schedule": ("one_shot", *SCHEDULES),
            "solver": ("auto", "adam", "lbfgs"),
            "dropout_of": ("neuron", "weight"),
            "start": ("reconstruction", "kept"),
        }
        for name, values in allowed.items():
            value = getattr(self, name)
            if not any(_is(value, each) or value is each for each in values):
                *others, last = map(repr, values)
                names = f"{', '.join(others)} or {last}"
                raise ValueError(
                    f"MaskedRefit({name}={value!r}): {name} must be {names}."
                )
        for name in ("max_epochs", "n_stages", "stage_epochs"):
            value = getattr(self, name)
            whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
            self._refuse(name, whole and value >= 1, "a positive whole number")
        rate = self.learning_rate
        self._refuse("learning_rate", is_real(rate) and rate > 0, "a positive number")
        for name, words in (("alpha", "None, 'auto'"), ("target_alpha", "None")):
            value = getattr(self, name)
            good = value is None or (is_real(value) and value >= 0)
            good = good or (name == "alpha" and _is(value, "auto"))
            self._refuse(name, good, f"{words} or a number that is not negative")
        for name in ("l1_ratio",):
            value = getattr(self, name)
            self._refuse(name, is_real(value) and 0 <= value <= 1, "from 0 to 1")
        for name in ("dropout", "validation_fraction"):
            value = getattr(self, name)
            good = is_real(value) and 0 <= value < 1
            self._refuse(name, good, "at least 0 and below 1")
        words = "None, 'prior', 'dense' or an array of probabilities"
        self._refuse("target", _is_target(self.target), words)
        if self.penalty is not None and not is_real(self.alpha):
            raise ValueError(
                f"MaskedRefit(penalty={self.penalty!r}, alpha={self.alpha!r}): alpha "
                "must be a number, the strength of the penalty relative to the mean "
                "loss."
            )

    def _refuse(self, name: str, good: bool, what: str) -> None:
        """Raise an error that names a parameter, unless its value is good."""
        if not good:
            value = getattr(self, name)
            raise ValueError(f"MaskedRefit({name}={value!r}): {name} must be {what}.")


def _is(value: Any, name: Any) -> bool:
    """Whether a parameter is a given string; an array is none."""
    return isinstance(value, str) and isinstance(name, str) and value == name


def _is_target(target: Any) -> bool:
    """Whether a value can be the parameter `target`."""
    if target is None or isinstance(target, str):
        return target in (None, "prior", "dense")
    try:
        values = np.asarray(target, dtype=float)
    except (TypeError, ValueError):
        return False
    return values.ndim in (1, 2) and values.size > 0


register("refit", MaskedRefit)
