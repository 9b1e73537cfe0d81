"""Ctrl-C during the fit of a network, which scikit-learn takes for its end."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune._typing import Estimator

#: the warning of a network of scikit-learn whose training was interrupted
INTERRUPTED = "Training interrupted by user"


@contextmanager
def interruptible(estimator: Estimator) -> Iterator[None]:
    """A context in which an interruption ends the fit of a network with an error.

    scikit-learn only warns, and the network remains as it is at that moment. It would
    then be pruned and scored as if it was fitted.
    """
    # only the main thread is interrupted, and filters of warnings are global
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not _contains_network(estimator):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("error", INTERRUPTED, UserWarning)
        try:
            yield
        except UserWarning as warning:
            if INTERRUPTED not in str(warning):
                raise
            raise KeyboardInterrupt from None


def _contains_network(estimator: Estimator) -> bool:
    parameters = estimator.get_params(deep=True).values()
    networks = (MLPClassifier, MLPRegressor)
    return any(isinstance(each, networks) for each in (estimator, *parameters))
