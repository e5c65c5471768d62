"""Compiled loops over plain arrays: no policy, no Python objects, no allocation.

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
from cython.parallel cimport prange, threadid
from libc.math cimport exp, fabs, log1p
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    static const int openmp_enabled = 1;
    #else
    static const int openmp_enabled = 0;
    static int omp_get_max_threads(void) { return 1; }
    #endif
    """
    const int openmp_enabled
    int omp_get_max_threads() nogil

ctypedef fused real:
    float
    double

ctypedef fused index:
    int32_t
    int64_t

cdef extern from "_tiles.h":
    void gather_unit_float(
        const float*, Py_ssize_t, const int32_t*, const int32_t*, const float*,
        Py_ssize_t, float, float*, Py_ssize_t) nogil
    void gather_unit_double(
        const double*, Py_ssize_t, const int32_t*, const int32_t*, const double*,
        Py_ssize_t, double, double*, Py_ssize_t) nogil
    void learn_unit_float(
        const float*, const float*, Py_ssize_t, const int32_t*, const float*,
        Py_ssize_t, float*, float*, Py_ssize_t) nogil
    void learn_unit_double(
        const double*, const double*, Py_ssize_t, const int32_t*, const double*,
        Py_ssize_t, double*, double*, Py_ssize_t) nogil

cdef enum:
    CHUNK = 16         # rows dealt to a thread at a time: rows differ in length
    SERIAL = 1 << 15   # multiply-adds below which starting threads costs more


def max_threads():
    """The number of threads OpenMP would start now; 1 in a build without it."""
    return omp_get_max_threads()


def has_openmp():
    """Whether this build runs its loops on several threads."""
    return bool(openmp_enabled)


cdef inline int _team(Py_ssize_t work, int n_threads) noexcept nogil:
    return n_threads if work >= SERIAL else 1


# ---------------------------------------------------------------------------
# Loading a batch
# ---------------------------------------------------------------------------

def load_dense(
    const real[:, :] X,                  # IN   (n_samples, n_features)
    const Py_ssize_t[::1] rows,          # IN   (batch,)
    real[:, ::1] out,                    # OUT  (n_features, batch)
    int n_threads,
):
    """out = X[rows].T"""
    cdef Py_ssize_t f, b
    cdef int team = _team(out.shape[0] * out.shape[1], n_threads)
    for f in prange(out.shape[0], nogil=True, schedule="static", num_threads=team):
        for b in range(out.shape[1]):
            out[f, b] = X[rows[b], f]


def load_csr(
    const real[::1] data,                # IN   of a CSR (n_samples, n_features)
    const index[::1] indices,            # IN
    const index[::1] indptr,             # IN
    const Py_ssize_t[::1] rows,          # IN   (batch,)
    real[:, ::1] out,                    # OUT  (n_features, batch)
):
    """out = X[rows].T for a CSR X; repeated entries add up."""
    cdef Py_ssize_t b
    cdef index k
    if out.shape[0] == 0 or out.shape[1] == 0:
        return
    with nogil:
        memset(&out[0, 0], 0, out.shape[0] * out.shape[1] * sizeof(real))
        for b in range(rows.shape[0]):
            for k in range(indptr[rows[b]], indptr[rows[b] + 1]):
                out[indices[k], b] += data[k]


# ---------------------------------------------------------------------------
# Signals through the links
# ---------------------------------------------------------------------------

cdef inline void _gather_unit(
    const real* x, Py_ssize_t batch, const int32_t* units, const int32_t* links,
    const real* weights, Py_ssize_t n, real bias, real* out,
) noexcept nogil:
    if real is float:
        gather_unit_float(x, batch, units, links, weights, n, bias, out, batch)
    else:
        gather_unit_double(x, batch, units, links, weights, n, bias, out, batch)


def gather(
    const real[:, ::1] x,                # IN   (n_from, batch)
    const int32_t[::1] indptr,           # IN   (n_to + 1,)
    const int32_t[::1] units,            # IN   (n_links,) where each link comes from
    const int32_t[::1] links,            # IN   (n_links,) its weight; None: in order
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_to,)
    real[:, ::1] out,                    # OUT  (n_to, batch)
    int n_threads,
):
    """out[u] = bias[u] + sum over the links k of u of weights[links[k]] x[units[k]].

    The sum runs over the links in their order and starts from the bias, for each
    sample alone, whatever the batch it comes in.
    """
    cdef Py_ssize_t u, first, batch = x.shape[1]
    cdef const int32_t* link = NULL
    cdef bint in_order = links is None
    cdef int team = _team(units.shape[0] * batch, n_threads)
    if batch == 0:
        return
    for u in prange(
        out.shape[0], nogil=True, schedule="static", chunksize=CHUNK, num_threads=team
    ):
        first = indptr[u]
        if not in_order:
            link = &links[0] + first
        _gather_unit(
            &x[0, 0], batch, &units[0] + first, link,
            &weights[0] + (first if in_order else 0), indptr[u + 1] - first,
            bias[u], &out[u, 0],
        )


# ---------------------------------------------------------------------------
# Learning
# ---------------------------------------------------------------------------

cdef inline void _sgd(
    const double* step, real* values, real* velocity, const real* gradient,
    Py_ssize_t n,
) noexcept nogil:
    """One step of stochastic gradient descent, in place.

    g = scale * gradient + decay * w;  v <- momentum * v - rate * g;
    w <- w + ahead * v - now * g
    with (ahead, now) = (1, 0), or (momentum, rate) for Nesterov's momentum.
    Without momentum there is no velocity (NULL) and w <- w - rate * g.
    """
    cdef real rate = <real> step[0], momentum = <real> step[1]
    cdef real ahead = <real> step[2], now = <real> step[3]
    cdef real scale = <real> step[4], decay = <real> step[5]
    cdef real g
    cdef Py_ssize_t k
    if velocity == NULL:
        for k in range(n):
            values[k] -= rate * (scale * gradient[k] + decay * values[k])
        return
    for k in range(n):
        g = scale * gradient[k] + decay * values[k]
        velocity[k] = momentum * velocity[k] - rate * g
        values[k] += ahead * velocity[k] - now * g


def update(
    real[::1] values,                    # INOUT (n,)
    real[:, ::1] state,                  # INOUT (n_states, n)
    const real[::1] gradient,            # IN    (n,)
    const double[::1] step,              # IN    the solver's coefficients
):
    """One step of the solver on parameters that are not links: the biases."""
    cdef real* velocity = &state[0, 0] if state.shape[0] and state.shape[1] else NULL
    if values.shape[0]:
        _sgd(&step[0], &values[0], velocity, &gradient[0], values.shape[0])


cdef inline void _learn_unit(
    const real* x, Py_ssize_t batch, const real* delta, const int32_t* targets,
    const real* weights, Py_ssize_t n, real* signal, real* gradient,
) noexcept nogil:
    if real is float:
        learn_unit_float(
            x, delta, batch, targets, weights, n, signal, gradient, batch)
    else:
        learn_unit_double(
            x, delta, batch, targets, weights, n, signal, gradient, batch)


cdef inline double _sum_of_squares(const real* w, Py_ssize_t n) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t k
    for k in range(n):
        total += <double> w[k] * w[k]
    return total


def learn(
    const real[:, ::1] x,                # IN    (n_in, batch)
    const real[:, ::1] delta,            # IN    (n_out, batch)
    const int32_t[::1] indptr,           # IN    (n_in + 1,)
    const int32_t[::1] targets,          # IN    (n_links,)
    real[::1] weights,                   # INOUT (n_links,)
    real[:, ::1] state,                  # INOUT (n_states, n_links)
    const double[::1] step,              # IN    the solver's coefficients
    real[:, ::1] signal,                 # OUT   (n_in, batch), or None
    double[::1] squares,                 # OUT   (n_in,)
    real[:, ::1] scratch,                # (n_threads, >= longest row)
    int n_threads,
):
    """The fused backward sweep over the sources, with the solver's step in place.

    For source i and its links (i, j): signal[i] = sum_j w_ij delta[j] with the
    weights as they were, gradient_ij = x[i] . delta[j], then the step. ``squares``
    gets sum_j w_ij ** 2 of the weights as they were.
    """
    cdef Py_ssize_t i, first, n, batch = x.shape[1]
    cdef real* g
    cdef real* back
    cdef real* velocity = NULL
    cdef bint has_signal = signal is not None
    cdef int team = _team(targets.shape[0] * batch, n_threads)
    if batch == 0:
        return
    if state.shape[0]:
        velocity = &state[0, 0]
    for i in prange(
        x.shape[0], nogil=True, schedule="static", chunksize=CHUNK, num_threads=team
    ):
        first = indptr[i]
        n = indptr[i + 1] - first
        g = &scratch[threadid(), 0]
        back = &signal[i, 0] if has_signal else NULL
        squares[i] = _sum_of_squares(&weights[0] + first, n)
        _learn_unit(
            &x[i, 0], batch, &delta[0, 0], &targets[0] + first, &weights[0] + first,
            n, back, g,
        )
        _sgd(
            &step[0], &weights[0] + first,
            NULL if velocity == NULL else velocity + first, g, n,
        )


# ---------------------------------------------------------------------------
# Evolution
# ---------------------------------------------------------------------------

def transpose_index(
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,)
    int32_t[::1] out_indptr,             # OUT  (n_out + 1,)
    int32_t[::1] sources,                # OUT  (n_links,)
    int32_t[::1] links,                  # OUT  (n_links,)
):
    """List for each target its links, by ascending source (a counting sort)."""
    cdef Py_ssize_t i, n_out = out_indptr.shape[0] - 1
    cdef int32_t k, place, total = 0
    with nogil:
        memset(&out_indptr[0], 0, (n_out + 1) * sizeof(int32_t))
        for k in range(<int32_t> targets.shape[0]):
            out_indptr[targets[k]] += 1
        for i in range(n_out + 1):      # counts to starts
            place = out_indptr[i]
            out_indptr[i] = total
            total += place
        for i in range(indptr.shape[0] - 1):
            for k in range(indptr[i], indptr[i + 1]):
                place = out_indptr[targets[k]]
                sources[place] = <int32_t> i
                links[place] = k
                out_indptr[targets[k]] = place + 1
        for i in range(n_out, 0, -1):   # the starts moved on by one place
            out_indptr[i] = out_indptr[i - 1]
        out_indptr[0] = 0


def sort_uniform(
    const int64_t[::1] values,           # IN   (n,) drawn uniformly from [0, limit)
    int64_t limit,
    int32_t[::1] starts,                 # scratch (n + 1,), zeros
    int64_t[::1] out,                    # OUT  (n,) ascending
):
    """Sort by as many buckets as values: linear, as a bucket holds one on average."""
    cdef Py_ssize_t k, j, bucket, n = values.shape[0]
    cdef double scale = n / <double> limit
    cdef int64_t value
    with nogil:
        for k in range(n):
            starts[min(<Py_ssize_t> (values[k] * scale), n - 1) + 1] += 1
        for k in range(n):
            starts[k + 1] += starts[k]
        for k in range(n):
            bucket = min(<Py_ssize_t> (values[k] * scale), n - 1)
            out[starts[bucket]] = values[k]
            starts[bucket] += 1
        for k in range(1, n):   # buckets are in order: values move within theirs
            value, j = out[k], k
            while j > 0 and out[j - 1] > value:
                out[j] = out[j - 1]
                j -= 1
            out[j] = value


def mark_outside(
    const real[::1] weights,             # IN   (n,)
    real low, Py_ssize_t n_low,          # IN   bound, and how many equal to it to drop
    real high, Py_ssize_t n_high,        # IN
    uint8_t[::1] keep,                   # OUT  (n,)
):
    """Mark the weights outside [low, high], with low <= 0 <= high; return how many.

    Of the weights equal to ``low`` only the first ``n_low`` are dropped, of those
    equal to ``high`` the first ``n_high``. Zeros always go.
    """
    cdef Py_ssize_t k, kept = 0
    cdef real w
    with nogil:
        for k in range(weights.shape[0]):
            w = weights[k]
            keep[k] = w != 0 and not (low < w < high)
            if w == 0:
                continue
            if w == high:
                keep[k] = n_high <= 0
                n_high -= 1
            elif w == low:
                keep[k] = n_low <= 0
                n_low -= 1
            kept += keep[k]
    return kept


def rewire(
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,) ascending in each row
    const real[::1] weights,             # IN   (n_links,)
    const real[:, ::1] state,            # IN   (n_states, n_links)
    const uint8_t[::1] keep,             # IN   (n_links,) the survivors
    const int64_t[::1] places,           # IN   (n_new,) ascending ranks of empty places
    Py_ssize_t n_out,
    int32_t[::1] new_indptr,             # OUT  (n_in + 1,)
    int32_t[::1] new_targets,            # OUT  (n_survivors + n_new,)
    real[::1] new_weights,               # OUT  (n_survivors + n_new,)
    real[:, ::1] new_state,              # OUT  (n_states, n_survivors + n_new)
):
    """Merge the survivors, with all that is theirs, and the new links row by row.

    The places are ranks among the places that no survivor takes, counted row by row
    from 0. Weight and state of new links start at 0.
    """
    cdef Py_ssize_t i, s, n_states = state.shape[0]
    cdef int64_t column, passed, empty_before = 0
    cdef int32_t k, last, out = 0
    cdef Py_ssize_t new = 0
    with nogil:
        new_indptr[0] = 0
        for i in range(indptr.shape[0] - 1):
            k, last, passed = indptr[i], indptr[i + 1], 0
            while True:
                while k < last and not keep[k]:
                    k += 1
                # A rank becomes a column by the survivors that stand before it.
                column = n_out
                if new < places.shape[0]:
                    column = min(column, places[new] - empty_before + passed)
                if k < last and targets[k] <= column:
                    new_targets[out] = targets[k]
                    new_weights[out] = weights[k]
                    for s in range(n_states):
                        new_state[s, out] = state[s, k]
                    k += 1
                    passed += 1
                elif column < n_out:
                    new_targets[out] = <int32_t> column
                    new_weights[out] = 0
                    for s in range(n_states):
                        new_state[s, out] = 0
                    new += 1
                else:
                    break
                out += 1
            empty_before += n_out - passed
            new_indptr[i + 1] = out


# ---------------------------------------------------------------------------
# Restricted Boltzmann machine
# ---------------------------------------------------------------------------

cdef inline double _softplus(double x) noexcept nogil:
    """log(1 + exp(x)) without overflow."""
    return (x if x > 0 else 0) + log1p(exp(-fabs(x)))


def pseudo_log_likelihood(
    const real[:, ::1] v,                # IN   (n_visible, batch)
    const real[:, ::1] inputs,           # IN   (n_hidden, batch), c + W v
    const int32_t[::1] indptr,           # IN   (n_visible + 1,)
    const int32_t[::1] hidden,           # IN   (n_links,)
    const int32_t[::1] links,            # IN   (n_links,)
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_visible,)
    double[:, ::1] softplus,             # scratch (n_hidden, batch)
    double[:, ::1] terms,                # scratch (n_visible, batch)
    double[::1] out,                     # OUT  (batch,)
    int n_threads,
):
    """out = sum_i log P(v_i | all other v), a flip of v_i being 1 - v_i.

    log P(v_i | rest) = -softplus(F(v) - F(v with v_i flipped)) with the free energy
    F(v) = -b.v - sum_j softplus(c_j + (W v)_j): only the hidden units linked to v_i
    change, so that one sweep over the links gives every term.
    """
    cdef Py_ssize_t i, j, k, b, batch = v.shape[1]
    cdef double flip, drop
    cdef int team = _team(16 * hidden.shape[0] * batch, n_threads)
    for j in prange(inputs.shape[0], nogil=True, schedule="static", num_threads=team):
        for b in range(batch):
            softplus[j, b] = _softplus(inputs[j, b])
    for i in prange(
        v.shape[0], nogil=True, schedule="static", chunksize=CHUNK, num_threads=team
    ):
        for b in range(batch):
            flip = 1 - 2 * <double> v[i, b]
            drop = bias[i] * flip
            for k in range(indptr[i], indptr[i + 1]):
                j = hidden[k]
                drop = drop + (
                    _softplus(inputs[j, b] + weights[links[k]] * flip)
                    - softplus[j, b]
                )
            terms[i, b] = -_softplus(drop)
    with nogil:
        for b in range(batch):
            out[b] = 0
        for i in range(v.shape[0]):
            for b in range(batch):
                out[b] += terms[i, b]
