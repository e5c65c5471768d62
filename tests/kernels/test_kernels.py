"""Each compiled kernel against a naive twin in NumPy and SciPy."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.special import expit, logsumexp, ndtr, softmax

from sklearn_set._kernels.builds import available_builds, load_build
from sklearn_set._layers.solvers import SGD, SOLVERS, STEP_DTYPE, zero_gradient_powers

DTYPES = [np.float32, np.float64]
TOLERANCE = {np.float32: 2e-4, np.float64: 1e-11}
sizes = st.integers(1, 40)
# Around one vector, and around the widest block: 128 samples at most. Of 65 and 130 the
# last vector overlaps another block.
batches = st.sampled_from(
    [1, 2, 10, 15, 16, 17, 31, 32, 33, 64, 65, 100, 128, 130, 150]
)
dtypes = st.sampled_from(DTYPES)
densities = st.sampled_from([0.0, 0.05, 0.4, 1.0])
threads = st.sampled_from([1, 2, 3])
seeds = st.integers(0, 2**31)
slopes = st.sampled_from([0.0, 0.1, 1.0])


@pytest.fixture(scope="module", params=available_builds(), autouse=True)
def build(request):
    """Run everything here with each build of the kernels."""
    global _fast
    _fast = load_build(request.param)


def random_weights(n_in, n_out, density, rng, dtype):
    """A random csr_array with 32-bit indices, sorted."""
    dense = rng.standard_normal((n_in, n_out))
    W = csr_array(np.where(rng.random((n_in, n_out)) < density, dense, 0).astype(dtype))
    W.indices, W.indptr = W.indices.astype(np.int32), W.indptr.astype(np.int32)
    return W


def by_target(W, n_threads=1):
    """The compiled transposed index of a csr_array."""
    indptr = np.empty(W.shape[1] + 1, dtype=np.int32)
    sources, links = np.empty(W.nnz, np.int32), np.empty(W.nnz, np.int32)
    _fast.transpose_index(W.indptr, W.indices, indptr, sources, links, n_threads)
    return indptr, sources, links


@given(sizes, sizes, batches, dtypes, threads, seeds)
def test_load_dense(n_samples, n_features, batch, dtype, n_threads, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)).astype(dtype)
    rows = rng.integers(n_samples, size=batch)
    for layout in (X, np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]):
        out = np.full((n_features, batch), np.nan, dtype=dtype)
        _fast.load_dense(layout, rows, out, n_threads)
        assert_array_equal(out, X[rows].T)


@pytest.mark.parametrize("index", [np.int32, np.int64])
@given(sizes, sizes, batches, dtypes, densities, seeds)
def test_load_csr(index, n_samples, n_features, batch, dtype, density, seed):
    rng = np.random.default_rng(seed)
    X = random_weights(n_samples, n_features, density, rng, dtype)
    rows = rng.integers(n_samples, size=batch)
    out = np.full((n_features, batch), np.nan, dtype=dtype)
    indices, indptr = X.indices.astype(index), X.indptr.astype(index)
    _fast.load_csr(X.data, indices, indptr, rows, out)
    assert_array_equal(out, X.toarray()[rows].T)


def test_load_csr_adds_up_repeated_entries():
    data, indices = np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0], dtype=np.int32)
    indptr, out = np.array([0, 3], dtype=np.int32), np.empty((2, 1))
    _fast.load_csr(data, indices, indptr, np.array([0]), out)
    assert_array_equal(out, [[4.0], [3.0]])


@given(sizes, sizes, densities, threads, seeds)
def test_transpose_index(n_in, n_out, density, n_threads, seed):
    W = random_weights(n_in, n_out, density, np.random.default_rng(seed), np.float64)
    indptr, sources, links = by_target(W, n_threads)
    T = csr_array(W.T)
    T.sort_indices()
    assert_array_equal(indptr, T.indptr)
    assert_array_equal(sources, T.indices)
    assert_array_equal(W.data[links], T.data)


def leaky_relu(z, negative_slope):
    """The piecewise linear activation."""
    return np.where(z > 0, z, negative_slope * z)


@given(sizes, sizes, batches, dtypes, densities, slopes, threads, seeds)
def test_gather(n_in, n_out, batch, dtype, density, slope, n_threads, seed):
    rng = np.random.default_rng(seed)
    W = random_weights(n_in, n_out, density, rng, dtype)
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}

    x = rng.standard_normal((n_in, batch)).astype(dtype)
    bias = rng.standard_normal(n_out).astype(dtype)
    out = np.full((n_out, batch), np.nan, dtype=dtype)
    indptr, sources, links = by_target(W)
    _fast.gather(x, indptr, sources, links, W.data, bias, slope, out, n_threads)
    assert_allclose(out, leaky_relu(W.T @ x + bias[:, None], slope), **tolerance)

    # The other way, in the order in which the links are stored.
    bias = rng.standard_normal(n_in).astype(dtype)
    back = np.full((n_in, batch), np.nan, dtype=dtype)
    _fast.gather(out, W.indptr, W.indices, None, W.data, bias, 1.0, back, n_threads)
    assert_allclose(back, W @ out + bias[:, None], **tolerance)


@pytest.mark.parametrize("dtype, rtol", [(np.float32, 1e-6), (np.float64, 1e-15)])
def test_logistic(dtype, rtol):
    """To the last digits, also where it is tiny; at the ends, 0 but for that."""
    usual = np.linspace(-80, 80, 1001)
    x = np.r_[usual, 0.0, -1e-30, 1e4, -1e4, np.inf, -np.inf, np.nan].astype(dtype)
    ends, zero, one = (
        np.array([0, 1], np.int32),
        np.zeros(1, np.int32),
        np.ones(1, dtype),
    )
    out, scattered = np.empty((2, 1, x.size), dtype)
    bias, parts = np.zeros(1, dtype), np.empty((0, 1, x.size), dtype)
    _fast.gather(x[None], ends, zero, None, one, bias, 1.0, out, 1, True)
    _fast.scatter(x[None], ends, zero, one, bias, 1.0, parts, scattered, 1, True)
    assert_allclose(out[0, :1001], expit(x[:1001].astype(float)), rtol=rtol)
    assert_allclose(out[0, 1001:], [0.5, 0.5, 1, 0, 1, 0, np.nan], atol=1e-37)
    assert_array_equal(scattered, out)


@pytest.mark.parametrize("largest", [1.0, 30.0, 1e4])
@given(st.integers(1, 12), batches, dtypes, seeds)
def test_softmax_gradient(largest, n_outputs, batch, dtype, seed):
    rng = np.random.default_rng(seed)
    z = rng.uniform(-largest, largest, (n_outputs, batch)).astype(dtype)
    classes = rng.integers(n_outputs, size=batch)
    is_class = np.eye(n_outputs, dtype=np.uint8)[classes].T
    z64 = z.astype(np.float64)
    losses, scratch = np.full(batch, np.nan), np.full((2, batch), np.nan, dtype)
    _fast.softmax_gradient(z, is_class, scratch, losses)
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    assert_allclose(z, softmax(z64, axis=0) - is_class, **tolerance)
    expected = logsumexp(z64, axis=0) - z64[classes, np.arange(batch)]
    assert_allclose(losses, expected, **tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_gradient_shows_that_sums_are_not_numbers(dtype):
    is_class = np.array([[1, 1, 0], [0, 0, 1]], np.uint8)
    for bad in range(2):
        z = np.array([[1, 2, 3], [4, 5, 6]], dtype)
        z[bad, 1] = np.nan
        losses = np.empty(3)
        _fast.softmax_gradient(z, is_class, np.empty((2, 3), dtype), losses)
        assert_array_equal(np.isnan(losses), [False, True, False])


def test_sample():
    """Draws of SplitMix64, the same in either dtype and for any number of threads."""
    n, seed = 20_000, 0xDEADBEEFCAFE
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    draws = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
    chances = np.random.default_rng(0).random((n // 10, 10), dtype=np.float32)
    for dtype in DTYPES:
        for n_threads in (1, 2, 3):
            out = np.full(chances.shape, np.nan, dtype)
            _fast.sample(chances.astype(dtype), seed, out, n_threads)
            assert_array_equal(out.ravel(), draws < chances.ravel())


@given(dtypes, st.booleans(), seeds)
def test_gather_treats_each_sample_alone(dtype, logistic, seed):
    """A sample's sum is the same bit for bit whatever the batch it comes in."""
    rng = np.random.default_rng(seed)
    W = random_weights(30, 20, 0.5, rng, dtype)
    indptr, sources, links = by_target(W)
    x, bias = rng.standard_normal((30, 45)).astype(dtype), np.zeros(20, dtype=dtype)
    whole = np.empty((20, 45), dtype=dtype)
    _fast.gather(x, indptr, sources, links, W.data, bias, 1.0, whole, 1, logistic)
    for b in range(45):
        alone = np.empty((20, 1), dtype=dtype)
        column = np.ascontiguousarray(x[:, b : b + 1])
        _fast.gather(
            column, indptr, sources, links, W.data, bias, 1.0, alone, 1, logistic
        )
        assert_array_equal(alone[:, 0], whole[:, b])


@given(sizes, sizes, batches, dtypes, densities, slopes, threads, seeds)
def test_scatter(n_in, n_out, batch, dtype, density, slope, n_threads, seed):
    """In one part the bits of `gather`; in four the same but for rounding."""
    rng = np.random.default_rng(seed)
    W = random_weights(n_in, n_out, density, rng, dtype)
    x = rng.standard_normal((n_in, batch)).astype(dtype)
    x[rng.random(n_in) < 0.3] = 0  # sources at 0 are passed over
    bias = rng.standard_normal(n_out).astype(dtype)
    expected, out = np.empty((2, n_out, batch), dtype=dtype)
    _fast.gather(x, *by_target(W), W.data, bias, slope, expected, 1)
    for n_parts in (1, 4):
        parts = np.full((n_parts - 1, n_out, batch), np.nan, dtype=dtype)
        out[:] = np.nan
        _fast.scatter(
            x, W.indptr, W.indices, W.data, bias, slope, parts, out, n_threads
        )
        if n_parts == 1:
            assert_array_equal(out, expected)
        tolerance = TOLERANCE[dtype]
        assert_allclose(out, expected, rtol=tolerance, atol=tolerance)


def sparse_batch(n_in, batch, dtype, rng):
    """A batch with many zeros: dense, and as the kernels list it."""
    dense = rng.standard_normal((n_in, batch)) * (rng.random((n_in, batch)) < 0.2)
    X = csr_array(dense.T.astype(dtype))
    indices, indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    starts, features = np.empty(batch + 1, np.int32), np.empty(X.nnz, np.int32)
    by_sample = starts, features, np.empty(X.nnz, dtype)
    _fast.load_nonzeros(X.data, indices, indptr, np.arange(batch), *by_sample)
    counts, marks = np.zeros(n_in, np.int32), np.zeros(-(-n_in // 64), np.uint64)
    present, feature_starts = np.empty(n_in, np.int32), np.empty(n_in + 1, np.int32)
    samples, values = np.empty(X.nnz, np.int32), np.empty(X.nnz, dtype)
    n = _fast.list_by_feature(
        *by_sample, counts, marks, present, feature_starts, samples, values
    )
    assert not counts.any() and not marks.any()
    by_feature = present[:n], feature_starts[: n + 1], samples
    return dense.astype(dtype), by_sample, by_feature, values


@given(sizes, batches, dtypes, seeds)
def test_load_nonzeros(n_in, batch, dtype, seed):
    dense, by_sample, (present, starts, samples), values = sparse_batch(
        n_in, batch, dtype, np.random.default_rng(seed)
    )
    X = csr_array(dense.T)
    for ours, theirs in zip(by_sample, (X.indptr, X.indices, X.data), strict=True):
        assert_array_equal(ours, theirs)
    F = csr_array(dense)
    assert_array_equal(present, np.flatnonzero(np.diff(F.indptr)))
    assert_array_equal(starts, np.r_[0, np.diff(F.indptr)[present].cumsum()])
    assert_array_equal(samples, F.indices)
    assert_array_equal(values, F.data)


@given(sizes, sizes, batches, dtypes, densities, slopes, threads, seeds)
def test_forward_nonzeros(n_in, n_out, batch, dtype, density, slope, n_threads, seed):
    """The bits of `gather`, as each sample's features come in ascending order."""
    rng = np.random.default_rng(seed)
    W = random_weights(n_in, n_out, density, rng, dtype)
    bias = rng.standard_normal(n_out).astype(dtype)
    dense, by_sample, _, _ = sparse_batch(n_in, batch, dtype, rng)
    expected, out = np.full((2, n_out, batch), np.nan, dtype=dtype)
    _fast.gather(dense, *by_target(W), W.data, bias, slope, expected, 1)
    sums = np.full((n_threads, min(batch, _fast.LINE), n_out), np.nan, dtype=dtype)
    _fast.forward_nonzeros(
        *by_sample, W.indptr, W.indices, W.data, bias, slope, sums, out, n_threads
    )
    assert_allclose(out, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@given(sizes, st.sampled_from([3, 40, 600]), batches, dtypes, threads, seeds)
def test_backward_nonzeros(n_in, n_out, batch, dtype, n_threads, seed):
    """Features that are present move as in `backward`, the others not at all."""
    rng = np.random.default_rng(seed)
    W = random_weights(n_in, n_out, 0.7, rng, dtype)  # rows of more than a strip too
    dense, _, listed, values = sparse_batch(n_in, batch, dtype, rng)
    delta = rng.standard_normal((n_out, batch)).astype(dtype)
    velocity = rng.standard_normal((1, W.nnz)).astype(dtype)
    step = sgd_step(0.2, 0.9, True, 0.5, 0.1)
    ours, other = W.copy(), velocity.copy()
    _fast.backward(
        dense, delta, W.indptr, W.indices, W.data, velocity, step, 1.0, None,
        np.empty(n_in), np.empty((1, batch), dtype), 1,
    )  # fmt: skip
    seen, squares = np.full(n_in, 6, np.int32), np.full(n_in, np.nan)
    before = ours.data.copy()
    _fast.backward_nonzeros(
        *listed, values, delta, W.indptr, W.indices, ours.data, other, step, None, 6,
        seen, squares, n_threads,
    )  # fmt: skip
    is_present = np.isin(np.arange(n_in), listed[0])
    links = np.repeat(is_present, np.diff(W.indptr))
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    assert_allclose(ours.data[links], W.data[links], **tolerance)
    assert_allclose(other[0, links], velocity[0, links], **tolerance)
    assert_array_equal(ours.data[~links], before[~links])
    assert_array_equal(seen, 6 + is_present)
    expected = np.array(
        [(before[W.indptr[i] : W.indptr[i + 1]] ** 2).sum() for i in range(n_in)]
    )
    assert_allclose(squares[is_present], expected[is_present], **tolerance)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@given(sizes, st.sampled_from([3, 600]), batches, dtypes, threads, seeds)
def test_pending_steps_are_made_by_forward_and_backward(
    momentum, n_in, n_out, batch, dtype, n_threads, seed
):
    """As by `flush_pending` beforehand."""
    rng = np.random.default_rng(seed)
    W = random_weights(n_in, n_out, 0.7, rng, dtype)
    _, by_sample, by_feature, values = sparse_batch(n_in, batch, dtype, rng)
    velocity = rng.standard_normal((int(momentum > 0), W.nnz)).astype(dtype)
    step, _ = SGD(0.2, momentum, bool(momentum)).steps(1 / batch, 0.3)
    powers, clock = zero_gradient_powers(step, 6), 5
    seen = rng.integers(0, clock + 1, n_in, dtype=np.int32)
    awake, awake_v, up_to_date = W.data.copy(), velocity.copy(), seen.copy()
    expected_squares, squares = np.empty(n_in), np.empty(n_in)
    _fast.flush_pending(
        by_feature[0], powers, None, clock, up_to_date, W.indptr, awake, awake_v,
        expected_squares, 1,
    )  # fmt: skip
    bias = rng.standard_normal(n_out).astype(dtype)
    sums = np.empty((n_threads, min(batch, _fast.LINE), n_out), dtype)
    expected, out = np.full((2, n_out, batch), np.nan, dtype)
    forward = *by_sample, W.indptr, W.indices
    _fast.forward_nonzeros(*forward, awake, bias, 0.1, sums, expected, n_threads)
    _fast.forward_nonzeros(
        *forward, W.data, bias, 0.1, sums, out, n_threads, velocity, powers, clock, seen
    )
    tolerance = {"rtol": 10 * TOLERANCE[dtype], "atol": 10 * TOLERANCE[dtype]}
    assert_allclose(out, expected, **tolerance)
    delta = rng.standard_normal((n_out, batch)).astype(dtype)
    backward = *by_feature, values, delta, W.indptr, W.indices
    _fast.backward_nonzeros(
        *backward, awake, awake_v, step, None, clock, up_to_date, squares, 1
    )
    _fast.backward_nonzeros(
        *backward, W.data, velocity, step, powers, clock, seen, squares, n_threads
    )
    assert_allclose(W.data, awake, **tolerance)
    assert_allclose(velocity, awake_v, **tolerance)
    assert_array_equal(seen, up_to_date)
    there = by_feature[0]
    assert_allclose(squares[there], expected_squares[there], **tolerance)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@given(sizes, dtypes, threads, st.integers(0, 6), seeds)
def test_flush_pending(momentum, n_in, dtype, n_threads, clock, seed):
    """Against the steps one by one, by powers and by their list."""
    rng = np.random.default_rng(seed)
    W = random_weights(n_in, 300, 0.9, rng, dtype)
    velocity = rng.standard_normal((int(momentum > 0), W.nnz)).astype(dtype)
    step, _ = SGD(0.2, momentum, bool(momentum)).steps(1.0, 0.3)
    seen = rng.integers(0, clock + 1, n_in, dtype=np.int32)
    nothing = np.zeros((300, 1), dtype)
    powers = zero_gradient_powers(step, clock + 1)
    for tables in ((powers, None), (None, np.repeat(step, clock))):
        ours, ours_v, ours_seen = W.copy(), velocity.copy(), seen.copy()
        squares = np.full(n_in, np.nan)
        _fast.flush_pending(
            np.arange(n_in, dtype=np.int32), *tables, clock, ours_seen, W.indptr,
            ours.data, ours_v, squares, n_threads,
        )  # fmt: skip
        twin, twin_v = W.copy(), velocity.copy()
        for i in range(n_in):
            own = slice(W.indptr[i], W.indptr[i + 1])
            row, state = twin.data[own].copy(), twin_v[:, own].copy()
            ends = np.array([0, row.size], np.int32)
            for _ in range(clock - seen[i]):
                _fast.backward(
                    np.zeros((1, 1), dtype), nothing, ends, W.indices[own].copy(), row,
                    state, step, 1.0, None, np.empty(1), nothing[:1], 1,
                )  # fmt: skip
            twin.data[own], twin_v[:, own] = row, state
        tolerance = {"rtol": 10 * TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
        assert_allclose(ours.data, twin.data, **tolerance)
        assert_allclose(ours_v, twin_v, **tolerance)
        assert_array_equal(ours_seen, np.full(n_in, clock))
        assert_allclose(squares, (ours * ours).sum(axis=1), **tolerance)


def test_subnormals_are_flushed_and_the_mode_is_restored():
    tiny = np.array([1e-40], dtype=np.float32)
    weights, velocity = tiny.copy(), tiny[None].copy()
    ends, zero = np.array([0, 1], np.int32), np.zeros(1, np.int32)
    nothing = np.zeros((1, 1), np.float32)
    for n_threads in (1, 2):
        _fast.backward(
            nothing, nothing, ends, zero, weights, velocity,
            sgd_step(0.1, 0.9, False, 1.0, 0.0), 1.0, None, np.empty(1), nothing,
            n_threads,
        )  # fmt: skip
    assert weights[0] == 0 and velocity[0, 0] == 0
    assert tiny[0] * np.float32(0.5) > 0  # here they still count


def naive_sgd(w, velocity, gradient, rate, momentum, nesterov):
    """MLPClassifier's SGDOptimizer."""
    velocity = momentum * velocity - rate * gradient
    if nesterov:
        return w + momentum * velocity - rate * gradient, velocity
    return w + velocity, velocity


def sgd_step(rate, momentum, nesterov, scale, decay):
    return solver_step(
        solver=_fast.Solver.sgd,
        learning_rate=rate,
        momentum=momentum,
        velocity_factor=momentum if nesterov else 1.0,
        gradient_factor=rate if nesterov else 0.0,
        gradient_scale=scale,
        weight_decay=decay,
    )


def solver_step(**fields):
    """A step, by the names of its fields; the others are 0."""
    step = np.zeros(1, np.asarray(_fast.empty_step()).dtype)
    for name, value in fields.items():
        step[name] = value
    return step


@pytest.mark.parametrize(
    "momentum, nesterov", [(0.0, False), (0.9, False), (0.9, True)]
)
@given(
    sizes, sizes | st.just(600), batches, dtypes, densities, slopes, threads,
    st.booleans(), st.booleans(), seeds,
)  # fmt: skip
def test_backward(
    momentum, nesterov, n_in, n_out, batch, dtype, density, slope, n_threads, sends,
    has_less, seed,
):  # fmt: skip
    """Rows of more than a strip, and none, too."""
    rng = np.random.default_rng(seed)
    W = random_weights(n_in, n_out, density, rng, dtype)
    x = rng.standard_normal((n_in, batch)).astype(dtype)
    delta = rng.standard_normal((n_out, batch)).astype(dtype)
    velocity = rng.standard_normal((1 if momentum else 0, W.nnz)).astype(dtype)
    rows, columns = W.tocoo().coords
    less = (x[::-1].copy(), delta[::-1].copy()) if has_less else (None, None)
    sums = x @ delta.T - (less[0] @ less[1].T if has_less else 0)
    gradient = 0.5 * sums[rows, columns] + 0.1 * W.data
    expected_w, expected_v = naive_sgd(
        W.data, velocity[0] if momentum else 0.0, gradient, 0.2, momentum, nesterov
    )
    expected_signal = np.where(x > 0, 1, slope) * (W @ delta)
    expected_squares = (W * W).sum(axis=1)

    sends = sends and not has_less
    sums = np.full(n_in, np.nan, dtype) if sends else None
    squares, before = np.full(n_in, np.nan), x.copy()
    step = sgd_step(0.2, momentum, nesterov, 0.5, 0.1)
    total = _fast.backward(
        x, delta, W.indptr, W.indices, W.data, velocity, step, slope, sums, squares,
        np.empty((n_threads, batch), dtype), n_threads, *less,
    )  # fmt: skip
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    assert_allclose(W.data, expected_w, **tolerance)
    assert_allclose(squares, expected_squares, **tolerance)
    assert_allclose(total, squares.sum(), rtol=1e-12)
    if momentum:
        assert_allclose(velocity[0], expected_v, **tolerance)
    assert_allclose(x, expected_signal if sends else before, **tolerance)
    if sends:
        atol = batch * TOLERANCE[dtype]
        assert_allclose(sums, expected_signal.sum(axis=1), rtol=0, atol=atol)


def test_backward_measures_on_request():
    rng = np.random.default_rng(0)
    W = random_weights(20, 30, 0.4, rng, np.float32)
    step, states = sgd_step(0.2, 0.0, False, 0.5, 0.1), np.empty((0, W.nnz), "f4")
    for batch in (1, 2, 5, 40):
        x, delta = (rng.standard_normal((n, batch)).astype("f4") for n in (20, 30))
        ours, twin = W.copy(), W.copy()
        for own, squares in ((ours, None), (twin, np.empty(20))):
            total = _fast.backward(
                x, delta, W.indptr, W.indices, own.data, states, step, 1.0, None,
                squares, np.empty((1, batch), "f4"), 1,
            )  # fmt: skip
            assert total == (0 if squares is None else pytest.approx(squares.sum()))
        assert_array_equal(ours.data, twin.data)


@pytest.mark.parametrize(
    "n, batch", [(700, 130), (2500, 130), (30_000, 2), (200_000, 2)]
)
def test_units_that_do_not_fit_in_a_cache(n, batch):
    """Rows that are fetched ahead, within a cache and from memory."""
    rng = np.random.default_rng(0)
    places = np.unique(rng.integers(0, n * n, 6 * n))
    w = rng.standard_normal(places.size).astype("f4")
    W = csr_array((w, divmod(places, n)), shape=(n, n))
    W.indices, W.indptr = W.indices.astype(np.int32), W.indptr.astype(np.int32)
    x, delta = rng.standard_normal((2, n, batch)).astype("f4")
    bias, tolerance = np.zeros(n, "f4"), {"rtol": 1e-4, "atol": 1e-4}
    out, parts = np.empty((n, batch), "f4"), np.empty((3, n, batch), "f4")
    _fast.gather(x, *by_target(W), W.data, bias, 0.1, out, 2)
    assert_allclose(out, leaky_relu(W.T @ x, 0.1), **tolerance)
    _fast.scatter(x, W.indptr, W.indices, W.data, bias, 0.1, parts, out, 2)
    assert_allclose(out, leaky_relu(W.T @ x, 0.1), **tolerance)
    rows, columns = W.tocoo().coords
    gradient = np.einsum("kb,kb->k", x[rows], delta[columns])
    signal = np.where(x > 0, 1, 0.1) * (W @ delta)
    moved, sums = W.copy(), np.empty(n, "f4")
    _fast.backward(
        x, delta, W.indptr, W.indices, moved.data, np.empty((0, W.nnz), "f4"),
        sgd_step(0.2, 0.0, False, 0.5, 0.1), 0.1, sums, None,
        np.empty((2, batch), "f4"), 2,
    )  # fmt: skip
    assert_allclose(moved.data, w - 0.2 * (0.5 * gradient + 0.1 * w), **tolerance)
    assert_allclose(x, signal, **tolerance)
    assert_allclose(sums, signal.sum(axis=1), rtol=0, atol=2e-3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [1, 2, 3, 8, 64, 130])
def test_threads_do_not_change_a_bit(dtype, batch, rng):
    """Large enough to be shared out: forward, backward and the update."""
    assert _fast.has_openmp() or sys.platform != "linux"
    results = []
    for n_threads in (1, 2, 5):
        rng = np.random.default_rng(1)
        W = random_weights(150, 600, 0.43, rng, dtype)
        assert np.diff(W.indptr).min() < 256 < np.diff(W.indptr).max()  # of a strip
        x = rng.standard_normal((150, batch)).astype(dtype)
        delta, row = np.empty((600, batch), dtype), np.empty((n_threads, batch), dtype)
        velocity = rng.standard_normal((1, W.nnz)).astype(dtype)
        bias, squares, sums = np.zeros(600, dtype), np.empty(150), np.empty(150, dtype)
        _fast.gather(x, *by_target(W), W.data, bias, 1.0, delta, n_threads)
        total = _fast.backward(
            x, delta, W.indptr, W.indices, W.data, velocity,
            sgd_step(0.1, 0.9, True, 0.3, 0.2), 0.0, sums, squares, row, n_threads,
        )  # fmt: skip
        of_rows = np.empty(600, dtype)
        _fast.sum_rows(delta, of_rows, n_threads)
        results.append((delta, x, W.data, velocity, sums, squares, total, of_rows))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert_array_equal(a, b)


@given(st.integers(0, 30), batches, dtypes, seeds)
def test_sum_rows(n, batch, dtype, seed):
    rows = np.random.default_rng(seed).standard_normal((n, batch)).astype(dtype)
    out = np.empty(n, dtype)
    _fast.sum_rows(rows, out, 2)
    assert_allclose(out, rows.sum(axis=1), rtol=0, atol=batch * TOLERANCE[dtype])


@given(
    st.integers(0, 30), batches, dtypes, st.booleans(), st.booleans(), st.booleans(),
    seeds,
)  # fmt: skip
def test_update_parameters(n, batch, dtype, has_momentum, nesterov, has_less, seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(n).astype(dtype)
    delta, less = rng.standard_normal((2, n, batch)).astype(dtype)
    total = delta - less if has_less else delta
    momentum = 0.9 if has_momentum else 0.0
    nesterov = nesterov and has_momentum
    state = rng.standard_normal((int(has_momentum), n)).astype(dtype)
    expected, velocity = naive_sgd(
        values,
        state[0] if has_momentum else 0.0,
        0.5 * total.sum(axis=1) + 0.1 * values,
        0.2,
        momentum,
        nesterov,
    )
    step = sgd_step(0.2, momentum, nesterov, 0.5, 0.1)
    _fast.update_parameters(delta, values, state, step, 2, less if has_less else None)
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    assert_allclose(values, expected, **tolerance)
    if has_momentum:
        assert_allclose(state[0], velocity, **tolerance)


def test_solvers_and_steps_are_those_of_python():
    """Names and ids of the C++ enum, and the fields of its struct, in each build."""
    assert [solver.name for solver in _fast.Solver] == sorted(SOLVERS, key=solver_id)
    assert [int(solver) for solver in _fast.Solver] == list(range(len(SOLVERS)))
    assert np.asarray(_fast.empty_step()).dtype == STEP_DTYPE
    assert STEP_DTYPE.names[0] == "solver"
    assert {STEP_DTYPE[name].str for name in STEP_DTYPE.names[1:]} == {"<f8"}


def test_a_step_of_another_dtype_is_refused():
    w, state = np.zeros(1), np.zeros((0, 1))
    for bad in (np.zeros(7), np.zeros(2, STEP_DTYPE)):
        with pytest.raises(ValueError, match="A step is an array of shape"):
            _fast.update_parameters(np.zeros((1, 1)), w, state, bad, 1)


def solver_id(name):
    return _fast.Solver[name]


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop"])
@given(st.integers(0, 600), dtypes, threads, seeds)
def test_adaptive_solvers(name, n, dtype, n_threads, seed):
    """One step in place, against the formulas, of any number of parameters."""
    rng = np.random.default_rng(seed)
    w, gradient = rng.standard_normal((2, n))
    m, v = rng.standard_normal(n), rng.random(n)
    g = 0.5 * gradient + (0 if name == "adamw" else 0.3 * w)
    first = g if name == "rmsprop" else m + 0.2 * (g - m)
    second = v + 0.1 * (g**2 - v)
    shrinkage = 0.3 * w if name == "adamw" else 0
    expected = w - shrinkage - 0.05 * first / (np.sqrt(second) + 1e-3)
    step = solver_step(
        solver=_fast.Solver[name], learning_rate=0.05, one_minus_beta_1=0.2,
        one_minus_beta_2=0.1, adam_epsilon=1e-3, gradient_scale=0.5, weight_decay=0.3,
    )  # fmt: skip
    values, delta = w.astype(dtype), gradient[:, None].astype(dtype)
    state = np.array([v] if name == "rmsprop" else [m, v], dtype)
    _fast.update_parameters(delta, values, state, step, n_threads)
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    assert_allclose(values, expected, **tolerance)
    moments = [second] if name == "rmsprop" else [first, second]
    assert_allclose(state, moments, **tolerance)


@pytest.mark.parametrize(
    "momentum, nesterov", [(0.0, False), (0.9, False), (0.9, True)]
)
@given(dtypes, seeds)
def test_a_step_rounds_alike_in_whole_vectors_and_less(momentum, nesterov, dtype, seed):
    """How units are dealt to threads decides which links are which."""
    rng = np.random.default_rng(seed)
    step = sgd_step(0.1, momentum, nesterov, 0.3, 0.2)
    delta, values = rng.standard_normal((40, 1)), rng.standard_normal(40)
    state = rng.standard_normal((int(momentum > 0), 40))
    delta, values, state = (a.astype(dtype) for a in (delta, values, state))
    cuts = np.r_[0, np.sort(rng.integers(0, 41, size=12)), 40]
    pieces = [
        (delta[own], values[own].copy(), state[:, own].copy())
        for own in map(slice, cuts[:-1], cuts[1:])
    ]
    _fast.update_parameters(delta, values, state, step, 1)
    for own in pieces:
        _fast.update_parameters(*own, step, 1)
    _, moved, states = zip(*pieces, strict=True)
    assert_array_equal(np.concatenate(moved), values)
    assert_array_equal(np.concatenate(states, axis=1), state)


@given(st.integers(0, 300), st.sampled_from([1, 7, 300, 10**6, 2**62]), seeds)
def test_draw_blocks(n, limit, seed):
    """Against the draws, made one by one from the published generator."""
    low, high = limit // 3, limit
    draws, mask = set(), 2**64 - 1
    for k in range(n):
        z = (seed + (k + 1) * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        draws.add(low + (z ^ (z >> 31)) % (high - low))
    places, n_distinct = np.empty(n, np.int64), np.empty(1, np.int64)
    _fast.draw_blocks(
        seed, np.array([low, high]), np.array([0, n]), np.empty((1, n + 1), np.int32),
        np.empty((1, n), np.int64), places, n_distinct, 1,
    )  # fmt: skip
    assert_array_equal(places[: n_distinct[0]], sorted(draws))


@given(st.integers(1, 8), st.integers(1, 9), densities, dtypes, threads, st.data())
def test_rewire(n_in, n_out, density, dtype, n_threads, data):
    """Against a dense twin: drop, then fill the chosen empty places in order."""
    rng = np.random.default_rng(data.draw(seeds))
    W = random_weights(n_in, n_out, density, rng, dtype)
    state = rng.standard_normal((2, W.nnz)).astype(dtype)
    keep = rng.integers(2, size=W.nnz, dtype=np.uint8)
    n_empty = n_in * n_out - int(keep.sum())
    n_new = data.draw(st.integers(0, n_empty))
    places = np.sort(rng.choice(n_empty, n_new, replace=False))

    rows, columns = W.tocoo().coords
    twin = np.full((3, n_in, n_out), np.nan)
    kept = keep.astype(bool)
    for part, source in enumerate((W.data, *state)):
        twin[part, rows[kept], columns[kept]] = source[kept]
    empty = np.argwhere(np.isnan(twin[0]))[places]
    twin[:, empty[:, 0], empty[:, 1]] = 0
    is_link = ~np.isnan(twin[0])

    n_links = int(keep.sum()) + n_new
    indptr, targets = np.empty(n_in + 1, np.int32), np.empty(n_links, np.int32)
    weights, new_state = np.empty(n_links, dtype), np.empty((2, n_links), dtype)
    kept_before = np.zeros(n_in + 1, np.int32)
    _fast.count_kept(W.indptr, keep, kept_before[1:], n_threads)
    kept_before.cumsum(dtype=np.int32, out=kept_before)
    _fast.rewire(
        W.indptr, W.indices, W.data, state, keep, kept_before, places, n_out,
        indptr, targets, weights, new_state, n_threads,
    )  # fmt: skip
    assert_array_equal(indptr, np.r_[0, is_link.sum(axis=1).cumsum()])
    assert_array_equal(targets, np.argwhere(is_link)[:, 1])
    assert_array_equal(weights, twin[0][is_link])
    assert_array_equal(new_state, twin[1:][:, is_link])


@given(batches, st.integers(1, 8), st.integers(1, 8), dtypes, threads, seeds)
def test_pseudo_log_likelihood(batch, n_hidden, n_visible, dtype, n_threads, seed):
    """Against free energies of the sample and of all its flips."""
    rng = np.random.default_rng(seed)
    W = random_weights(n_hidden, n_visible, 0.5, rng, dtype)
    W.data *= 3
    v = rng.integers(2, size=(n_visible, batch)).astype(dtype)
    v[0] = rng.random(batch)
    b, c = rng.standard_normal(n_visible), rng.standard_normal(n_hidden)
    b, c = b.astype(dtype), c.astype(dtype)

    def free_energy(v):
        return -b @ v - np.logaddexp(0, W @ v + c[:, None]).sum(axis=0)

    expected = np.zeros(batch)
    for i in range(n_visible):
        flipped = v.copy()
        flipped[i] = 1 - v[i]
        expected -= np.logaddexp(0, free_energy(v) - free_energy(flipped))

    inputs = (W @ v + c[:, None]).astype(dtype)
    out = np.full(batch, np.nan)
    _fast.pseudo_log_likelihood(
        v, inputs, *by_target(W), W.data, b, *np.empty((2, n_hidden, batch)),
        np.empty((n_threads, 2 * batch)), np.empty((n_visible, batch)), out, n_threads,
    )  # fmt: skip
    assert_allclose(out, expected, rtol=1e-3 if dtype == np.float32 else 1e-9)


def test_pseudo_log_likelihood_of_extreme_weights_is_finite():
    W = csr_array(np.array([[50.0, -50.0], [-800.0, 800.0]]))
    W.indices, W.indptr = W.indices.astype(np.int32), W.indptr.astype(np.int32)
    v, out = np.array([[1.0, 0.0], [0.0, 1.0]]), np.empty(2)
    inputs = W @ v
    _fast.pseudo_log_likelihood(
        v, inputs, *by_target(W), W.data, np.zeros(2), *np.empty((2, 2, 2)),
        np.empty((1, 4)), np.empty((2, 2)), out, 1,
    )  # fmt: skip
    assert np.isfinite(out).all()


@given(batches, st.integers(1, 5), st.integers(1, 5), dtypes, threads, seeds)
def test_gaussian_pseudo_log_likelihood(
    batch, n_hidden, n_visible, dtype, n_threads, seed
):
    """Against the sum over a fine and wide grid of each unit's values."""
    rng = np.random.default_rng(seed)
    W = random_weights(n_hidden, n_visible, 0.5, rng, dtype)
    W.data *= rng.choice([0.5, 5.0])
    v = rng.standard_normal((n_visible, batch)).astype(dtype)
    b, c = rng.standard_normal(n_visible), rng.standard_normal(n_hidden)
    b, c = b.astype(dtype), c.astype(dtype)
    inputs = (W @ v + c[:, None]).astype(dtype)
    dense, expected, grid = (
        W.toarray().astype(float),
        np.zeros(batch),
        np.arange(-99, 99, 0.4),
    )
    for i in range(n_visible):
        moved = inputs[:, :, None] + dense[:, i, None, None] * (grid - v[i][:, None])
        logs = np.logaddexp(0, moved).sum(axis=0) - 0.5 * (grid - b[i]) ** 2
        here = np.logaddexp(0, inputs).sum(axis=0) - 0.5 * (v[i] - b[i]) ** 2
        expected += here - logsumexp(logs, axis=1) - np.log(0.4)
    low = b + np.minimum(dense, 0).sum(axis=0) - 7
    n_nodes = (np.abs(dense).sum(axis=0) + 14) / 0.8 + 2
    out = np.full(batch, np.nan)
    _fast.gaussian_pseudo_log_likelihood(
        v, inputs, *by_target(W), W.data, b, low, n_nodes.astype(np.int32), 0.8,
        *np.empty((2, n_hidden, batch)),
        np.empty((n_threads, int(n_nodes.max()) * (2 * batch + 1))),
        np.empty((n_visible, batch)), out, n_threads,
    )  # fmt: skip
    assert_allclose(out, expected, rtol=1e-3 if dtype == np.float32 else 1e-9)


@given(st.integers(1, 6), st.integers(1, 6), densities, st.data())
def test_is_canonical(n_rows, n_columns, density, data):
    """Against SciPy's own checks, for arrays that are right, nearly right and wrong."""
    rng = np.random.default_rng(data.draw(seeds))
    W = random_weights(n_rows, n_columns, density, rng, np.float64)
    indptr, indices = W.indptr, W.indices
    for _ in range(data.draw(st.integers(0, 2))):
        array = indptr if rng.random() < 0.5 or not indices.size else indices
        array[rng.integers(array.size)] += rng.integers(-2, 3)
    if rng.random() < 0.3:
        rng.shuffle(indices)
    inside = (indptr >= 0).all() and (indptr <= indices.size).all()
    expected = (
        inside
        and indptr[0] == 0
        and indptr[-1] == indices.size
        and (np.diff(indptr) >= 0).all()
        and (indices >= 0).all()
        and (indices < n_columns).all()
        and all((np.diff(row) > 0).all() for row in np.split(indices, indptr[1:-1]))
    )
    assert _fast.is_canonical(indptr, indices, n_columns) == expected


# -- what happens to activations ----------------------------------------------------

SLOPE = -0.6  # of all_relu
DENSITY = 1 / np.sqrt(2 * np.pi)  # of the standard normal distribution at 0
# Each function and its derivative, from z in float64.
CURVES = {
    "all_relu": lambda z: (np.where(z > 0, z, SLOPE * z), np.where(z > 0, 1, SLOPE)),
    "elu": lambda z: (
        np.where(z > 0, z, np.expm1(np.minimum(z, 0))), np.exp(np.minimum(z, 0)),
    ),
    "gelu": lambda z: (z * ndtr(z), ndtr(z) + z * DENSITY * np.exp(-0.5 * z * z)),
    "logistic": lambda z: (expit(z), expit(z) * expit(-z)),
    "silu": lambda z: (z * expit(z), expit(z) * (1 + z * expit(-z))),
    "tanh": lambda z: (np.tanh(z), 1 - np.tanh(z) ** 2),
}  # fmt: skip


def test_all_curves_are_compared():
    assert set(_fast.CURVES) == set(CURVES)


@pytest.mark.parametrize("name", CURVES)
@given(st.integers(0, 50) | st.integers(4000, 9000), dtypes, threads, seeds)
def test_activate(name, n, dtype, n_threads, seed):
    """Also that a value does not depend on where it stands."""
    z = (3 * np.random.default_rng(seed).standard_normal(n)).astype(dtype)
    value, slope = CURVES[name](z.astype(np.float64))
    slopes, out = z.copy(), np.full_like(z, np.nan)
    _fast.activate(slopes, out, _fast.CURVES[name], SLOPE, n_threads)
    tolerance = {np.float32: 2e-6, np.float64: 1e-14}[dtype]
    assert_allclose(out, value, rtol=tolerance, atol=tolerance)
    assert_allclose(slopes, slope, rtol=tolerance, atol=tolerance)
    for k in range(min(n, 3)):
        one, alone = z[k : k + 1].copy(), np.empty(1, dtype)
        _fast.activate(one, alone, _fast.CURVES[name], SLOPE, 1)
        assert (one[0], alone[0]) == (slopes[k], out[k])


@pytest.mark.parametrize(
    "name, ulps", [("elu", 3), ("gelu", 24), ("logistic", 4), ("silu", 4), ("tanh", 4)]
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_curves_to_the_last_digits(name, ulps, dtype):
    """In relation to the value, also where it is small."""
    small = 10.0 ** -np.arange(0, 30, 0.5)
    z = np.r_[np.linspace(-4, 30, 1001), small, -small].astype(dtype)
    z = z[z != 0]
    out = np.empty_like(z)
    _fast.activate(z.copy(), out, _fast.CURVES[name], SLOPE, 1)
    value = CURVES[name](z.astype(np.float64))[0]
    assert_allclose(out, value, rtol=ulps * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_curves_of_extreme_numbers(dtype):
    z = np.array([-1e30, -100, 100, 1e30, np.nan], dtype)
    limits = {
        "elu": ([-1, -1, 100, 1e30, np.nan], [0, 0, 1, 1, np.nan]),
        "gelu": ([0, 0, 100, 1e30, np.nan], [0, 0, 1, 1, np.nan]),
        "silu": ([0, 0, 100, 1e30, np.nan], [0, 0, 1, 1, np.nan]),
        "tanh": ([-1, -1, 1, 1, np.nan], [0, 0, 0, 0, np.nan]),
    }
    for name, (values, slopes) in limits.items():
        out, back = np.empty_like(z), z.copy()
        _fast.activate(back, out, _fast.CURVES[name], SLOPE, 1)
        assert_allclose(out, values, rtol=1e-6, atol=1e-6)
        assert_allclose(back, slopes, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_logistic_as_a_curve_has_the_same_bits(dtype):
    z = np.linspace(-50, 50, 1001).astype(dtype)
    slopes, out, logistic = z.copy(), np.empty_like(z), z.copy()
    _fast.activate(slopes, out, _fast.CURVES["logistic"], SLOPE, 1)
    _fast.logistic(logistic)
    assert_array_equal(out, logistic)
    assert_array_equal(slopes, (1 - logistic) * logistic)


@given(st.integers(0, 50) | st.just(40_000), dtypes, threads, seeds)
def test_scale(n, dtype, n_threads, seed):
    values, factors = np.random.default_rng(seed).standard_normal((2, n)).astype(dtype)
    expected = values * factors
    _fast.scale(values, factors, n_threads)
    assert_array_equal(values, expected)


def shaped(z, parameters):
    """SReLU and its derivative, element by element."""
    t_l, a_l, t_r, a_r = (values[:, None] for values in parameters)
    is_low, is_high = z <= t_l, (z > t_l) & (z >= t_r)
    f = np.where(is_low, t_l + a_l * (z - t_l), z)
    f = np.where(is_high, t_r + a_r * (z - t_r), f)
    return f, np.where(is_low, a_l, np.where(is_high, a_r, 1)), is_low, is_high


@given(sizes, batches, dtypes, threads, seeds)
def test_srelu_forward_and_backward(n_units, batch, dtype, n_threads, seed):
    rng = np.random.default_rng(seed)
    z, signal = rng.standard_normal((2, n_units, batch)).astype(dtype)
    parameters = rng.standard_normal((4, n_units)).astype(dtype)
    f, slope, is_low, is_high = shaped(z, parameters)
    t_l, a_l, t_r, a_r = (values[:, None] for values in parameters)
    out, gradient = np.empty_like(z), np.empty_like(parameters)
    _fast.srelu_forward(z, parameters, out, n_threads)
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    assert_allclose(out, f, **tolerance)
    back = signal.copy()
    _fast.srelu_backward(z, parameters, back, gradient, n_threads)
    assert_allclose(back, signal * slope, **tolerance)
    expected = [
        (signal * is_low * (1 - a_l)).sum(axis=1),
        (signal * is_low * (z - t_l)).sum(axis=1),
        (signal * is_high * (1 - a_r)).sum(axis=1),
        (signal * is_high * (z - t_r)).sum(axis=1),
    ]
    assert_allclose(gradient, expected, **tolerance)


def hashed(k, seed):
    """The draws of `dropout`, in integers of any size."""
    mask = 0xFFFFFFFF
    draw = (k + seed) & mask
    draw = ((draw ^ draw >> 16) * 0x7FEB352D) & mask
    draw = ((draw ^ draw >> 15 ^ seed >> 32) * 0x846CA68B) & mask
    return draw ^ draw >> 16


@given(st.integers(0, 200), st.integers(0, 2**64 - 1), dtypes, threads)
def test_dropout(n, seed, dtype, n_threads):
    for rate in (0.0, 0.3, 0.999):
        values = np.arange(1, n + 1, dtype=dtype)
        _fast.dropout(values, seed, rate, n_threads)
        stays = np.array([hashed(k, seed) >= rate * 2**32 for k in range(n)], bool)
        expected = stays * np.arange(1, n + 1) * dtype(1 / (1 - rate))
        assert_allclose(values, expected, rtol=1e-6)


@given(sizes, sizes, batches, dtypes, densities, threads, seeds)
def test_position_gradients(n_in, n_out, batch, dtype, density, n_threads, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_in, batch)) * (rng.random((n_in, batch)) < density)
    x, delta = x.astype(dtype), rng.standard_normal((n_out, batch)).astype(dtype)
    sources = rng.integers(n_in, size=50).astype(np.int32)
    targets = rng.integers(n_out, size=50).astype(np.int32)
    expected = (x @ delta.T)[sources, targets]
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    out = np.empty(50, dtype=dtype)
    _fast.position_gradients(x, delta, sources, targets, out, n_threads)
    assert_allclose(out, expected, **tolerance)
    present = np.flatnonzero(x.any(axis=1))
    rows = np.full(n_in, -1, dtype=np.int32)
    rows[present] = np.arange(present.size)
    of = csr_array(x[present])
    starts, samples = of.indptr.astype(np.int32), of.indices.astype(np.int32)
    _fast.position_gradients_nonzeros(
        starts, samples, of.data, delta, rows[sources], targets, out, n_threads
    )
    assert_allclose(out, expected, **tolerance)


@given(n_units=st.integers(0, 1100), batch=st.integers(1, 40), seed=st.integers(0, 99))
def test_anneal_against_naive_twin(n_units, batch, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_units, batch)) * rng.choice([1.0, 30.0, 1000.0])
    before, after = np.sort(rng.random(2))
    log_weights = rng.standard_normal(batch)
    softplus = np.logaddexp(0, after * x) - np.logaddexp(0, before * x)
    expected = log_weights + softplus.sum(axis=0)
    chances = x.copy()
    _fast.anneal(chances, before, after, log_weights, 1)
    assert_allclose(log_weights, expected, rtol=1e-11, atol=1e-11)
    assert_allclose(chances, expit(after * x), rtol=1e-12, atol=1e-300)
