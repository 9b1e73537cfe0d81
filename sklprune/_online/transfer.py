"""`transfer`: a network for another task, with the hidden layers of a fitted one."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.neural_network import MLPRegressor
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from sklprune._frames import as_matrix
from sklprune._online.unwrapping import unwrapped
from sklprune._plain import plain
from sklprune._registry import family_of
from sklprune._typing import ArrayLike, Estimator, MatrixLike, RandomState
from sklprune._units import Task
from sklprune._validation import check_rows

__all__ = ["transfer"]


def transfer(
    fitted: Estimator,
    X: MatrixLike,
    y: ArrayLike,
    *,
    estimator: Estimator | None = None,
    sample_weight: ArrayLike | None = None,
    freeze: bool = False,
    max_epochs: int = 100,
    learning_rate: float = 0.003,
    random_state: RandomState = None,
) -> Estimator:
    """Train a network on another task, starting from the hidden layers of a fitted one.

    The output layer is replaced by a new one for the classes or values of the new task.
    The new output layer is trained first, and then all layers together. Hidden units
    and weights that were removed remain removed. The steps of a pipeline before the
    network are kept as they are. The given model is not changed.

    Use it if the new task has few rows and the same columns.

    Parameters
    ----------
    fitted : estimator
        A fitted `MLPClassifier` or `MLPRegressor`, also inside a pipeline, or a
        `PrunedEstimator` of one.
    X : array-like of shape (n_samples, n_features)
        Rows of the new task, with the columns of the old one.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Other classes, other labels, or values.
    estimator : MLPClassifier, MLPRegressor or None, default=None
        An unfitted network that determines the kind of the new task and the penalty.
        Its hidden layers and its activation become those of `fitted`. None is a clone
        of the fitted network. If that is a classifier and y contains numbers that are
        no classes, it is an `MLPRegressor` with the same parameters.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    freeze : bool, default=False
        Whether only the output layer is trained.
    max_epochs : int, default=100
        Maximum number of passes over the rows, for each of the two trainings.
    learning_rate : float, default=0.003
        Initial learning rate of Adam, which falls to zero over the epochs.
    random_state : int, RandomState or None, default=None
        Seed of the new output layer and of the training.

    Returns
    -------
    estimator
        A plain fitted estimator.

    Raises
    ------
    ValueError
        If `fitted` contains no network with hidden layers, or `estimator` is not one.

    See Also
    --------
    PrunedEstimator.partial_fit : Train a pruned model on more rows of the same task.

    Examples
    --------
    Learn five digits, and then five others from 100 rows:

    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import transfer
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((40,), max_iter=100, random_state=0)
    >>> model = model.fit(X[y < 5], y[y < 5])
    >>> X, y = X[y >= 5], y[y >= 5]
    >>> other = transfer(model, X[:100], y[:100], random_state=0)
    >>> other.classes_
    array([5, 6, 7, 8, 9])
    >>> bool(other.score(X[100:], y[100:]) > 0.8)
    True
    """
    model = plain(fitted)
    check_is_fitted(model)
    task = check_rows(model, False, X, y, sample_weight, None)
    # an error of the model itself, if the columns are others
    model.predict(task.take(np.zeros(1, dtype=int)).X)
    seed: Any = random_state
    if random_state is not None and not isinstance(random_state, Integral):
        seed = int(seed.randint(np.iinfo(np.int32).max))
    task = task.with_settings(scorer=None, random_state=seed, n_jobs=None)
    inside = unwrapped(model, task)
    model, task = inside.model, inside.task
    family = family_of(model)
    _check_network(model, "fitted")
    if estimator is not None:
        _check_network(estimator, "estimator")
    template = _template(model, task.y) if estimator is None else estimator
    new = family.for_task(template, model, task)
    new = _trained(family, new, task, freeze, max_epochs, learning_rate)
    return inside.close(family.strip(new))


def _check_network(model: Estimator, name: str) -> None:
    if "structure" in family_of(model).capabilities(model):
        return
    raise ValueError(
        f"{name}={type(model).__name__} has no hidden layers. It must be an "
        "MLPClassifier or an MLPRegressor, also inside a pipeline."
    )


def _template(model: Estimator, y: ArrayLike) -> Estimator:
    """The kind of network for targets: that of a fitted one where it suits them."""
    if not (is_classifier(model) and type_of_target(y).startswith("continuous")):
        return model
    regressor = MLPRegressor()
    names = regressor.get_params().keys() & model.get_params().keys()
    return regressor.set_params(**{name: model.get_params()[name] for name in names})


def _trained(
    family: Any,
    model: Estimator,
    task: Task,
    freeze: bool,
    max_epochs: int,
    learning_rate: float,
) -> Estimator:
    """Train the output layer of a model, and then all layers."""
    settings = {"max_epochs": max_epochs, "learning_rate": learning_rate}
    *hidden, last = family.layers(model)
    inputs = as_matrix(task.X)
    for layer in hidden:
        inputs = family.activate(model, layer.forward(inputs))
    (last,) = family.trained_layers(
        model, [last], [last.coef != 0], task.with_X(inputs), **settings
    )
    layers = [*hidden, last]
    if not freeze:
        masks = [layer.coef != 0 for layer in layers]
        layers = family.trained_layers(model, layers, masks, task, **settings)
    return family.with_network(model, layers)
