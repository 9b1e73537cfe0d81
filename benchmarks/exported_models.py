"""The models that `exports.py` exports, unpruned and pruned."""

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import prune

#: columns of categories, the last ones
N_CATEGORIES = 2


def rows_of(target, seed=0):
    """Rows of eight columns as float32, and classes or values.

    Six columns are numbers, and two are codes of four categories. No middle between
    two codes is a code, so that no row lies on a threshold of a tree.
    """
    random = np.random.RandomState(seed)
    X = random.randn(600, 8)
    codes = random.randint(0, 4, (len(X), N_CATEGORIES))
    X[:, -N_CATEGORIES:] = np.array([0, 1, 3, 7])[codes]
    values = X[:, 0] + 0.5 * X[:, 1] ** 2 - X[:, 2] + 0.3 * codes[:, -1]
    values = values + 0.3 * random.randn(len(X))
    if target == "values":
        return X.astype(np.float32), values
    edges = np.quantile(values, {"two": [0.5], "three": [1 / 3, 2 / 3]}[target])
    return X.astype(np.float32), np.digitize(values, edges)


@dataclass
class Model:
    """A model, and how it is pruned."""

    estimator: Any
    removed: str
    method: str = "auto"
    ratio: Any = 0.5
    target: str = "three"
    options: dict = field(default_factory=dict)

    def fitted(self, X, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few iterations are enough
            return clone(self.estimator).fit(X, y)

    def pruned(self, model, X, y):
        """The plain result of pruning, at a fixed ratio."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return prune(
                model,
                X,
                y,
                method=self.method,
                pruning_ratio=self.ratio,
                random_state=0,
                **self.options,
            ).estimator_


def mixed():
    """A pipeline that encodes the columns of categories."""
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), list(range(6))),
            ("categories", OneHotEncoder(handle_unknown="ignore"), [6, 7]),
        ]
    )
    return make_pipeline(columns, LogisticRegression())


FEW = {"max_depth": 5, "random_state": 0}
FOREST = {"n_estimators": 10, **FEW}
NETWORK = {"hidden_layer_sizes": (12, 8), "max_iter": 40, "random_state": 0}
HIST = {"max_iter": 10, "max_depth": 4, "random_state": 0}

MODELS = {
    # weights
    "logistic regression": Model(LogisticRegression(), "weights"),
    "logistic regression of two classes": Model(
        LogisticRegression(), "weights", "second_order", target="two"
    ),
    "ridge regression": Model(Ridge(), "weights", target="values"),
    "linear model by SGD": Model(SGDClassifier(random_state=0), "weights"),
    "linear SVM": Model(LinearSVC(), "weights", target="two"),
    "linear discriminant analysis": Model(LinearDiscriminantAnalysis(), "weights"),
    "scaler and logistic regression": Model(
        make_pipeline(StandardScaler(), LogisticRegression()), "weights"
    ),
    "the same with drop_unread": Model(
        make_pipeline(StandardScaler(), LogisticRegression()),
        "weights, columns",
        ratio=0.7,
        target="two",
        options={"drop_unread": True},
    ),
    "MLP, single weights": Model(MLPClassifier(**NETWORK), "weights", "second_order"),
    # hidden units
    "MLP classifier": Model(MLPClassifier(**NETWORK), "hidden units"),
    "MLP classifier of two classes": Model(
        MLPClassifier(**NETWORK), "hidden units", "magnitude", target="two"
    ),
    "MLP regressor": Model(MLPRegressor(**NETWORK), "hidden units", target="values"),
    "scaler and MLP": Model(
        make_pipeline(StandardScaler(), MLPClassifier(**NETWORK)), "hidden units"
    ),
    # leaves and members
    "decision tree": Model(DecisionTreeClassifier(**FEW), "leaves"),
    "regression tree": Model(DecisionTreeRegressor(**FEW), "leaves", target="values"),
    "random forest": Model(RandomForestClassifier(**FOREST), "leaves"),
    "random forest of values": Model(
        RandomForestRegressor(**FOREST), "leaves", target="values"
    ),
    "random forest, subtrees": Model(
        RandomForestClassifier(**FOREST), "leaves", "cost_complexity", target="two"
    ),
    "extra trees": Model(ExtraTreesClassifier(**FOREST), "trees", "member_selection"),
    "extra trees of values": Model(
        ExtraTreesRegressor(**FOREST), "leaves", target="values"
    ),
    "random forest to boosting": Model(
        RandomForestClassifier(**FOREST), "nothing", "recast", "auto", "two"
    ),
    "random forest regrown": Model(
        RandomForestClassifier(**FOREST), "leaves", "regrow", target="two"
    ),
    "gradient boosting": Model(
        GradientBoostingClassifier(n_estimators=10, random_state=0), "leaves"
    ),
    "gradient boosting of two classes": Model(
        GradientBoostingClassifier(n_estimators=10, random_state=0),
        "leaves",
        target="two",
    ),
    "gradient boosting of values": Model(
        GradientBoostingRegressor(n_estimators=10, random_state=0),
        "leaves",
        target="values",
    ),
    "histogram boosting": Model(HistGradientBoostingClassifier(**HIST), "leaves"),
    "histogram boosting of two classes": Model(
        HistGradientBoostingClassifier(**HIST), "leaves", target="two"
    ),
    "histogram boosting of values": Model(
        HistGradientBoostingRegressor(**HIST), "leaves", target="values"
    ),
    "bagged trees": Model(
        BaggingClassifier(DecisionTreeClassifier(max_depth=5), 8, random_state=0),
        "leaves",
    ),
    "bagging of ridge": Model(
        BaggingRegressor(Ridge(), 8, random_state=0),
        "members",
        "member_selection",
        target="values",
    ),
    # bits
    "logistic regression, fewer bits": Model(LogisticRegression(), "bits", "quantize"),
    "MLP, fewer bits": Model(MLPClassifier(**NETWORK), "bits", "quantize", 0.75),
    # columns
    "columns of logistic regression": Model(
        LogisticRegression(), "columns", "recursive_elimination"
    ),
    "columns of an SVM": Model(SVC(), "columns", target="two"),
    "columns of nearest neighbours": Model(
        KNeighborsRegressor(), "columns", target="values"
    ),
    "columns of naive Bayes": Model(GaussianNB(), "columns"),
    "columns of a random forest": Model(
        RandomForestClassifier(**FOREST), "columns", "columns"
    ),
    "columns of gradient boosting": Model(
        GradientBoostingRegressor(n_estimators=10, random_state=0),
        "columns",
        "columns",
        target="values",
    ),
    "columns of histogram boosting": Model(
        HistGradientBoostingClassifier(**HIST), "columns", "columns"
    ),
    "columns of an MLP": Model(MLPClassifier(**NETWORK), "columns", "columns"),
    "columns of AdaBoost": Model(
        AdaBoostClassifier(n_estimators=8, random_state=0), "columns", "columns"
    ),
    "columns of a vote": Model(
        VotingClassifier(
            [
                ("linear", LogisticRegression()),
                ("tree", DecisionTreeClassifier(max_depth=4)),
            ],
            voting="soft",
            flatten_transform=False,
        ),
        "columns",
        "columns",
    ),
    "columns of encoded categories": Model(mixed(), "columns", "columns"),
}
