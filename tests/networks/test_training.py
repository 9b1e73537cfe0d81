"""Training of kept weights by Adam."""

import numpy as np
import pytest

from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem
from sklprune._networks.settings import RefitSettings
from sklprune._networks.training import train

#: of a linear regression with noise: its minimum has a closed form
N_ROWS, N_INPUTS = 600, 5


def problem_of(seed):
    rng = np.random.RandomState(seed)
    rows = rng.normal(size=(N_ROWS, N_INPUTS))
    targets = rows @ rng.normal(size=(N_INPUTS, 1)) + rng.normal(size=(N_ROWS, 1))
    return Problem(rows, targets, np.ones(N_ROWS), "identity", "identity")


def loss_after(problem, max_epochs):
    start = [Layer(np.ones((N_INPUTS, 1)), np.zeros(1))]
    masks = [np.ones((N_INPUTS, 1), dtype=bool)]
    settings = RefitSettings(solver="adam", max_epochs=max_epochs, learning_rate=0.3)
    rng = np.random.RandomState(0)
    return problem.objective(train(start, problem, masks, settings, rng))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_learning_rate_falls_where_the_loss_no_longer_does(seed):
    problem = problem_of(seed)
    inputs = np.column_stack([problem.rows, np.ones(N_ROWS)])
    solution = np.linalg.lstsq(inputs, problem.targets, rcond=None)[0]
    minimum = 0.5 * np.mean((problem.targets - inputs @ solution) ** 2)
    # with a large learning rate for 500 epochs, the weights would only oscillate
    assert loss_after(problem, 500) < minimum * (1 + 1e-3)
