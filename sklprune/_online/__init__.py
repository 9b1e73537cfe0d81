"""Pruning while data arrive, and training on another task."""
