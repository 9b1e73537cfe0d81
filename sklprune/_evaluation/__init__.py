"""Choosing a size on held-out rows: splits, scores, reference scores and summaries."""
