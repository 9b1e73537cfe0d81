"""The pipeline step that selects columns by position."""

from sklearn.compose import ColumnTransformer

from sklprune._frames import frame_kind

#: name and transformer of the step
COLUMN_STEP = ("kept", "passthrough")


def column_step(indices, X):
    """A fitted transformer that passes on some columns of X, chosen by position.

    The output is a frame of the same kind where X is a frame, with its dtypes. Such a
    frame may later consist of the selected columns alone. An array keeps its width.
    """
    step = ColumnTransformer(
        [(*COLUMN_STEP, [int(i) for i in indices])],
        sparse_threshold=1.0,
        verbose_feature_names_out=False,
    )
    if frame_kind(X) is not None:
        step.set_output(transform=frame_kind(X))
    return step.fit(X)
