"""
Export to ONNX
==============

A service in another language loads models in the ONNX format. Can a pruned model be
exported, and is the file smaller as well?
"""

# %%
# Prune a forest
# --------------
# The pruned forest is a ``RandomForestClassifier`` of scikit-learn, so that the
# converter needs to know nothing about sklprune.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from sklprune import cost, prune

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(50, random_state=0).fit(X, y)
small = prune(
    forest, X, y, method="member_selection", pruning_ratio=0.7, random_state=0
).estimator_
small

# %%
# Convert
# -------
# The conversion needs the packages ``skl2onnx`` and ``onnxruntime``. Without them, this
# example shows the sizes only.


def converted(model):
    """The bytes of an ONNX file."""
    from skl2onnx import to_onnx

    # tensors of probabilities, in place of a list of dictionaries
    options = {"zipmap": False}
    return to_onnx(model, X[:1].astype(np.float32), options=options).SerializeToString()


def labels(file):
    """Labels of the test rows that onnxruntime predicts."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(None, {"X": X_test.astype(np.float32)})[0]


few_trees = RandomForestClassifier(small.n_estimators, random_state=0).fit(X, y)
models = {"forest": forest, "pruned": small, "fewer trees from scratch": few_trees}
rows = {
    name: {
        "trees": model.n_estimators,
        "joblib, kB": cost(model).file_bytes / 1000,
        "accuracy": model.score(X_test, y_test),
    }
    for name, model in models.items()
}
try:
    for name, model in models.items():
        file = converted(model)
        rows[name]["ONNX, kB"] = len(file) / 1000
        rows[name]["equal labels"] = np.mean(labels(file) == model.predict(X_test))
except ImportError as error:
    print(f"No ONNX files: {error}. Install skl2onnx and onnxruntime.")
table = pd.DataFrame(rows).T.round(3)
table

# %%
# The comparison
# --------------
# The last row is a forest that was fitted with as few trees, and has the same size. On
# these 450 test rows an accuracy has a standard error of about 0.01, so that the two
# small forests cannot be told apart. Prune if the forest is already there. A few labels
# may differ in ONNX where two classes tie, since its values have single precision.

sizes = table[[name for name in table if name.endswith("kB")]]
sizes.plot.barh(figsize=(7, 3), xlabel="kB")
plt.tight_layout()
plt.show()
