"""The same results on a local cluster of dask, bit by bit. It skips without dask."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator, permutation_importance

distributed = pytest.importorskip("distributed")

# dask warns of its own later releases
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

X, Y = make_classification(300, 8, n_informative=4, random_state=0)
MODELS = {
    "forest": PrunedEstimator(RandomForestClassifier(8, max_depth=4)),
    "network": PrunedEstimator(MLPClassifier((8,), max_iter=20)),
    "columns": PrunedEstimator(
        HistGradientBoostingClassifier(max_iter=8), method="columns"
    ),
    "permuted columns": PrunedEstimator(LogisticRegression(), method="permutation"),
    "columns compared with random ones": FeaturePruningSelector(
        RandomForestClassifier(5, max_depth=4), method="probe"
    ),
    "columns one by one": FeaturePruningSelector(
        LogisticRegression(), method="sequential", n_features_to_select=3
    ),
}


@pytest.fixture(scope="module")
def cluster():
    """A client of two worker processes."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


def results(pruned):
    if isinstance(pruned, FeaturePruningSelector):
        return [pruned.support_, pruned.importances_]
    return [
        pruned.predict_proba(X),
        pruned.path_.table["scores"],
        np.array([pruned.pruning_ratio_, pruned.report_.score["pruned"]]),
    ]


@pytest.mark.parametrize("name", MODELS)
def test_the_cluster_gives_the_same_bits(cluster, name):
    pruned = MODELS[name].set_params(random_state=0, cv=3)
    expected = results(pruned.fit(X, Y))
    before = n_tasks(cluster)
    with parallel_config(backend="dask"):
        found = results(pruned.fit(X, Y))
    for one, two in zip(found, expected):
        np.testing.assert_array_equal(one, two)
    # the loops of sklprune have run on the workers
    assert n_tasks(cluster) > before


def n_tasks(cluster):
    """The number of tasks that the workers have run so far."""
    counts = cluster.run(lambda dask_worker: dask_worker.state.executed_count)
    return sum(counts.values())


def test_permuted_columns_are_scored_on_the_workers(cluster):
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, Y)
    expected = permutation_importance(model, X, Y, random_state=0)
    before = n_tasks(cluster)
    with parallel_config(backend="dask"):
        found = permutation_importance(model, X, Y, random_state=0)
    np.testing.assert_array_equal(found.importances, expected.importances)
    assert n_tasks(cluster) > before
