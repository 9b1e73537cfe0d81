"""Families: the removable units of one kind of model, and how they are removed.

A family defines what can be removed from a model, its *units*, and how. Each file
registers its own family. To add one to sklprune, write a file here, and import it in
the list below. Another package calls `register_family` with an object of a class
derived from `Family`.
"""

from sklprune._registry import register_family
from sklprune._units import Units
from sklprune.families import (  # noqa: F401
    bagging,
    boosting,
    column_transformer,
    combined,
    discretizer,
    discriminant,
    encoder,
    feature_union,
    forest,
    frozen,
    hist_boosting,
    imputer,
    linear,
    mlp,
    naive_bayes,
    one_vs_rest,
    pipeline,
    projection,
    scaler,
    search,
    selector,
    stored_rows,
    transformed_target,
    tree,
    vectorizer,
)
from sklprune.families._base import Family
from sklprune.families._column_parameters import register_column_parameter

__all__ = ["Family", "Units", "register_column_parameter", "register_family"]
