"""A package that extends sklprune from outside, by public names only.

It adds families for nearest-neighbour models, whose unit is a stored row, a method that
orders such rows, and a rule.
"""

from outside.family import NeighboursFamily, PrototypesFamily
from outside.method import KeepBorder
from outside.models import Prototypes
from outside.rule import AtMost

__all__ = ["AtMost", "KeepBorder", "NeighboursFamily", "Prototypes", "PrototypesFamily"]
