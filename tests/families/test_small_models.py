"""Small models from scratch: each is the model that its name describes."""

from itertools import islice

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier

from sklprune._units import Task
from sklprune.families._small_models import small_boosting


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_small_boosting_models_equal_those_of_a_fit_of_their_own(binary, container):
    X, y = container(binary[0]), binary[1]
    task = Task(X, y, None, scorer=None, random_state=0)
    for _, model in islice(small_boosting(RandomForestClassifier(), task), 5):
        assert not model.warm_start
        alone = clone(model).fit(X, y)
        np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))
