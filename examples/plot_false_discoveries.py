"""
Columns at a false discovery rate
=================================

You report which columns matter, and a reader asks how many of them are there by chance.
How do you select columns so that at most a tenth of them is useless?
"""

# %%
# Simulated rows
# --------------
# Twenty of 150 correlated columns matter. Since the rows are simulated, each selection
# can be compared with the truth, and the simulation can be repeated.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.feature_selection import SelectFdr, f_regression
from sklearn.linear_model import LassoCV, Ridge

from sklprune import FeaturePruningSelector
from sklprune.methods import Knockoffs

n_rows, n_columns, n_useful = 500, 150, 20


def simulated(seed):
    """Rows, targets, and which columns matter."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n_rows, n_columns))
    X = np.empty_like(noise)
    X[:, 0] = noise[:, 0]
    for j in range(1, n_columns):  # neighbours correlate by 0.5
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * noise[:, j]
    useful = np.zeros(n_columns, dtype=bool)
    useful[rng.choice(n_columns, n_useful, replace=False)] = True
    return X, X[:, useful].sum(axis=1) * 0.3 + rng.normal(size=n_rows), useful


# %%
# Knockoffs
# ---------
# Each column gets a random copy that has the same correlations with the other columns.
# A column is kept if it matters more than copies do. ``fdr=0.1`` limits the expected
# share of useless columns among the kept ones.

X, y, useful = simulated(0)
selector = FeaturePruningSelector(Ridge(), method=Knockoffs(fdr=0.1), random_state=0)
kept = selector.fit(X, y).support_
print(f"{kept.sum()} columns are kept, {(kept & ~useful).sum()} of them are useless")

# %%
# The comparison
# --------------
# ``SelectFdr`` of scikit-learn also limits a false discovery rate, but for another
# question: whether a column correlates with the targets *at all*. A neighbour of a
# useful column does. The lasso chooses by predictions, and keeps many columns.

selectors = {
    "Knockoffs(fdr=0.1)": lambda X, y, seed: (
        FeaturePruningSelector(Ridge(), method=Knockoffs(fdr=0.1), random_state=seed)
        .fit(X, y)
        .support_
    ),
    "SelectFdr(alpha=0.1)": lambda X, y, seed: (
        SelectFdr(f_regression, alpha=0.1).fit(X, y).get_support()
    ),
    "LassoCV": lambda X, y, seed: LassoCV(cv=3).fit(X, y).coef_ != 0,
}
rows = []
for seed in range(20):
    X, y, useful = simulated(seed)
    for name, select in selectors.items():
        kept = select(X, y, seed)
        rows.append(
            {
                "selector": name,
                "kept": kept.sum(),
                "share of useless columns": (kept & ~useful).sum() / max(kept.sum(), 1),
                "share of useful columns found": (kept & useful).sum() / n_useful,
            }
        )
results = pd.DataFrame(rows)
groups = results.groupby("selector", sort=False)
table = groups.mean()
table["standard error of the useless share"] = groups["share of useless columns"].sem()
table.round(3)

# %%
# The rate of 0.1 holds for the *mean* over many data sets. A single one may have more:

results.boxplot("share of useless columns", by="selector", figsize=(7, 3.5))
plt.suptitle("")
plt.axhline(0.1, color="gray", linestyle=":")
plt.show()

# %%
# The guarantee needs columns that are about Gaussian. If you want good predictions
# rather than a list that you can defend, use :doc:`another method
# <plot_columns_to_collect>`.
