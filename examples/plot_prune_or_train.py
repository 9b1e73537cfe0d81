"""
Prune, or train a small model?
==============================

A small model can be trained from scratch, without a large one. Is it better to prune?
The answer depends on the model and the data, and ``baseline=True`` measures it.
"""

# %%
# One call for both
# -----------------
# With ``baseline=True``, small models are trained on the same rows and judged by the
# same rule. The report then has both: the pruned model, and the small one that the
# rule would choose.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklprune import PrunedEstimator
from sklprune.rules import Tolerance

digits = load_digits(return_X_y=True)
network = MLPClassifier((40,), learning_rate_init=0.01, max_iter=200, tol=1e-2)
cases = {
    "forest, breast cancer": (
        RandomForestClassifier(40),
        load_breast_cancer(return_X_y=True),
        Tolerance(0.01),
    ),
    "network, digits": (
        make_pipeline(MinMaxScaler(), network),
        (digits[0][:900], digits[1][:900]),
        Tolerance(0.01),
    ),
}
reports = {}
for name, (model, (X, y), rule) in cases.items():
    pruned = PrunedEstimator(model, rule=rule, cv=3, baseline=True, random_state=0)
    reports[name] = pruned.fit(X, y).report_

# %%
# What the reports contain
# ------------------------

rows = []
for name, report in reports.items():
    small = report.baseline
    before, after, score = report.stripped, report.pruned, report.score
    rows.append((name, "unpruned", before.file_bytes, score["original"]))
    rows.append((name, "pruned", after.file_bytes, score["pruned"]))
    rows.append((name, small["description"], small["file_bytes"], small["score"]))
table = pd.DataFrame(rows, columns=["case", "model", "bytes", "score"])
table.astype({"bytes": int}).round(3)

# %%
# The same in a picture: to the left is smaller, and higher is better.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for ax, (name, part) in zip(axes, table.groupby("case", sort=False)):
    labels = ("unpruned", "pruned", "from scratch")
    for label, size, score in zip(labels, part["bytes"], part["score"]):
        ax.plot(size / 1000, score, "o", label=label)
    ax.set(title=name, xlim=(0, None), xlabel="kB of the file", ylabel="score")
axes[0].legend()
plt.show()

# %%
# When to train a small model
# ---------------------------
# Compare the two lines of each case above. The scores are those of the rows on which
# the sizes were chosen, and the folds are small: differences of 0.01 are noise here.
# :doc:`/prune_or_train` lists the cases in which a small model is the better choice,
# with results on real tables.
