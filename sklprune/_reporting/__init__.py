"""The report of a pruning, as text, as a page and in a notebook."""
