"""`ColumnTransformer`: counts the columns that it really needs."""

from sklprune.families._base import Family


class ColumnTransformerFamily(Family):
    """Its columns are those that some transformer reads; dropped ones do not count."""

    classes = ("ColumnTransformer",)

    def counts(self, estimator):
        needed = set()
        for name, transformer, _ in estimator.transformers_:
            if transformer != "drop":
                needed.update(estimator._transformer_to_input_indices[name])
        return {"features": len(needed)}
