"""Who gets which metadata, by the requests of scikit-learn's metadata routing.

Only asked where `sklearn.set_config(enable_metadata_routing=True)` is in force. Each
consumer carries its own requests, also through `clone`, and is asked where it is used.
"""

from sklearn import get_config
from sklearn.utils.metadata_routing import get_routing_for_object


def routing_enabled():
    """Whether metadata go where they are requested, and only there."""
    return get_config()["enable_metadata_routing"]


def given(**metadata):
    """Those metadata that are there."""
    return {name: value for name, value in metadata.items() if value is not None}


def requested(consumer, method, **metadata):
    """Of the metadata those that a consumer requests, as keywords of its method."""
    metadata = given(**metadata)
    if not metadata:
        return {}
    names = get_routing_for_object(consumer).consumes(method, metadata)
    return {name: metadata[name] for name in metadata if name in names}
