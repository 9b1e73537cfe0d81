"""Methods: in which order units leave. One file for each.

Adding one is a file here, its test file, and a line below.
"""

from sklprune.methods._base import Method
from sklprune.methods.magnitude import Magnitude
from sklprune.methods.member_selection import MemberSelection
from sklprune.methods.neuron_elimination import NeuronElimination
from sklprune.methods.permutation import Permutation

__all__ = [
    "Magnitude",
    "MemberSelection",
    "Method",
    "NeuronElimination",
    "Permutation",
]
