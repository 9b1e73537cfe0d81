"""Sizes in the report: weights that were zero before, and the stripped model."""

import numpy as np
from sklearn.linear_model import Lasso, Ridge

from sklprune import PrunedEstimator, prune


def test_weights_that_were_zero_before_are_counted(binary):
    X, y = binary
    model = Lasso(0.02).fit(X, y)
    n_zero = int((model.coef_ == 0).sum())
    assert 0 < n_zero < 6
    report = prune(model, X, y, pruning_ratio=0.75, refit=False, seen=False).report_
    assert report.n_zero_removed == report.to_dict()["n_zero_removed"] == n_zero
    assert f"{n_zero} of the removed weights were zero already." in str(report)


def test_stripping_never_makes_a_file_larger(binary):
    X, y = binary
    report = PrunedEstimator(Ridge(), pruning_ratio=0.5).fit(X, y).report_
    padded = Ridge().fit(X, y)
    padded.padding_ = np.ones(100)
    report._models["stripped"] = padded
    assert report.stripped == report.original
