"""How a drift is found in the losses of batches."""

import numpy as np
import pytest

from sklprune._online.pruning import Losses


def test_the_mean_and_variance_of_losses_are_those_of_numpy():
    values = np.random.RandomState(0).rand(30)
    losses = Losses()
    for value in values:
        losses = losses.after(value)
    assert losses.mean == pytest.approx(values.mean())
    assert losses.squares / 29 == pytest.approx(values.var(ddof=1))


def test_falling_losses_are_no_drift_and_a_jump_is():
    losses = Losses()
    for value in np.linspace(1, 0.1, 40):
        losses = losses.after(value)
        assert not losses.is_drift(3.0)
    rng = np.random.RandomState(0)
    losses = Losses()
    for value in rng.normal(0.2, 0.02, 60):
        losses = losses.after(value)
    assert not losses.is_drift(4.0)
    for value in rng.normal(0.5, 0.02, 10):
        losses = losses.after(value)
    assert losses.is_drift(3.0)
