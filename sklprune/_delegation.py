"""The methods of a pruned model that `PrunedEstimator` passes on."""

from collections.abc import Callable
from typing import Any, TypeVar

from scipy import sparse
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklprune._metadata import given, routing_enabled
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike

Function = TypeVar("Function", bound=Callable[..., Any])


def _if_the_model_has(name: str) -> Callable[[Function], Function]:
    """Decorate a method that exists only if the model has a method of that name.

    The model is the pruned one after `fit`, and the wrapped one before.
    """

    def check(self: Any) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    decorator: Callable[[Function], Function] = available_if(check)
    return decorator


class DelegationMixin:
    """Methods and attributes that exist if the model has them."""

    estimator: Estimator
    estimator_: Estimator

    @_if_the_model_has("predict")
    def predict(self, X: MatrixLike, **params: Any) -> Any:
        """Predict with the pruned model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen in `fit`.
        **params
            Keywords that are passed to the `predict` of the model.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels or values.
        """
        return self._call("predict", X, **params)

    @_if_the_model_has("predict_proba")
    def predict_proba(self, X: MatrixLike, **params: Any) -> Any:
        """Class probabilities of the pruned model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen in `fit`.
        **params
            Keywords that are passed to the `predict_proba` of the model.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; a list of arrays if there are several outputs.
        """
        return self._call("predict_proba", X, **params)

    @_if_the_model_has("predict_log_proba")
    def predict_log_proba(self, X: MatrixLike, **params: Any) -> Any:
        """Logarithms of class probabilities of the pruned model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen in `fit`.
        **params
            Keywords that are passed to the `predict_log_proba` of the model.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Logarithms; a list of arrays if there are several outputs.
        """
        return self._call("predict_log_proba", X, **params)

    @_if_the_model_has("decision_function")
    def decision_function(self, X: MatrixLike, **params: Any) -> Any:
        """Decision function of the pruned model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen in `fit`.
        **params
            Keywords that are passed to the `decision_function` of the model.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Larger values mean the class, or the second one of two.
        """
        return self._call("decision_function", X, **params)

    @_if_the_model_has("transform")
    def transform(self, X: MatrixLike, **params: Any) -> Any:
        """Transform X with the pruned model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen in `fit`.
        **params
            Keywords that are passed to the `transform` of the model.

        Returns
        -------
        array-like of shape (n_samples, n_outputs)
            The transformed rows.
        """
        return self._call("transform", X, **params)

    @_if_the_model_has("score_samples")
    def score_samples(self, X: MatrixLike) -> Any:
        """Score of each row by the pruned model, such as a log-likelihood.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            One score for each row.
        """
        return self._call("score_samples", X)

    @_if_the_model_has("score")
    def score(
        self,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Score of the pruned model by its own `score` method.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for models whose `score` accepts them.

        Returns
        -------
        float
            For most models the accuracy of a classifier, or R squared of a regressor.
        """
        score: float = self._call("score", X, y, **given(sample_weight=sample_weight))
        return score

    def _call(self, name: str, X: MatrixLike, *args: Any, **params: Any) -> Any:
        """Call a method of the pruned model, with X in a format that it accepts."""
        check_is_fitted(self)
        if params and routing_enabled():
            params = process_routing(self, name, **params)["estimator"][name]
        if sparse.issparse(X) and X.format not in ("csr", "csc"):
            X = X.tocsr()
        if getattr(X, "ndim", 2) == 1 and hasattr(self, "n_features_in_"):
            raise ValueError(
                f"Expected 2D array, got 1D array of length {len(X)} instead. Reshape "
                "your data with X.reshape(1, -1) if it is one row."
            )
        return getattr(self.estimator_, name)(X, *args, **params)

    @property
    def classes_(self) -> Array:
        """Class labels of a classifier."""
        return self._of_model("classes_")

    @property
    def n_features_in_(self) -> int:
        """Number of columns seen in `fit`."""
        return self._of_model("n_features_in_")

    @property
    def feature_names_in_(self) -> Array:
        """Names of the columns seen in `fit`."""
        return self._of_model("feature_names_in_")

    def _of_model(self, name: str) -> Any:
        if "estimator_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no {name} before fit.")
        return getattr(self.estimator_, name)
