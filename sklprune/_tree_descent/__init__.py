"""Block descent over trees: chooses splits and leaf values under a leaf penalty."""
