"""The size of a result: transferred from the scored candidates, and as requested.

A ratio that was chosen on splits is transferred to all rows by size: the result keeps
about the same share of its units as the candidates that were scored. Differences are
stated by warnings.
"""

import warnings

import numpy as np

from sklprune._predictions import RESPONSES
from sklprune._units import plural

#: the share of kept units may differ by this factor from that of the candidates
MAX_FACTOR = 1.5
#: smaller factors are rounding to whole units
MIN_FACTOR = 1.1
#: a larger difference between the requested and the reached ratio is a warning
MAX_DIFFERENCE = 0.05
#: rows on which predictions are compared
N_COMPARED = 1000


def ratio_of_same_size(choice):
    """The ratio that removes the share that the candidates removed, if it is another.

    None where the candidates have the size of their ratio, or are returned themselves.
    Methods with steps of their own reach other sizes.
    """
    share = choice.kept_share
    if share is None or choice.ratio is None or share == 1:
        return None
    count = choice.table["units"][0]
    expected = 1 - np.floor(choice.ratio * count + 1e-9) / count
    return 1 - share if _factor(share, expected) > MIN_FACTOR else None


def ratios_of_size(choice):
    """The chosen ratio and that of the same size, ascending; they may be equal."""
    other = ratio_of_same_size(choice)
    both = choice.ratio, choice.ratio if other is None else other
    return min(both), max(both)


def with_ratios_of_size(choice, ratios):
    """Ratios, ascending, with the one of the same size."""
    if choice.ratio is None or None in ratios:
        return ratios
    return sorted({*ratios, *ratios_of_size(choice)})


def has_size(choice, pruned):
    """Whether a model is about as large as the scored candidates."""
    share = choice.kept_share
    return share is None or _factor(pruned.candidate.keep.mean(), share) <= MAX_FACTOR


def nearest_in_size(choice, models):
    """The model whose share of kept units is nearest to that of the candidates."""
    return min(
        models, key=lambda each: _factor(each.candidate.keep.mean(), choice.kept_share)
    )


def _factor(share, other):
    """How many times larger the larger of two shares is."""
    low, high = sorted((share, other))
    return high / low if low > 0 else np.inf


def differs_from_request(choice, best):
    """Whether the reached ratio differs noticeably from the requested one.

    Rounding to whole units does not count, except where nothing is removed at all.
    """
    requested, units = choice.ratio, best.candidate.units
    # with groups the number of columns was requested, and not a ratio
    if not choice.by_user or units.at_most is not None:
        return False
    reached = float((~best.candidate.keep).mean())
    if abs(reached - requested) <= MAX_DIFFERENCE:
        return False
    rounded = units.n_removed(requested) / units.count
    nothing = reached == 0 and choice.rule is None
    return nothing or abs(reached - rounded) > 0.5 / units.count


def warn_of_size(choice, method, dense, best, task):
    """Warn of a size that is not the requested one, or not that of the candidates.

    Parameters
    ----------
    choice : Choice
    method : Method
    dense : Dense
    best : Pruned
        The returned model.
    task : Task
    """
    keep, name = best.candidate.keep, type(method).__name__
    units = plural(best.candidate.units.granularity)
    # of a list, the table and the report show the sizes that were reached
    if choice.rule is None and differs_from_request(choice, best):
        warnings.warn(
            f"pruning_ratio={choice.ratio:g} was requested, and "
            f"{(~keep).mean():.3g} was reached: {(~keep).sum():,} of {len(keep):,} "
            f"{units} were removed, which is the nearest that {name} can remove.",
            stacklevel=3,
        )
    elif not has_size(choice, best):
        warnings.warn(
            f"The models that were scored at pruning_ratio={choice.ratio:g} keep "
            f"{choice.kept_share:.3g} of their {units}, and the result keeps "
            f"{keep.mean():.3g}. Its score may differ from the one in the report. "
            "Request a list of ratios near that size, or give one split by cv.",
            stacklevel=3,
        )
    if _is_short(choice, best) and _is_constant(dense, best, task):
        warnings.warn(
            f"The result predicts the same for all rows: {name} removed "
            f"{(~keep).sum():,} of {len(keep):,} {units}, and nothing that depends on "
            "X remains. Request a smaller pruning_ratio.",
            stacklevel=3,
        )


def _is_short(choice, best):
    """Whether fewer units could be removed than a number requested, but some."""
    if choice.rule is not None or not choice.by_user:
        return False
    n_removed = int((~best.candidate.keep).sum())
    return 0 < n_removed < best.candidate.units.n_removed(choice.ratio)


def _is_constant(dense, best, task):
    """Whether the pruned model predicts one value, and the unpruned one several."""
    step = max(1, task.n_samples // N_COMPARED)
    X = task.take(np.arange(0, task.n_samples, step)).X
    for name in reversed(RESPONSES):
        if hasattr(best.model, name) and hasattr(dense.model, name):
            after, before = (getattr(m, name)(X) for m in (best.model, dense.model))
            return _one_value(after) and not _one_value(before)
    return False


def _one_value(predictions):
    outputs = predictions if isinstance(predictions, list) else [predictions]
    return all((np.asarray(each) == np.asarray(each)[:1]).all() for each in outputs)
