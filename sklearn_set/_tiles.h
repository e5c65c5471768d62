/* What one unit does with its links, for float and double: gather_unit, learn_unit.
 *
 * Cython calls these from _fast.pyx, in parallel over the units. A batch is taken in
 * tiles of 128 bytes of samples, held in vector registers over a unit's links. GCC's
 * and Clang's vector types keep them there; written with arrays, the sums of
 * learn_tile spill to the stack. Elsewhere the same code runs on plain arrays.
 */
#ifndef REAL

#include <stddef.h>
#include <stdint.h>

#define TILE_BYTES 128
#define AHEAD 8 /* links by which a prefetch runs ahead of its use */

#if defined(__GNUC__) || defined(__clang__)
#define HAS_VECTORS 1
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define HAS_VECTORS 0
#define PREFETCH(p) ((void)0)
#endif

/* The baseline of x86-64 has 16-byte registers; a wider type would spill there. */
#ifdef __AVX__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(base) JOIN(base, REAL)

#define REAL float
#include "_tiles.h"
#undef REAL
#define REAL double
#include "_tiles.h"
#undef REAL

#else /* REAL is set: one copy of the loops */

#define N_VECTORS (TILE_BYTES / VECTOR_BYTES)
#define LANES ((int)(VECTOR_BYTES / sizeof(REAL)))

#if HAS_VECTORS
typedef REAL NAME(vec) __attribute__((vector_size(VECTOR_BYTES)));
/* Rows of a batch start anywhere: loads and stores may not assume alignment. */
typedef REAL NAME(mem)
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
#define VEC NAME(vec)
#define LOAD(p, v) (*(const NAME(mem) *)((p) + (v) * LANES))
#define STORE(p, v, a) (*(NAME(mem) *)((p) + (v) * LANES) = (a))
#else
#undef N_VECTORS
#undef LANES
#define N_VECTORS ((int)(TILE_BYTES / sizeof(REAL)))
#define LANES 1
#define VEC REAL
#define LOAD(p, v) ((p)[v])
#define STORE(p, v, a) ((p)[v] = (a))
#endif

/* The lanes' sum, pairwise. */
static inline REAL NAME(sum)(VEC a)
{
#if HAS_VECTORS
    REAL part[VECTOR_BYTES / sizeof(REAL)];
    for (int i = 0; i < LANES; i++)
        part[i] = a[i];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            part[i] += part[i + half];
    return part[0];
#else
    return a;
#endif
}

/* Fetch what link k + AHEAD will need: the row of its other end, and its weight where
 * that is not simply the next one. Macros, since GCC drops the call of a function that
 * only prefetches: it sees no effect. */
#define FETCH_ROW(base, stride, ids, k, n, bytes)                                      \
    do {                                                                               \
        if ((k) + AHEAD < (n)) {                                                       \
            const REAL *ahead = (base) + (ids)[(k) + AHEAD] * (stride);                \
            PREFETCH(ahead);                                                           \
            if ((bytes) > 64)                                                          \
                PREFETCH(ahead + 64 / sizeof(REAL));                                   \
        }                                                                              \
    } while (0)
#define FETCH_WEIGHT(weights, links, k, n)                                             \
    do {                                                                               \
        if ((links) && (k) + AHEAD < (n))                                              \
            PREFETCH((weights) + (links)[(k) + AHEAD]);                                \
    } while (0)

/* out[b] = bias + sum_k weights[links[k]] * x[units[k], b]; links may be NULL. */
static inline void NAME(gather_tile)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, REAL bias, REAL *out)
{
    VEC total[N_VECTORS];
    for (int v = 0; v < N_VECTORS; v++)
        total[v] = (VEC){0} + bias;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL w = links ? weights[links[k]] : weights[k];
        const REAL *row = x + units[k] * stride;
        FETCH_ROW(x, stride, units, k, n, TILE_BYTES);
        FETCH_WEIGHT(weights, links, k, n);
        for (int v = 0; v < N_VECTORS; v++)
            total[v] += w * LOAD(row, v);
    }
    for (int v = 0; v < N_VECTORS; v++)
        STORE(out, v, total[v]);
}

/* For one source with activations x[b] and links k to targets[k]:
 * signal[b] = sum_k weights[k] * delta[targets[k], b]; signal may be NULL,
 * gradient[k] += sum_b x[b] * delta[targets[k], b]. */
static inline void NAME(learn_tile)(
    const REAL *x, const REAL *delta, ptrdiff_t stride, const int32_t *targets,
    const REAL *weights, ptrdiff_t n, REAL *signal, REAL *gradient)
{
    VEC own[N_VECTORS], back[N_VECTORS];
    for (int v = 0; v < N_VECTORS; v++) {
        own[v] = LOAD(x, v);
        back[v] = (VEC){0};
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL *row = delta + targets[k] * stride;
        VEC dot = (VEC){0};
        FETCH_ROW(delta, stride, targets, k, n, TILE_BYTES);
        for (int v = 0; v < N_VECTORS; v++) {
            const VEC d = LOAD(row, v);
            back[v] += weights[k] * d;
            dot += own[v] * d;
        }
        gradient[k] += NAME(sum)(dot);
    }
    if (signal)
        for (int v = 0; v < N_VECTORS; v++)
            STORE(signal, v, back[v]);
}

/* gather_tile for the samples that do not fill a tile. */
static inline void NAME(gather_rest)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, REAL bias, REAL *out, ptrdiff_t width)
{
    for (ptrdiff_t b = 0; b < width; b++)
        out[b] = bias;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL w = links ? weights[links[k]] : weights[k];
        const REAL *row = x + units[k] * stride;
        FETCH_ROW(x, stride, units, k, n, width * sizeof(REAL));
        FETCH_WEIGHT(weights, links, k, n);
        for (ptrdiff_t b = 0; b < width; b++)
            out[b] += w * row[b];
    }
}

/* learn_tile for the samples that do not fill a tile. */
static inline void NAME(learn_rest)(
    const REAL *x, const REAL *delta, ptrdiff_t stride, const int32_t *targets,
    const REAL *weights, ptrdiff_t n, REAL *signal, REAL *gradient, ptrdiff_t width)
{
    if (signal)
        for (ptrdiff_t b = 0; b < width; b++)
            signal[b] = 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL *row = delta + targets[k] * stride;
        REAL dot = 0;
        FETCH_ROW(delta, stride, targets, k, n, width * sizeof(REAL));
        for (ptrdiff_t b = 0; b < width; b++)
            dot += x[b] * row[b];
        gradient[k] += dot;
        if (signal)
            for (ptrdiff_t b = 0; b < width; b++)
                signal[b] += weights[k] * row[b];
    }
}

/* out[b] = bias + sum_k weights[links[k]] * x[units[k], b] for a whole batch. */
static inline void NAME(gather_unit)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, REAL bias, REAL *out, ptrdiff_t batch)
{
    const ptrdiff_t tile = TILE_BYTES / sizeof(REAL);
    ptrdiff_t b = 0;
    for (; b + tile <= batch; b += tile)
        NAME(gather_tile)(x + b, stride, units, links, weights, n, bias, out + b);
    if (b < batch)
        NAME(gather_rest)(
            x + b, stride, units, links, weights, n, bias, out + b, batch - b);
}

/* gradient[k] = sum_b x[b] * delta[targets[k], b] and, unless signal is NULL,
 * signal[b] = sum_k weights[k] * delta[targets[k], b], for a whole batch. */
static inline void NAME(learn_unit)(
    const REAL *x, const REAL *delta, ptrdiff_t stride, const int32_t *targets,
    const REAL *weights, ptrdiff_t n, REAL *signal, REAL *gradient, ptrdiff_t batch)
{
    const ptrdiff_t tile = TILE_BYTES / sizeof(REAL);
    ptrdiff_t b = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        gradient[k] = 0;
    for (; b + tile <= batch; b += tile)
        NAME(learn_tile)(
            x + b, delta + b, stride, targets, weights, n, signal ? signal + b : NULL,
            gradient);
    if (b < batch)
        NAME(learn_rest)(
            x + b, delta + b, stride, targets, weights, n, signal ? signal + b : NULL,
            gradient, batch - b);
}

#undef N_VECTORS
#undef LANES
#undef VEC
#undef LOAD
#undef STORE
#undef FETCH_ROW
#undef FETCH_WEIGHT
#endif
