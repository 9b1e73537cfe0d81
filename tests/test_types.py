"""Type checks of a user's file against the installed package, by mypy."""

import inspect
import os
import pathlib
import re
import subprocess
import sys

import pytest

import sklprune
from sklprune import PrunedEstimator, prune

IMPORTS = """
import numpy as np
from sklearn.linear_model import Ridge

from sklprune import (
    FeaturePruningSelector,
    PrunedEstimator,
    PruningPathDisplay,
    cost,
    permutation_importance,
    prune,
    strip,
    to_plain,
)
from sklprune.methods import Magnitude
from sklprune.refits import Reconstruction
from sklprune.rules import Tolerance

X = [[0.0], [1.0]]
y = [0.0, 1.0]
model = Ridge().fit(X, y)
"""

#: expressions, and their types without the names of modules
REVEALED = {
    "prune(model, X, y)": "PrunedEstimator",
    "PrunedEstimator(model).fit(X, y)": "PrunedEstimator",
    "prune(model, X, y).estimator_": "Any",
    "prune(model, X, y).pruning_ratio_": "float",
    "prune(model, X, y).report_": "Report",
    "prune(model, X, y).report_.summary": "str",
    "prune(model, X, y).report_.measure(X)": "Report",
    "prune(model, X, y).path_": "PruningPath",
    "prune(model, X, y).n_features_in_": "int",
    "prune(model, X, y).score(X, y)": "float",
    "FeaturePruningSelector(model).fit(X, y)": "FeaturePruningSelector",
    "FeaturePruningSelector(model).fit(X, y).report_": "Report",
    "FeaturePruningSelector(model).support_": "ndarray[Any, Any]",
    "cost(model)": "Cost",
    "cost(model, X).file_bytes": "float",
    "cost(model).to_dict()": "dict[str, float]",
    "PruningPathDisplay.from_estimator(model)": "PruningPathDisplay",
}

VALID = [
    "prune(model, X)",
    "prune(model, X, y, method='magnitude', pruning_ratio=0.5, refit=False)",
    "prune(model, X, y, method=Magnitude(per='layer'), refit=Reconstruction())",
    "prune(model, X, y, pruning_ratio=[0.2, 0.5], rule=Tolerance(0.01), cv=3)",
    "prune(model, X, y, rule=lambda table: table['score_mean'].argmax())",
    "prune(model, X, y, rule=lambda table: 0)",
    "prune(model, X, y, pruning_ratio=np.linspace(0.1, 0.9, 5))",
    "PrunedEstimator(model, random_state=0, memory='cache', verbose=True)",
    "FeaturePruningSelector(model, n_features_to_select=1, always_keep=['a'])",
    "FeaturePruningSelector(model, feature_groups={'g': [0]})",
    "permutation_importance(model, X, y, n_repeats=2).importances_mean",
    "to_plain(strip(model))",
]

#: expressions, and a part of the error that each one causes
ERRORS = {
    "prune(model, X, y, pruning_ration=0.5)": '"pruning_ration" for "prune"',
    "PrunedEstimator(model, ratio=0.5)": '"ratio" for "PrunedEstimator"',
    "FeaturePruningSelector(model, k=3)": '"k" for "FeaturePruningSelector"',
    "prune(model, X, y, pruning_ratio='most')": 'Argument "pruning_ratio"',
    "prune(model, X, y, method=3)": 'Argument "method"',
    "prune(model, X, y).predict()": 'Missing positional argument "X"',
    "Magnitude(treshold='mean')": '"treshold" for "Magnitude"',
    "Tolerance('0.1')": "Argument 1",
    "cost(model).bytes": '"Cost" has no attribute "bytes"',
}


def checked(folder, lines):
    """The messages of mypy for each line of a file with these lines."""
    folder.mkdir()
    file = folder / "user.py"
    file.write_text(IMPORTS + "\n".join(lines) + "\n")
    root = pathlib.Path(sklprune.__file__).parents[1]
    # mypy does not follow every kind of editable installation
    path = {} if root.name == "site-packages" else {"MYPYPATH": str(root)}
    options = ["--ignore-missing-imports", "--follow-imports=silent"]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", *options, file.name],
        cwd=folder,
        env=os.environ | path | {"MYPY_CACHE_DIR": str(folder.parent / "cache")},
        capture_output=True,
        text=True,
    )
    assert not run.stderr, run.stderr
    messages = [""] * len(lines)
    before = IMPORTS.count("\n")
    for line, message in re.findall(r"^user\.py:(\d+): (.*)$", run.stdout, re.M):
        assert int(line) > before, run.stdout
        messages[int(line) - before - 1] += message + "\n"
    return messages


@pytest.mark.slow
def test_a_users_file_has_types_and_errors(tmp_path):
    pytest.importorskip("mypy")
    revealed = [f"reveal_type({expression})" for expression in REVEALED]
    for expression, message in zip(REVEALED, checked(tmp_path / "types", revealed)):
        found = re.search(r'Revealed type is "(.*)"', message)[1]
        # builtins.float, or since mypy 1.18 float
        found = re.sub(r"[\w.]+\.(?=\w)", "", found)
        assert found == REVEALED[expression], expression
    assert checked(tmp_path / "valid", VALID) == [""] * len(VALID)
    for expression, message in zip(ERRORS, checked(tmp_path / "errors", [*ERRORS])):
        assert ERRORS[expression] in message, expression


def test_prune_has_the_keywords_of_the_estimator():
    of_class = inspect.signature(PrunedEstimator).parameters
    of_function = dict(inspect.signature(prune).parameters)
    for name in ("X", "y", "sample_weight", "groups"):
        del of_function[name]
    assert list(of_function.values()) == list(of_class.values())


def test_a_misspelt_keyword_of_prune_is_an_error(regression):
    with pytest.raises(TypeError, match=r"prune\(\).*'pruning_ration'"):
        prune(None, *regression, pruning_ration=0.5)
