"""Type aliases used in annotations."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

#: an object with `fit`; scikit-learn has no type for it
Estimator: TypeAlias = Any
#: an array, a sparse matrix, a data frame, or a sequence of rows
MatrixLike: TypeAlias = Any
#: one value or one row of values for each row of X
ArrayLike: TypeAlias = Any
#: an array whose dtype and shape the docstring states
Array: TypeAlias = np.ndarray[Any, Any]

RandomState: TypeAlias = int | np.random.RandomState | None
#: a number of folds, a splitter, or the splits themselves
CV: TypeAlias = Any
#: whether rows are those of the fit
Seen: TypeAlias = bool | Literal["auto"]
Scorer: TypeAlias = Callable[..., Any]
Scoring: TypeAlias = str | Scorer | None
Ratio: TypeAlias = float | Sequence[float] | Array | Literal["auto"]
#: what a rule receives: an array for each column
Table: TypeAlias = Mapping[str, Array]
#: groups of columns, each a list of names or positions, or "correlated"
FeatureGroups: TypeAlias = Iterable[Any] | Mapping[Any, Any] | str | None
