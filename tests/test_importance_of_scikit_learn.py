"""The tests of scikit-learn for `permutation_importance`, run on our function.

They are the tests of the installed release. A fixture replaces the function in the
module of scikit-learn, in which its tests look it up.
"""

import pytest

from sklprune import permutation_importance

theirs = pytest.importorskip(
    "sklearn.inspection.tests.test_permutation_importance",
    reason="this build of scikit-learn does not include its tests",
)
globals().update(
    {name: test for name, test in vars(theirs).items() if name.startswith("test_")}
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def our_function(monkeypatch):
    monkeypatch.setattr(theirs, "permutation_importance", permutation_importance)


def test_the_tests_of_scikit_learn_call_our_function():
    assert theirs.permutation_importance is permutation_importance
    assert sum(name.startswith("test_permutation") for name in globals()) > 10
