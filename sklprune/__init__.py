"""Model pruning for scikit-learn: smaller plain estimators that keep their score."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sklprune._version import __version__

if TYPE_CHECKING:
    from sklprune import families as families  # not in __all__
    from sklprune import methods, refits, rules
    from sklprune._cost import Cost, cost
    from sklprune._displays.features import FeatureImportanceDisplay
    from sklprune._displays.layers import LayerDisplay
    from sklprune._displays.path import PruningPathDisplay
    from sklprune._displays.trees import TreesDisplay
    from sklprune._dump import dump
    from sklprune._feature_selector import FeaturePruningSelector
    from sklprune._importance import permutation_importance
    from sklprune._online.schedule import Schedule
    from sklprune._online.transfer import transfer
    from sklprune._plain import strip, to_plain
    from sklprune._pruned_estimator import PrunedEstimator, prune
    from sklprune._show_versions import show_versions

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

#: imported as an attribute too
_SUBMODULES = ("families", "methods", "refits", "rules")
#: the module of each public name that is not a module itself
_MODULES = {
    "Cost": "_cost",
    "FeatureImportanceDisplay": "_displays.features",
    "FeaturePruningSelector": "_feature_selector",
    "LayerDisplay": "_displays.layers",
    "PrunedEstimator": "_pruned_estimator",
    "PruningPathDisplay": "_displays.path",
    "Schedule": "_online.schedule",
    "TreesDisplay": "_displays.trees",
    "cost": "_cost",
    "dump": "_dump",
    "permutation_importance": "_importance",
    "prune": "_pruned_estimator",
    "show_versions": "_show_versions",
    "strip": "_plain",
    "to_plain": "_plain",
    "transfer": "_online.transfer",
}


def __getattr__(name: str) -> Any:
    # scikit-learn is imported with the first name that needs it, so that the command
    # line can print its help, and its first line, before
    if name in _MODULES:
        value = getattr(import_module(f"sklprune.{_MODULES[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"sklprune.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES})
