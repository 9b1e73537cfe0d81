"""Families: one file for each kind of model, all that is known of it.

Adding one is a file here, its test file, and a line below.
"""

from sklprune._registry import register_family
from sklprune.families._base import Family
from sklprune.families.bagging import BaggingFamily
from sklprune.families.boosting import BoostingFamily
from sklprune.families.column_transformer import ColumnTransformerFamily
from sklprune.families.forest import ForestFamily
from sklprune.families.frozen import FrozenFamily
from sklprune.families.hist_boosting import HistBoostingFamily
from sklprune.families.linear import LinearFamily
from sklprune.families.mlp import MLPFamily
from sklprune.families.pipeline import PipelineFamily
from sklprune.families.search import SearchFamily
from sklprune.families.transformed_target import TransformedTargetFamily
from sklprune.families.tree import TreeFamily

__all__ = ["Family"]

register_family(Family())
register_family(BaggingFamily())
register_family(BoostingFamily())
register_family(ColumnTransformerFamily())
register_family(ForestFamily())
register_family(FrozenFamily())
register_family(HistBoostingFamily())
register_family(LinearFamily())
register_family(MLPFamily())
register_family(PipelineFamily())
register_family(SearchFamily())
register_family(TransformedTargetFamily())
register_family(TreeFamily())
