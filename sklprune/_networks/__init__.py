"""Layers of weights as arrays: their loss, gradients, curvature and training."""
