"""Weights of rows and of their classes in one."""

from sklearn.utils.class_weight import compute_sample_weight


def weights_of_rows(estimator, task):
    """The weights that a model was fitted with, or None where there are none.

    What a forest balances in each bootstrap sample is balanced over all rows. A bagging
    leaves classes to its members, which know them by their numbers.
    """
    if hasattr(estimator, "class_weight"):
        of_class = estimator.class_weight
    else:
        of_class = getattr(getattr(estimator, "estimator", None), "class_weight", None)
        if isinstance(of_class, dict):
            of_class = {estimator.classes_[i]: each for i, each in of_class.items()}
    if of_class is None:
        return task.sample_weight
    if isinstance(of_class, str) and of_class == "balanced_subsample":
        of_class = "balanced"
    weight = compute_sample_weight(of_class, task.y)
    return weight if task.sample_weight is None else weight * task.sample_weight
