"""Methods: in which order units leave. One file for each.

Adding one is a file here, its test file, and a line below.
"""

from sklprune.methods._base import Method
from sklprune.methods.elastic_net_path import ElasticNetPath
from sklprune.methods.magnitude import Magnitude
from sklprune.methods.member_selection import MemberSelection
from sklprune.methods.permutation import Permutation
from sklprune.methods.recursive_elimination import RecursiveElimination

__all__ = [
    "ElasticNetPath",
    "Magnitude",
    "MemberSelection",
    "Method",
    "Permutation",
    "RecursiveElimination",
]
