"""Quantisation: few distinct values, errors compensated, ordinary models."""

import joblib
import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklprune import PrunedEstimator, dump, prune
from sklprune._networks.layer import Layer
from sklprune._networks.quantized import codebook, compensated, nearest, quantized
from sklprune.methods import Quantize

X, y = load_digits(return_X_y=True)
X = X / 16
NETWORK = MLPClassifier((40, 20), max_iter=60, random_state=0).fit(X, y)
X_REG, y_REG = load_diabetes(return_X_y=True)


def quantised(model, X, y=None, seen="auto", **params):
    method = Quantize(**params)
    return prune(model, X, y, method=method, seen=seen, random_state=0).estimator_


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
@pytest.mark.parametrize("book", ["kmeans", "uniform"])
def test_each_layer_has_few_values(bits, book):
    small = quantised(NETWORK, X, bits=bits, codebook=book)
    assert all(len(np.unique(coef)) <= 2**bits for coef in small.coefs_)
    assert type(small) is MLPClassifier
    assert all(a.dtype == b.dtype for a, b in zip(small.coefs_, NETWORK.coefs_))


def test_each_output_can_have_a_codebook():
    small = quantised(NETWORK, X, bits=3, per="output")
    for coef in small.coefs_:
        assert all(len(np.unique(column)) <= 8 for column in coef.T)
    assert len(np.unique(small.coefs_[0])) > 8


def test_few_bits_keep_the_labels():
    for bits, share in ((8, 0.999), (4, 0.98), (3, 0.95)):
        small = quantised(NETWORK, X, bits=bits)
        assert np.mean(small.predict(X) == NETWORK.predict(X)) >= share


def test_long_numbers_become_short_floats():
    for bits, dtype in ((32, np.float32), (16, np.float16)):
        small = quantised(NETWORK, X, bits=bits)
        for coef, old in zip(small.coefs_, NETWORK.coefs_):
            assert np.array_equal(coef, old.astype(dtype).astype(float)) or bits == 16
            assert np.abs(coef - old).max() <= 1e-3 * np.abs(old).max()


def test_errors_are_compensated():
    # nearly collinear inputs: the error of one weight can be undone by the others
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(300, 1)) + 0.3 * rng.normal(size=(300, 30))
    coef = rng.normal(size=(30, 4))
    gram, mask = rows.T @ rows / 300, np.ones(coef.shape, bool)
    book = codebook(coef.ravel(), np.ones(coef.size), 3, False, False)
    plain = nearest(coef, book)
    better = compensated(coef, mask, book, gram)
    assert set(np.unique(better)) <= set(book)
    errors = [np.square(rows @ (each - coef)).mean() for each in (better, plain)]
    assert errors[0] < 0.2 * errors[1]


def test_codebook_has_least_squared_error():
    values = np.random.RandomState(0).normal(size=2000)
    book = codebook(values, np.ones(2000), 3, False, False)
    # the optimum for a normal distribution (Max 1960)
    assert len(book) == 8
    assert np.square(values - nearest(values, book)).mean() < 1.1 * 0.03454
    # every value is the mean of what it stands for
    which = np.searchsorted((book[1:] + book[:-1]) / 2, values)
    means = [values[which == k].mean() for k in range(8)]
    np.testing.assert_allclose(book, means, atol=0.02)


def test_zeros_remain_zeros():
    sparse = prune(NETWORK, X, y, method="magnitude", pruning_ratio=0.5, random_state=0)
    small = quantised(sparse.estimator_, X, bits=4)
    for coef, old in zip(small.coefs_, sparse.estimator_.coefs_):
        assert np.array_equal(coef[old == 0], np.zeros(np.sum(old == 0)))
        assert len(np.unique(coef)) <= 16


def test_regression_with_a_codebook_is_close_to_the_model():
    model = LinearRegression().fit(X_REG, y_REG)
    small = quantised(model, X_REG, bits=3)
    assert len(np.unique(small.coef_)) <= 8
    assert small.score(X_REG, y_REG) > model.score(X_REG, y_REG) - 0.01


def test_inside_a_pipeline():
    X_cancer, y_cancer = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(X_cancer, y_cancer)
    small = quantised(model, X_cancer, bits=4)
    assert len(np.unique(small[-1].coef_)) <= 16
    assert np.mean(small.predict(X_cancer) == model.predict(X_cancer)) > 0.97


def test_ratio_is_the_share_of_bits():
    pruned = prune(NETWORK, X, y, method="quantize", pruning_ratio=0.9375)
    assert pruned.pruning_ratio_ == 0.9375
    assert all(len(np.unique(coef)) <= 16 for coef in pruned.estimator_.coefs_)
    unchanged = prune(NETWORK, X, y, method="quantize", pruning_ratio=0)
    assert np.array_equal(unchanged.estimator_.coefs_[0], NETWORK.coefs_[0])


def test_rule_chooses_among_the_bits():
    pruned = prune(NETWORK, X, y, method="quantize", seen=False, random_state=0)
    assert pruned.pruning_ratio_ in [0, *Quantize().grid(None)]
    assert "bits" in str(pruned.report_)


def test_grid_search_over_the_ratio():
    model = LogisticRegression(max_iter=300)
    estimator = PrunedEstimator(model, method="quantize", pruning_ratio=0.5)
    search = GridSearchCV(estimator, {"pruning_ratio": [0.5, 0.9375]}, cv=2)
    search.fit(X[:300], y[:300])
    assert len(search.cv_results_["mean_test_score"]) == 2


def test_fewer_values_than_the_codebook_are_unchanged():
    model = LogisticRegression(max_iter=300).fit(X[:, :5], y > 4)
    with pytest.warns(UserWarning, match="weights are unchanged"):
        small = quantised(model, X[:, :5], bits=8)
    assert np.array_equal(small.coef_, model.coef_)


@pytest.mark.parametrize("bits", [0, 1, 9, 65, -3, 4.0, "4", True])
def test_bits_out_of_range_are_an_error(bits):
    with pytest.raises(ValueError, match="bits must be None or one of"):
        quantised(NETWORK, X, bits=bits)


def test_other_bad_parameters_are_errors():
    for params in ({"codebook": "huffman"}, {"per": "model"}, {"max_rows": 0}):
        with pytest.raises(ValueError, match=next(iter(params))):
            quantised(NETWORK, X, bits=4, **params)


def test_model_is_not_changed():
    before = [coef.copy() for coef in NETWORK.coefs_]
    quantised(NETWORK, X, bits=2)
    assert all(map(np.array_equal, before, NETWORK.coefs_))


def test_weights_and_repeated_rows_are_the_same():
    weight = np.random.RandomState(0).randint(1, 3, len(X))
    rows = np.repeat(np.arange(len(X)), weight)
    method = Quantize(bits=3, max_rows=None)
    first = prune(NETWORK, X, y, sample_weight=weight, method=method).estimator_
    second = prune(NETWORK, X[rows], y[rows], method=method).estimator_
    np.testing.assert_allclose(
        first.predict_proba(X), second.predict_proba(X), atol=0.05
    )


def test_intercepts_of_wide_layers_have_few_values():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(200, 10))
    layer = Layer(rng.normal(size=(10, 64)), rng.normal(size=64))
    (few,) = quantized([layer], rows, np.ones(200), lambda z: z, 4)
    (all_digits,) = quantized([layer], rows, np.ones(200), lambda z: z, 16)
    spread = layer.forward(rows).std(axis=0)
    assert len(np.unique(few.intercept)) < len(np.unique(all_digits.intercept))
    # the means of the outputs are those of the layer, up to the step
    change = (few.forward(rows) - layer.forward(rows)).mean(axis=0)
    assert np.abs(change).max() < spread.max() / 2**5
    (narrow,) = quantized(
        [Layer(layer.coef[:, :2], layer.intercept[:2])],
        rows,
        np.ones(200),
        lambda z: z,
        4,
    )
    wanted = layer.forward(rows)[:, :2].mean(axis=0)
    np.testing.assert_allclose(narrow.forward(rows).mean(axis=0), wanted, atol=1e-2)


# -- scalers before the model ----------------------------------------------------------


def is_short(values, n_bits=6):
    """Whether all values have few significant bits."""
    whole = np.frexp(values)[0] * 2.0**n_bits
    return np.array_equal(whole, np.round(whole))


@pytest.mark.parametrize("scaler", [StandardScaler(), RobustScaler()])
def test_scalers_get_short_numbers(scaler, tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(scaler, LogisticRegression()).fit(X, y)
    before = model[0].scale_.copy()
    small = quantised(model, X, bits=4, seen=True)
    assert is_short(small[0].scale_)
    received, old = small[0].transform(X), model[0].transform(X)
    assert np.abs(received - old).max() < 2.0**-6 * (1 + np.abs(old).max())
    assert np.array_equal(model[0].scale_, before)
    dump(small, tmp_path / "small.pkl")
    loaded = joblib.load(tmp_path / "small.pkl")
    assert np.array_equal(loaded.predict_proba(X), small.predict_proba(X))


def test_scalers_inside_a_column_transformer_get_short_numbers():
    X, y = load_breast_cancer(return_X_y=True)
    columns = make_column_transformer((StandardScaler(), [*range(9)]), ("drop", [9]))
    model = make_pipeline(columns, LogisticRegression()).fit(X, y)
    small = quantised(model, X, bits=3, seen=True)
    assert is_short(small[0].transformers_[0][1].scale_)
    assert not is_short(model[0].transformers_[0][1].scale_)


def test_scalers_before_trees_are_unchanged():
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0)
    model = make_pipeline(StandardScaler(), tree).fit(X, y)
    small = quantised(model, X, bits=8, seen=True)
    assert np.array_equal(small[0].scale_, model[0].scale_)
    assert np.array_equal(small.predict(X), model.predict(X))


def test_a_constant_column_keeps_its_scale():
    rows = np.column_stack([X_REG, np.full(len(X_REG), 3.7)])
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(rows, y_REG)
    small = quantised(model, rows, bits=2, seen=True)
    assert small[0].scale_[-1] == 1
    assert small[0].var_[-1] == 0
    np.testing.assert_allclose(small[0].transform(rows)[:, -1], 0, atol=2.0**-6)
