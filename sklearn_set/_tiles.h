/* What one unit does with its links, for float and double.
 *
 * Cython calls gather_unit, scatter_unit and learn_unit from _fast.pyx, in parallel
 * over the units. A batch is taken in blocks of vectors, held in registers over a
 * unit's links; what is narrower than a vector is taken as 4, 2 and 1 samples. GCC's
 * and Clang's vector types keep the sums in registers; written with arrays, those of
 * learn_block spill to the stack. Elsewhere the same code runs on plain arrays.
 */
#ifndef REAL

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define STRIP 256 /* links of a unit that are learnt at a time */
#define NEAR 8    /* links by which rows are fetched ahead of their use */
#define FAR 128   /* the same for rows so short that a link takes a few cycles only */

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

/* Macros, since GCC drops the call of a function that only prefetches: it sees no
 * effect. Unit ids may be read up to `limit`, which lies beyond the unit's own links:
 * the next unit comes next. */
#define FETCH_NEAR(base, stride, ids, k, limit, bytes)                                 \
    do {                                                                               \
        if ((k) + NEAR < (limit)) {                                                    \
            const char *ahead = (const char *)((base) + (ids)[(k) + NEAR] * (stride)); \
            for (int line = 0; line < (int)(bytes); line += 64)                        \
                PREFETCH(ahead + line);                                                \
        }                                                                              \
    } while (0)
#define FETCH_FAR(base, stride, ids, k, limit)                                         \
    do {                                                                               \
        if ((k) + FAR < (limit))                                                       \
            PREFETCH_L2((base) + (ids)[(k) + FAR] * (stride));                         \
    } while (0)
#define FETCH_WEIGHT(weights, links, k, limit)                                         \
    do {                                                                               \
        if ((links) && (k) + NEAR < (limit))                                           \
            PREFETCH((weights) + (links)[(k) + NEAR]);                                 \
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
#define VEC NAME(vec)
#define LOAD(p, v) (*(const NAME(mem) *)((p) + (v) * LANES))
#define STORE(p, v, a) (*(NAME(mem) *)((p) + (v) * LANES) = (a))
#else
#define LANES 1
#define VEC REAL
#define LOAD(p, v) ((p)[v])
#define STORE(p, v, a) ((p)[v] = (a))
#endif

/* Sample b of the rows of LANES units, one in each lane. */
INLINE VEC NAME(pick)(const REAL *x, ptrdiff_t stride, const int32_t *units, int b)
{
#define AT(i) x[units[i] * stride + b]
#if LANES == 8
    return (VEC){AT(0), AT(1), AT(2), AT(3), AT(4), AT(5), AT(6), AT(7)};
#elif LANES == 4
    return (VEC){AT(0), AT(1), AT(2), AT(3)};
#elif LANES == 2
    return (VEC){AT(0), AT(1)};
#else
    return AT(0);
#endif
#undef AT
}

/* The first n lanes, and 0 in the others. */
INLINE VEC NAME(first)(VEC a, ptrdiff_t n)
{
#if HAS_VECTORS
#if LANES == 8
    const NAME(bits) lane = {0, 1, 2, 3, 4, 5, 6, 7};
#elif LANES == 4
    const NAME(bits) lane = {0, 1, 2, 3};
#else
    const NAME(bits) lane = {0, 1};
#endif
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

/* ---- forward: out[b] = bend(bias + sum_k weights[links[k]] * x[units[k], b]) ---- */

/* For nv vectors of samples; nv is a constant wherever this is inlined. */
INLINE void NAME(gather_block)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, REAL bias, REAL slope, REAL *out,
    const int nv)
{
    VEC total[8];
    for (int v = 0; v < nv; v++)
        total[v] = (VEC){0} + bias;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL w = links ? weights[links[k]] : weights[k];
        const REAL *row = x + units[k] * stride;
        FETCH_NEAR(x, stride, units, k, limit, nv * VECTOR_BYTES);
        FETCH_WEIGHT(weights, links, k, limit);
        for (int v = 0; v < nv; v++)
            total[v] += w * LOAD(row, v);
    }
    for (int v = 0; v < nv; v++)
        STORE(out, v, NAME(bend)(total[v], slope));
}

/* For fewer samples than a vector holds. */
INLINE void NAME(gather_narrow)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, REAL bias, REAL slope, REAL *out,
    const int width)
{
    REAL total[4];
    for (int b = 0; b < width; b++)
        total[b] = bias;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL w = links ? weights[links[k]] : weights[k];
        const REAL *row = x + units[k] * stride;
        FETCH_NEAR(x, stride, units, k, limit, 1);
        FETCH_WEIGHT(weights, links, k, limit);
        for (int b = 0; b < width; b++)
            total[b] += w * row[b];
    }
    for (int b = 0; b < width; b++)
        out[b] = total[b] > 0 ? total[b] : slope * total[b];
}

/* Runs `call` with the stride of the batch: a constant, which saves a multiplication
 * for each link, where the batch is as narrow as the code that takes it. */
#define NARROWED(batch, width, call)                                                   \
    do {                                                                               \
        if ((batch) == (width)) {                                                      \
            const ptrdiff_t stride = (width);                                          \
            call;                                                                      \
        } else {                                                                       \
            const ptrdiff_t stride = (batch);                                          \
            call;                                                                      \
        }                                                                              \
    } while (0)

/* Calls `block(b, nv)` and `narrow(b, width)` for all samples b of a batch. */
#define FOR_BLOCKS(batch, widest, block, narrow)                                       \
    do {                                                                               \
        ptrdiff_t b = 0;                                                               \
        for (; (widest) == 8 && b + 8 * LANES <= (batch); b += 8 * LANES)              \
            block(b, 8);                                                               \
        for (; b + 4 * LANES <= (batch); b += 4 * LANES)                               \
            block(b, 4);                                                               \
        for (; b + 2 * LANES <= (batch); b += 2 * LANES)                               \
            block(b, 2);                                                               \
        for (; b + LANES <= (batch); b += LANES)                                       \
            block(b, 1);                                                               \
        for (; b + 4 <= (batch); b += 4)                                               \
            narrow(b, 4);                                                              \
        for (; b + 2 <= (batch); b += 2)                                               \
            narrow(b, 2);                                                              \
        for (; b < (batch); b++)                                                       \
            narrow(b, 1);                                                              \
    } while (0)

static inline void NAME(gather_unit)(
    const REAL *x, ptrdiff_t batch, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, REAL bias, REAL slope, REAL *out)
{
#define BLOCK(b, nv)                                                                   \
    NAME(gather_block)(x + (b), batch, units, links, weights, n, limit, bias, slope,   \
                       out + (b), nv)
#define NARROW(b, width)                                                               \
    NARROWED(batch, width,                                                             \
             NAME(gather_narrow)(x + (b), stride, units, links, weights, n, limit,     \
                                 bias, slope, out + (b), width))
    FOR_BLOCKS(batch, 8, BLOCK, NARROW);
#undef BLOCK
#undef NARROW
}

/* ---- forward from the source: out[targets[k], b] += weights[k] * x[b] ---- */

INLINE void NAME(scatter_block)(
    const REAL *x, ptrdiff_t stride, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, ptrdiff_t limit, REAL *out, const int nv)
{
    VEC own[4];
    for (int v = 0; v < nv; v++)
        own[v] = LOAD(x, v);
    for (ptrdiff_t k = 0; k < n; k++) {
        REAL *row = out + targets[k] * stride;
        FETCH_FAR(out, stride, targets, k, limit);
        for (int v = 0; v < nv; v++)
            STORE(row, v, LOAD(row, v) + weights[k] * own[v]);
    }
}

INLINE void NAME(scatter_narrow)(
    const REAL *x, ptrdiff_t stride, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, ptrdiff_t limit, REAL *out, const int width)
{
    REAL own[4];
    for (int b = 0; b < width; b++)
        own[b] = x[b];
    for (ptrdiff_t k = 0; k < n; k++) {
        REAL *row = out + targets[k] * stride;
        FETCH_FAR(out, stride, targets, k, limit);
        for (int b = 0; b < width; b++)
            row[b] += weights[k] * own[b];
    }
}

static inline void NAME(scatter_unit)(
    const REAL *x, ptrdiff_t batch, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, ptrdiff_t limit, REAL *out)
{
#define BLOCK(b, nv)                                                                   \
    NAME(scatter_block)(x + (b), batch, targets, weights, n, limit, out + (b), nv)
#define NARROW(b, width)                                                               \
    NARROWED(batch, width,                                                             \
             NAME(scatter_narrow)(x + (b), stride, targets, weights, n, limit,         \
                                  out + (b), width))
    FOR_BLOCKS(batch, 4, BLOCK, NARROW);
#undef BLOCK
#undef NARROW
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
    if (step[0] == 1)
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
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, REAL *signal, VEC *dots,
    const int nv)
{
    VEC own[4], back[4];
    for (int v = 0; v < nv; v++) {
        own[v] = LOAD(x, v);
        back[v] = (VEC){0};
        if (signal)
            back[v] = LOAD(signal, v);
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL *row = delta + targets[k] * stride;
        VEC dot = dots[k];
        FETCH_NEAR(delta, stride, targets, k, limit, nv * VECTOR_BYTES);
        for (int v = 0; v < nv; v++) {
            const VEC d = LOAD(row, v);
            back[v] += weights[k] * d;
            dot += own[v] * d;
        }
        dots[k] = dot;
    }
    if (signal)
        for (int v = 0; v < nv; v++)
            STORE(signal, v, back[v]);
}

/* For fewer samples than a vector holds the lanes take the links instead. Where the
 * links do not fill the lanes, those of the next unit do, with a weight of 0: hence
 * `gradient` has room for LANES more than the unit has links. */
INLINE void NAME(learn_narrow)(
    const REAL *x, const REAL *delta, ptrdiff_t stride, const int32_t *targets,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, REAL *signal, REAL *gradient,
    const int width)
{
    VEC back[4];
    ptrdiff_t k = 0;
    for (int b = 0; b < width; b++)
        back[b] = (VEC){0};
    for (; k < n && k + LANES <= limit; k += LANES) {
        VEC g = LOAD(gradient + k, 0);
        const VEC w = NAME(first)(LOAD(weights + k, 0), n - k);
        if (k + FAR + LANES <= limit)
            for (int i = 0; i < LANES; i++)
                PREFETCH_L2(delta + targets[k + FAR + i] * stride);
        for (int b = 0; b < width; b++) {
            const VEC d = NAME(pick)(delta, stride, targets + k, b);
            back[b] += w * d;
            g += x[b] * d;
        }
        STORE(gradient + k, 0, g);
    }
    for (int b = 0; b < width; b++) {
        REAL rest = NAME(sum)(back[b]);
        for (ptrdiff_t j = k; j < n; j++) { /* at the end of all links */
            const REAL d = delta[targets[j] * stride + b];
            rest += weights[j] * d;
            gradient[j] += x[b] * d;
        }
        if (signal)
            signal[b] += rest;
    }
}

/* gradient[k] = sum_b x[b] * delta[targets[k], b] for a strip of a unit's links, and
 * signal as in learn_block, for a whole batch. */
static inline void NAME(learn_strip)(
    const REAL *x, const REAL *delta, ptrdiff_t batch, const int32_t *targets,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, REAL *signal, REAL *gradient)
{
    VEC dots[STRIP];
    if (batch >= LANES)
        for (ptrdiff_t k = 0; k < n; k++)
            dots[k] = (VEC){0};
    for (ptrdiff_t k = 0; k < n && batch < LANES; k += LANES)
        STORE(gradient + k, 0, (VEC){0});
#define BLOCK(b, nv)                                                                   \
    NAME(learn_block)(x + (b), delta + (b), batch, targets, weights, n, limit,         \
                      signal ? signal + (b) : NULL, dots, nv)
#define NARROW(b, width)                                                               \
    NARROWED(batch, width,                                                             \
             NAME(learn_narrow)(x + (b), delta + (b), stride, targets, weights, n,     \
                                limit, signal ? signal + (b) : NULL, gradient, width))
#define NOTHING(b, width) (void)0
    ptrdiff_t whole = batch - batch % LANES;
    FOR_BLOCKS(whole, 4, BLOCK, NOTHING);
    if (batch >= LANES)
        for (ptrdiff_t k = 0; k < n; k++)
            gradient[k] = NAME(sum)(dots[k]);
    for (; whole + 4 <= batch; whole += 4)
        NARROW(whole, 4);
    for (; whole + 2 <= batch; whole += 2)
        NARROW(whole, 2);
    for (; whole < batch; whole++)
        NARROW(whole, 1);
#undef BLOCK
#undef NARROW
#undef NOTHING
}

/* Of n weights; `limit` is how many follow in memory. */
static inline double NAME(sum_of_squares)(
    const REAL *w, ptrdiff_t n, ptrdiff_t limit)
{
    VEC part = (VEC){0};
    REAL rest = 0;
    ptrdiff_t k = 0;
    for (; k < n && k + LANES <= limit; k += LANES) {
        const VEC own = NAME(first)(LOAD(w + k, 0), n - k);
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
    const REAL *x, const REAL *delta, ptrdiff_t batch, const int32_t *targets,
    REAL *weights, ptrdiff_t n, ptrdiff_t limit, REAL slope, const double *step,
    REAL *state, ptrdiff_t apart, REAL *signal)
{
    REAL gradient[STRIP + LANES];
    double squares = 0;
    for (ptrdiff_t b = 0; signal && b < batch; b++)
        signal[b] = 0;
    for (ptrdiff_t k = 0; k < n; k += STRIP) {
        const ptrdiff_t m = n - k < STRIP ? n - k : STRIP;
        squares += NAME(sum_of_squares)(weights + k, m, limit - k);
        NAME(learn_strip)(x, delta, batch, targets + k, weights + k, m, limit - k,
                          signal, gradient);
        NAME(descend)(step, weights + k, state ? state + k : NULL, apart, gradient, m);
    }
    if (signal)
        NAME(bend_back)(x, signal, batch, slope);
    return squares;
}

#undef LANES
#undef VEC
#undef LOAD
#undef STORE
#endif
