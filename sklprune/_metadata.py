"""Selection of sample weights and groups by scikit-learn's metadata routing.

These functions have an effect only with
`sklearn.set_config(enable_metadata_routing=True)`. Each consumer (an estimator, scorer
or splitter) then carries its own requests, which `clone` preserves. The requests are
read where the consumer is called.
"""

from typing import Any

from sklearn import get_config
from sklearn.utils.metadata_routing import get_routing_for_object


def routing_enabled() -> bool:
    """Whether metadata are passed to a consumer only if it requests them."""
    return get_config()["enable_metadata_routing"]


def given(**metadata: Any) -> dict[str, Any]:
    """The metadata that are not None."""
    return {name: value for name, value in metadata.items() if value is not None}


def requested(consumer: Any, method: str, **metadata: Any) -> dict[str, Any]:
    """The metadata that a consumer requests, as keywords for one of its methods."""
    metadata = given(**metadata)
    if not metadata:
        return {}
    names = get_routing_for_object(consumer).consumes(method, metadata)
    return {name: metadata[name] for name in metadata if name in names}
