"""Methods: in which order units leave. One file for each.

Adding one is a file here, its test file, and a line below.
"""

from sklprune.methods._base import Method
from sklprune.methods.backfitting import Backfitting
from sklprune.methods.cost_complexity import CostComplexity
from sklprune.methods.elastic_net_path import ElasticNetPath
from sklprune.methods.magnitude import Magnitude
from sklprune.methods.member_selection import MemberSelection
from sklprune.methods.neuron_elimination import NeuronElimination
from sklprune.methods.permutation import Permutation
from sklprune.methods.recast import Recast
from sklprune.methods.recursive_elimination import RecursiveElimination
from sklprune.methods.regrow import Regrow

__all__ = [
    "Backfitting",
    "CostComplexity",
    "ElasticNetPath",
    "Magnitude",
    "MemberSelection",
    "Method",
    "NeuronElimination",
    "Permutation",
    "Recast",
    "RecursiveElimination",
    "Regrow",
]
