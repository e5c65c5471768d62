"""Compiled loops over plain arrays: units, threads and memoryviews.

What is done for each unit is in the C++ templates of ``_kernels/``.

Conventions
-----------
- Activations are feature-major, (n_units, batch): the loop over the batch is
  contiguous.
- A layer's links are the CSR structure of its (n_in, n_out) weight matrix:
  ``indptr`` over the sources, ``indices`` the targets. Its transposed index lists,
  for each target, the sources and the positions of the links.
- ``IN`` views are only read, ``OUT`` views only written, ``INOUT`` both.
- Shapes and index ranges are checked by the callers, never here.
- Parallel loops run over rows that do not share an output, and the order of each
  sum is fixed, so that the number of threads never changes a result.
"""
from cpython.buffer cimport (
    Py_buffer, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
)
from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from sklearn_set._kernels cimport *

cdef extern from *:
    """
    /* The kernels, included above, are compiled with all optimizations. What follows is
     * the conversion of Python's arguments, which takes the compiler longer than all
     * kernels and would not gain from them. */
    #if defined(__GNUC__) && !defined(__clang__)
    #pragma GCC optimize ("O1")
    #endif
    """

ctypedef fused real:
    float
    double

ctypedef fused index:
    int32_t
    int64_t

cdef extern from "_kernels/solvers.h" namespace "sklearn_set" nogil:
    cpdef enum class Solver:
        sgd
        adam
        adamw
        rmsprop

# Samples of a sparse batch that a thread takes at a time.
LINE = SAMPLES

cdef enum:
    SERIAL = 1 << 15   # multiply-adds below which starting threads costs more


def max_threads():
    """The number of threads OpenMP would start now; 1 in a build without it."""
    return omp_threads()


def processor_level():
    """The level of x86-64 that the processor is known to reach: 1, 3 or 4."""
    return cpu_level()


def has_openmp():
    """Whether this build runs its loops on several threads."""
    return bool(openmp)


cdef SolverStep _empty_step


def empty_step():
    """One solver's step, as a buffer: its format names the fields of SolverStep."""
    return <SolverStep[:1]> &_empty_step


cdef SolverStep _step(step) except *:
    """Copy the SolverStep out of an array of one step. A typed view would take longer:
    its format, with all names, would be written and parsed at each call."""
    cdef Py_buffer buffer
    cdef SolverStep result
    PyObject_GetBuffer(step, &buffer, PyBUF_SIMPLE)
    try:
        if buffer.len != sizeof(SolverStep):
            raise ValueError("A step is an array of shape (1,), as empty_step's.")
        result = (<SolverStep*> buffer.buf)[0]
    finally:
        PyBuffer_Release(&buffer)
    return result


cdef inline int _team(Py_ssize_t work, int n_threads) noexcept nogil:
    return n_threads if work >= SERIAL else 1


cdef inline int _chunk(Py_ssize_t n_rows, int team, Py_ssize_t work) noexcept nogil:
    """Number of consecutive rows that a free thread takes at a time: few, so that long
    rows and busy cores balance out, but not so few that scheduling costs more."""
    cdef Py_ssize_t n_chunks = team * max(2, min(8, work // (team * SERIAL)))
    return <int> max(1, min(1024, n_rows // n_chunks))


cdef inline real* _first(real[:, ::1] array) noexcept nogil:
    """Pointer to the first number; NULL if there is no row."""
    return &array[0, 0] if array.shape[0] else NULL


# ---------------------------------------------------------------------------
# Loading a batch
# ---------------------------------------------------------------------------

def is_canonical(
    const int32_t[::1] indptr,           # IN   (n_rows + 1,)
    const int32_t[::1] indices,          # IN
    int32_t n_columns,
):
    """Whether these are the arrays of a CSR matrix, each row ascending, none twice."""
    cdef bint result
    with nogil:
        result = has_canonical_arrays(
            &indptr[0], indptr.shape[0] - 1, &indices[0], <int32_t> indices.shape[0],
            n_columns)
    return result


def load_dense(
    const real[:, :] X,                  # IN   (n_samples, n_features)
    const Py_ssize_t[::1] rows,          # IN   (batch,)
    real[:, ::1] out,                    # OUT  (n_features, batch)
    int n_threads,
):
    """out = X[rows].T"""
    cdef Py_ssize_t part, n_features = out.shape[0], batch = out.shape[1]
    cdef int team = _team(4 * n_features * batch, n_threads)    # memory is slow
    for part in prange(
        team, nogil=True, schedule="static", chunksize=1, num_threads=team
    ):
        load_features(
            &X[0, 0], X.strides[0], X.strides[1], &rows[0], n_features * part // team,
            n_features * (part + 1) // team, &out[0, 0], batch)


def load_csr(
    const real[::1] data,                # IN   of a CSR (n_samples, n_features)
    const index[::1] indices,            # IN
    const index[::1] indptr,             # IN
    const Py_ssize_t[::1] rows,          # IN   (batch,)
    real[:, ::1] out,                    # OUT  (n_features, batch)
):
    """out = X[rows].T for a CSR X; repeated entries add up."""
    if out.shape[0] == 0 or out.shape[1] == 0:
        return
    with nogil:
        memset(&out[0, 0], 0, out.shape[0] * out.shape[1] * sizeof(real))
        add_rows(
            &data[0], &indices[0], &indptr[0], &rows[0], rows.shape[0], &out[0, 0])


def load_nonzeros(
    const real[::1] data,                # IN   of a CSR (n_samples, n_features)
    const index[::1] indices,            # IN
    const index[::1] indptr,             # IN
    const Py_ssize_t[::1] rows,          # IN   (batch,)
    int32_t[::1] starts,                 # OUT  (>= batch + 1,)
    int32_t[::1] features,               # OUT  (>= n_nonzeros,)
    real[::1] values,                    # OUT
):
    """List the non-zeros of X[rows] by sample."""
    with nogil:
        list_by_sample(
            &data[0], &indices[0], &indptr[0], &rows[0], rows.shape[0], &starts[0],
            &features[0], &values[0])


def list_by_feature(
    const int32_t[::1] starts,           # IN    (batch + 1,)
    const int32_t[::1] features,         # IN    (>= n_nonzeros,)
    const real[::1] values,              # IN    (>= n_nonzeros,)
    int32_t[::1] counts,                 # INOUT (n_features,) 0 before and after
    uint64_t[::1] marks,                 # INOUT (>= n_features / 64,) likewise
    int32_t[::1] present,                # OUT   (>= n_present,) ascending
    int32_t[::1] feature_starts,         # OUT   (>= n_present + 1,)
    int32_t[::1] samples,                # OUT   (>= n_nonzeros,)
    real[::1] feature_values,            # OUT   (>= n_nonzeros,)
):
    """List the same non-zeros by feature; return how many features are present."""
    cdef int32_t n_present
    with nogil:
        n_present = list_features(
            &starts[0], &features[0], &values[0], starts.shape[0] - 1, &counts[0],
            &marks[0], marks.shape[0], &present[0], &feature_starts[0], &samples[0],
            &feature_values[0])
    return n_present


# ---------------------------------------------------------------------------
# Forward
# ---------------------------------------------------------------------------

def gather(
    const real[:, ::1] x,                # IN   (n_from, batch)
    const int32_t[::1] indptr,           # IN   (n_to + 1,)
    const int32_t[::1] units,            # IN   (n_links,) where each link comes from
    const int32_t[::1] links,            # IN   (n_links,) its weight; None: in order
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_to,)
    real negative_slope,                 # IN   of the activation below 0
    real[:, ::1] out,                    # OUT  (n_to, batch)
    int n_threads,
    bint logistic=False,
):
    """out[u] = f(bias[u] + sum over the links k of u of weights[links[k]] x[units[k]])

    with f(z) = z if z > 0 else negative_slope z; then, on request, 1 / (1 + exp(-f)).
    The sum runs over the links in their order and starts from the bias, for each sample
    alone, whatever the batch it comes in.
    """
    cdef Py_ssize_t part, first, last
    cdef Py_ssize_t batch = x.shape[1], n_links = units.shape[0]
    cdef Py_ssize_t n_bytes = x.shape[0] * batch * sizeof(real)
    cdef Py_ssize_t work = n_links * batch
    cdef const int32_t* link = &links[0] if links is not None else NULL
    cdef Prefetch prefetch = prefetch_for(n_bytes)
    cdef int team = _team(work, n_threads)
    cdef int chunk = _chunk(out.shape[0], team, work)
    cdef unsigned int mode = 0
    if batch == 0:
        return
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        warm_cache(&x[0, 0], n_bytes, prefetch)
        for part in prange(
            (out.shape[0] + chunk - 1) // chunk, schedule="dynamic", chunksize=1
        ):
            first = part * chunk
            last = min(out.shape[0], first + chunk)
            gather_units(
                &x[0, 0], batch, &indptr[0], &units[0], link, &weights[0], &bias[0],
                first, last, n_links, prefetch, negative_slope, &out[0, 0])
            if logistic:    # for many units: to read back a recent store would stall
                apply_logistic(&out[first, 0], (last - first) * batch)
        restore_mode(mode)


def scatter(
    const real[:, ::1] x,                # IN   (n_in, batch)
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,)
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_out,)
    real negative_slope,                 # IN   of the activation below 0
    real[:, :, ::1] parts,               # scratch (n_parts - 1, n_out, batch)
    real[:, ::1] out,                    # OUT  (n_out, batch)
    int n_threads,
    bint logistic=False,
):
    """What `gather` computes, from the sources' side, without the transposed index.

    The sources are cut into `n_parts` equal ranges, each with separate sums, so that
    threads do not collide; the sums are then added up in order. With one part the
    result is `gather`'s, bit for bit.
    """
    cdef Py_ssize_t u, p, first, n, n_in = x.shape[0], batch = x.shape[1]
    cdef Py_ssize_t n_parts = parts.shape[0] + 1, n_links = targets.shape[0]
    cdef Py_ssize_t n_out = out.shape[0]
    cdef Prefetch prefetch = prefetch_for(n_out * batch * sizeof(real))
    cdef real* sums
    cdef int team = _team(n_links * batch, n_threads) if n_parts > 1 else 1
    cdef unsigned int mode = 0
    if batch == 0:
        return
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        for p in prange(n_parts, schedule="static", chunksize=1):
            sums = &parts[p - 1, 0, 0] if p else &out[0, 0]
            if p:
                memset(sums, 0, n_out * batch * sizeof(real))
            else:
                broadcast_bias(&bias[0], n_out, batch, sums)
            scatter_units(
                &x[0, 0], batch, &indptr[0], &targets[0], &weights[0],
                n_in * p // n_parts, n_in * (p + 1) // n_parts, n_links, prefetch, sums)
        for u in prange(team, schedule="static", chunksize=1):
            first = n_out * batch * u // team
            n = n_out * batch * (u + 1) // team - first
            add_parts(
                &out[0, 0] + first, &parts[0, 0, 0] + first if n_parts > 1 else NULL,
                n_parts - 1, n_out * batch, n, negative_slope)
            if logistic:
                apply_logistic(&out[0, 0] + first, n)
        restore_mode(mode)


def forward_nonzeros(
    const int32_t[::1] starts,           # IN   (>= batch + 1,) of each sample's
    const int32_t[::1] features,         # IN   (>= n_nonzeros,)
    const real[::1] values,              # IN   (>= n_nonzeros,)
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,)
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_out,)
    real negative_slope,                 # IN   of the activation below 0
    real[:, :, ::1] sums,                # scratch (n_threads, min(LINE, batch), n_out)
    real[:, ::1] out,                    # OUT  (n_out, batch)
    int n_threads,
    const real[:, ::1] state=None,       # IN   (n_states, n_links) if there are powers
    const double[:, ::1] powers=None,    # IN   (> n_steps, 4) of a step with zero
                                         #      gradient
    int32_t n_steps=0,                   # IN   number of steps made
    const int32_t[::1] last_step=None,   # IN   (n_in,) each source's last step
):
    """What `gather` computes, from the non-zeros of a sparse batch.

    Without powers the weights are up to date. With them, those of a source that is m
    steps behind are taken as the m-th power maps weight and velocity.
    """
    cdef Py_ssize_t block, n_out = out.shape[0], batch = out.shape[1]
    cdef bint is_lazy = powers is not None
    cdef const real* velocity = &state[0, 0] if is_lazy and state.shape[0] else NULL
    cdef const double* power = &powers[0, 0] if is_lazy else NULL
    cdef const int32_t* last = &last_step[0] if is_lazy else NULL
    cdef int team = _team(
        n_out * batch
        + starts[batch] * (targets.shape[0] // max(1, indptr.shape[0] - 1)), n_threads)
    cdef unsigned int mode = 0
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        for block in prange(
            (batch + SAMPLES - 1) // SAMPLES, schedule="dynamic", chunksize=1
        ):
            forward_samples(
                &starts[0], &features[0], &values[0], &indptr[0], &targets[0],
                &weights[0], velocity, power, n_steps, last, &bias[0], negative_slope,
                block * SAMPLES, min(SAMPLES, batch - block * SAMPLES),
                &sums[threadid(), 0, 0], n_out, &out[0, 0], batch)
        restore_mode(mode)


# ---------------------------------------------------------------------------
# Activations
# ---------------------------------------------------------------------------

def logistic(
    real[::1] values,                    # INOUT (n,)
):
    """values = 1 / (1 + exp(-values))"""
    if values.shape[0]:
        with nogil:
            apply_logistic(&values[0], values.shape[0])


# Numbers of the functions that `activate` knows.
CURVES = {
    "all_relu": <int> Curve.all_relu, "elu": <int> Curve.elu,
    "gelu": <int> Curve.gelu, "logistic": <int> Curve.logistic,
    "silu": <int> Curve.silu, "tanh": <int> Curve.tanh,
}


def activate(
    real[::1] z,                         # INOUT (n,)
    real[::1] out,                       # OUT   (n,)
    int curve,                           # IN    which f, of CURVES
    real negative_slope,                 # IN    of all_relu
    int n_threads,
):
    """out = f(z), and z = f'(z)"""
    cdef Py_ssize_t part, first, n = z.shape[0]
    cdef int team = _team(8 * n, n_threads)
    if n == 0:
        return
    for part in prange(team, nogil=True, schedule="static", num_threads=team):
        first = n * part // team
        apply_curve(
            &z[0] + first, &out[0] + first, n * (part + 1) // team - first,
            <Curve> curve, negative_slope)


def scale(
    real[::1] values,                    # INOUT (n,)
    const real[::1] factors,             # IN    (n,)
    int n_threads,
):
    """values *= factors"""
    cdef Py_ssize_t part, first, n = values.shape[0]
    cdef int team = _team(n, n_threads)
    if n == 0:
        return
    for part in prange(team, nogil=True, schedule="static", num_threads=team):
        first = n * part // team
        multiply(
            &values[0] + first, &factors[0] + first, n * (part + 1) // team - first)


def srelu_forward(
    const real[:, ::1] z,                # IN   (n_units, batch)
    const real[:, ::1] parameters,       # IN   (4, n_units) t_l, a_l, t_r, a_r
    real[:, ::1] out,                    # OUT  (n_units, batch)
    int n_threads,
):
    """out = z, but of slope a_l where z <= t_l, and else of slope a_r where z >= t_r.

    SReLU (Jin et al. 2016): t_l + a_l (z - t_l) and t_r + a_r (z - t_r).
    """
    cdef Py_ssize_t u, n_units = z.shape[0], batch = z.shape[1]
    cdef int team = _team(n_units * batch, n_threads)
    if batch == 0:
        return
    for u in prange(n_units, nogil=True, schedule="static", num_threads=team):
        srelu_forward_unit(&z[u, 0], &parameters[0, u], n_units, batch, &out[u, 0])


def srelu_backward(
    const real[:, ::1] z,                # IN    (n_units, batch)
    const real[:, ::1] parameters,       # IN    (4, n_units)
    real[:, ::1] delta,                  # INOUT (n_units, batch)
    real[:, ::1] gradient,               # OUT   (4, n_units)
    int n_threads,
):
    """delta *= f'(z) for the f of `srelu_forward`, and the parameters' gradient."""
    cdef Py_ssize_t u, n_units = z.shape[0], batch = z.shape[1]
    cdef int team = _team(2 * n_units * batch, n_threads)
    if batch == 0:
        return
    for u in prange(n_units, nogil=True, schedule="static", num_threads=team):
        srelu_backward_unit(
            &z[u, 0], &parameters[0, u], n_units, batch, &delta[u, 0], &gradient[0, u])


def dropout(
    real[::1] values,                    # INOUT (n,)
    uint64_t seed,
    double rate,                         # IN    in [0, 1)
    int n_threads,
):
    """Each value becomes 0 with probability `rate`, or else value / (1 - rate).

    The k-th draw is a hash of the seed and k: the same seed drops the same again.
    """
    cdef Py_ssize_t part, first, n = values.shape[0]
    cdef uint32_t threshold = <uint32_t> (rate * 4294967296.0)
    cdef real scale = <real> (1 / (1 - rate))
    cdef int team = _team(n, n_threads)
    if n == 0:
        return
    for part in prange(team, nogil=True, schedule="static", num_threads=team):
        first = n * part // team
        dropout_range(
            &values[first], first, n * (part + 1) // team - first, seed, threshold,
            scale)


def softmax_gradient(
    real[:, ::1] z,                      # INOUT (n_outputs, batch)
    const uint8_t[:, :] is_class,        # IN    (n_outputs, batch)
    real[:, ::1] scratch,                # scratch (2, batch)
    double[::1] losses,                  # OUT   (batch,)
):
    """z = exp(z) / sum exp(z) - is_class, for each sample, which is the gradient of

    losses = log(sum exp(z)) - z[class].
    """
    if z.shape[1] == 0:
        return
    with nogil:
        softmax_gradient_of(
            &z[0, 0], z.shape[0], z.shape[1], &is_class[0, 0], is_class.strides[0],
            is_class.strides[1], &scratch[0, 0], &scratch[1, 0], &losses[0])


# ---------------------------------------------------------------------------
# Backward
# ---------------------------------------------------------------------------

def update_parameters(
    const real[:, ::1] delta,            # IN    (n, batch) summed for the gradient
    real[::1] values,                    # INOUT (n,)
    real[:, ::1] state,                  # INOUT (n_states, n)
    step,                                # IN    (1,) as empty_step
    int n_threads,
    const real[:, ::1] negative_delta=None,     # IN (n, batch), or None
):
    """One step of the solver on parameters with an input that is always 1: biases.

    Samples in ``negative_delta`` subtract from the gradient.
    """
    cdef Py_ssize_t part, n = values.shape[0]
    cdef const real* negative = NULL
    cdef real* states = _first(state)
    cdef SolverStep coefficients = _step(step)
    cdef int team = _team(n * delta.shape[1], n_threads)
    cdef unsigned int mode = 0
    if negative_delta is not None and n:
        negative = &negative_delta[0, 0]
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        for part in prange((n + STRIP - 1) // STRIP, schedule="static"):
            update_strip(
                &delta[0, 0], negative, delta.shape[1], &values[0], states, n,
                coefficients, part * STRIP, min(STRIP, n - part * STRIP))
        restore_mode(mode)


def sum_rows(
    const real[:, ::1] rows,             # IN   (n, batch)
    real[::1] out,                       # OUT  (n,)
    int n_threads,
):
    """out[k] = sum_b rows[k, b]"""
    cdef Py_ssize_t k, n = rows.shape[0], batch = rows.shape[1]
    cdef int team = _team(n * batch, n_threads)
    for k in prange(n, nogil=True, schedule="static", num_threads=team):
        out[k] = row_sum(&rows[k, 0], batch)


def backward(
    real[:, ::1] x,                      # INOUT (n_in, batch) if bias_gradient, or IN
    const real[:, ::1] delta,            # IN    (n_out, batch)
    const int32_t[::1] indptr,           # IN    (n_in + 1,)
    const int32_t[::1] targets,          # IN    (n_links,)
    real[::1] weights,                   # INOUT (n_links,)
    real[:, ::1] state,                  # INOUT (n_states, n_links)
    step,                                # IN    (1,) as empty_step
    real negative_slope,                 # IN    of the sources' activation below 0
    real[::1] bias_gradient,             # OUT   (n_in,), or None
    double[::1] squared_norms,           # OUT   (n_in,), or None
    real[:, ::1] row,                    # scratch (n_threads, batch)
    int n_threads,
    const real[:, ::1] negative_x=None,      # IN (n_in, batch), or None
    const real[:, ::1] negative_delta=None,  # IN (n_out, batch)
):
    """The fused backward sweep over the sources, with the solver's step in place.

    For source i and its links (i, j): gradient_ij = x[i] . delta[j], then the step.
    With ``bias_gradient`` the source's delta f'(x[i]) sum_j w_ij delta[j], by the
    weights as they were, takes the place of x[i], which no other source needs, and
    ``bias_gradient`` gets its sum over the samples. Samples in ``negative_x`` and
    ``negative_delta`` subtract from the gradient; then there is no bias_gradient.
    ``squared_norms`` gets sum_j w_ij ** 2 of the weights as they were; returns their
    sum.
    """
    cdef Py_ssize_t part, first
    cdef Py_ssize_t batch = x.shape[1], n_in = x.shape[0], n_links = targets.shape[0]
    cdef bint is_contrastive = negative_x is not None
    cdef const real* other_x = NULL
    cdef const real* other_delta = NULL
    cdef real* states = _first(state)
    cdef SolverStep coefficients = _step(step)
    cdef real* bias = &bias_gradient[0] if bias_gradient is not None else NULL
    cdef double* norms = &squared_norms[0] if squared_norms is not None else NULL
    cdef Py_ssize_t n_bytes = delta.shape[0] * batch * sizeof(real)
    cdef Py_ssize_t work = n_links * batch
    cdef int team = _team(work, n_threads), chunk = _chunk(n_in, team, work)
    cdef Prefetch prefetch = prefetch_for(2 * n_bytes if is_contrastive else n_bytes)
    cdef unsigned int mode = 0
    if batch == 0:
        return 0.0
    if is_contrastive:
        other_x, other_delta = &negative_x[0, 0], &negative_delta[0, 0]
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        warm_cache(&delta[0, 0], n_bytes, prefetch)
        if is_contrastive:
            warm_cache(other_delta, n_bytes, prefetch)
        for part in prange(
            (n_in + chunk - 1) // chunk, schedule="dynamic", chunksize=1
        ):
            first = part * chunk
            backward_units(
                &x[0, 0], &delta[0, 0], other_x, other_delta, batch, &indptr[0],
                &targets[0], &weights[0], first, min(n_in, first + chunk), n_links,
                prefetch, negative_slope, coefficients, states, bias, norms,
                &row[threadid(), 0])
        restore_mode(mode)
    return total(norms, n_in) if norms else 0.0


def backward_nonzeros(
    const int32_t[::1] present,          # IN    (n_present,)
    const int32_t[::1] feature_starts,   # IN    (>= n_present + 1,)
    const int32_t[::1] samples,          # IN    (>= n_nonzeros,)
    const real[::1] values,              # IN    (>= n_nonzeros,)
    const real[:, ::1] delta,            # IN    (n_out, batch)
    const int32_t[::1] indptr,           # IN    (n_in + 1,)
    const int32_t[::1] targets,          # IN    (n_links,)
    real[::1] weights,                   # INOUT (n_links,)
    real[:, ::1] state,                  # INOUT (n_states, n_links)
    step,                                # IN    (1,) as empty_step
    const double[:, ::1] powers,         # IN    (> n_steps, 4), as for
                                         #       forward_nonzeros, or None
    int32_t n_steps,                     # IN    number of steps made before this one
    int32_t[::1] last_step,              # INOUT (n_in,) each source's last step
    double[::1] squared_norms,           # OUT   (n_in,) of the sources that are present
    int n_threads,
):
    """What `backward` does, for the features that are present in a sparse batch.

    With powers, after bringing their weights up to date.
    """
    cdef Py_ssize_t p, n_present = present.shape[0], n_links = targets.shape[0]
    cdef real* states = _first(state)
    cdef SolverStep coefficients = _step(step)
    cdef const double* power = &powers[0, 0] if powers is not None else NULL
    cdef Py_ssize_t links_per_source = n_links // max(1, indptr.shape[0] - 1)
    cdef Py_ssize_t work = feature_starts[n_present] * links_per_source
    cdef int team = _team(work, n_threads), chunk = _chunk(n_present, team, work)
    cdef unsigned int mode = 0
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        prefetch_array_l2(
            &delta[0, 0], delta.shape[0] * delta.shape[1] * sizeof(real))
        for p in prange(n_present, schedule="dynamic", chunksize=chunk):
            squared_norms[present[p]] = backward_feature(
                p, n_present, &present[0], &feature_starts[0], &samples[0], &values[0],
                &delta[0, 0], delta.shape[1], &indptr[0], &targets[0], &weights[0],
                states, n_links, coefficients, power, n_steps, &last_step[0])
        restore_mode(mode)


def flush_pending(
    const int32_t[::1] rows,             # IN    (n_rows,) sources
    const double[:, ::1] powers,         # IN    (> n_steps, 4) of one step, or None
    const SolverStep[::1] steps,         # IN    (>= n_steps,), or None with powers
    int32_t n_steps,                     # IN    number of steps made
    int32_t[::1] last_step,              # INOUT (n_in,) each source's last step
    const int32_t[::1] indptr,           # IN    (n_in + 1,)
    real[::1] weights,                   # INOUT (n_links,)
    real[:, ::1] state,                  # INOUT (n_states, n_links)
    double[::1] squared_norms,           # OUT   (n_in,) of these sources
    int n_threads,
):
    """Make the solver's pending steps with zero gradient for these sources."""
    cdef Py_ssize_t r, n_rows = rows.shape[0], n_links = weights.shape[0]
    cdef real* states = _first(state)
    cdef const double* power = &powers[0, 0] if powers is not None else NULL
    cdef const SolverStep* step = &steps[0] if steps is not None else NULL
    cdef Py_ssize_t work = n_rows * (n_links // max(1, indptr.shape[0] - 1))
    cdef int team = _team(work, n_threads), chunk = _chunk(n_rows, team, work)
    cdef unsigned int mode = 0
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        for r in prange(n_rows, schedule="dynamic", chunksize=chunk):
            squared_norms[rows[r]] = flush_row(
                r, n_rows, &rows[0], power, step, n_steps, &last_step[0], &indptr[0],
                &weights[0], states, n_links)
        restore_mode(mode)


# ---------------------------------------------------------------------------
# Evolution
# ---------------------------------------------------------------------------

def transpose_index(
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,) ascending in each row
    int32_t[::1] out_indptr,             # OUT  (n_out + 1,)
    int32_t[::1] sources,                # OUT  (n_links,)
    int32_t[::1] links,                  # OUT  (n_links,)
    int n_threads,
):
    """List for each target its links, by ascending source (a counting sort).

    Each thread processes a range of targets, and their part of each row.
    """
    cdef Py_ssize_t part, n_in = indptr.shape[0] - 1, n_out = out_indptr.shape[0] - 1
    cdef int team = _team(4 * targets.shape[0], n_threads)
    with nogil:
        for part in prange(team, schedule="static", chunksize=1, num_threads=team):
            count_links_to(
                &indptr[0], &targets[0], n_in, n_out * part // team,
                n_out * (part + 1) // team, &out_indptr[0])
        counts_to_starts(&out_indptr[0], n_out)
        for part in prange(team, schedule="static", chunksize=1, num_threads=team):
            list_links_to(
                &indptr[0], &targets[0], n_in, n_out * part // team,
                n_out * (part + 1) // team, &out_indptr[0], &sources[0], &links[0])
        ends_to_starts(&out_indptr[0], n_out)


def draw_blocks(
    uint64_t seed,
    const int64_t[::1] limits,           # IN   (n_blocks + 1,) ranges of positions
    const int64_t[::1] starts,           # IN   (n_blocks + 1,) of their draws
    int32_t[:, ::1] buckets,             # scratch (n_threads, longest + 1)
    int64_t[:, ::1] scratch,             # scratch (n_threads, longest)
    int64_t[::1] positions,              # OUT  (n_draws,) each block's, ascending
    int64_t[::1] n_distinct,             # OUT  (n_blocks,)
    int n_threads,
):
    """Draw positions in blocks; each block's distinct ones come first in its part.

    The k-th draw is a hash of the seed and k, so that threads do not matter.
    """
    cdef Py_ssize_t b, n_blocks = n_distinct.shape[0]
    cdef int team = _team(8 * positions.shape[0], n_threads)
    for b in prange(n_blocks, nogil=True, schedule="static", num_threads=team):
        n_distinct[b] = draw_block(
            seed, starts[b], limits[b], limits[b + 1], &positions[starts[b]],
            &buckets[threadid(), 0], &scratch[threadid(), 0], starts[b + 1] - starts[b])


def pack_blocks(
    const int64_t[::1] positions,        # IN   as `draw_blocks` leaves them
    const int64_t[::1] starts,           # IN   (n_blocks + 1,)
    const int64_t[::1] new_starts,       # IN   (n_blocks + 1,) without repetitions
    int64_t[::1] out,                    # OUT  (n_distinct,)
    int n_threads,
):
    """Put the distinct positions of the blocks one behind the other."""
    cdef Py_ssize_t b
    cdef int team = _team(positions.shape[0], n_threads)
    for b in prange(
        starts.shape[0] - 1, nogil=True, schedule="static", num_threads=team
    ):
        memcpy(
            &out[0] + new_starts[b], &positions[0] + starts[b],
            (new_starts[b + 1] - new_starts[b]) * sizeof(int64_t))


def count_digits(
    const index[::1] bits,               # IN   (n,) of floating-point numbers
    index infinity,                      # IN   the bits of infinity
    int shift, int width,                # IN   which bits to count by
    const int64_t[::1] prefix,           # IN   (2,) the bits above, by sign
    int64_t[:, :, ::1] counts,           # OUT  (n_threads, 2, 1 << width), from 0
    int n_threads,
):
    """Count the numbers other than 0 and NaN with this prefix, by sign and digit.

    The bits of positive floating-point numbers, read as integers, are in their order.
    """
    cdef Py_ssize_t part, first, n = bits.shape[0]
    cdef int team = _team(4 * n, n_threads)
    for part in prange(team, nogil=True, schedule="static", num_threads=team):
        first = n * part // team
        count_digits_of(
            &bits[0] + first, n * (part + 1) // team - first, infinity, shift, width,
            &prefix[0], &counts[part, 0, 0])


def mark_larger(
    const index[::1] bits,               # IN   (n,) of floating-point numbers
    const index[::1] bound,              # IN   (2,) bits of a magnitude, by sign
    uint8_t[::1] kept,                   # OUT  (n,)
    int n_threads,
):
    """Mark the numbers, not 0, whose magnitude is larger than the bound."""
    cdef Py_ssize_t part, first, n = bits.shape[0]
    cdef int team = _team(n, n_threads)
    for part in prange(team, nogil=True, schedule="static", num_threads=team):
        first = n * part // team
        mark_larger_of(
            &bits[0] + first, n * (part + 1) // team - first, &bound[0],
            &kept[0] + first)


def count_kept(
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const uint8_t[::1] kept,             # IN   (n_links,)
    int32_t[::1] counts,                 # OUT  (n_in,)
    int n_threads,
):
    """Count the kept links of each row."""
    cdef Py_ssize_t i
    cdef int team = _team(kept.shape[0], n_threads)
    for i in prange(counts.shape[0], nogil=True, schedule="static", num_threads=team):
        counts[i] = count_ones(&kept[0] + indptr[i], indptr[i + 1] - indptr[i])


def position_gradients(
    const real[:, ::1] x,                # IN   (n_in, batch)
    const real[:, ::1] delta,            # IN   (n_out, batch)
    const int32_t[::1] sources,          # IN   (n_positions,)
    const int32_t[::1] targets,          # IN   (n_positions,)
    real[::1] out,                       # OUT  (n_positions,)
    int n_threads,
):
    """out = x[source] . delta[target]: the gradient of links that are not there."""
    cdef Py_ssize_t p, batch = x.shape[1], n = out.shape[0]
    cdef int team = _team(n * batch, n_threads)
    for p in prange(n, nogil=True, schedule="static", num_threads=team):
        prefetch_array(
            &delta[targets[min(p + position_distance, n - 1)], 0],
            batch * sizeof(delta[0, 0]))
        out[p] = position_gradient(&x[sources[p], 0], &delta[targets[p], 0], batch)


def position_gradients_nonzeros(
    const int32_t[::1] feature_starts,   # IN   (>= n_present + 1,)
    const int32_t[::1] samples,          # IN   (>= n_nonzeros,)
    const real[::1] values,              # IN   (>= n_nonzeros,)
    const real[:, ::1] delta,            # IN   (n_out, batch)
    const int32_t[::1] rows,             # IN   (n_positions,) which present feature, -1
    const int32_t[::1] targets,          # IN   (n_positions,)
    real[::1] out,                       # OUT  (n_positions,)
    int n_threads,
):
    """What `position_gradients` computes, for the features of a sparse batch."""
    cdef Py_ssize_t p
    cdef int team = _team(8 * out.shape[0], n_threads)
    for p in prange(out.shape[0], nogil=True, schedule="static", num_threads=team):
        out[p] = position_gradient_nonzeros(
            rows[p], &feature_starts[0], &samples[0], &values[0], &delta[targets[p], 0])


def rewire(
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,) ascending in each row
    const real[::1] weights,             # IN   (n_links,)
    const real[:, ::1] state,            # IN   (n_states, n_links)
    const uint8_t[::1] kept,             # IN   (n_links,)
    const int32_t[::1] kept_before,      # IN   (n_in + 1,) kept in earlier rows
    const int64_t[::1] positions,        # IN   (n_new,) ascending ranks of empty ones
    int64_t n_out,
    int32_t[::1] new_indptr,             # OUT  (n_in + 1,)
    int32_t[::1] new_targets,            # OUT  (n_kept + n_new,)
    real[::1] new_weights,               # OUT  (n_kept + n_new,)
    real[:, ::1] new_state,              # OUT  (n_states, n_kept + n_new)
    int n_threads,
):
    """Merge the kept links, with weight and state, and the new ones row by row.

    The positions are ranks among those that no kept link takes, counted row by row
    from 0. Weight and state of new links start at 0.
    """
    cdef Py_ssize_t block, n_in = indptr.shape[0] - 1, n_links = new_targets.shape[0]
    cdef const real* old_states = &state[0, 0] if state.shape[0] else NULL
    cdef real* new_states = _first(new_state)
    cdef int team = _team(8 * n_links, n_threads)
    cdef int chunk = _chunk(n_in, team, 8 * n_links)
    new_indptr[n_in] = <int32_t> n_links
    for block in prange(
        (n_in + chunk - 1) // chunk, nogil=True, schedule="static", num_threads=team
    ):
        merge_rows(
            block * chunk, min(n_in, (block + 1) * chunk), &indptr[0], &targets[0],
            &weights[0], old_states, targets.shape[0], state.shape[0], &kept[0],
            &kept_before[0], &positions[0], positions.shape[0], n_out, &new_indptr[0],
            &new_targets[0], &new_weights[0], new_states, n_links)


# ---------------------------------------------------------------------------
# Restricted Boltzmann machine
# ---------------------------------------------------------------------------

def sample(
    const real[:, ::1] probabilities,    # IN   (n_units, batch)
    uint64_t seed,
    real[:, ::1] out,                    # OUT  (n_units, batch)
    int n_threads,
):
    """out = 1 with the given probabilities, else 0.

    The k-th draw is a hash of the seed and k, so that threads do not matter.
    """
    cdef Py_ssize_t part, first, n = out.shape[0] * out.shape[1]
    cdef int team = _team(4 * n, n_threads)
    if n == 0:
        return
    for part in prange(team, nogil=True, schedule="static", num_threads=team):
        first = n * part // team
        sample_bernoulli(
            &probabilities[0, 0] + first, first, n * (part + 1) // team - first, seed,
            &out[0, 0] + first)


cdef void _spread_probabilities(
    const real[:, ::1] inputs, double[:, ::1] on, double[:, ::1] off, int team,
) noexcept nogil:
    cdef Py_ssize_t j
    for j in prange(inputs.shape[0], schedule="static", num_threads=team):
        activation_probabilities(
            &inputs[j, 0], inputs.shape[1], &on[j, 0], &off[j, 0])


def pseudo_log_likelihood(
    const real[:, ::1] v,                # IN   (n_visible, batch)
    const real[:, ::1] inputs,           # IN   (n_hidden, batch), c + W v
    const int32_t[::1] indptr,           # IN   (n_visible + 1,)
    const int32_t[::1] hidden,           # IN   (n_links,)
    const int32_t[::1] links,            # IN   (n_links,)
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_visible,)
    double[:, ::1] on,                   # scratch (n_hidden, batch)
    double[:, ::1] off,                  # scratch (n_hidden, batch)
    double[:, ::1] scratch,              # scratch (n_threads, 2 batch)
    double[:, ::1] terms,                # scratch (n_visible, batch)
    double[::1] out,                     # OUT  (batch,)
    int n_threads,
):
    """out = sum_i log P(v_i | all other v), a flip of v_i being 1 - v_i.

    log P(v_i | rest) = -softplus(F(v) - F(v with v_i flipped)) with the free energy
    F(v) = -b.v - sum_j softplus(c_j + (W v)_j): only the hidden units linked to v_i
    change, so that one sweep over the links gives every term.
    """
    cdef Py_ssize_t i, batch = v.shape[1], work = 4 * hidden.shape[0] * batch
    cdef int team = _team(work, n_threads), chunk = _chunk(v.shape[0], team, work)
    if batch == 0:
        return
    with nogil:
        _spread_probabilities(inputs, on, off, team)
        for i in prange(
            v.shape[0], schedule="dynamic", chunksize=chunk, num_threads=team
        ):
            flip_unit(
                visible_unit(
                    i, &indptr[0], &hidden[0], &links[0], &weights[0], &inputs[0, 0],
                    &on[0, 0], &off[0, 0], batch),
                &v[i, 0], bias[i], &scratch[threadid(), 0], &scratch[threadid(), batch],
                &terms[i, 0])
        sum_terms(&terms[0, 0], terms.shape[0], batch, &out[0])


def gaussian_pseudo_log_likelihood(
    const real[:, ::1] v,                # IN   (n_visible, batch)
    const real[:, ::1] inputs,           # IN   (n_hidden, batch), c + W v
    const int32_t[::1] indptr,           # IN   (n_visible + 1,)
    const int32_t[::1] hidden,           # IN   (n_links,)
    const int32_t[::1] links,            # IN   (n_links,)
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_visible,)
    const double[::1] lowest,            # IN   (n_visible,) values to start from
    const int32_t[::1] n_nodes,          # IN   (n_visible,) how many, at least 1
    double step,                         # IN   how far apart
    double[:, ::1] on,                   # scratch (n_hidden, batch)
    double[:, ::1] off,                  # scratch (n_hidden, batch)
    double[:, ::1] nodes,                # scratch (n_threads, (2 batch + 1) max nodes)
    double[:, ::1] terms,                # scratch (n_visible, batch)
    double[::1] out,                     # OUT  (batch,)
    int n_threads,
):
    """out = sum_i log p(v_i | all other v), of visible units of unit variance."""
    cdef Py_ssize_t i, batch = v.shape[1], work = 64 * hidden.shape[0] * batch
    cdef int team = _team(work, n_threads), chunk = _chunk(v.shape[0], team, work)
    if batch == 0:
        return
    with nogil:
        _spread_probabilities(inputs, on, off, team)
        for i in prange(
            v.shape[0], schedule="dynamic", chunksize=chunk, num_threads=team
        ):
            integrate_unit(
                visible_unit(
                    i, &indptr[0], &hidden[0], &links[0], &weights[0], &inputs[0, 0],
                    &on[0, 0], &off[0, 0], batch),
                &v[i, 0], bias[i], lowest[i], step, n_nodes[i], &nodes[threadid(), 0],
                &terms[i, 0])
        sum_terms(&terms[0, 0], terms.shape[0], batch, &out[0])


def anneal(
    real[:, ::1] inputs,                 # INOUT (n_hidden, batch), c + W v
    double before, double after,         # IN    two inverse temperatures
    double[::1] log_weights,             # INOUT (batch,)
    int n_threads,
):
    """log_weights[b] += sum_j softplus(after x_jb) - softplus(before x_jb)

    for the inputs x, which then become 1 / (1 + exp(-after x)), the probabilities of a
    1.
    """
    cdef Py_ssize_t b, n_hidden = inputs.shape[0], batch = inputs.shape[1]
    cdef int team = _team(16 * n_hidden * batch, n_threads)
    for b in prange(
        batch, nogil=True, schedule="static", chunksize=16, num_threads=team   # LINE
    ):
        log_weights[b] += anneal_sample(
            &inputs[0, b], n_hidden, batch, before, after)
