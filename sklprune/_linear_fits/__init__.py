"""Linear models fitted on nested sets of columns, without a fit for each set."""
