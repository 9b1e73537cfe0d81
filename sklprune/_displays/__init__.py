"""Pictures of results, by the conventions of displays of scikit-learn."""
