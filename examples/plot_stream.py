"""
Prune while data arrive
=======================

Rows arrive in batches, and a network learns from each of them. How do you make the
network smaller meanwhile, and what if the data change?
"""

# %%
# A stream with a change
# ----------------------
# The digits arrive in batches of 30 rows. From the middle on, the images are upside
# down: the network has to learn again.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from sklprune import PrunedEstimator, Schedule

X, y = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(np.tile(np.arange(len(X)), 3))
X, y = X[order] / 16, y[order]
half = len(X) // 2
X[half:] = X[half:, ::-1]
batches = [slice(start, start + 30) for start in range(0, len(X), 30)]

# %%
# The schedule
# ------------
# Seventy per cent of the hidden units are removed between batch 10 and batch 50. With
# ``regrow=0.3``, three tenths of the removed units return after a drift, which is a
# loss that is clearly higher than before.


def network(n_units):
    """An untrained network."""
    return MLPClassifier((n_units,), learning_rate_init=0.01, random_state=0)


def pruned(schedule):
    """A network of 60 units that loses 70 % of them."""
    return PrunedEstimator(
        network(60), pruning_ratio=0.7, random_state=0, schedule=schedule
    )


models = {
    "60 units": network(60),
    "pruned": pruned(Schedule(begin=10, n_batches=40)),
    "pruned, units return": pruned(Schedule(begin=10, n_batches=40, regrow=0.3)),
    "18 units from scratch": network(18),
}

# %%
# Each batch is predicted before it is trained on, so that the accuracy is honest.

right = {name: [] for name in models}
for batch in batches:
    for name, model in models.items():
        if batch.start:
            right[name].append(np.mean(model.predict(X[batch]) == y[batch]))
        model.partial_fit(X[batch], y[batch], classes=np.arange(10))

curves = pd.DataFrame(right).rolling(8).mean()
figure, (above, below) = plt.subplots(2, 1, sharex=True, layout="constrained")
curves.plot(ax=above, ylabel="accuracy, mean of 8 batches")
for name in ("pruned", "pruned, units return"):
    below.plot(models[name].history_["units"], label=name)
below.set(xlabel="batch", ylabel="hidden units")
below.legend()
plt.show()

# %%
# The comparison
# --------------
# The last row is the alternative: a narrow network from the beginning.

pd.DataFrame(
    {
        "accuracy over the stream": pd.DataFrame(right).mean(),
        "hidden units at the end": {
            name: getattr(model, "estimator_", model).hidden_layer_sizes[0]
            for name, model in models.items()
        },
    }
).round(3)

# %%
# A wide network learns faster, at the start and after the change, and the pruned one
# has most of that lead. On a stream without such a change the narrow network may do as
# well: in the :doc:`benchmarks </benchmarks>` the difference is within the noise.
