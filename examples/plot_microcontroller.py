"""
A network on a microcontroller
==============================

A microcontroller has some kilobytes of memory, and no Python. How do you get a trained
network onto it? Prune it, and write the remaining weights as C.
"""

# %%
# Train and prune
# ---------------
# The digits are images of 8 x 8 pixels with 17 grey values. Three quarters of the
# hidden units are removed first. The weights of the remaining units are then replaced
# by 16 distinct values for each layer, so that a weight needs half a byte.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from sklprune import LayerDisplay, prune
from sklprune.methods import Quantize

X, y = load_digits(return_X_y=True)
X = X / 16
X, X_test, y, y_test = train_test_split(X, y, random_state=0)
settings = {"learning_rate_init": 0.01, "max_iter": 200, "tol": 1e-3, "random_state": 0}
network = MLPClassifier((64,), **settings).fit(X, y)
narrow = prune(network, X, y, pruning_ratio=0.75, random_state=0).estimator_
small = prune(narrow, X, y, method=Quantize(bits=4), random_state=0).estimator_
narrow.hidden_layer_sizes

# %%
# Each column of the first picture is a hidden unit, and each column of the second one
# is a digit.

LayerDisplay.from_estimator(small)
plt.show()

# %%
# Write it as C
# -------------
# A layer is a table of distinct values and one index for each weight. The function
# below needs no library, no memory at run time, and no ``exp``: the largest output is
# the class.


def as_c(model):
    """C source of ``int predict(const float *x)`` for an MLPClassifier."""
    layers = list(zip(model.coefs_, model.intercepts_))
    text = ["/* written from a pruned MLPClassifier */"]
    for i, (weights, bias) in enumerate(layers):
        values, index = np.unique(weights, return_inverse=True)
        text += [
            f"static const float values{i}[] = {{{floats(values)}}};",
            f"static const float bias{i}[] = {{{floats(bias)}}};",
            f"static const unsigned char index{i}[] = "
            f"{{{', '.join(map(str, index.ravel()))}}};",
        ]
    text += ["", "int predict(const float *x0) {"]
    for i, (weights, _) in enumerate(layers):
        n_inputs, n_outputs = weights.shape
        value = "sum" if i + 1 == len(layers) else "sum > 0 ? sum : 0"
        text += [
            f"    float x{i + 1}[{n_outputs}];",
            f"    for (int j = 0; j < {n_outputs}; j++) {{",
            f"        float sum = bias{i}[j];",
            f"        for (int k = 0; k < {n_inputs}; k++)",
            f"            sum += x{i}[k] * values{i}[index{i}[k * {n_outputs} + j]];",
            f"        x{i + 1}[j] = {value};",
            "    }",
        ]
    last = len(layers)
    text += [
        "    int best = 0;",
        f"    for (int j = 1; j < {layers[-1][0].shape[1]}; j++)",
        f"        if (x{last}[j] > x{last}[best]) best = j;",
        "    return best;",
        "}",
    ]
    return "\n".join(text)


def floats(values):
    """Numbers as C literals of single precision."""
    return ", ".join(f"{value:.6e}f" for value in values)


source = as_c(small)
for line in source.splitlines():
    print(line if len(line) < 80 else line[:70] + " ...};")

# %%
# The indices are bytes here, which is simple to read. Two of them fit into one byte.
#
# The comparison
# --------------
# The alternative is a network of 16 units from the start, in single precision.


def kilobytes(model, bits):
    """The constants of the C source, with that many bits for each weight."""
    n_weights = sum(weights.size for weights in model.coefs_)
    n_bias = sum(bias.size for bias in model.intercepts_)
    tables = 4 * 2**bits * len(model.coefs_) if bits < 32 else 0
    return round((n_weights * bits / 8 + 4 * n_bias + tables) / 1000, 2)


scratch = MLPClassifier((16,), **settings).fit(X, y)
rows = {
    "64 units": (network, 32),
    "pruned to 16 units": (narrow, 32),
    "pruned to 16 units, 4 bits": (small, 4),
    "16 units from scratch": (scratch, 32),
}
pd.DataFrame(
    {
        name: {"kB": kilobytes(model, bits), "accuracy": model.score(X_test, y_test)}
        for name, (model, bits) in rows.items()
    }
).T.round(3)

# %%
# If you know the width, a narrow network from scratch is nearly as good as the pruned
# one. Most of the saving here comes from the bits, and ``Quantize`` also works on the
# network that was trained from scratch.
