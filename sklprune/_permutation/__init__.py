"""Scores of a model on rows in which columns were permuted: exact, and fast."""
