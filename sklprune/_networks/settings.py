"""`RefitSettings`: how kept weights are trained."""

from typing import Any, NamedTuple

from sklprune._typing import Array


class RefitSettings(NamedTuple):
    """How the kept weights of a model are fitted to targets.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet", "maxent"} or None
        None is the penalty of the model.
    alpha : float, "auto" or None
        Strength of the penalty, relative to the mean loss. For `penalty=None` it is
        in the unit of the model, and None is the value of the model. "auto" is chosen
        on held-out rows.
    l1_ratio : float
        Share of L1 in "elasticnet".
    target : ndarray of shape (n_rows, n_outputs) or None
        A distribution of the classes for each row, for "maxent".
    target_alpha : float
        Strength of the Kullback-Leibler divergence of the target.
    labels : bool
        Whether the targets of the rows are used, beside `target`.
    solver : {"auto", "adam", "lbfgs"}
    max_epochs : int
    learning_rate : float
    dropout : float
        Probability that a weight or a unit is dropped in a batch.
    dropout_of : {"neuron", "weight"}
    validation_fraction : float
        Fraction of the rows that are held out to select the epoch; 0 for none.
    """

    penalty: str | None = None
    alpha: float | str | None = None
    l1_ratio: float = 0.5
    target: Array | None = None
    target_alpha: float = 0.0
    labels: bool = True
    solver: str = "auto"
    max_epochs: int = 20
    learning_rate: float = 0.01
    dropout: float = 0.0
    dropout_of: str = "neuron"
    validation_fraction: float = 0.0

    @property
    def chooses(self) -> bool:
        """Whether the strength of the penalty is chosen."""
        return self.alpha == "auto"

    @property
    def strength(self) -> float | None:
        """`alpha` as a number, or None for the value of the model."""
        return None if isinstance(self.alpha, str) else self.alpha

    @property
    def strengths(self) -> tuple[float, float]:
        """Strengths of the L2 and of the L1 penalty, relative to the mean loss."""
        alpha = self.strength or 0.0
        share = {"l1": 1.0, "elasticnet": self.l1_ratio}.get(self.penalty or "", 0.0)
        return alpha * (1 - share), alpha * share

    def penalised(self, problem: Any) -> Any:
        """A problem with the penalty of these settings.

        The penalty of the model is replaced, except for "maxent", where it is kept.
        """
        if self.penalty is None:
            return problem
        if self.penalty != "maxent":
            l2, l1 = self.strengths
            return problem._replace(l2=l2, l1=l1)
        entropy = self.strength or 0.0
        if self.target is None:
            return problem._replace(entropy=entropy)
        target = self.target.astype(problem.targets.dtype)
        if not self.labels:
            return problem._replace(targets=target, entropy=entropy)
        # the divergence of the target is a cross entropy, as that of the labels is:
        # both together are one cross entropy of a mixture, up to a factor
        factor = 1 + self.target_alpha
        targets = (problem.targets + self.target_alpha * target) / factor
        return problem._replace(
            targets=targets.astype(problem.targets.dtype),
            l2=problem.l2 / factor,
            entropy=entropy / factor,
        )
