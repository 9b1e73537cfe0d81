"""Methods: in which order units are removed. One file for each.

A method orders the units of a model, and gives the candidate at each ratio. To add one,
write a file here that ends in `register("method", YourMethod)`, and import its class in
one line below. Another package derives from `Method` and passes an object.
"""

from sklprune._registry import registered
from sklprune.methods._base import Method as Method
from sklprune.methods.activation import Activation as Activation
from sklprune.methods.backfitting import Backfitting as Backfitting
from sklprune.methods.chain import Chain as Chain
from sklprune.methods.columns import Columns as Columns
from sklprune.methods.cost_complexity import CostComplexity as CostComplexity
from sklprune.methods.elastic_net_path import ElasticNetPath as ElasticNetPath
from sklprune.methods.gradient import Gradient as Gradient
from sklprune.methods.knockoffs import Knockoffs as Knockoffs
from sklprune.methods.magnitude import Magnitude as Magnitude
from sklprune.methods.member_selection import MemberSelection as MemberSelection
from sklprune.methods.neuron_elimination import NeuronElimination as NeuronElimination
from sklprune.methods.permutation import Permutation as Permutation
from sklprune.methods.probe import Probe as Probe
from sklprune.methods.quantize import Quantize as Quantize
from sklprune.methods.random_order import RandomOrder as RandomOrder
from sklprune.methods.recast import Recast as Recast
from sklprune.methods.recursive_elimination import (
    RecursiveElimination as RecursiveElimination,
)
from sklprune.methods.regrow import Regrow as Regrow
from sklprune.methods.second_order import SecondOrder as SecondOrder
from sklprune.methods.sequential import Sequential as Sequential
from sklprune.methods.structure_search import StructureSearch as StructureSearch

__all__ = sorted(
    ["Chain", "Method", *(cls.__name__ for cls in registered("method").values())]
)
