"""Model pruning for scikit-learn: smaller plain estimators that keep their score."""

from sklprune import methods, refits, rules
from sklprune._cost import Cost, cost
from sklprune._display import PruningPathDisplay
from sklprune._dump import dump
from sklprune._feature_display import FeatureImportanceDisplay
from sklprune._feature_selector import FeaturePruningSelector
from sklprune._importance import permutation_importance
from sklprune._layer_display import LayerDisplay
from sklprune._plain import strip, to_plain
from sklprune._pruned_estimator import PrunedEstimator, prune
from sklprune._schedule import Schedule
from sklprune._show_versions import show_versions
from sklprune._transfer import transfer
from sklprune._trees_display import TreesDisplay
from sklprune._version import __version__

__all__ = [
    "Cost",
    "FeatureImportanceDisplay",
    "FeaturePruningSelector",
    "LayerDisplay",
    "PrunedEstimator",
    "PruningPathDisplay",
    "Schedule",
    "TreesDisplay",
    "__version__",
    "cost",
    "dump",
    "methods",
    "permutation_importance",
    "prune",
    "refits",
    "rules",
    "show_versions",
    "strip",
    "to_plain",
    "transfer",
]
