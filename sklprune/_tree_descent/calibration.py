"""The best shift and scale of the scores of two classes, on held-out rows.

A ranking does not depend on the scale of the scores, but the log loss does. The log
loss after the best shift and scale therefore compares models by how well they rank
rows. It is less noisy than the ROC AUC.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

from sklprune._typing import Array

#: Newton steps; a few are enough from the scale of one
N_STEPS = 8
#: weight of the prior scale of one, in rows at a probability of one half. Without it,
#: the scale of scores that separate the classes would be infinite
PRIOR_ROWS = 5.0


class Calibration(NamedTuple):
    """A shift and a scale of scores, and the loss that remains.

    Parameters
    ----------
    loss : float
        Weighted sum of the losses of the rows.
    shift, scale : float
        The calibrated scores are ``shift + scale * scores``.
    """

    loss: float
    shift: float = 0.0
    scale: float = 1.0


def calibrate(
    loss: Any, raw_prediction: Array, rows: Array, weight: Array
) -> Calibration:
    """Fit the shift and the scale of the scores of some rows.

    Other losses than those of two classes get the shift zero and the scale one.

    Parameters
    ----------
    loss : Loss
    raw_prediction : ndarray of shape (n_all, n_outputs)
    rows : ndarray of shape (n_rows,), int
    weight : ndarray of shape (n_rows,)
        Weights of these rows.
    """
    if not _is_logistic(loss):
        return Calibration(float(weight @ loss.losses(raw_prediction)[rows]))
    score, target = raw_prediction[rows, 0], loss.y[rows]
    inputs = np.stack([np.ones(len(rows)), score])
    prior = PRIOR_ROWS * weight.mean() * np.diag([0.0, 0.25 * np.var(score) + 1e-12])
    start = np.array([0.0, 1.0])

    def objective(values: Array) -> tuple[float, float]:
        scores = values @ inputs
        log_loss = float(weight @ (np.logaddexp(0.0, scores) - target * scores))
        change = values - start
        return log_loss, log_loss + float(change @ prior @ change) / 2

    values, (log_loss, least) = start, objective(start)
    for _ in range(N_STEPS):
        probability = expit(values @ inputs)
        gradient = inputs @ (weight * (probability - target)) + prior @ (values - start)
        curvature = weight * np.maximum(probability * (1 - probability), 1e-6)
        hessian = (inputs * curvature) @ inputs.T + prior
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        while np.abs(step).max() > 1e-4:
            found = objective(values - step)
            if found[1] < least:
                values, (log_loss, least) = values - step, found
                break
            step = step / 4
        else:
            break
    return Calibration(log_loss, *map(float, values))


def _is_logistic(loss: Any) -> bool:
    """Whether a loss has one score, of the second of two classes."""
    sklearn_loss = getattr(loss, "sklearn_loss", None)
    return sklearn_loss is not None and sklearn_loss.n_classes == 2
