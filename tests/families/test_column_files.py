"""Parameters that name a file with columns cannot be adapted to fewer columns."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklprune import PrunedEstimator


class WithSplits(LogisticRegression):
    """Stands for a model of LightGBM, whose file names the columns of splits."""

    fits = 0

    def __init__(self, forcedsplits_filename=""):
        super().__init__()
        self.forcedsplits_filename = forcedsplits_filename

    def fit(self, X, y, sample_weight=None):
        WithSplits.fits += 1
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize("inside", [False, True])
def test_a_file_that_names_columns_is_refused_before_any_fit(binary, inside):
    WithSplits.fits = 0
    model = WithSplits("splits.json")
    model = make_pipeline(model) if inside else model
    message = r"forcedsplits_filename='splits.json'.*columns are in a file"
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(model, method="permutation").fit(*binary)
    assert WithSplits.fits == 0


def test_without_a_file_columns_are_removed(binary):
    model = WithSplits()
    pruned = PrunedEstimator(model, method="permutation", pruning_ratio=0.5)
    assert np.sum(pruned.fit(*binary).support_) < binary[0].shape[1]
