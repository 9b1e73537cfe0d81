"""The capabilities: which methods of a family a pruning method or a refit may call.

A *capability* is a small set of methods that a family implements for an estimator.
Here each is a protocol. A family lists the capabilities that it offers in
`Family.capabilities(estimator)`. A pruning method or a refit lists those that it
requires in `needs`, and those that it calls only if they are offered in `uses`. Neither
side imports a class of the other.

The methods of a protocol are documented in the base class that implements it, which the
docstring of the protocol names. Contract tests check every family, method and refit: a
capability that is offered is implemented, and one that is called is needed or used.
"""

from typing import Any, Protocol, get_type_hints


class Trees(Protocol):
    """A sum or an average of trees, as arrays: `families._trees.TreesFamily`."""

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
    unfitted_like: Any
    n_distributions: Any
    n_outputs: Any
    boosting_misfit: Any


class Rebuild(Protocol):
    """Trees whose leaf values may change: `TreesFamily.from_arrays`."""

    from_arrays: Any


class TreeNumbers(Protocol):
    """Thresholds and values that may change: `families._tree_numbers.TreeNumbers`."""

    tree_numbers: Any
    with_numbers: Any
    compared_rows: Any


class FittedOn(Protocol):
    """Recognition of the rows of a fit: `TreesFamily.fitted_on`, and other families."""

    fitted_on: Any


class AsFitted(Protocol):
    """A check whether a clone would be like the model: `AveragedFamily.as_fitted`."""

    as_fitted: Any


class AsBoosting(Protocol):
    """Trees in the form of a boosting model: `TreesFamily.as_boosting`."""

    as_boosting: Any


class EmptyBoosting(Protocol):
    """A boosting model to be filled with trees: `AveragedFamily.empty_boosting`."""

    empty_boosting: Any


class Members(Protocol):
    """Outputs of whole members: `families._averaging_ensembles.MembersFamily`."""

    member_outputs: Any
    member_targets: Any
    n_outputs: Any


class OutOfBag(Protocol):
    """Rows that members were not fitted on: `MembersFamily.out_of_bag`."""

    out_of_bag: Any
    out_of_bag_covers_rows: Any
    raw_predictions_by: Any


class Layers(Protocol):
    """Layers of weights: `families._layered.LayeredFamily`."""

    layers: Any
    with_layers: Any
    activate: Any
    narrow_fitted: Any


class TrainingProblem(Protocol):
    """The loss of layers of weights: `families._layered.LayeredFamily`."""

    training_problem: Any


class SparseWeights(Protocol):
    """Predictions from sparse arrays: `LayeredFamily.with_sparse_weights`."""

    with_sparse_weights: Any
    with_dense_weights: Any
    has_sparse_weights: Any


class MaskedFit(Protocol):
    """A fit of non-zero weights only: `LinearFamily.masked_refit`, `MLPFamily` too."""

    masked_refit: Any


class Online(Protocol):
    """Training batch by batch: `families._online_training.OnlineTraining`."""

    continued: Any
    with_zeros: Any


class Structure(Protocol):
    """Changes of hidden layers: `families._network_changes.ChangingNetworks`."""

    activation: Any
    for_task: Any
    with_network: Any
    without_affine_layers: Any
    trained_layers: Any


class ShrinkingFits(Protocol):
    """Fits on fewer and fewer columns: `LinearFamily.linear_rows`."""

    linear_rows: Any
    linear_model: Any
    linear_response: Any


class FastPermutation(Protocol):
    """Outputs after columns were permuted: `families._permuted_outputs`."""

    output_model: Any
    permuted_outputs: Any
    predicted: Any


#: each capability by name
CAPABILITIES: dict[str, type] = {
    "trees": Trees,
    "rebuild": Rebuild,
    "tree_numbers": TreeNumbers,
    "fitted_on": FittedOn,
    "as_fitted": AsFitted,
    "as_boosting": AsBoosting,
    "empty_boosting": EmptyBoosting,
    "members": Members,
    "out_of_bag": OutOfBag,
    "layers": Layers,
    "training_problem": TrainingProblem,
    "sparse_weights": SparseWeights,
    "masked_refit": MaskedFit,
    "structure": Structure,
    "online": Online,
    "fast_permutation": FastPermutation,
    "shrinking_fits": ShrinkingFits,
}


def members_of(capability: str) -> tuple[str, ...]:
    """Names of the methods of a capability.

    A capability of another package, not in `CAPABILITIES`, consists of one method of
    the same name.
    """
    if capability not in CAPABILITIES:
        return (capability,)
    return tuple(get_type_hints(CAPABILITIES[capability]))
