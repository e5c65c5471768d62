"""Selection of features without targets."""

import io
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from sklearn_set import UnsupervisedFeatureSelector
from sklearn_set._mlp import feature_selector

SETTINGS = {"hidden_layer_sizes": 30, "epsilon": 5, "max_iter": 3, "random_state": 0}


def related_features(n_samples=400):
    """Return 40 features in random order, and where the 12 of 3 common causes are."""
    rng = np.random.default_rng(0)
    causes = rng.standard_normal((n_samples, 3)) @ rng.standard_normal((3, 12))
    X = np.hstack([causes, rng.standard_normal((n_samples, 28))])
    order = rng.permutation(40)
    return StandardScaler().fit_transform(X[:, order]), order < 12


def few_values(n_samples=50, n_features=20):
    X = np.random.default_rng(0).random((n_samples, n_features))
    return np.where(X > 0.8, X, 0)


def test_features_that_tell_about_others_are_selected():
    X, related = related_features()
    selector = UnsupervisedFeatureSelector(
        12, hidden_layer_sizes=3, max_iter=50, random_state=0
    ).fit(X)
    assert_array_equal(selector.get_support(), related)
    assert_array_equal(selector.transform(X), X[:, related])
    assert selector.loss_curve_[-1] < 0.9 * selector.loss_curve_[0]
    assert len(selector.loss_curve_) == selector.n_iter_ == 50


def test_sparse_and_dense_input():
    X = few_values()
    selector = UnsupervisedFeatureSelector(5, noise=0, **SETTINGS).fit(X)
    for sparse in (csr_array(X), csr_matrix(X)):
        other = UnsupervisedFeatureSelector(5, noise=0, **SETTINGS).fit(sparse)
        assert_allclose(
            other.feature_importances_, selector.feature_importances_, rtol=1e-6
        )
        assert_array_equal(other.transform(sparse).toarray(), selector.transform(X))


def test_no_more_than_a_batch_of_a_sparse_X_is_made_dense(monkeypatch):
    rows = []
    toarray = csr_array.toarray

    def recorded(self, *args, **options):
        rows.append(self.shape[0])
        return toarray(self, *args, **options)

    monkeypatch.setattr(csr_array, "toarray", recorded)
    X = csr_array(few_values(300))
    UnsupervisedFeatureSelector(noise=0.1, **SETTINGS).fit(X)
    assert rows and max(rows) <= 32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("convert", [np.asarray, csr_array])
def test_noise(convert, dtype):
    X = convert(few_values(2000).astype(dtype))
    noisy = feature_selector._with_noise(X.copy(), np.random.default_rng(0), 0.5)
    is_sparse = convert is csr_array
    difference = noisy.data - X.data if is_sparse else noisy - X
    assert noisy.dtype == dtype and noisy.shape == X.shape
    assert_allclose(difference.std(), 0.5, rtol=0.02)
    assert_allclose(difference.mean(), 0, atol=0.02)
    if is_sparse:
        assert_array_equal(noisy.indices, X.indices)


def test_noise_changes_the_input_and_not_the_targets(monkeypatch):
    X, seen = few_values(), []
    with_noise = feature_selector._with_noise

    def recorded(batch, rng, noise):
        seen.append(with_noise(batch, rng, noise))
        return seen[-1]

    monkeypatch.setattr(feature_selector, "_with_noise", recorded)
    before = X.copy()
    UnsupervisedFeatureSelector(noise=1.0, **SETTINGS).fit(X)
    assert_array_equal(X, before)
    first, later = np.vstack(seen[: len(seen) // 3]), np.vstack(seen[-1:])
    assert not np.isin(later, first).any()  # drawn anew in each epoch


@pytest.mark.parametrize("n, expected", [(None, 10), (1, 1), (20, 20), (0.25, 5)])
def test_number_of_features(n, expected):
    X = few_values()
    selector = UnsupervisedFeatureSelector(n, **SETTINGS).fit(X)
    support = selector.get_support()
    assert support.sum() == expected
    chosen = selector.feature_importances_[support]
    rest = selector.feature_importances_[~support]
    assert rest.size == 0 or chosen.min() >= rest.max()
    assert selector.set_params(n_features_to_select=3).transform(X).shape == (50, 3)


@pytest.mark.parametrize("n", [None, 0.01])
def test_at_least_one_feature_is_selected(n):
    X = few_values(n_features=1)
    assert UnsupervisedFeatureSelector(n, **SETTINGS).fit_transform(X).shape == X.shape


def test_too_many_features_are_refused_before_the_training(monkeypatch):
    monkeypatch.setattr(feature_selector, "_Autoencoder", None)
    with pytest.raises(ValueError, match="n_features_to_select=21 is more than the 20"):
        UnsupervisedFeatureSelector(21, **SETTINGS).fit(few_values())
    with pytest.raises(NotFittedError):
        UnsupervisedFeatureSelector().get_support()


def test_the_seed_determines_the_importances():
    X = few_values()
    first, again, other = (
        UnsupervisedFeatureSelector(**SETTINGS | {"random_state": seed})
        .fit(X)
        .feature_importances_
        for seed in (0, 0, 1)
    )
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert_allclose(first.sum(), 1)


def test_names_of_the_selected_features():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(few_values()).rename(columns=lambda i: f"pixel{i}")
    selector = UnsupervisedFeatureSelector(4, **SETTINGS).set_output(transform="pandas")
    selected = selector.fit_transform(X)
    names = X.columns[selector.get_support()]
    assert (
        list(selected.columns) == list(names) == list(selector.get_feature_names_out())
    )


def test_saved_selectors_hold_public_names_only(tmp_path):
    X = few_values()
    selector = UnsupervisedFeatureSelector(**SETTINGS).fit(csr_array(X))
    pickled = pickle.dumps(selector)
    assert b"sklearn_set._" not in pickled
    assert_array_equal(
        pickle.load(io.BytesIO(pickled)).get_support(), selector.get_support()
    )
    sio = pytest.importorskip("skops.io")
    sio.dump(selector, tmp_path / "selector.skops")
    types = sio.get_untrusted_types(file=tmp_path / "selector.skops")
    assert types == ["sklearn_set.UnsupervisedFeatureSelector"]
    loaded = sio.load(tmp_path / "selector.skops", trusted=types)
    assert_array_equal(loaded.transform(X), selector.transform(X))
