"""Errors of methods with bad scores, needs or parameters."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier

from sklprune import PrunedEstimator
from sklprune.methods import (
    ElasticNetPath,
    Knockoffs,
    Magnitude,
    Method,
    NeuronElimination,
    Permutation,
    Probe,
)
from sklprune.refits import Reconstruction


class Constant(Method):
    """A method whose scores are a parameter."""

    granularity = "weight"

    def __init__(self, scores=None):
        self.scores = scores

    def score(self, family, estimator, units, task):
        return self.scores


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        (np.zeros(3), r"Constant.score gave an array of shape \(3,\).*shape \(8,\)"),
        (np.zeros((8, 1)), r"shape \(8, 1\); it must give one number for each"),
        (np.full(8, np.nan), "Constant.score gave 8 of 8 values that are not finite"),
        (np.array(["a"] * 8), "Constant.score gave values of dtype"),
    ],
    ids=["too few", "two axes", "missing", "texts"],
)
def test_scores_of_a_method_are_one_finite_number_for_each_unit(
    binary, scores, sentence
):
    model = LogisticRegression()
    with pytest.raises(ValueError, match=sentence):
        PrunedEstimator(model, method=Constant(scores), pruning_ratio=0.5).fit(*binary)


def test_a_method_states_what_it_removes_and_needs(binary):
    class Nothing(Constant):
        granularity = None

    class Text(Constant):
        needs = "layers"

    class Unknown(Constant):
        needs = ("sample",)

    for method, sentence in (
        (Nothing(), "Nothing.granularity is None; it must name what"),
        (Text(), "Text.needs='layers' must be a tuple of names"),
        (Unknown(), "does not offer sample .capabilities: .*layers, masked_refit"),
    ):
        with pytest.raises(ValueError, match=sentence):
            PrunedEstimator(LogisticRegression(), method=method).fit(*binary)


@pytest.mark.parametrize("refit", [False, "reconstruction"])
def test_elimination_with_fits_between_needs_a_clone(binary, refit):
    pruned = PrunedEstimator(
        LogisticRegression(), method="recursive_elimination", refit=refit
    )
    with pytest.raises(ValueError, match="cannot follow the removal of features"):
        pruned.fit(*binary)


@pytest.mark.parametrize(
    "method, message",
    [
        (["magnitude", 1], "method=1 must be the name of a method"),
        (Magnitude(granularity=1), r"Magnitude\(granularity=1\).* must be a string"),
        (Magnitude(granularity=[]), r"Magnitude\(granularity=\[\]\).*'neuron'"),
        (Knockoffs(fdr="low"), r"Knockoffs\(fdr='low'\): fdr must be a number"),
        (Probe(level=None), r"Probe\(level=None\): level must be a number"),
        (ElasticNetPath(eps="a"), r"ElasticNetPath\(eps='a'\): eps must be a number"),
        (ElasticNetPath(l1_ratio={}), r"\(l1_ratio={}\): l1_ratio must be a number"),
    ],
)
def test_parameters_of_methods_of_another_type(binary, method, message):
    decides = isinstance(method, (Knockoffs, Probe))
    ratio = "auto" if decides else 0.5
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(Ridge(), method=method, pruning_ratio=ratio).fit(*binary)


@pytest.mark.parametrize("value", [-1.0, np.nan, "small", None, [1.0, 2.0]])
@pytest.mark.parametrize(
    "parameter, settings",
    [
        ("alpha", lambda v: {"method": NeuronElimination(alpha=v)}),
        (
            "alpha",
            lambda v: {"method": "neuron_elimination", "refit": Reconstruction(v)},
        ),
        ("standardize", lambda v: {"method": Magnitude(standardize=v)}),
        ("conditional", lambda v: {"method": Permutation(conditional=v)}),
    ],
    ids=["neuron_elimination", "reconstruction", "magnitude", "permutation"],
)
def test_parameters_of_methods_and_refits_out_of_range(
    binary, parameter, settings, value
):
    model = MLPClassifier((4,), max_iter=5, random_state=0)
    sentence = f"The '{parameter}' parameter of .* must be .*"
    with pytest.raises(ValueError, match=sentence):
        PrunedEstimator(model, pruning_ratio=0.5, **settings(value)).fit(*binary)
