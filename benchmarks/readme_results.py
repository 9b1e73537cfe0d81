"""How much smaller do four models become, and is a small model from scratch as good?

    python benchmarks/readme_results.py [--data FOLDER] [--cases NAME,NAME]
        [--json benchmarks/results/readme.json]

Each case is a model and a data set. A quarter of the rows is the test set, which is
used for nothing else. The model is fitted on the other rows, and pruned on them with
the rule `Tolerance(0.01)`; ROC AUC of the forest has the tolerance 0.005.

The third model of each case is trained from scratch on the same rows, to at most the
size of the pruned model. It is chosen among a few candidates of that size by the score
on a fifth of these rows. It is then fitted on all of them. Where the pruned model has
fewer hidden units or columns, the small model has as many of them.

Three seeds give three splits of the rows and three fits. `tables.py` writes the medians
into the README.
"""

import warnings

import numpy as np
from command_line import listed, parser_of, write
from datasets import load
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import (
    FeaturePruningSelector,
    PrunedEstimator,
    cost,
    prune,
    strip,
    to_plain,
)
from sklprune.rules import Tolerance

SEEDS = (0, 1, 2)


class Case:
    """A data set, a model, a way to prune it, and small models of the same size.

    Attributes
    ----------
    data, model, method, unit, metric : str
        As the table shows them.
    scoring : str
        The name of the scorer.
    """

    scoring = "accuracy"
    metric = "accuracy"

    def size(self, model):
        """The number of units of a model."""
        raise NotImplementedError

    def whole(self, seed):
        """The unfitted model that is pruned."""
        raise NotImplementedError

    def pruned(self, whole, X, y, seed):
        """The pruned model, as a plain scikit-learn estimator."""
        raise NotImplementedError

    def candidates(self, size, seed):
        """Unfitted small models. Those that are larger than `size` are dropped."""
        raise NotImplementedError


class Forest(Case):
    data, model = "adult", "random forest of 100 trees"
    method, unit = "regrow", "leaves"
    scoring, metric = "roc_auc", "ROC AUC"

    def size(self, model):
        return sum(int(tree.get_n_leaves()) for tree in np.ravel(model.estimators_))

    def whole(self, seed):
        return RandomForestClassifier(100, random_state=seed)

    def pruned(self, whole, X, y, seed):
        return prune(
            whole,
            X,
            y,
            method=self.method,
            rule=Tolerance(0.005),
            scoring="roc_auc",
            random_state=seed,
        ).estimator_

    def candidates(self, size, seed):
        for leaves in (2, 3, 4, 6, 8, 16):
            for rate in (0.1, 0.3, 0.5, 0.8):
                yield GradientBoostingClassifier(
                    n_estimators=max(1, size // leaves),
                    max_leaf_nodes=leaves,
                    max_depth=None,
                    learning_rate=rate,
                    random_state=seed,
                )


class Network(Case):
    data, model = "digits", "MLP of 100 hidden units"
    method, unit = "neuron_elimination", "hidden units"

    def size(self, model):
        return sum(len(bias) for bias in model[-1].intercepts_[:-1])

    def whole(self, seed):
        return self._network(100, seed)

    def _network(self, width, seed):
        return make_pipeline(
            StandardScaler(), MLPClassifier((width,), max_iter=1000, random_state=seed)
        )

    def pruned(self, whole, X, y, seed):
        return default_pruning(self.method, whole, seed).fit(X, y).estimator_

    def candidates(self, size, seed):
        yield self._network(size, seed)


class Columns(Case):
    data, model = "ames", "histogram boosting of 100 trees"
    method, unit = "permutation", "columns"
    scoring, metric = "r2", "R2"

    def size(self, model):
        return model[-1].n_features_in_

    def whole(self, seed):
        return make_pipeline(HistGradientBoostingRegressor(random_state=seed))

    def pruned(self, whole, X, y, seed):
        select = FeaturePruningSelector(
            clone(whole[-1]),
            method=self.method,
            rule=Tolerance(0.01),
            random_state=seed,
        )
        return to_plain(make_pipeline(select, clone(whole[-1])).fit(X, y))

    def candidates(self, size, seed):
        model = HistGradientBoostingRegressor(random_state=seed)
        yield make_pipeline(SelectKBest(f_regression, k=size), model)


class Text(Case):
    data, model = "reuters_r8", "logistic regression on words"
    method, unit = "magnitude", "non-zero weights"

    def size(self, model):
        return int(np.count_nonzero(model[-1].coef_))

    def whole(self, seed):
        return make_pipeline(
            TfidfTransformer(sublinear_tf=True), LogisticRegression(C=10, max_iter=300)
        )

    def pruned(self, whole, X, y, seed):
        return default_pruning(self.method, whole, seed, cv=3).fit(X, y).estimator_

    def candidates(self, size, seed):
        for C in (1, 2, 4, 8, 16):
            yield make_pipeline(
                TfidfTransformer(sublinear_tf=True),
                LogisticRegression(
                    C=C, l1_ratio=1, solver="saga", tol=1e-3, random_state=seed
                ),
            )


def default_pruning(method, model, seed, cv=None):
    """An unfitted `PrunedEstimator` with the rule of the table."""
    return PrunedEstimator(
        clone(model), method=method, rule=Tolerance(0.01), cv=cv, random_state=seed
    )


CASES = {"forest": Forest, "network": Network, "columns": Columns, "text": Text}


def best_from_scratch(case, size, X, y, seed):
    """The best small model of at most `size` units, or None if all are larger."""
    stratify = None if case.metric == "R2" else y
    rows = train_test_split(
        np.arange(len(y)), test_size=0.2, stratify=stratify, random_state=seed
    )
    score = get_scorer(case.scoring)
    found = []
    for i, candidate in enumerate(case.candidates(size, seed)):
        model = clone(candidate).fit(X[rows[0]], y[rows[0]])
        found.append((-score(model, X[rows[1]], y[rows[1]]), i, candidate))
    for _, _, candidate in sorted(found):
        model = candidate.fit(X, y)
        if case.size(model) <= size:
            return model
    return None


def run_case(case, X, y, seed):
    """One record for each of the three models."""
    stratify = None if case.metric == "R2" else y
    train, test, y_train, y_test = train_test_split(
        X, y, stratify=stratify, random_state=seed
    )
    whole = case.whole(seed).fit(train, y_train)
    pruned = case.pruned(whole, train, y_train, seed)
    size = case.size(pruned)
    scratch = best_from_scratch(case, size, train, y_train, seed)
    models = {"unpruned": whole, "pruned": pruned, "from scratch": scratch}
    score = get_scorer(case.scoring)
    return [
        {
            "seed": seed,
            "which": which,
            "class": type(getattr(model, "steps", [(0, model)])[-1][1]).__name__,
            "size": case.size(model),
            "bytes": cost(strip(model)).compressed_bytes,
            "score": round(float(score(model, test, y_test)), 4),
        }
        for which, model in models.items()
        if model is not None
    ]


def rows_of(name, folder):
    """The data of a case; missing values of a forest are one more value."""
    X, y = load(name, folder)
    return (X if sparse.issparse(X) else np.nan_to_num(X, nan=-1)), y


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--cases", default=",".join(CASES))
    options = parser.parse_args()
    # an L1 model that has not converged is a candidate like any other
    warnings.filterwarnings("ignore", "The max_iter was reached")
    results = []
    with threadpool_limits(1):
        for name in listed(options.cases):
            case = CASES[name]()
            X, y = rows_of(case.data, options.data)
            records = []
            for seed in SEEDS:
                found = run_case(case, X, y, seed)
                print(*found, sep="\n", flush=True)
                records += found
            results.append(
                {
                    "case": name,
                    "data": case.data,
                    "rows": X.shape[0],
                    "columns": X.shape[1],
                    "model": case.model,
                    "method": case.method,
                    "unit": case.unit,
                    "metric": case.metric,
                    "records": records,
                }
            )
    write(results, options.json)


if __name__ == "__main__":
    main()
