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
from cython.parallel cimport parallel, prange, threadid
from libc.math cimport exp, fabs, log, log1p
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove, memset

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    static const int openmp_enabled = 1;
    #else
    static const int openmp_enabled = 0;
    static int omp_get_max_threads(void) { return 1; }
    #endif

    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    #define HAS(feature) __builtin_cpu_supports(feature)
    static int cpu_level(void)
    {
        __builtin_cpu_init();
        if (!(HAS("avx2") && HAS("fma") && HAS("bmi") && HAS("bmi2")))
            return 1;
        if (!(HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq")
              && HAS("avx512vl")))
            return 3;
        return 4;
    }
    #undef HAS
    #else
    static int cpu_level(void) { return 1; }
    #endif
    """
    const int openmp_enabled
    int omp_get_max_threads() nogil
    int cpu_level() nogil

ctypedef fused real:
    float
    double

ctypedef fused index:
    int32_t
    int64_t

cdef extern from "_tiles.h":
    unsigned int flush_subnormals() nogil
    void restore_mode(unsigned int) nogil
    void fetch(const void*, Py_ssize_t) nogil
    void fetch_soon(const void*, Py_ssize_t) nogil
    void warm_up(const void*, Py_ssize_t, int) nogil
    int reach_for(Py_ssize_t) nogil
    int lowest_bit(uint64_t) nogil
    float row_sum_float(const float*, Py_ssize_t) nogil
    double row_sum_double(const double*, Py_ssize_t) nogil
    void row_sums_float(
        const float*, const float*, Py_ssize_t, Py_ssize_t, float*) nogil
    void row_sums_double(
        const double*, const double*, Py_ssize_t, Py_ssize_t, double*) nogil
    void logistic_float(float*, Py_ssize_t) nogil
    void logistic_double(double*, Py_ssize_t) nogil
    void exp_below_float(float*, Py_ssize_t) nogil
    void exp_below_double(double*, Py_ssize_t) nogil
    void flip_double(
        const double*, const double*, const double*, double, double*,
        Py_ssize_t) nogil
    void gather_units_float(
        const float*, Py_ssize_t, const int32_t*, const int32_t*, const int32_t*,
        const float*, const float*, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, float,
        float*) nogil
    void gather_units_double(
        const double*, Py_ssize_t, const int32_t*, const int32_t*, const int32_t*,
        const double*, const double*, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, double,
        double*) nogil
    void scatter_units_float(
        const float*, Py_ssize_t, const int32_t*, const int32_t*, const float*,
        Py_ssize_t, Py_ssize_t, Py_ssize_t, int, float*) nogil
    void scatter_units_double(
        const double*, Py_ssize_t, const int32_t*, const int32_t*, const double*,
        Py_ssize_t, Py_ssize_t, Py_ssize_t, int, double*) nogil
    void learn_units_float(
        float*, const float*, const float*, const float*, Py_ssize_t, const int32_t*,
        const int32_t*, float*, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, float,
        const double*, float*, float*, double*, float*) nogil
    void learn_units_double(
        double*, const double*, const double*, const double*, Py_ssize_t,
        const int32_t*, const int32_t*, double*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
        int, double, const double*, double*, double*, double*, double*) nogil
    void descend_float(
        const double*, float*, float*, Py_ssize_t, const float*, Py_ssize_t) nogil
    void descend_double(
        const double*, double*, double*, Py_ssize_t, const double*, Py_ssize_t) nogil
    void bend_unit_float(
        const float*, const float*, Py_ssize_t, Py_ssize_t, float*) nogil
    void bend_unit_double(
        const double*, const double*, Py_ssize_t, Py_ssize_t, double*) nogil
    void bend_unit_back_float(
        const float*, const float*, Py_ssize_t, Py_ssize_t, float*, float*) nogil
    void bend_unit_back_double(
        const double*, const double*, Py_ssize_t, Py_ssize_t, double*, double*) nogil
    void drop_float(
        float*, Py_ssize_t, Py_ssize_t, uint64_t, uint32_t, float) nogil
    void drop_double(
        double*, Py_ssize_t, Py_ssize_t, uint64_t, uint32_t, double) nogil
    double sum_of_squares_float(const float*, Py_ssize_t, Py_ssize_t) nogil
    double sum_of_squares_double(const double*, Py_ssize_t, Py_ssize_t) nogil

cdef extern from *:
    """
    #if STRIP != 256
    #error "STRIP is one number in _fast.pyx and another in _tiles.h"
    #endif
    """

cpdef enum:
    LINE = 16          # samples of a sparse batch that a thread takes: a cache line

cdef enum:
    SERIAL = 1 << 15   # multiply-adds below which starting threads costs more
    STRIP = 256        # links of a unit that are learnt at a time
    ROWS_AHEAD = 6     # rows of links that are fetched before their use ...
    FEW_LINKS = 128    # ... of each so many, for which the first cache has room
    SAFE_EXPONENT = 300    # products of exp up to which a double holds

# What the first of a solver's coefficients names.
SGD = 0
ADAM = 1
ADAMW = 2
RMSPROP = 3


def max_threads():
    """The number of threads OpenMP would start now; 1 in a build without it."""
    return omp_get_max_threads()


def processor_level():
    """The level of x86-64 that the processor is known to reach: 1, 3 or 4."""
    return cpu_level()


def has_openmp():
    """Whether this build runs its loops on several threads."""
    return bool(openmp_enabled)


cdef inline int _team(Py_ssize_t work, int n_threads) noexcept nogil:
    return n_threads if work >= SERIAL else 1


cdef inline int _chunk(Py_ssize_t n_rows, int team, Py_ssize_t work) noexcept nogil:
    """Rows dealt to a thread that is free: a core that others use does not hold up the
    rest. Neighbours in memory, and few enough, as rows differ in length; but not so few
    that to deal them takes long."""
    cdef Py_ssize_t n_chunks = team * max(2, min(8, work // (team * SERIAL)))
    return <int> max(1, min(1024, n_rows // n_chunks))


# ---------------------------------------------------------------------------
# What Python asks before it calls the others
# ---------------------------------------------------------------------------

def is_canonical(
    const int32_t[::1] indptr,           # IN   (n_rows + 1,)
    const int32_t[::1] indices,          # IN
    int32_t n_columns,
):
    """Whether these are the arrays of a CSR matrix, each row ascending, none twice."""
    cdef Py_ssize_t i, n_rows = indptr.shape[0] - 1
    cdef int32_t k, last, n = <int32_t> indices.shape[0], descents = 0
    cdef uint32_t largest = 0
    if indptr[0] != 0 or indptr[n_rows] != n:
        return False
    with nogil:
        # Without a branch on what is read, for vectors; a negative index is large.
        for k in range(n):
            largest = max(largest, <uint32_t> indices[k])
        for k in range(1, n):
            descents += indices[k - 1] >= indices[k]
        last = 0
        for i in range(n_rows):         # where a row starts it may descend
            k = indptr[i]
            if k < last or indptr[i + 1] < k:
                descents = -1
                break
            if last < k < n:
                descents -= indices[k - 1] >= indices[k]
            last = k
    return descents == 0 and (n == 0 or largest < <uint32_t> n_columns)


# ---------------------------------------------------------------------------
# Loading a batch
# ---------------------------------------------------------------------------

cdef inline void _load_rows(
    const real[:, :] X, const Py_ssize_t[::1] rows, Py_ssize_t first, Py_ssize_t n,
    real* out, Py_ssize_t batch,
) noexcept nogil:
    """Some features of the rows, a cache line of each."""
    cdef Py_ssize_t b, f
    cdef const real* row
    if X.strides[1] == sizeof(real):
        for b in range(batch):
            row = &X[rows[b], first]
            for f in range(n):
                out[f * batch + b] = row[f]
        return
    for b in range(batch):
        for f in range(n):
            out[f * batch + b] = X[rows[b], first + f]


def load_dense(
    const real[:, :] X,                  # IN   (n_samples, n_features)
    const Py_ssize_t[::1] rows,          # IN   (batch,)
    real[:, ::1] out,                    # OUT  (n_features, batch)
    int n_threads,
):
    """out = X[rows].T"""
    cdef Py_ssize_t part, f, b, first, last
    cdef Py_ssize_t n_features = out.shape[0], batch = out.shape[1]
    cdef int team = _team(4 * n_features * batch, n_threads)    # memory is slow
    cdef bint has_rows = X.strides[1] == sizeof(real)
    for part in prange(
        team, nogil=True, schedule="static", chunksize=1, num_threads=team
    ):
        first = n_features * part // team
        last = n_features * (part + 1) // team
        if has_rows and last > first:
            for b in range(batch):
                fetch(&X[rows[b], first], (last - first) * sizeof(real))
        for f in range(first, last, 16):    # LINE
            _load_rows(X, rows, f, min(<Py_ssize_t> LINE, last - f), &out[f, 0], batch)


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
    cdef Py_ssize_t b
    cdef index k, first
    cdef int32_t total = 0
    with nogil:
        for b in range(rows.shape[0]):
            starts[b] = total
            if b + 2 < rows.shape[0]:
                first = indptr[rows[b + 2]]
                k = indptr[rows[b + 2] + 1] - first
                fetch(&indices[0] + first, k * sizeof(index))
                fetch(&data[0] + first, k * sizeof(real))
            for k in range(indptr[rows[b]], indptr[rows[b] + 1]):
                features[total], values[total] = <int32_t> indices[k], data[k]
                total += 1
        starts[rows.shape[0]] = total


cdef inline int32_t _unmark(
    uint64_t[::1] marks, int32_t[::1] counts, int32_t[::1] present,
    int32_t[::1] feature_starts,
) noexcept nogil:
    """List the marked features, and turn their counts to starts; return how many."""
    cdef Py_ssize_t word
    cdef int32_t f, count, n_present = 0, total = 0
    cdef uint64_t left
    for word in range(marks.shape[0]):
        left = marks[word]
        marks[word] = 0
        while left:
            f = <int32_t> (64 * word) + lowest_bit(left)
            left &= left - 1
            present[n_present], feature_starts[n_present] = f, total
            n_present += 1
            count = counts[f]
            counts[f] = total
            total += count
    feature_starts[n_present] = total
    return n_present


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
    cdef Py_ssize_t b, p
    cdef int32_t t, f, slot, n_present
    with nogil:
        for t in range(starts[starts.shape[0] - 1]):
            f = features[t]
            counts[f] += 1
            marks[f >> 6] |= <uint64_t> 1 << (f & 63)
        n_present = _unmark(marks, counts, present, feature_starts)
        for b in range(starts.shape[0] - 1):
            for t in range(starts[b], starts[b + 1]):
                slot = counts[features[t]]
                samples[slot], feature_values[slot] = <int32_t> b, values[t]
                counts[features[t]] = slot + 1
        for p in range(n_present):
            counts[present[p]] = 0
    return n_present


# ---------------------------------------------------------------------------
# Signals through the links
# ---------------------------------------------------------------------------

def gather(
    const real[:, ::1] x,                # IN   (n_from, batch)
    const int32_t[::1] indptr,           # IN   (n_to + 1,)
    const int32_t[::1] units,            # IN   (n_links,) where each link comes from
    const int32_t[::1] links,            # IN   (n_links,) its weight; None: in order
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_to,)
    real slope,                          # IN   of the activation below 0
    real[:, ::1] out,                    # OUT  (n_to, batch)
    int n_threads,
    bint logistic=False,
):
    """out[u] = f(bias[u] + sum over the links k of u of weights[links[k]] x[units[k]])

    with f(z) = z if z > 0 else slope z; then, on request, 1 / (1 + exp(-f)). The sum
    runs over the links in their order and starts from the bias, for each sample alone,
    whatever the batch it comes in.
    """
    cdef Py_ssize_t part, first, last
    cdef Py_ssize_t batch = x.shape[1], n_links = units.shape[0]
    cdef Py_ssize_t n_bytes = x.shape[0] * batch * sizeof(real)
    cdef Py_ssize_t work = n_links * batch
    cdef const int32_t* link = NULL if links is None else &links[0]
    cdef int team = _team(work, n_threads), reach = reach_for(n_bytes)
    cdef int chunk = _chunk(out.shape[0], team, work)
    cdef unsigned int mode = 0
    if batch == 0:
        return
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        warm_up(&x[0, 0], n_bytes, reach)
        for part in prange(
            (out.shape[0] + chunk - 1) // chunk, schedule="dynamic", chunksize=1
        ):
            first = part * chunk
            last = min(out.shape[0], first + chunk)
            if real is float:
                gather_units_float(
                    &x[0, 0], batch, &indptr[0], &units[0], link, &weights[0], &bias[0],
                    first, last, n_links, reach, slope, &out[0, 0])
            else:
                gather_units_double(
                    &x[0, 0], batch, &indptr[0], &units[0], link, &weights[0], &bias[0],
                    first, last, n_links, reach, slope, &out[0, 0])
            if logistic:    # of many units, as a sum just stored is not to be read
                _logistic(&out[first, 0], (last - first) * batch)
        restore_mode(mode)


cdef inline void _logistic(real* z, Py_ssize_t n) noexcept nogil:
    if real is float:
        logistic_float(z, n)
    else:
        logistic_double(z, n)


cdef inline void _spread(
    const real* bias, Py_ssize_t n, Py_ssize_t batch, real* out,
) noexcept nogil:
    """out[u, b] = bias[u]"""
    cdef Py_ssize_t u, b
    for u in range(n):
        for b in range(batch):
            out[u * batch + b] = bias[u]


cdef inline void _finish(
    real* out, const real* parts, Py_ssize_t n_parts, Py_ssize_t apart, Py_ssize_t n,
    real slope,
) noexcept nogil:
    """Add the parts to `out` in order, and bend the sums."""
    cdef Py_ssize_t k, p
    cdef real bent
    for p in range(n_parts):
        for k in range(n):
            out[k] += parts[p * apart + k]
    for k in range(n):
        bent = slope * out[k]   # without a branch
        out[k] = out[k] if out[k] > 0 else bent


def scatter(
    const real[:, ::1] x,                # IN   (n_in, batch)
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,)
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_out,)
    real slope,                          # IN   of the activation below 0
    real[:, :, ::1] parts,               # scratch (n_parts - 1, n_out, batch)
    real[:, ::1] out,                    # OUT  (n_out, batch)
    int n_threads,
    bint logistic=False,
):
    """What `gather` computes, from the sources' side, without the transposed index.

    The sources are cut into `n_parts` equal ranges, each with a sum of its own, so that
    threads do not collide; the sums are then added up in order. With one part the
    result is `gather`'s, bit for bit.
    """
    cdef Py_ssize_t u, p, first, last, n_in = x.shape[0], batch = x.shape[1]
    cdef Py_ssize_t n_parts = parts.shape[0] + 1, n_links = targets.shape[0]
    cdef Py_ssize_t n_out = out.shape[0]
    cdef int reach = reach_for(n_out * batch * sizeof(real))
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
                _spread(&bias[0], n_out, batch, sums)
            first, last = n_in * p // n_parts, n_in * (p + 1) // n_parts
            if real is float:
                scatter_units_float(
                    &x[0, 0], batch, &indptr[0], &targets[0], &weights[0], first, last,
                    n_links, reach, sums)
            else:
                scatter_units_double(
                    &x[0, 0], batch, &indptr[0], &targets[0], &weights[0], first, last,
                    n_links, reach, sums)
        for u in prange(team, schedule="static", chunksize=1):
            first = n_out * batch * u // team
            _finish(
                &out[0, 0] + first, &parts[0, 0, 0] + first if n_parts > 1 else NULL,
                n_parts - 1, n_out * batch, n_out * batch * (u + 1) // team - first,
                slope)
            if logistic:
                _logistic(&out[0, 0] + first, n_out * batch * (u + 1) // team - first)
        restore_mode(mode)


cdef inline void _fetch_links(
    const int32_t* indptr, int32_t i, const int32_t* targets, const real* weights,
    const real* state,
) noexcept nogil:
    """Fetch what belongs to a source's links; of many, the first."""
    cdef int32_t first = indptr[i]
    cdef int32_t n = min(<int32_t> FEW_LINKS, indptr[i + 1] - first)
    if targets:
        fetch_soon(targets + first, n * sizeof(int32_t))
    fetch_soon(weights + first, n * sizeof(real))
    if state:
        fetch_soon(state + first, n * sizeof(real))


cdef inline void _scatter_sample(
    const int32_t* features, const real* values, int32_t n, int32_t limit,
    const int32_t* indptr, const int32_t* targets, const real* weights,
    const real* velocity, const double* powers, int32_t clock, const int32_t* seen,
    real* sums,
) noexcept nogil:
    """Add what one sample's n non-zeros, of the next `limit`, send to the targets.

    With powers, through the weights as they will be when the source is up to date.
    """
    cdef int32_t t, k, f
    cdef real of_weight, of_velocity = 0
    for t in range(n):
        if t + ROWS_AHEAD < limit:
            _fetch_links(indptr, features[t + ROWS_AHEAD], targets, weights, velocity)
        f = features[t]
        of_weight = values[t]
        if powers:
            of_velocity = <real> powers[4 * (clock - seen[f]) + 1] * of_weight
            of_weight *= <real> powers[4 * (clock - seen[f])]
        if velocity:
            for k in range(indptr[f], indptr[f + 1]):
                sums[targets[k]] += weights[k] * of_weight + velocity[k] * of_velocity
        else:
            for k in range(indptr[f], indptr[f + 1]):
                sums[targets[k]] += weights[k] * of_weight


cdef inline void _turn(
    const real* sums, Py_ssize_t n_out, Py_ssize_t n, real slope, real* out,
    Py_ssize_t batch,
) noexcept nogil:
    """out[u, b] = f(sums[b, u]) for n samples b"""
    cdef Py_ssize_t u, b
    cdef real z, bent
    for u in range(n_out):
        for b in range(n):
            z = sums[b * n_out + u]
            bent = slope * z    # without a branch
            out[u * batch + b] = z if z > 0 else bent


def gather_nonzeros(
    const int32_t[::1] starts,           # IN   (>= batch + 1,) of each sample's
    const int32_t[::1] features,         # IN   (>= n_nonzeros,)
    const real[::1] values,              # IN   (>= n_nonzeros,)
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,)
    const real[::1] weights,             # IN   (n_links,)
    const real[::1] bias,                # IN   (n_out,)
    real slope,                          # IN   of the activation below 0
    real[:, :, ::1] sums,                # scratch (n_threads, min(LINE, batch), n_out)
    real[:, ::1] out,                    # OUT  (n_out, batch)
    int n_threads,
    const real[:, ::1] state=None,       # IN   (n_states, n_links) if there are powers
    const double[:, ::1] powers=None,    # IN   (> clock, 4) of a step without a signal
    int32_t clock=0,                     # IN   number of steps made
    const int32_t[::1] seen=None,        # IN   (n_in,) each source's last step
):
    """What `gather` computes, from the non-zeros of a sparse batch.

    Without powers the weights are up to date. With them, those of a source that has
    missed m steps are taken as the m-th power maps weight and velocity.
    """
    cdef Py_ssize_t block, b, n, n_out = out.shape[0], batch = out.shape[1]
    cdef int32_t first
    cdef real* own
    cdef bint lags = powers is not None
    cdef const real* velocity = &state[0, 0] if lags and state.shape[0] else NULL
    cdef const double* power = &powers[0, 0] if lags else NULL
    cdef const int32_t* last = &seen[0] if lags else NULL
    cdef int team = _team(
        n_out * batch
        + starts[batch] * (targets.shape[0] // max(1, indptr.shape[0] - 1)), n_threads)
    cdef unsigned int mode = 0
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        for block in prange(
            (batch + LINE - 1) // LINE, schedule="dynamic", chunksize=1
        ):
            n = min(<Py_ssize_t> LINE, batch - block * LINE)
            own = &sums[threadid(), 0, 0]
            for b in range(n):
                first = starts[block * LINE + b]
                memcpy(own + b * n_out, &bias[0], n_out * sizeof(real))
                _scatter_sample(
                    &features[0] + first, &values[0] + first,
                    starts[block * LINE + b + 1] - first, starts[batch] - first,
                    &indptr[0], &targets[0], &weights[0], velocity, power, clock, last,
                    own + b * n_out)
            _turn(own, n_out, n, slope, &out[0, block * LINE], batch)
        restore_mode(mode)


# ---------------------------------------------------------------------------
# What happens to activations
# ---------------------------------------------------------------------------

def logistic(
    real[::1] values,                    # INOUT (n,)
):
    """values = 1 / (1 + exp(-values))"""
    if values.shape[0]:
        with nogil:
            _logistic(&values[0], values.shape[0])


def bend(
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
        if real is float:
            bend_unit_float(&z[u, 0], &parameters[0, u], n_units, batch, &out[u, 0])
        else:
            bend_unit_double(&z[u, 0], &parameters[0, u], n_units, batch, &out[u, 0])


def bend_back(
    const real[:, ::1] z,                # IN    (n_units, batch)
    const real[:, ::1] parameters,       # IN    (4, n_units)
    real[:, ::1] signal,                 # INOUT (n_units, batch)
    real[:, ::1] gradient,               # OUT   (4, n_units)
    int n_threads,
):
    """signal *= f'(z) for the f of `bend`, and the gradient of its parameters."""
    cdef Py_ssize_t u, n_units = z.shape[0], batch = z.shape[1]
    cdef int team = _team(2 * n_units * batch, n_threads)
    if batch == 0:
        return
    for u in prange(n_units, nogil=True, schedule="static", num_threads=team):
        if real is float:
            bend_unit_back_float(
                &z[u, 0], &parameters[0, u], n_units, batch, &signal[u, 0],
                &gradient[0, u])
        else:
            bend_unit_back_double(
                &z[u, 0], &parameters[0, u], n_units, batch, &signal[u, 0],
                &gradient[0, u])


def drop(
    real[::1] values,                    # INOUT (n,)
    uint64_t seed,
    double rate,                         # IN    in [0, 1)
    int n_threads,
):
    """Dropout: each value becomes 0 with chance `rate`, or else value / (1 - rate).

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
        if real is float:
            drop_float(
                &values[first], first, n * (part + 1) // team - first, seed, threshold,
                scale)
        else:
            drop_double(
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
    cdef Py_ssize_t j, b, batch = z.shape[1]
    cdef real* top
    cdef real* total
    if batch == 0:
        return
    top, total = &scratch[0, 0], &scratch[1, 0]
    with nogil:
        for b in range(batch):
            top[b], total[b], losses[b] = z[0, b], 0, 0
        for j in range(1, z.shape[0]):
            for b in range(batch):
                top[b] = max(top[b], z[j, b])
        for j in range(z.shape[0]):
            for b in range(batch):
                z[j, b] -= top[b]
                losses[b] -= z[j, b] if is_class[j, b] else 0
            _exp_below(&z[j, 0], batch)
            for b in range(batch):
                total[b] += z[j, b]
        for j in range(z.shape[0]):
            for b in range(batch):
                z[j, b] = z[j, b] / total[b] - is_class[j, b]
        for b in range(batch):
            losses[b] += log(total[b])


cdef inline void _exp_below(real* z, Py_ssize_t n) noexcept nogil:
    if real is float:
        exp_below_float(z, n)
    else:
        exp_below_double(z, n)


# ---------------------------------------------------------------------------
# Learning
# ---------------------------------------------------------------------------

cdef inline void _descend(
    const double* step, real* values, real* state, Py_ssize_t apart,
    const real* gradient, Py_ssize_t n,
) noexcept nogil:
    if real is float:
        descend_float(step, values, state, apart, gradient, n)
    else:
        descend_double(step, values, state, apart, gradient, n)


cdef inline void _row_sums(
    const real* rows, const real* less, Py_ssize_t batch, Py_ssize_t n, real* out,
) noexcept nogil:
    """out[k] = the sum of row k; `out` has room for n rounded up to fours."""
    if real is float:
        row_sums_float(rows, less, batch, n, out)
    else:
        row_sums_double(rows, less, batch, n, out)


cdef inline void _update_strip(
    const real* delta, const real* less, Py_ssize_t batch, real* values, real* state,
    Py_ssize_t apart, const double* step, Py_ssize_t first, Py_ssize_t n,
) noexcept nogil:
    """The step of n <= STRIP parameters."""
    cdef real[STRIP] gradient
    if less:
        less += first * batch
    _row_sums(delta + first * batch, less, batch, n, gradient)
    _descend(
        step, values + first, state + first if state else NULL, apart, gradient, n)


def update(
    const real[:, ::1] delta,            # IN    (n, batch) summed for the gradient
    real[::1] values,                    # INOUT (n,)
    real[:, ::1] state,                  # INOUT (n_states, n)
    const double[::1] step,              # IN    the solver's coefficients
    int n_threads,
    const real[:, ::1] less=None,        # IN    (n, batch), or None
):
    """One step of the solver on parameters with an input that is always 1: biases.

    Samples in ``less`` subtract from the gradient.
    """
    cdef Py_ssize_t part, n = values.shape[0]
    cdef const real* other = NULL
    cdef int team = _team(n * delta.shape[1], n_threads)
    cdef unsigned int mode = 0
    if less is not None and n:
        other = &less[0, 0]
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        for part in prange((n + STRIP - 1) // STRIP, schedule="static"):
            _update_strip(
                &delta[0, 0], other, delta.shape[1], &values[0],
                &state[0, 0] if state.shape[0] else NULL, n, &step[0], part * STRIP,
                min(<Py_ssize_t> STRIP, n - part * STRIP))
        restore_mode(mode)


cdef inline real _row_sum(const real* row, Py_ssize_t batch) noexcept nogil:
    if real is float:
        return row_sum_float(row, batch)
    else:
        return row_sum_double(row, batch)


def sum_rows(
    const real[:, ::1] rows,             # IN   (n, batch)
    real[::1] out,                       # OUT  (n,)
    int n_threads,
):
    """out[k] = sum_b rows[k, b]"""
    cdef Py_ssize_t k, n = rows.shape[0], batch = rows.shape[1]
    cdef int team = _team(n * batch, n_threads)
    for k in prange(n, nogil=True, schedule="static", num_threads=team):
        out[k] = _row_sum(&rows[k, 0], batch)


cdef inline double _total(const double* values, Py_ssize_t n) noexcept nogil:
    """Their sum, by eight partial ones for the sake of vectors."""
    cdef double[8] parts
    cdef Py_ssize_t k, i
    cdef double total = 0
    for i in range(8):
        parts[i] = 0
    for k in range(n // 8):
        for i in range(8):
            parts[i] += values[8 * k + i]
    for k in range(n // 8 * 8, n):
        total += values[k]
    for i in range(8):
        total += parts[i]
    return total


def learn(
    real[:, ::1] x,                      # INOUT (n_in, batch) with sums, or else IN
    const real[:, ::1] delta,            # IN    (n_out, batch)
    const int32_t[::1] indptr,           # IN    (n_in + 1,)
    const int32_t[::1] targets,          # IN    (n_links,)
    real[::1] weights,                   # INOUT (n_links,)
    real[:, ::1] state,                  # INOUT (n_states, n_links)
    const double[::1] step,              # IN    the solver's coefficients
    real slope,                          # IN    of the sources' activation below 0
    real[::1] sums,                      # OUT   (n_in,), or None
    double[::1] squares,                 # OUT   (n_in,), or None
    real[:, ::1] row,                    # scratch (n_threads, batch)
    int n_threads,
    const real[:, ::1] less_x=None,      # IN    (n_in, batch), or None
    const real[:, ::1] less_delta=None,  # IN    (n_out, batch)
):
    """The fused backward sweep over the sources, with the solver's step in place.

    For source i and its links (i, j): gradient_ij = x[i] . delta[j], then the step.
    With ``sums`` the signal f'(x[i]) sum_j w_ij delta[j], by the weights as they were,
    takes the place of x[i], which no other source needs, and ``sums`` gets its sum over
    the samples. Samples in ``less_x`` and ``less_delta`` subtract from the gradient;
    then there are no sums. ``squares`` gets sum_j w_ij ** 2 of the weights as they
    were; returns their sum.
    """
    cdef Py_ssize_t part, first, last
    cdef Py_ssize_t batch = x.shape[1], n_links = targets.shape[0]
    cdef bint has_less = less_x is not None
    cdef const real* other = NULL
    cdef const real* other_delta = NULL
    cdef real* states = &state[0, 0] if state.shape[0] else NULL
    cdef real* signals = NULL if sums is None else &sums[0]
    cdef double* of_weights = NULL if squares is None else &squares[0]
    cdef Py_ssize_t n_bytes = delta.shape[0] * batch * sizeof(real)
    cdef Py_ssize_t work = n_links * batch
    cdef int team = _team(work, n_threads), reach
    cdef int chunk = _chunk(x.shape[0], team, work)
    cdef unsigned int mode = 0
    if batch == 0:
        return 0.0
    if has_less:
        other, other_delta = &less_x[0, 0], &less_delta[0, 0]
    reach = reach_for(2 * n_bytes if has_less else n_bytes)
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        warm_up(&delta[0, 0], n_bytes, reach)
        if has_less:
            warm_up(other_delta, n_bytes, reach)
        for part in prange(
            (x.shape[0] + chunk - 1) // chunk, schedule="dynamic", chunksize=1
        ):
            first = part * chunk
            last = min(x.shape[0], first + chunk)
            if real is float:
                learn_units_float(
                    &x[0, 0], &delta[0, 0], other, other_delta, batch, &indptr[0],
                    &targets[0], &weights[0], first, last, n_links, reach, slope,
                    &step[0], states, signals, of_weights, &row[threadid(), 0])
            else:
                learn_units_double(
                    &x[0, 0], &delta[0, 0], other, other_delta, batch, &indptr[0],
                    &targets[0], &weights[0], first, last, n_links, reach, slope,
                    &step[0], states, signals, of_weights, &row[threadid(), 0])
        restore_mode(mode)
    return _total(of_weights, x.shape[0]) if of_weights else 0.0


cdef inline double _sum_of_squares(
    const real* weights, Py_ssize_t n, Py_ssize_t limit,
) noexcept nogil:
    if real is float:
        return sum_of_squares_float(weights, n, limit)
    else:
        return sum_of_squares_double(weights, n, limit)


cdef inline void _wait_sgd(
    const double* power, real* weights, real* velocity, int32_t n,
) noexcept nogil:
    """Steps without a signal: a power of the matrix that maps (w, v) to the next."""
    cdef real ww = <real> power[0], wv = <real> power[1]
    cdef real vw = <real> power[2], vv = <real> power[3]
    cdef real w
    cdef int32_t k
    if velocity == NULL:
        for k in range(n):
            weights[k] *= ww
        return
    for k in range(n):
        w = weights[k]
        weights[k] = ww * w + wv * velocity[k]
        velocity[k] = vw * w + vv * velocity[k]


cdef inline void _learn_feature(
    const int32_t* samples, const real* values, int32_t n_values, const real* delta,
    Py_ssize_t batch, const int32_t* targets, real* weights, real* state,
    Py_ssize_t apart, int32_t n, const double* step,
) noexcept nogil:
    """The step of one feature's links, of which it has fewer than a strip."""
    cdef real[STRIP] gradient
    cdef int32_t t, k
    for k in range(n):
        gradient[k] = values[0] * delta[targets[k] * batch + samples[0]]
    for t in range(1, n_values):
        for k in range(n):
            gradient[k] += values[t] * delta[targets[k] * batch + samples[t]]
    _descend(step, weights, state, apart, gradient, n)


def learn_nonzeros(
    const int32_t[::1] present,          # IN    (n_present,)
    const int32_t[::1] feature_starts,   # IN    (>= n_present + 1,)
    const int32_t[::1] samples,          # IN    (>= n_nonzeros,)
    const real[::1] values,              # IN    (>= n_nonzeros,)
    const real[:, ::1] delta,            # IN    (n_out, batch)
    const int32_t[::1] indptr,           # IN    (n_in + 1,)
    const int32_t[::1] targets,          # IN    (n_links,)
    real[::1] weights,                   # INOUT (n_links,)
    real[:, ::1] state,                  # INOUT (n_states, n_links)
    const double[::1] step,              # IN    the solver's coefficients
    const double[:, ::1] powers,         # IN    (> clock, 4), as for gather_nonzeros,
                                         #       or None
    int32_t clock,                       # IN    number of steps made before this one
    int32_t[::1] seen,                   # INOUT (n_in,) each source's last step
    double[::1] squares,                 # OUT   (n_in,) of the sources that are present
    int n_threads,
):
    """What `learn` does, for the features that are present in a sparse batch.

    With powers, after bringing their weights up to date.
    """
    cdef Py_ssize_t p, f, n_links = targets.shape[0]
    cdef int32_t k, first, n
    cdef double total
    cdef real* own
    cdef real* states = &state[0, 0] if state.shape[0] else NULL
    cdef const double* power = &powers[0, 0] if powers is not None else NULL
    cdef Py_ssize_t of_each = n_links // max(1, indptr.shape[0] - 1)
    cdef Py_ssize_t work = feature_starts[present.shape[0]] * of_each
    cdef int team = _team(work, n_threads)
    cdef int chunk = _chunk(present.shape[0], team, work)
    cdef unsigned int mode = 0
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        fetch(&delta[0, 0], delta.shape[0] * delta.shape[1] * sizeof(real))
        for p in prange(present.shape[0], schedule="dynamic", chunksize=chunk):
            if p + ROWS_AHEAD < present.shape[0]:
                _fetch_links(
                    &indptr[0], present[p + ROWS_AHEAD], &targets[0], &weights[0],
                    states)
            f = present[p]
            first = feature_starts[p]
            total = 0
            for k in range(indptr[f], indptr[f + 1], 256):  # STRIP
                n = min(<int32_t> STRIP, indptr[f + 1] - k)
                own = states + k if states else NULL
                if power and seen[f] < clock:
                    _wait_sgd(power + 4 * (clock - seen[f]), &weights[k], own, n)
                total = total + _sum_of_squares(&weights[k], n, n_links - k)
                _learn_feature(
                    &samples[first], &values[first], feature_starts[p + 1] - first,
                    &delta[0, 0], delta.shape[1], &targets[k], &weights[k], own,
                    n_links, n, &step[0])
            squares[f] = total
            seen[f] = clock + 1
        restore_mode(mode)


cdef inline void _wait(
    const double* table, Py_ssize_t width, int32_t seen, int32_t clock, real* weights,
    real* state, Py_ssize_t apart, int32_t n,
) noexcept nogil:
    """The steps after `seen` up to `clock` for less than a strip of links."""
    cdef real[STRIP] nothing
    cdef int32_t k, t
    if width == 4:
        _wait_sgd(table + 4 * (clock - seen), weights, state, n)
        return
    for k in range(n):
        nothing[k] = 0
    for t in range(seen, clock):
        _descend(table + t * width, weights, state, apart, nothing, n)


def wake(
    const int32_t[::1] rows,             # IN    (n_rows,) sources
    const double[:, ::1] table,          # IN    (>= clock, 7) the steps, or else
                                         #       (> clock, 4) powers of one step
    int32_t clock,                       # IN    number of steps made
    int32_t[::1] seen,                   # INOUT (n_in,) each source's last step
    const int32_t[::1] indptr,           # IN    (n_in + 1,)
    real[::1] weights,                   # INOUT (n_links,)
    real[:, ::1] state,                  # INOUT (n_states, n_links)
    double[::1] squares,                 # OUT   (n_in,) of these sources
    int n_threads,
):
    """Make up for the steps of the solver that sources without a signal have missed."""
    cdef Py_ssize_t r, i, n_links = weights.shape[0]
    cdef int32_t k, first, n
    cdef bint has_state = state.shape[0] > 0
    cdef Py_ssize_t of_each = n_links // max(1, indptr.shape[0] - 1)
    cdef Py_ssize_t work = rows.shape[0] * of_each
    cdef int team = _team(work, n_threads)
    cdef int chunk = _chunk(rows.shape[0], team, work)
    cdef unsigned int mode = 0
    with nogil, parallel(num_threads=team):
        mode = flush_subnormals()
        for r in prange(rows.shape[0], schedule="dynamic", chunksize=chunk):
            if r + ROWS_AHEAD < rows.shape[0]:
                _fetch_links[real](
                    &indptr[0], rows[r + ROWS_AHEAD], NULL, &weights[0],
                    &state[0, 0] if has_state else NULL)
            i = rows[r]
            first = indptr[i]
            n = indptr[i + 1] - first
            if seen[i] < clock:
                for k in range(first, first + n, 256):  # STRIP
                    _wait(
                        &table[0, 0], table.shape[1], seen[i], clock, &weights[k],
                        &state[0, k] if has_state else NULL, n_links,
                        min(<int32_t> STRIP, first + n - k))
                seen[i] = clock
            squares[i] = _sum_of_squares(&weights[0] + first, n, n_links - first)
        restore_mode(mode)


# ---------------------------------------------------------------------------
# Evolution
# ---------------------------------------------------------------------------

cdef inline Py_ssize_t _first_from(
    const index* values, Py_ssize_t first, Py_ssize_t last, index value,
) noexcept nogil:
    """Position in values[first:last], ascending, of the first that is >= value."""
    cdef Py_ssize_t middle
    while first < last:
        middle = (first + last) // 2
        if values[middle] < value:
            first = middle + 1
        else:
            last = middle
    return first


def transpose_index(
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,) ascending in each row
    int32_t[::1] out_indptr,             # OUT  (n_out + 1,)
    int32_t[::1] sources,                # OUT  (n_links,)
    int32_t[::1] links,                  # OUT  (n_links,)
    int n_threads,
):
    """List for each target its links, by ascending source (a counting sort).

    Each thread sees to a range of targets, and to their part of each row.
    """
    cdef Py_ssize_t i, j, part, n_in = indptr.shape[0] - 1
    cdef Py_ssize_t n_out = out_indptr.shape[0] - 1
    cdef int32_t k, last, place, total = 0
    cdef int team = _team(4 * targets.shape[0], n_threads)
    for part in prange(team, nogil=True, schedule="static", chunksize=1,
                       num_threads=team):
        for j in range(n_out * part // team, n_out * (part + 1) // team):
            out_indptr[j] = 0
        last = <int32_t> (n_out * (part + 1) // team)
        for i in range(n_in):
            k = <int32_t> _first_from(
                &targets[0], indptr[i], indptr[i + 1],
                <int32_t> (n_out * part // team))
            while k < indptr[i + 1] and targets[k] < last:
                out_indptr[targets[k]] += 1
                k = k + 1
    with nogil:
        for j in range(n_out):          # counts to starts
            place = out_indptr[j]
            out_indptr[j] = total
            total += place
        out_indptr[n_out] = total
    for part in prange(team, nogil=True, schedule="static", chunksize=1,
                       num_threads=team):
        last = <int32_t> (n_out * (part + 1) // team)
        for i in range(n_in):
            k = <int32_t> _first_from(
                &targets[0], indptr[i], indptr[i + 1],
                <int32_t> (n_out * part // team))
            while k < indptr[i + 1] and targets[k] < last:
                place = out_indptr[targets[k]]
                sources[place] = <int32_t> i
                links[place] = k
                out_indptr[targets[k]] = place + 1
                k = k + 1
    with nogil:
        for j in range(n_out - 1, 0, -1):   # the starts moved on by one place
            out_indptr[j] = out_indptr[j - 1]
        out_indptr[0] = 0


cdef inline uint64_t _hash(uint64_t z) noexcept nogil:
    """The output function of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = (z ^ (z >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * <uint64_t> 0x94D049BB133111EB
    return z ^ (z >> 31)


cdef inline uint64_t _draw(uint64_t seed, Py_ssize_t k) noexcept nogil:
    """The k-th draw of SplitMix64: 64 random bits."""
    return _hash(seed + <uint64_t> (k + 1) * <uint64_t> 0x9E3779B97F4A7C15)


cdef Py_ssize_t _draw_block(
    uint64_t seed, Py_ssize_t first, int64_t low, int64_t limit, int64_t* out,
    int32_t* starts, int64_t* sorted_out, Py_ssize_t n,
) noexcept nogil:
    """Draw n places from [low, limit) and sort them; return how many are distinct.

    As many buckets as places: linear, as a bucket holds one on average.
    """
    cdef Py_ssize_t k, j, distinct
    cdef double scale = n / <double> (limit - low)
    cdef int64_t value
    memset(starts, 0, (n + 1) * sizeof(int32_t))
    for k in range(n):
        out[k] = <int64_t> (_draw(seed, first + k) % <uint64_t> (limit - low))
        starts[min(<Py_ssize_t> (out[k] * scale), n - 1) + 1] += 1
    for k in range(n):
        starts[k + 1] += starts[k]
    for k in range(n):
        j = min(<Py_ssize_t> (out[k] * scale), n - 1)
        sorted_out[starts[j]] = out[k]
        starts[j] += 1
    distinct = 0
    for k in range(n):      # buckets are in order: a place moves within its own
        value, j = sorted_out[k], distinct
        while j > 0 and out[j - 1] > low + value:
            j -= 1
        if j > 0 and out[j - 1] == low + value:
            continue
        if j < distinct:
            memmove(&out[j + 1], &out[j], (distinct - j) * sizeof(int64_t))
        out[j] = low + value
        distinct += 1
    return distinct


def draw_blocks(
    uint64_t seed,
    const int64_t[::1] limits,           # IN   (n_blocks + 1,) ranges of places
    const int64_t[::1] starts,           # IN   (n_blocks + 1,) of their draws
    int32_t[:, ::1] buckets,             # scratch (n_threads, longest + 1)
    int64_t[:, ::1] scratch,             # scratch (n_threads, longest)
    int64_t[::1] places,                 # OUT  (n_draws,) each block's, ascending
    int64_t[::1] n_distinct,             # OUT  (n_blocks,)
    int n_threads,
):
    """Draw places in blocks; each block's distinct ones come first in its part.

    The k-th draw is a hash of the seed and k, so that threads do not matter.
    """
    cdef Py_ssize_t b, n_blocks = n_distinct.shape[0]
    cdef int team = _team(8 * places.shape[0], n_threads)
    for b in prange(n_blocks, nogil=True, schedule="static", num_threads=team):
        n_distinct[b] = _draw_block(
            seed, starts[b], limits[b], limits[b + 1], &places[starts[b]],
            &buckets[threadid(), 0], &scratch[threadid(), 0], starts[b + 1] - starts[b],
        )


def pack_blocks(
    const int64_t[::1] places,           # IN   as `draw_blocks` leaves them
    const int64_t[::1] starts,           # IN   (n_blocks + 1,)
    const int64_t[::1] new_starts,       # IN   (n_blocks + 1,) without repetitions
    int64_t[::1] out,                    # OUT  (n_distinct,)
    int n_threads,
):
    """Put the distinct places of the blocks one behind the other."""
    cdef Py_ssize_t b, k
    cdef int team = _team(places.shape[0], n_threads)
    for b in prange(
        starts.shape[0] - 1, nogil=True, schedule="static", num_threads=team
    ):
        for k in range(new_starts[b + 1] - new_starts[b]):
            out[new_starts[b] + k] = places[starts[b] + k]


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
    cdef Py_ssize_t k
    cdef index magnitude, mask = (<index> 1 << width) - 1
    cdef int sign
    cdef int team = _team(4 * bits.shape[0], n_threads)
    for k in prange(bits.shape[0], nogil=True, schedule="static", num_threads=team):
        sign = bits[k] < 0
        magnitude = bits[k] & _magnitude_mask(infinity)
        if magnitude == 0 or magnitude > infinity:
            continue
        if (magnitude >> shift) >> width == prefix[sign]:
            counts[threadid(), sign, (magnitude >> shift) & mask] += 1


cdef inline index _magnitude_mask(index like) noexcept nogil:
    """All bits but the sign."""
    if index is int32_t:
        return 0x7FFFFFFF
    else:
        return 0x7FFFFFFFFFFFFFFF


def mark_larger(
    const index[::1] bits,               # IN   (n,) of floating-point numbers
    const index[::1] bound,              # IN   (2,) bits of a magnitude, by sign
    uint8_t[::1] keep,                   # OUT  (n,)
    int n_threads,
):
    """Mark the numbers, not 0, whose magnitude is larger than the bound."""
    cdef Py_ssize_t k
    cdef index magnitude
    cdef int team = _team(bits.shape[0], n_threads)
    for k in prange(bits.shape[0], nogil=True, schedule="static", num_threads=team):
        magnitude = bits[k] & _magnitude_mask(bound[0])
        keep[k] = magnitude > (bound[1] if bits[k] < 0 else bound[0])


def count_kept(
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const uint8_t[::1] keep,             # IN   (n_links,)
    int32_t[::1] counts,                 # OUT  (n_in,)
    int n_threads,
):
    """Count the survivors of each row."""
    cdef Py_ssize_t i
    cdef int32_t k, n
    cdef int team = _team(keep.shape[0], n_threads)
    for i in prange(counts.shape[0], nogil=True, schedule="static", num_threads=team):
        n = 0
        for k in range(indptr[i], indptr[i + 1]):
            n = n + keep[k]
        counts[i] = n


def score_places(
    const real[:, ::1] x,                # IN   (n_in, batch)
    const real[:, ::1] delta,            # IN   (n_out, batch)
    const int32_t[::1] sources,          # IN   (n_places,)
    const int32_t[::1] targets,          # IN   (n_places,)
    real[::1] out,                       # OUT  (n_places,)
    int n_threads,
):
    """out = x[source] . delta[target]: the gradient of links that are not there."""
    cdef Py_ssize_t p, b, batch = x.shape[1]
    cdef real total
    cdef int team = _team(out.shape[0] * batch, n_threads)
    for p in prange(out.shape[0], nogil=True, schedule="static", num_threads=team):
        total = 0
        for b in range(batch):
            total = total + x[sources[p], b] * delta[targets[p], b]
        out[p] = total


def score_nonzeros(
    const int32_t[::1] feature_starts,   # IN   (>= n_present + 1,)
    const int32_t[::1] samples,          # IN   (>= n_nonzeros,)
    const real[::1] values,              # IN   (>= n_nonzeros,)
    const real[:, ::1] delta,            # IN   (n_out, batch)
    const int32_t[::1] rows,             # IN   (n_places,) which present feature, or -1
    const int32_t[::1] targets,          # IN   (n_places,)
    real[::1] out,                       # OUT  (n_places,)
    int n_threads,
):
    """What `score_places` computes, for the features present in a sparse batch."""
    cdef Py_ssize_t p
    cdef int32_t t
    cdef real total
    cdef int team = _team(8 * out.shape[0], n_threads)
    for p in prange(out.shape[0], nogil=True, schedule="static", num_threads=team):
        total = 0
        if rows[p] >= 0:
            for t in range(feature_starts[rows[p]], feature_starts[rows[p] + 1]):
                total = total + values[t] * delta[targets[p], samples[t]]
        out[p] = total


cdef Py_ssize_t _merge_row(
    const int32_t* targets, const real* weights, const real* state,
    Py_ssize_t apart, Py_ssize_t n_states, const uint8_t* keep, int32_t n,
    const int64_t* places, Py_ssize_t n_places, int64_t empty_before, Py_ssize_t n_out,
    int32_t* new_targets, real* new_weights, real* new_state, Py_ssize_t new_apart,
) noexcept nogil:
    """Merge the survivors of one row with its share of places; return how many.

    A place's rank becomes a column by the survivors that stand before it.
    """
    cdef Py_ssize_t s, new = 0, out = 0
    cdef int64_t column, passed = 0
    cdef int32_t k = 0
    while True:
        while k < n and not keep[k]:
            k += 1
        column = n_out
        if new < n_places:
            column = min(column, places[new] - empty_before + passed)
        if k < n and targets[k] <= column:
            new_targets[out] = targets[k]
            new_weights[out] = weights[k]
            for s in range(n_states):
                new_state[s * new_apart + out] = state[s * apart + k]
            k += 1
            passed += 1
        elif column < n_out:
            new_targets[out] = <int32_t> column
            new_weights[out] = 0
            for s in range(n_states):
                new_state[s * new_apart + out] = 0
            new += 1
        else:
            return new
        out += 1


def rewire(
    const int32_t[::1] indptr,           # IN   (n_in + 1,)
    const int32_t[::1] targets,          # IN   (n_links,) ascending in each row
    const real[::1] weights,             # IN   (n_links,)
    const real[:, ::1] state,            # IN   (n_states, n_links)
    const uint8_t[::1] keep,             # IN   (n_links,) the survivors
    const int32_t[::1] kept_before,      # IN   (n_in + 1,) survivors in earlier rows
    const int64_t[::1] places,           # IN   (n_new,) ascending ranks of empty places
    Py_ssize_t n_out,
    int32_t[::1] new_indptr,             # OUT  (n_in + 1,)
    int32_t[::1] new_targets,            # OUT  (n_survivors + n_new,)
    real[::1] new_weights,               # OUT  (n_survivors + n_new,)
    real[:, ::1] new_state,              # OUT  (n_states, n_survivors + n_new)
    int n_threads,
):
    """Merge the survivors, with all that is theirs, and the new links row by row.

    The places are ranks among the places that no survivor takes, counted row by row
    from 0. Weight and state of new links start at 0.
    """
    cdef Py_ssize_t block, i, new, n_in = indptr.shape[0] - 1
    cdef Py_ssize_t n_states = state.shape[0], n_links = new_targets.shape[0]
    cdef Py_ssize_t n_places = places.shape[0]
    cdef int32_t first, start
    cdef int team = _team(8 * n_links, n_threads)
    cdef int chunk = _chunk(n_in, team, 8 * n_links)
    new_indptr[n_in] = <int32_t> n_links
    for block in prange(
        (n_in + chunk - 1) // chunk, nogil=True, schedule="static", num_threads=team
    ):
        i = block * chunk
        new = 0
        if n_places:
            new = _first_from(
                &places[0], 0, n_places, i * <int64_t> n_out - kept_before[i])
        for i in range(block * chunk, min(n_in, (block + 1) * chunk)):
            first = indptr[i]
            start = kept_before[i] + <int32_t> new
            new_indptr[i] = start
            new = new + _merge_row(
                &targets[0] + first, &weights[0] + first,
                &state[0, 0] + first if n_states else NULL, targets.shape[0], n_states,
                &keep[0] + first, indptr[i + 1] - first, &places[0] + new,
                n_places - new, i * <int64_t> n_out - kept_before[i], n_out,
                &new_targets[0] + start, &new_weights[0] + start,
                &new_state[0, 0] + start if n_states else NULL, n_links)


# ---------------------------------------------------------------------------
# Restricted Boltzmann machine
# ---------------------------------------------------------------------------

cdef inline double _softplus(double x) noexcept nogil:
    """log(1 + exp(x)) without overflow."""
    return (x if x > 0 else 0) + log1p(exp(-fabs(x)))


def sample(
    const real[:, ::1] probabilities,    # IN   (n_units, batch)
    uint64_t seed,
    real[:, ::1] out,                    # OUT  (n_units, batch)
    int n_threads,
):
    """out = 1 with the given probabilities, else 0.

    The k-th draw is a hash of the seed and k, so that threads do not matter.
    """
    cdef Py_ssize_t k, n = out.shape[0] * out.shape[1]
    cdef int team = _team(4 * n, n_threads)
    cdef const real* chance
    cdef real* drawn
    cdef double draw
    if n == 0:
        return
    chance, drawn = &probabilities[0, 0], &out[0, 0]
    for k in prange(n, nogil=True, schedule="static", num_threads=team):
        draw = <int64_t> (_draw(seed, k) >> 11) * 1.1102230246251565e-16  # 2 ** -53
        drawn[k] = draw < chance[k]


cdef inline double _log_ratio(double x, double step) noexcept nogil:
    """log((1 + exp(x + step)) / (1 + exp(x)))"""
    return _softplus(x + step) - _softplus(x)


cdef void _spread_odds(
    const real[:, ::1] inputs, double[:, ::1] on, double[:, ::1] off, int team,
) noexcept nogil:
    """on = 1 / (1 + exp(-inputs)) and off = 1 - on, both to full precision."""
    cdef Py_ssize_t j, b
    cdef double e
    for j in prange(inputs.shape[0], schedule="static", num_threads=team):
        for b in range(inputs.shape[1]):
            e = exp(-fabs(<double> inputs[j, b]))
            on[j, b] = (1 if inputs[j, b] > 0 else e) / (1 + e)
            off[j, b] = (e if inputs[j, b] > 0 else 1) / (1 + e)


cdef inline void _take_logs(
    double* products, double* logs, Py_ssize_t n,
) noexcept nogil:
    """logs += log(products), which then are 1 again."""
    cdef Py_ssize_t i
    for i in range(n):
        logs[i] += log(products[i])
        products[i] = 1


cdef void _flip_unit(
    const real* v, double bias, const int32_t[::1] hidden, const int32_t[::1] links,
    const real[::1] weights, const real[:, ::1] inputs, const double[:, ::1] on,
    const double[:, ::1] off, double* flip, double* product, double* terms,
) noexcept nogil:
    """terms[b] = log P(v[b] | all others) of one unit that is either v or 1 - v.

    (1 + exp(x + step)) / (1 + exp(x)) is off + on exp(step). The logarithm of a product
    of such ratios is taken before it may overflow.
    """
    cdef Py_ssize_t b, j, batch = inputs.shape[1]
    cdef double w, farthest = 0, passed = 0
    cdef Py_ssize_t k
    for b in range(batch):
        flip[b] = 1 - 2 * <double> v[b]
        farthest = max(farthest, fabs(flip[b]))
        product[b], terms[b] = 1, bias * flip[b]
    for k in range(hidden.shape[0]):
        j, w = hidden[k], weights[links[k]]
        if fabs(w) * farthest > SAFE_EXPONENT:
            for b in range(batch):
                terms[b] += _log_ratio(inputs[j, b], w * flip[b])
            continue
        passed += fabs(w) * farthest
        if passed > SAFE_EXPONENT:
            passed = fabs(w) * farthest
            _take_logs(product, terms, batch)
        flip_double(flip, &on[j, 0], &off[j, 0], w, product, batch)
    for b in range(batch):
        terms[b] = -_softplus(terms[b] + log(product[b]))


cdef void _sum_terms(const double[:, ::1] terms, double[::1] out) noexcept nogil:
    """out[b] = sum_i terms[i, b], in this order."""
    cdef Py_ssize_t i, b
    for b in range(out.shape[0]):
        out[b] = 0
    for i in range(terms.shape[0]):
        for b in range(out.shape[0]):
            out[b] += terms[i, b]


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
    cdef Py_ssize_t i, batch = v.shape[1]
    cdef Py_ssize_t work = 4 * hidden.shape[0] * batch
    cdef int team = _team(work, n_threads), chunk = _chunk(v.shape[0], team, work)
    if batch == 0:
        return
    with nogil:
        _spread_odds(inputs, on, off, team)
        for i in prange(
            v.shape[0], schedule="dynamic", chunksize=chunk, num_threads=team
        ):
            _flip_unit(
                &v[i, 0], bias[i], hidden[indptr[i]:indptr[i + 1]],
                links[indptr[i]:indptr[i + 1]], weights, inputs, on, off,
                &scratch[threadid(), 0], &scratch[threadid(), batch],
                &terms[i, 0])
        _sum_terms(terms, out)


cdef inline double _log_sum_exp(const double* x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t m
    cdef double largest = x[0], total = 0
    for m in range(n):
        largest = max(largest, x[m])
    for m in range(n):
        total += exp(x[m] - largest)
    return largest + log(total)


cdef void _slide_unit(
    const real* v, double bias, double low, double step, Py_ssize_t n_nodes,
    const int32_t[::1] hidden, const int32_t[::1] links, const real[::1] weights,
    const real[:, ::1] inputs, const double[:, ::1] on, const double[:, ::1] off,
    double* powers, double* products, double* logs, double* terms,
) noexcept nogil:
    """terms[b] = log p(v[b] | all others) of one unit of unit variance.

    The trapezoidal rule over all values that the unit may take: for a sum of Gaussians
    its error falls off as exp(-2 (pi / step) ** 2).
    """
    cdef Py_ssize_t b, m, j, k, batch = inputs.shape[1]
    cdef double w, start, growth, farthest = 0, passed = 0
    for b in range(batch):
        farthest = max(farthest, fabs(low - v[b]))
        farthest = max(farthest, fabs(low + step * (n_nodes - 1) - v[b]))
        for m in range(n_nodes):
            start = low + step * m - bias
            products[b * n_nodes + m], logs[b * n_nodes + m] = 1, -0.5 * start * start
    for k in range(hidden.shape[0]):
        j, w = hidden[k], weights[links[k]]
        passed += fabs(w) * farthest
        if passed > SAFE_EXPONENT:
            passed = fabs(w) * farthest
            _take_logs(products, logs, batch * n_nodes)
        if passed > SAFE_EXPONENT:      # this link alone
            passed = 0
            for b in range(batch):
                for m in range(n_nodes):
                    logs[b * n_nodes + m] += _log_ratio(
                        inputs[j, b], w * (low + step * m - v[b]))
            continue
        growth, powers[0] = exp(w * step), 1
        for m in range(1, n_nodes):
            powers[m] = powers[m - 1] * growth
        for b in range(batch):
            start = on[j, b] * exp(w * (low - v[b]))
            for m in range(n_nodes):
                products[b * n_nodes + m] *= off[j, b] + start * powers[m]
    _take_logs(products, logs, batch * n_nodes)
    for b in range(batch):
        terms[b] = (
            -0.5 * (v[b] - bias) * (v[b] - bias) - log(step)
            - _log_sum_exp(logs + b * n_nodes, n_nodes))


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
    cdef Py_ssize_t i, n, batch = v.shape[1]
    cdef Py_ssize_t work = 64 * hidden.shape[0] * batch
    cdef int team = _team(work, n_threads), chunk = _chunk(v.shape[0], team, work)
    if batch == 0:
        return
    with nogil:
        _spread_odds(inputs, on, off, team)
        for i in prange(
            v.shape[0], schedule="dynamic", chunksize=chunk, num_threads=team
        ):
            n = n_nodes[i]
            _slide_unit(
                &v[i, 0], bias[i], lowest[i], step, n, hidden[indptr[i]:indptr[i + 1]],
                links[indptr[i]:indptr[i + 1]], weights, inputs, on, off,
                &nodes[threadid(), 0], &nodes[threadid(), n],
                &nodes[threadid(), n + batch * n], &terms[i, 0])
        _sum_terms(terms, out)


cdef inline double _anneal_sample(
    real* inputs, Py_ssize_t n, Py_ssize_t stride, double before, double after,
) noexcept nogil:
    """What `anneal` adds for one sample; its inputs become chances."""
    cdef Py_ssize_t j
    cdef double x, old, new, product = 1, logs = 0, positive = 0
    for j in range(n):
        x = inputs[j * stride]
        old, new = exp(-before * fabs(x)), exp(-after * fabs(x))
        positive += x if x > 0 else 0
        product *= (1 + new) / (1 + old)
        inputs[j * stride] = <real> ((1 if x > 0 else new) / (1 + new))
        if j % 512 == 511:
            logs += log(product)
            product = 1
    return (after - before) * positive + logs + log(product)


def anneal(
    real[:, ::1] inputs,                 # INOUT (n_hidden, batch), c + W v
    double before, double after,         # IN    two inverse temperatures
    double[::1] log_weights,             # INOUT (batch,)
    int n_threads,
):
    """log_weights[b] += sum_j softplus(after x_jb) - softplus(before x_jb)

    for the inputs x, which then become 1 / (1 + exp(-after x)), the chances of a 1.
    One logarithm serves many units: their ratios lie in [1 / 2, 2].
    """
    cdef Py_ssize_t block, b, n_hidden = inputs.shape[0], batch = inputs.shape[1]
    cdef int team = _team(16 * n_hidden * batch, n_threads)
    for block in prange(
        (batch + LINE - 1) // LINE, nogil=True, schedule="static", num_threads=team
    ):
        for b in range(block * LINE, min(batch, (block + 1) * LINE)):
            log_weights[b] += _anneal_sample(
                &inputs[0, b], n_hidden, batch, before, after)
