/* A batch of at least a vector, in blocks of vectors: for one REAL and VECTOR_BYTES.
 * Its macros and types remain, for _units.h, until _blocks_end.h. */
#if HAS_VECTORS
#define LANES (VECTOR_BYTES / REAL_BYTES)
typedef REAL BLOCK_NAME(vec) __attribute__((vector_size(VECTOR_BYTES)));
typedef BITS BLOCK_NAME(bits) __attribute__((vector_size(VECTOR_BYTES)));
typedef UNSIGNED BLOCK_NAME(words) __attribute__((vector_size(VECTOR_BYTES)));
/* Rows of a batch start anywhere: loads and stores may not assume alignment. */
typedef REAL BLOCK_NAME(mem)
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
#define VEC BLOCK_NAME(vec)
#define WORDS BLOCK_NAME(words)
#define SELECT(mask, a, b)                                                             \
    ((VEC)(((BLOCK_NAME(bits))(a) & (mask)) | ((BLOCK_NAME(bits))(b) & ~(mask))))
#define LOAD(p) (*(const BLOCK_NAME(mem) *)(p))
#define STORE(p, a) (*(BLOCK_NAME(mem) *)(p) = (a))
#else
#define LANES 1
#define VEC REAL
#define WORDS UNSIGNED
#define SELECT(mask, a, b) ((mask) ? (a) : (b))
#define LOAD(p) (*(p))
#define STORE(p, a) (*(p) = (a))
#endif

#if HAS_VECTORS
#if LANES == 16
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#elif LANES == 8
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7}
#elif LANES == 4
#define LANE_NUMBERS {0, 1, 2, 3}
#else
#define LANE_NUMBERS {0, 1}
#endif
#endif

/* The lanes from the n-th on, and 0 in those before. */
INLINE VEC BLOCK_NAME(after)(VEC a, ptrdiff_t n)
{
#if HAS_VECTORS
    const BLOCK_NAME(bits) lane = LANE_NUMBERS;
    return (VEC)((BLOCK_NAME(bits))a & (lane >= (BITS)n));
#else
    return a;
#endif
}

/* The first n lanes of a, and b in the others. */
INLINE VEC BLOCK_NAME(first_of)(VEC a, VEC b, ptrdiff_t n)
{
#if HAS_VECTORS
    const BLOCK_NAME(bits) lane = LANE_NUMBERS;
    const BITS count = n < LANES ? (BITS)n : LANES;
    return SELECT(lane < count, a, b);
#else
    return n > 0 ? a : b;
#endif
}

/* The first n lanes, and 0 in the others. */
INLINE VEC BLOCK_NAME(first)(VEC a, ptrdiff_t n)
{
    return BLOCK_NAME(first_of)(a, (VEC){0}, n);
}

/* The lanes' sum, in the order of `sums`; loops would be vectorised anew. */
INLINE REAL BLOCK_NAME(sum)(VEC a)
{
#if HAS_VECTORS
#define LANE(i) a[(i) % LANES]
    if (LANES == 16)
        return (((LANE(0) + LANE(8)) + (LANE(2) + LANE(10)))
                + ((LANE(1) + LANE(9)) + (LANE(3) + LANE(11))))
               + (((LANE(4) + LANE(12)) + (LANE(6) + LANE(14)))
                  + ((LANE(5) + LANE(13)) + (LANE(7) + LANE(15))));
    if (LANES == 8)
        return ((LANE(0) + LANE(2)) + (LANE(1) + LANE(3)))
               + ((LANE(4) + LANE(6)) + (LANE(5) + LANE(7)));
    if (LANES == 4)
        return (LANE(0) + LANE(2)) + (LANE(1) + LANE(3));
    return LANE(0) + LANE(1);
#undef LANE
#else
    return a;
#endif
}

/* out[k] = the sum of dots[k]'s lanes. Both have room for n rounded up to fours. */
INLINE void BLOCK_NAME(sums)(const VEC *dots, ptrdiff_t n, REAL *out)
{
#if HAS_SHUFFLE && REAL_BYTES == 4 && LANES >= 8 /* four links at a time */
    typedef float eight __attribute__((vector_size(32)));
    typedef float four_mem __attribute__((vector_size(16), aligned(4), may_alias));
#define HALVES(a, b, i0, i1, i2, i3, i4, i5, i6, i7, step)                             \
    (__builtin_shufflevector(a, b, i0, i1, i2, i3, i4, i5, i6, i7)                     \
     + __builtin_shufflevector(a, b, i0 + step, i1 + step, i2 + step, i3 + step,       \
                               i4 + step, i5 + step, i6 + step, i7 + step))
    for (ptrdiff_t k = 0; k < n; k += 4) {
        eight a[4], b[2], c;
        for (int i = 0; i < 4; i++)
#if LANES == 16
            a[i] = HALVES(dots[k + i], dots[k + i], 0, 1, 2, 3, 4, 5, 6, 7, 8);
#else
            a[i] = dots[k + i];
#endif
        for (int i = 0; i < 2; i++)
            b[i] = HALVES(a[2 * i], a[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13, 2);
        c = HALVES(b[0], b[1], 0, 1, 8, 9, 4, 5, 12, 13, 2);
        *(four_mem *)(out + k) = __builtin_shufflevector(c, c, 0, 1, 2, 3)
                                 + __builtin_shufflevector(c, c, 4, 5, 6, 7);
    }
#undef HALVES
#else
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = BLOCK_NAME(sum)(dots[k]);
#endif
}

/* The piecewise linear activation: z where z > 0, slope * z elsewhere. */
INLINE VEC BLOCK_NAME(bend)(VEC z, REAL slope)
{
    return SELECT(z > 0, z, slope * z);
}

/* exp(y) for |y| up to 87 (float) or 708 (double): 2^n exp(r) for
 * r = y - n ln 2 in [-ln 2 / 2, ln 2 / 2], exp(r) by its series.
 * To add `rounder` leaves the integer n in the lowest bits. */
INLINE VEC BLOCK_NAME(power)(VEC y)
{
#if REAL_BYTES == 4
    const REAL rounder = 12582912; /* 1.5 * 2^23 */
    const REAL ln2_high = 0.693359375f, ln2_low = -2.12194440054690583e-4f;
    const int terms = 7, mantissa = 23;
#else
    const REAL rounder = 6755399441055744; /* 1.5 * 2^52 */
    const REAL ln2_high = 0.693147180369123816490, ln2_low = 1.90821492927058770002e-10;
    const int terms = 13, mantissa = 52;
#endif
    union {
        VEC number;
        WORDS words;
    } shifted, e;
    shifted.number = y * (REAL)1.44269504088896340736 + rounder;
    const VEC n = shifted.number - rounder;
    const VEC r = (y - n * ln2_high) - n * ln2_low;
    e.number = (VEC){0};
    for (int i = terms; i >= 0; i--) /* Horner's rule */
        e.number = e.number * r + (REAL)inverse_factorials[i];
    e.words += shifted.words << mantissa;
    return e.number;
}

/* exp(z) for z <= 0, which ends near 1e-38 (float) or 1e-308 (double). */
INLINE VEC BLOCK_NAME(exp_below)(VEC z)
{
    const REAL lowest = REAL_BYTES == 4 ? -87 : -708;
    return BLOCK_NAME(power)(SELECT(z < lowest, (VEC){0} + lowest, z));
}

/* 1 / (1 + exp(-z)). With e = exp(-|z|) that is 1 / (1 + e) or e / (1 + e). */
INLINE VEC BLOCK_NAME(logistic)(VEC z)
{
    const VEC one = (VEC){0} + 1;
    const VEC e = BLOCK_NAME(exp_below)(SELECT(z < 0, z, -z));
    return SELECT(z < 0, e, one) / (one + e);
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
/* ---- forward: out[b] = bend(bias + sum_k weights[links[k]] * x[units[k], b]) ---- */

/* For nv vectors of samples; nv and reach are constants wherever this is inlined, and
 * whether there are links. */
INLINE void BLOCK_NAME(gather_block)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, REAL bias, REAL slope, REAL *out, const int reach,
    const int nv, ptrdiff_t last)
{
    VEC total[8];
    for (int v = 0; v < nv; v++)
        total[v] = (VEC){0} + bias;
    if (reach != NOT_AT_ALL && links) /* the next unit's */
        FETCH_LINKS(units + n, links + n, n);
    else if (reach != NOT_AT_ALL)
        FETCH_LINKS(units + n, weights + n, n);
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL w = links ? weights[links[k]] : weights[k];
        const REAL *row = x + units[k] * stride;
        FETCH_ROW(x, stride, units, k, reach);
        FETCH_WEIGHT(weights, links, k, reach);
        for (int v = 0; v < nv; v++)
            total[v] += w * LOAD(row + AT(v, nv, last));
    }
    for (int v = 0; v < nv; v++)
        STORE(out + AT(v, nv, last), BLOCK_NAME(bend)(total[v], slope));
}

/* For the units from `first` up to `end`. */
static inline void BLOCK_NAME(gather_blocks)(
    const REAL *x, ptrdiff_t batch, const int32_t *indptr, const int32_t *units,
    const int32_t *links, const REAL *weights, const REAL *bias, ptrdiff_t first,
    ptrdiff_t end, int reach, REAL slope, REAL *out)
{
#define OF_UNITS(b, nv, last, links, weights)                                          \
    for (ptrdiff_t u = first; u < end; u++)                                            \
        BLOCK_NAME(gather_block)(x + (b), batch, units + indptr[u], links, weights,    \
                                 indptr[u + 1] - indptr[u], bias[u], slope,            \
                                 out + u * batch + (b), REACHED, nv, last)
#define IN_ORDER(b, nv, last) OF_UNITS(b, nv, last, NULL, weights + indptr[u])
#define INDEXED(b, nv, last) OF_UNITS(b, nv, last, links + indptr[u], weights)
#define GATHER(known)                                                                  \
    do {                                                                               \
        enum { REACHED = known };                                                      \
        if (links)                                                                     \
            FOR_BLOCKS(batch, 8, INDEXED);                                             \
        else                                                                           \
            FOR_BLOCKS(batch, 8, IN_ORDER);                                            \
    } while (0)
    FOR_REACH(reach, GATHER);
#undef OF_UNITS
#undef IN_ORDER
#undef INDEXED
#undef GATHER
}

/* ---- backward ---- */

/* Store what comes back through a vector of samples `own`, which are in a register, as
 * `signal` may be where they came from; with what is there already if it `adds`. The
 * first `before` samples are done. */
INLINE void BLOCK_NAME(send_back)(
    VEC own, VEC back, int adds, REAL slope, ptrdiff_t before, REAL *signal)
{
    const VEC old = LOAD(signal);
    const VEC total = adds ? old + back : back;
    const VEC bent = SELECT(own > 0, total, slope * total);
    STORE(signal, BLOCK_NAME(first_of)(old, bent, before));
}

/* For one source with activations x[b] and links k to targets[k]:
 * signal[b] = sum_k weights[k] * delta[targets[k], b], times `slope` where x[b] <= 0,
 * unless signal is NULL; if it `adds`, together with what is there. It may be x;
 * dots[k] = x[b] * delta[targets[k], b] - less_x[b] * less_delta[targets[k], b], summed
 * over b but for the lanes; without the second term if those are NULL, and together with
 * what is there unless it is `fresh`. */
INLINE void BLOCK_NAME(learn_block)(
    const REAL *x, const REAL *delta, const REAL *less_x, const REAL *less_delta,
    ptrdiff_t stride, const int32_t *targets, const REAL *weights, ptrdiff_t n,
    REAL *signal, int adds, REAL slope, VEC *dots, int fresh, const int reach,
    const int nv, ptrdiff_t last)
{
    const ptrdiff_t twice = (nv - 1) * LANES - last; /* lanes that were here before */
    VEC own[WIDEST_LEARN], less[WIDEST_LEARN], back[WIDEST_LEARN];
    for (int v = 0; v < nv; v++) {
        own[v] = LOAD(x + AT(v, nv, last));
        if (less_x)
            less[v] = LOAD(less_x + AT(v, nv, last));
        back[v] = (VEC){0};
        PREFETCH(x + stride + AT(v, nv, last)); /* the next source */
    }
    own[nv - 1] = BLOCK_NAME(after)(own[nv - 1], twice);
    if (less_x)
        less[nv - 1] = BLOCK_NAME(after)(less[nv - 1], twice);
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL *row = delta + targets[k] * stride;
        const REAL *less_row = less_delta + targets[k] * stride;
        VEC dot = fresh ? (VEC){0} : dots[k];
        FETCH_ROW(delta, stride, targets, k, reach);
        if (less_x)
            FETCH_ROW(less_delta, stride, targets, k, reach);
        for (int v = 0; v < nv; v++) {
            VEC d = LOAD(row + AT(v, nv, last));
            if (signal) {
                PIN(d);
                back[v] += weights[k] * d;
            }
            dot += own[v] * d;
            if (less_x)
                dot -= less[v] * LOAD(less_row + AT(v, nv, last));
        }
        dots[k] = dot;
    }
    for (int v = 0; signal && v < nv; v++)
        BLOCK_NAME(send_back)(own[v], back[v], adds, slope, v == nv - 1 ? twice : 0,
                              signal + AT(v, nv, last));
}

/* The same for a batch of at least one vector; gradient[k] = the whole sum. */
static inline void BLOCK_NAME(learn_blocks)(
    const REAL *x, const REAL *delta, const REAL *less_x, const REAL *less_delta,
    ptrdiff_t batch, const int32_t *targets, const REAL *weights, ptrdiff_t n,
    int reach, REAL *signal, int adds, REAL slope, REAL *gradient)
{
    VEC dots[STRIP];
    for (ptrdiff_t k = n; k < (n + 3) / 4 * 4; k++)
        dots[k] = (VEC){0}; /* for the sums */
#define WITH(b, nv, last)                                                              \
    BLOCK_NAME(learn_block)(x + (b), delta + (b), NULL, NULL, batch, targets, weights, \
                            n, signal + (b), adds, slope, dots, (b) == 0, REACHED, nv,  \
                            last)
#define WITHOUT(b, nv, last)                                                           \
    BLOCK_NAME(learn_block)(x + (b), delta + (b), NULL, NULL, batch, targets, weights, \
                            n, NULL, 0, 1, dots, (b) == 0, REACHED, nv, last)
#define LESS(b, nv, last)                                                              \
    BLOCK_NAME(learn_block)(x + (b), delta + (b), less_x + (b), less_delta + (b),      \
                            batch, targets, weights, n, NULL, 0, 1, dots, (b) == 0,    \
                            REACHED, nv, last)
#define LEARN(known)                                                                   \
    do {                                                                               \
        enum { REACHED = known };                                                      \
        if (less_x)                                                                    \
            FOR_BLOCKS(batch, WIDEST_LEARN, LESS);                                     \
        else if (signal)                                                               \
            FOR_BLOCKS(batch, WIDEST_LEARN, WITH);                                     \
        else                                                                           \
            FOR_BLOCKS(batch, WIDEST_LEARN, WITHOUT);                                  \
    } while (0)
    FOR_REACH(reach, LEARN);
#undef WITH
#undef WITHOUT
#undef LESS
#undef LEARN
    BLOCK_NAME(sums)(dots, n, gradient);
}
