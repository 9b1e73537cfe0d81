"""Converts `cv_results_` of a search over `pruning_ratio` into the table of a rule."""

import numbers
import re

import numpy as np

from sklprune._typing import Array

SPLIT_SCORE = re.compile(r"split\d+_test_score")


def table_of_search(cv_results: dict) -> tuple[dict[str, Array], Array]:
    """The table of a search, and the index of the candidate behind each row."""
    sizes = [name for name in cv_results if name.endswith("pruning_ratio")]
    if len(sizes) != 1:
        raise ValueError(
            "A rule needs a search over one pruning_ratio; the searched parameters are "
            f"{[name for name in cv_results if name.startswith('param_')]}."
        )
    if "mean_test_score" not in cv_results:
        raise ValueError("A rule needs a search with one metric, not several.")
    ratios = list(cv_results[sizes[0]])
    if not all(isinstance(ratio, numbers.Real) for ratio in ratios):
        raise ValueError(f"{sizes[0]}: a rule needs numbers to compare, not {ratios}.")
    mean = np.asarray(cv_results["mean_test_score"])
    # ascending; candidates of one ratio by descending score, then by position
    order = np.lexsort((np.arange(len(mean)), -mean, ratios))
    index = order[np.unique(np.array(ratios)[order], return_index=True)[1]]
    splits = [v for k, v in cv_results.items() if SPLIT_SCORE.fullmatch(k)]
    table = {
        "ratio": np.array(ratios, dtype=float)[index],
        "score_mean": mean[index],
        "scores": np.column_stack(splits)[index],
        "asked": np.full(len(index), True),
    }
    return table, index
