"""The protocols by which methods and families meet.

A *capability* is a small set of methods that a family implements for an estimator. A
family lists those that it offers in `Family.capabilities(estimator)`. A method or a
refit lists those that it requires in `needs`, and those that it calls only where they
are offered in `uses`. Neither side names a class of the other.

The members of a protocol are documented in the base class that implements it, which
its docstring names. Two contract tests hold for every family and method: what is
offered is implemented, and what is called is needed.
"""

from typing import Any, Protocol, get_type_hints


class Trees(Protocol):
    """A sum or an average of trees: `sklprune.families._trees.TreesFamily`."""

    tree_arrays: Any
    sklearn_trees: Any
    leaf_ids: Any
    decision_paths: Any
    offset: Any
    raw_prediction: Any
    output_kind: Any
    loss: Any
    response: Any
    targets: Any
    risks: Any
    n_fitted: Any
    n_distributions: Any
    n_outputs: Any
    boosting_misfit: Any


class Rebuild(Protocol):
    """Trees whose leaf values may change: `TreesFamily.from_arrays`."""

    from_arrays: Any


class FittedOn(Protocol):
    """Recognises the rows that a model was fitted on: `TreesFamily.fitted_on`."""

    fitted_on: Any


class AsFitted(Protocol):
    """Tells whether a clone would be like the model: `AveragedFamily.as_fitted`."""

    as_fitted: Any


class AsBoosting(Protocol):
    """The same function as a boosting model: `TreesFamily.as_boosting`."""

    as_boosting: Any


class EmptyBoosting(Protocol):
    """A boosting model to be filled with trees: `AveragedFamily.empty_boosting`."""

    empty_boosting: Any


class Members(Protocol):
    """Outputs of whole members: `MembersFamily` in `_averaging_ensembles`."""

    member_outputs: Any
    member_targets: Any


class OutOfBag(Protocol):
    """Which members were not fitted on a row: `MembersFamily.out_of_bag`."""

    out_of_bag: Any
    out_of_bag_covers_rows: Any
    raw_predictions_by: Any


class Layers(Protocol):
    """Layers of weights: `sklprune.families._layered.LayeredFamily`."""

    layers: Any
    with_layers: Any
    activate: Any
    narrow_fitted: Any


class MaskedFit(Protocol):
    """Fits the weights that are not zero: `masked_refit` of linear models and MLPs."""

    masked_refit: Any


#: each capability by name
CAPABILITIES: dict[str, type] = {
    "trees": Trees,
    "rebuild": Rebuild,
    "fitted_on": FittedOn,
    "as_fitted": AsFitted,
    "as_boosting": AsBoosting,
    "empty_boosting": EmptyBoosting,
    "members": Members,
    "out_of_bag": OutOfBag,
    "layers": Layers,
    "masked_refit": MaskedFit,
}


def members_of(capability: str) -> tuple[str, ...]:
    """The names of the methods that a capability stands for.

    A capability that is not in `CAPABILITIES` stands for the one method of its name,
    so that another package can define its own.
    """
    if capability not in CAPABILITIES:
        return (capability,)
    return tuple(get_type_hints(CAPABILITIES[capability]))
