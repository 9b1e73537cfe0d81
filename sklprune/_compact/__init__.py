"""Compact pickles: parts of models as expressions over a few compressed columns.

1. `expressions`: calls that a pickle makes when it is loaded;
2. `columns`: arrays of numbers as expressions over compressed bytes;
3. `structure`: the shape of binary trees in one bit for each node;
4. `trees`, `predictors`: the two kinds of trees of scikit-learn;
5. `pickler`: a pickler that writes these parts, and anything else as usual.

A file refers to numpy, the standard library and scikit-learn, never to this package.
"""
