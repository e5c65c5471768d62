/* What one unit does with its links, for float and double.
 *
 * Cython calls gather_unit, scatter_unit and learn_unit from _fast.pyx, in parallel
 * over the units. A batch is taken in blocks of vectors, held in registers over a
 * unit's links; one narrower than a vector is taken as 4, 2 and 1 samples. GCC's and
 * Clang's vector types keep the sums in registers; written with arrays, those of
 * learn_block spill to the stack. Elsewhere the same code runs on plain arrays.
 */
#ifndef REAL

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define STRIP 256 /* links of a unit that are learnt at a time */
#define NEAR 8    /* links by which rows are fetched from the second cache ... */
#define FAR 32    /* ... and from memory; 4 FAR where a link takes a few cycles only */

#if defined(__GNUC__) || defined(__clang__)
#define HAS_VECTORS 1
#define INLINE static inline __attribute__((always_inline))
#define PREFETCH(p) __builtin_prefetch(p)
#define PREFETCH_L2(p) __builtin_prefetch(p, 0, 2)
#else
#define HAS_VECTORS 0
#define INLINE static inline
#define PREFETCH(p) ((void)0)
#define PREFETCH_L2(p) ((void)0)
#endif

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE 1
#endif
#endif
#ifndef HAS_SHUFFLE
#define HAS_SHUFFLE 0
#endif

/* The baseline of x86-64 has 16-byte registers; a wider type would spill there. */
#if !HAS_VECTORS
#define VECTOR_BYTES 1
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

/* Subnormal numbers cost a hundred cycles each, and weights that decay end as such.
 * flush_subnormals() returns the thread's floating-point mode for restore_mode(). */
#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
static inline unsigned int flush_subnormals(void)
{
    const unsigned int mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* flush to zero, denormals are zero */
    return mode;
}
static inline void restore_mode(unsigned int mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__) && HAS_VECTORS
static inline unsigned int flush_subnormals(void)
{
    uint64_t mode;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(mode));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(mode | (1u << 24)));
    return (unsigned int)mode;
}
static inline void restore_mode(unsigned int mode)
{
    __asm__ __volatile__("msr fpcr, %0" : : "r"((uint64_t)mode));
}
#else
static inline unsigned int flush_subnormals(void) { return 0; }
static inline void restore_mode(unsigned int mode) { (void)mode; }
#endif

/* The rows that links point at are fetched before their use: all of them when a sweep
 * starts, where they fit in the second cache (`fetch`), otherwise (`far`) link by link.
 * Random accesses would each wait for memory. */
static inline void fetch(const void *p, ptrdiff_t bytes)
{
    for (ptrdiff_t line = 0; line < bytes; line += 64)
        PREFETCH_L2((const char *)p + line);
}

/* Macros, since GCC drops the call of a function that only prefetches: it sees no
 * effect. Unit ids may be read up to `limit`, which lies beyond the unit's own links:
 * the next unit comes next. */
#define FETCH_LINES(fetch, base, stride, ids, at, limit, bytes)                        \
    do {                                                                               \
        if ((at) < (limit)) {                                                          \
            const char *ahead = (const char *)((base) + (ids)[at] * (stride));         \
            for (int line = 0; line < (int)(bytes); line += 64)                        \
                fetch(ahead + line);                                                   \
        }                                                                              \
    } while (0)
#define FETCH_ROW(base, stride, ids, k, limit, bytes, far)                             \
    do {                                                                               \
        FETCH_LINES(PREFETCH, base, stride, ids, (k) + NEAR, limit, bytes);            \
        if (far)                                                                       \
            FETCH_LINES(PREFETCH_L2, base, stride, ids, (k) + FAR, limit, bytes);      \
    } while (0)
#define FETCH_FAR(base, stride, ids, k, limit, far)                                    \
    do {                                                                               \
        if (far)                                                                       \
            FETCH_LINES(PREFETCH_L2, base, stride, ids, (k) + 4 * FAR, limit, 1);      \
    } while (0)
#define FETCH_WEIGHT(weights, links, k, limit)                                         \
    do {                                                                               \
        if ((links) && (k) + FAR < (limit))                                            \
            PREFETCH((weights) + (links)[(k) + FAR]);                                  \
    } while (0)

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(base) JOIN(base, REAL)

#define REAL float
#define REAL_BYTES 4
#define BITS int32_t
#include "_tiles.h"
#undef REAL
#undef REAL_BYTES
#undef BITS
#define REAL double
#define REAL_BYTES 8
#define BITS int64_t
#include "_tiles.h"
#undef REAL
#undef REAL_BYTES
#undef BITS

#else /* REAL is set: one copy of the loops */

#if HAS_VECTORS
#define LANES (VECTOR_BYTES / REAL_BYTES)
typedef REAL NAME(vec) __attribute__((vector_size(VECTOR_BYTES)));
typedef BITS NAME(bits) __attribute__((vector_size(VECTOR_BYTES)));
/* Rows of a batch start anywhere: loads and stores may not assume alignment. */
typedef REAL NAME(mem)
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
/* Fewer samples than a vector holds are at most 16 bytes. */
typedef REAL NAME(few) __attribute__((vector_size(16)));
typedef REAL NAME(few_mem)
    __attribute__((vector_size(16), aligned(sizeof(REAL)), may_alias));
typedef int64_t NAME(half_mem) __attribute__((aligned(sizeof(REAL)), may_alias));
typedef int64_t NAME(halves) __attribute__((vector_size(16)));
#define FEW NAME(few)
#define VEC NAME(vec)
#define LOAD(p) (*(const NAME(mem) *)(p))
#define STORE(p, a) (*(NAME(mem) *)(p) = (a))
#else
#define LANES 1
#define FEW REAL
#define VEC REAL
#define LOAD(p) (*(p))
#define STORE(p, a) (*(p) = (a))
#endif

/* Load and store `width` numbers, of 16 bytes or less; 0 in the other lanes. */
INLINE FEW NAME(load_few)(const REAL *p, const int width)
{
#if HAS_VECTORS
    if (width * REAL_BYTES == 16)
        return *(const NAME(few_mem) *)p;
    if (width * REAL_BYTES == 8)
        return (FEW)(NAME(halves)){*(const NAME(half_mem) *)p, 0};
    return (FEW){p[0]};
#else
    return p[0];
#endif
}

INLINE void NAME(store_few)(REAL *p, FEW a, const int width)
{
#if HAS_VECTORS
    if (width * REAL_BYTES == 16)
        *(NAME(few_mem) *)p = a;
    else if (width * REAL_BYTES == 8)
        *(NAME(half_mem) *)p = ((NAME(halves))a)[0];
    else
        p[0] = a[0];
#else
    p[0] = a;
#endif
}

/* out[b] = sample b of the rows of LANES units, one in each lane. */
INLINE void NAME(pick)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int width, VEC *out)
{
#define PICK(i) x[units[i] * stride + b]
#define PAIR(i) (*(const pair_bits *)(x + units[i] * stride))
#if LANES == 8 && HAS_SHUFFLE
    if (width == 2) { /* both samples of a unit by one load */
        typedef int64_t pair_bits __attribute__((aligned(4), may_alias));
        typedef int64_t pairs __attribute__((vector_size(VECTOR_BYTES)));
        const VEC low = (VEC)(pairs){PAIR(0), PAIR(1), PAIR(4), PAIR(5)};
        const VEC high = (VEC)(pairs){PAIR(2), PAIR(3), PAIR(6), PAIR(7)};
        out[0] = __builtin_shufflevector(low, high, 0, 2, 8, 10, 4, 6, 12, 14);
        out[1] = __builtin_shufflevector(low, high, 1, 3, 9, 11, 5, 7, 13, 15);
        return;
    }
#endif
    for (int b = 0; b < width; b++)
#if LANES == 8
        out[b] = (VEC){PICK(0), PICK(1), PICK(2), PICK(3),
                       PICK(4), PICK(5), PICK(6), PICK(7)};
#elif LANES == 4
        out[b] = (VEC){PICK(0), PICK(1), PICK(2), PICK(3)};
#elif LANES == 2
        out[b] = (VEC){PICK(0), PICK(1)};
#else
        out[b] = PICK(0);
#endif
#undef PICK
#undef PAIR
}

#if HAS_VECTORS
#if LANES == 8
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7}
#elif LANES == 4
#define LANE_NUMBERS {0, 1, 2, 3}
#else
#define LANE_NUMBERS {0, 1}
#endif
#endif

/* The lanes from the n-th on, and 0 in those before. */
INLINE VEC NAME(after)(VEC a, ptrdiff_t n)
{
#if HAS_VECTORS
    const NAME(bits) lane = LANE_NUMBERS;
    return (VEC)((NAME(bits))a & (lane >= (BITS)n));
#else
    return a;
#endif
}

/* The first n lanes, and 0 in the others. */
INLINE VEC NAME(first)(VEC a, ptrdiff_t n)
{
#if HAS_VECTORS
    const NAME(bits) lane = LANE_NUMBERS;
    const BITS count = n < LANES ? (BITS)n : LANES;
    return (VEC)((NAME(bits))a & (lane < count));
#else
    return a;
#endif
}

/* The lanes' sum, pairwise; written out, as loops would be vectorised anew. */
INLINE REAL NAME(sum)(VEC a)
{
#if HAS_VECTORS
#define LANE(i) a[(i) % LANES]
    if (LANES == 8)
        return ((LANE(0) + LANE(4)) + (LANE(2) + LANE(6)))
               + ((LANE(1) + LANE(5)) + (LANE(3) + LANE(7)));
    if (LANES == 4)
        return (LANE(0) + LANE(2)) + (LANE(1) + LANE(3));
    return LANE(0) + LANE(1);
#undef LANE
#else
    return a;
#endif
}

/* The piecewise linear activation: z where z > 0, slope * z elsewhere. */
INLINE VEC NAME(bend)(VEC z, REAL slope)
{
#if HAS_VECTORS
    const NAME(bits) keep = z > (VEC){0};
    return (VEC)(((NAME(bits))z & keep) | ((NAME(bits))(slope * z) & ~keep));
#else
    return z > 0 ? z : slope * z;
#endif
}

/* The backward pass through it, z being its value: signal where z > 0, ... */
INLINE void NAME(bend_back)(
    const REAL *restrict z, REAL *restrict signal, ptrdiff_t batch, REAL slope)
{
    for (ptrdiff_t b = 0; b < batch; b++) {
        const REAL bent = slope * signal[b]; /* without a branch */
        signal[b] = z[b] > 0 ? signal[b] : bent;
    }
}

/* A batch is taken in blocks of up to eight vectors. The last vector of the last block
 * may overlap the one before it; `last` is where it starts. */
#define AT(v, nv, last) ((v) == (nv) - 1 ? (last) : (v) * LANES)
#define FOR_BLOCKS(batch, widest, block)                                               \
    do {                                                                               \
        ptrdiff_t b = 0;                                                               \
        for (; (widest) == 8 && b + 8 * LANES <= (batch); b += 8 * LANES)              \
            block(b, 8, 7 * LANES);                                                    \
        for (; b + 4 * LANES <= (batch); b += 4 * LANES)                               \
            block(b, 4, 3 * LANES);                                                    \
        const ptrdiff_t rest = (batch) - b;                                            \
        if (rest > 3 * LANES)                                                          \
            block(b, 4, rest - LANES);                                                 \
        else if (rest > 2 * LANES)                                                     \
            block(b, 3, rest - LANES);                                                 \
        else if (rest > LANES)                                                         \
            block(b, 2, rest - LANES);                                                 \
        else if (rest > 0)                                                             \
            block(b, 1, rest - LANES);                                                 \
    } while (0)
/* A batch of less than a vector, in pieces that a FEW holds. */
#define FOR_FEW(batch, few)                                                            \
    do {                                                                               \
        ptrdiff_t b = 0;                                                               \
        for (; b + 4 <= (batch); b += 4)                                               \
            few(b, 4);                                                                 \
        for (; b + 2 <= (batch); b += 2)                                               \
            few(b, 2);                                                                 \
        for (; b < (batch); b++)                                                       \
            few(b, 1);                                                                 \
    } while (0)

/* ---- forward: out[b] = bend(bias + sum_k weights[links[k]] * x[units[k], b]) ---- */

/* For nv vectors of samples; nv is a constant wherever this is inlined. */
INLINE void NAME(gather_block)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, int far, REAL bias, REAL slope,
    REAL *out, const int nv, ptrdiff_t last)
{
    VEC total[8];
    for (int v = 0; v < nv; v++)
        total[v] = (VEC){0} + bias;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL w = links ? weights[links[k]] : weights[k];
        const REAL *row = x + units[k] * stride;
        FETCH_ROW(x, stride, units, k, limit, nv * VECTOR_BYTES, far);
        FETCH_WEIGHT(weights, links, k, limit);
        for (int v = 0; v < nv; v++)
            total[v] += w * LOAD(row + AT(v, nv, last));
    }
    for (int v = 0; v < nv; v++)
        STORE(out + AT(v, nv, last), NAME(bend)(total[v], slope));
}

/* For fewer samples than a vector holds. */
INLINE void NAME(gather_few)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, int far, REAL bias, REAL slope,
    REAL *out, const int width)
{
    FEW total = (FEW){0} + bias;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL w = links ? weights[links[k]] : weights[k];
        FETCH_ROW(x, stride, units, k, limit, 1, far);
        FETCH_WEIGHT(weights, links, k, limit);
        total += w * NAME(load_few)(x + units[k] * stride, width);
    }
    NAME(store_few)(out, total, width);
    for (int b = 0; b < width; b++) {
        const REAL bent = slope * out[b]; /* without a branch */
        out[b] = out[b] > 0 ? out[b] : bent;
    }
}

static inline void NAME(gather_unit)(
    const REAL *x, ptrdiff_t batch, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, int far, REAL bias, REAL slope,
    REAL *out)
{
    const ptrdiff_t stride = batch;
#define BLOCK(b, nv, last)                                                             \
    NAME(gather_block)(x + (b), stride, units, links, weights, n, limit, far, bias,    \
                       slope, out + (b), nv, last)
#define FEW_OF(b, width)                                                               \
    NAME(gather_few)(x + (b), stride, units, links, weights, n, limit, far, bias,      \
                     slope, out + (b), width)
    if (batch >= LANES)
        FOR_BLOCKS(batch, 8, BLOCK);
    else if (batch == 2) /* a constant saves a multiplication a link */
        NAME(gather_few)(
            x, 2, units, links, weights, n, limit, far, bias, slope, out, 2);
    else
        FOR_FEW(batch, FEW_OF);
#undef BLOCK
#undef FEW_OF
}

/* ---- forward from the source: out[targets[k], b] += weights[k] * x[b] ---- */

INLINE void NAME(scatter_block)(
    const REAL *x, ptrdiff_t stride, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, ptrdiff_t limit, int far, REAL *out, const int nv)
{
    VEC own[4];
    for (int v = 0; v < nv; v++)
        own[v] = LOAD(x + v * LANES);
    for (ptrdiff_t k = 0; k < n; k++) {
        REAL *row = out + targets[k] * stride;
        FETCH_FAR(out, stride, targets, k, limit, far);
        for (int v = 0; v < nv; v++)
            STORE(row + v * LANES, LOAD(row + v * LANES) + weights[k] * own[v]);
    }
}

INLINE void NAME(scatter_few)(
    const REAL *x, ptrdiff_t stride, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, ptrdiff_t limit, int far, REAL *out, const int width)
{
    const FEW own = NAME(load_few)(x, width);
    for (ptrdiff_t k = 0; k < n; k++) {
        REAL *row = out + targets[k] * stride;
        FETCH_FAR(out, stride, targets, k, limit, far);
        NAME(store_few)(row, NAME(load_few)(row, width) + weights[k] * own, width);
    }
}

static inline void NAME(scatter_unit)(
    const REAL *x, ptrdiff_t batch, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, ptrdiff_t limit, int far, REAL *out)
{
    const ptrdiff_t stride = batch;
    ptrdiff_t b = 0;
    if (batch == 1 && x[0] == 0)
        return;
    if (batch == 2) { /* a constant saves a multiplication a link */
        NAME(scatter_few)(x, 2, targets, weights, n, limit, far, out, 2);
        return;
    }
    for (; b + 4 * LANES <= batch; b += 4 * LANES)
        NAME(scatter_block)(x + b, stride, targets, weights, n, limit, far, out + b, 4);
    for (; b + LANES <= batch; b += LANES)
        NAME(scatter_block)(x + b, stride, targets, weights, n, limit, far, out + b, 1);
    x += b;
    out += b;
#define FEW_OF(b, width)                                                               \
    NAME(scatter_few)(x + (b), stride, targets, weights, n, limit, far, out + (b), width)
    FOR_FEW(batch % LANES, FEW_OF);
#undef FEW_OF
}

/* ---- solvers: one step in place; g = scale * gradient + decay * w ---- */

/* v <- momentum * v - rate * g;  w <- w + ahead * v - now * g
 * with (ahead, now) = (1, 0), or (momentum, rate) for Nesterov's momentum.
 * Without momentum there is no velocity (NULL) and w <- w - rate * g. */
static inline void NAME(sgd)(
    const double *step, REAL *restrict w, REAL *restrict velocity,
    const REAL *restrict gradient, ptrdiff_t n)
{
    const REAL rate = (REAL)step[1], momentum = (REAL)step[2], ahead = (REAL)step[3],
               now = (REAL)step[4], scale = (REAL)step[5], decay = (REAL)step[6];
    if (!velocity) {
        for (ptrdiff_t k = 0; k < n; k++)
            w[k] -= rate * (scale * gradient[k] + decay * w[k]);
        return;
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL g = scale * gradient[k] + decay * w[k];
        velocity[k] = momentum * velocity[k] - rate * g;
        w[k] += ahead * velocity[k] - now * g;
    }
}

/* m <- m + (1 - beta_1)(g - m);  v <- v + (1 - beta_2)(g g - v);
 * w <- w - rate * m / (sqrt(v) + adam_epsilon), the rate corrected for the bias. */
static inline void NAME(adam)(
    const double *step, REAL *restrict w, REAL *restrict m, REAL *restrict v,
    const REAL *restrict gradient, ptrdiff_t n)
{
    const REAL rate = (REAL)step[1], new_1 = (REAL)step[2], new_2 = (REAL)step[3],
               epsilon = (REAL)step[4], scale = (REAL)step[5], decay = (REAL)step[6];
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL g = scale * gradient[k] + decay * w[k];
        m[k] += new_1 * (g - m[k]);
        v[k] += new_2 * (g * g - v[k]);
        w[k] -= rate * m[k] / ((sizeof(REAL) == 4 ? sqrtf(v[k]) : sqrt(v[k])) + epsilon);
    }
}

/* One step of the rule that step[0] names; the states lie `apart` from each other. */
static inline void NAME(descend)(
    const double *step, REAL *w, REAL *state, ptrdiff_t apart, const REAL *gradient,
    ptrdiff_t n)
{
    if (step[0] == 1) /* ADAM in _fast.pyx */
        NAME(adam)(step, w, state, state + apart, gradient, n);
    else
        NAME(sgd)(step, w, state, gradient, n);
}

/* ---- backward ---- */

/* For one source with activations x[b] and links k to targets[k]:
 * signal[b] += sum_k weights[k] * delta[targets[k], b], unless it is NULL;
 * dots[k] += x[b] * delta[targets[k], b], summed over b but for the lanes. */
INLINE void NAME(learn_block)(
    const REAL *x, const REAL *delta, ptrdiff_t stride, const int32_t *targets,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, int far, REAL *signal, VEC *dots,
    const int nv, ptrdiff_t last)
{
    const ptrdiff_t twice = (nv - 1) * LANES - last; /* lanes that were here before */
    VEC own[4], back[4];
    for (int v = 0; v < nv; v++) {
        own[v] = LOAD(x + AT(v, nv, last));
        back[v] = (VEC){0};
    }
    own[nv - 1] = NAME(after)(own[nv - 1], twice);
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL *row = delta + targets[k] * stride;
        VEC dot = dots[k];
        FETCH_ROW(delta, stride, targets, k, limit, nv * VECTOR_BYTES, far);
        for (int v = 0; v < nv; v++) {
            const VEC d = LOAD(row + AT(v, nv, last));
            back[v] += weights[k] * d;
            dot += own[v] * d;
        }
        dots[k] = dot;
    }
    if (!signal)
        return;
    back[nv - 1] = NAME(after)(back[nv - 1], twice);
    for (int v = 0; v < nv; v++) {
        REAL *sum = signal + AT(v, nv, last);
        STORE(sum, LOAD(sum) + back[v]);
    }
}

/* For fewer samples than a vector holds the lanes take the links instead:
 * signal[b] += sum_k weights[k] * delta[targets[k], b] for all b < width,
 * gradient[k] = or, if it `adds`, += sum_b x[b] * delta[targets[k], b].
 * Where the links do not fill the lanes, those of the next unit do, with a weight of 0:
 * hence `gradient` has room for LANES more than the unit has links. */
INLINE void NAME(learn_few)(
    const REAL *x, const REAL *delta, ptrdiff_t stride, const int32_t *targets,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, int far, REAL *signal,
    REAL *gradient, const int adds, const int width)
{
    VEC back[4];
    ptrdiff_t k = 0;
    for (int b = 0; b < width; b++)
        back[b] = (VEC){0};
    for (; k < n && k + LANES <= limit; k += LANES) {
        VEC d[4], g = (VEC){0};
        const VEC w = NAME(first)(LOAD(weights + k), n - k);
        if (adds)
            g = LOAD(gradient + k);
        for (int i = 0; i < LANES; i++)
            FETCH_FAR(delta, stride, targets, k + i, limit, far);
        NAME(pick)(delta, stride, targets + k, width, d);
        for (int b = 0; b < width; b++) {
            back[b] += w * d[b];
            g += x[b] * d[b];
        }
        STORE(gradient + k, g);
    }
    for (int b = 0; b < width; b++)
        signal[b] += NAME(sum)(back[b]);
    for (; k < n; k++) { /* at the end of all links */
        REAL g = adds ? gradient[k] : 0;
        for (int b = 0; b < width; b++) {
            const REAL d = delta[targets[k] * stride + b];
            signal[b] += weights[k] * d;
            g += x[b] * d;
        }
        gradient[k] = g;
    }
}

/* The same for a batch of at least one vector, `adds` being 0. More samples without a
 * signal, more_x and more_delta, add to the gradient, unless they are NULL. */
static inline void NAME(learn_wide)(
    const REAL *x, const REAL *delta, const REAL *more_x, const REAL *more_delta,
    ptrdiff_t batch, const int32_t *targets, const REAL *weights, ptrdiff_t n,
    ptrdiff_t limit, int far, REAL *signal, REAL *gradient)
{
    VEC dots[STRIP];
    for (ptrdiff_t k = 0; k < n; k++)
        dots[k] = (VEC){0};
#define BLOCK(b, nv, last)                                                             \
    NAME(learn_block)(x + (b), delta + (b), batch, targets, weights, n, limit, far,    \
                      signal ? signal + (b) : NULL, dots, nv, last)
#define MORE(b, nv, last)                                                              \
    NAME(learn_block)(more_x + (b), more_delta + (b), batch, targets, weights, n,      \
                      limit, far, NULL, dots, nv, last)
    FOR_BLOCKS(batch, 4, BLOCK);
    if (more_x)
        FOR_BLOCKS(batch, 4, MORE);
#undef BLOCK
#undef MORE
    for (ptrdiff_t k = 0; k < n; k++)
        gradient[k] = NAME(sum)(dots[k]);
}

/* The same for a batch of less than a vector. */
static inline void NAME(learn_narrow)(
    const REAL *x, const REAL *delta, const REAL *more_x, const REAL *more_delta,
    ptrdiff_t batch, const int32_t *targets, const REAL *weights, ptrdiff_t n,
    ptrdiff_t limit, int far, REAL *signal, REAL *gradient)
{
    REAL ignored[LANES] = {0};
    if (batch == 2 && !more_x) { /* a constant saves a multiplication for each link */
        NAME(learn_few)(
            x, delta, 2, targets, weights, n, limit, far, signal, gradient, 0, 2);
        return;
    }
#define FEW_OF(b, width)                                                               \
    NAME(learn_few)(x + (b), delta + (b), batch, targets, weights, n, limit, far,      \
                    signal + (b), gradient, (b) > 0, width)
#define MORE(b, width)                                                                 \
    NAME(learn_few)(more_x + (b), more_delta + (b), batch, targets, weights, n, limit, \
                    far, ignored + (b), gradient, 1, width)
    FOR_FEW(batch, FEW_OF);
    if (more_x)
        FOR_FEW(batch, MORE);
#undef FEW_OF
#undef MORE
}

/* Of n weights; `limit` is how many follow in memory. */
static inline double NAME(sum_of_squares)(
    const REAL *w, ptrdiff_t n, ptrdiff_t limit)
{
    VEC part = (VEC){0};
    REAL rest = 0;
    ptrdiff_t k = 0;
    for (; k < n && k + LANES <= limit; k += LANES) {
        const VEC own = NAME(first)(LOAD(w + k), n - k);
        part += own * own;
    }
    for (; k < n; k++)
        rest += w[k] * w[k];
    return (double)NAME(sum)(part) + rest;
}

/* The backward pass of one source and the solver's step on its links:
 * signal[b] = bend'(x[b]) * sum_k weights[k] * delta[targets[k], b], unless NULL;
 * gradient_k = sum_b x[b] * delta[targets[k], b].
 * Returns the sum of the squared weights as they were. */
static inline double NAME(learn_unit)(
    const REAL *x, const REAL *delta, const REAL *more_x, const REAL *more_delta,
    ptrdiff_t batch, const int32_t *targets, REAL *weights, ptrdiff_t n,
    ptrdiff_t limit, int far, REAL slope, const double *step, REAL *state,
    ptrdiff_t apart, REAL *signal)
{
    REAL gradient[STRIP + LANES], few[LANES] = {0};
    double squares = 0;
    for (ptrdiff_t b = 0; signal && batch >= LANES && b < batch; b++)
        signal[b] = 0;
    for (ptrdiff_t k = 0; k < n; k += STRIP) {
        const ptrdiff_t m = n - k < STRIP ? n - k : STRIP;
        squares += NAME(sum_of_squares)(weights + k, m, limit - k);
        if (batch >= LANES)
            NAME(learn_wide)(x, delta, more_x, more_delta, batch, targets + k,
                             weights + k, m, limit - k, far, signal, gradient);
        else
            NAME(learn_narrow)(x, delta, more_x, more_delta, batch, targets + k,
                               weights + k, m, limit - k, far, few, gradient);
        NAME(descend)(step, weights + k, state ? state + k : NULL, apart, gradient, m);
    }
    if (!signal)
        return squares;
    for (ptrdiff_t b = 0; batch < LANES && b < batch; b++)
        signal[b] = few[b];
    NAME(bend_back)(x, signal, batch, slope);
    return squares;
}

#undef LANES
#undef LANE_NUMBERS
#undef FEW
#undef VEC
#undef LOAD
#undef STORE
#undef AT
#undef FOR_BLOCKS
#undef FOR_FEW
#endif
