/* What _fast.pyx calls, for one REAL. */
#if WIDE_BYTES > NARROW_BYTES
#define VECTOR_BYTES WIDE_BYTES
#include "_blocks.h"
#include "_blocks_end.h"
#endif
#define VECTOR_BYTES NARROW_BYTES
#include "_blocks.h"
#define IS_WIDE(batch)                                                                 \
    (WIDE_BYTES > NARROW_BYTES && (batch) * REAL_BYTES >= WIDE_BYTES)

#if HAS_VECTORS
/* Fewer samples than a vector holds are at most 16 bytes. */
typedef REAL NAME(few) __attribute__((vector_size(16)));
typedef REAL NAME(few_mem)
    __attribute__((vector_size(16), aligned(sizeof(REAL)), may_alias));
typedef int64_t NAME(half_mem) __attribute__((aligned(sizeof(REAL)), may_alias));
typedef int64_t NAME(halves) __attribute__((vector_size(16)));
#define FEW NAME(few)
#else
#define FEW REAL
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

/* Functions that replace z[b] by f(z[b]). The last vector overlaps the one before it. */
#define FOR_EACH_SAMPLE(name, f)                                                       \
    static inline void name(REAL *z, ptrdiff_t batch)                                  \
    {                                                                                  \
        REAL padded[LANES] = {0}, *from = batch < LANES ? padded : z;                  \
        for (ptrdiff_t b = 0; batch < LANES && b < batch; b++)                         \
            padded[b] = z[b];                                                          \
        const ptrdiff_t last = batch < LANES ? 0 : batch - LANES;                      \
        const VEC end = f(LOAD(from + last));                                          \
        for (ptrdiff_t b = 0; b < last; b += LANES)                                    \
            STORE(z + b, f(LOAD(z + b)));                                              \
        STORE(from + last, end);                                                       \
        for (ptrdiff_t b = 0; batch < LANES && b < batch; b++)                         \
            z[b] = padded[b];                                                          \
    }
FOR_EACH_SAMPLE(NAME(logistic), BLOCK_NAME(logistic))
FOR_EACH_SAMPLE(NAME(exp_below), BLOCK_NAME(exp_below))
#undef FOR_EACH_SAMPLE

/* product[b] *= off[b] + on[b] * exp(w * flip[b]), where |w * flip[b]| is at most 300.
 * The end of the batch is padded, so that all of it takes the same way. */
static inline void NAME(flip)(
    const REAL *flip, const REAL *on, const REAL *off, REAL w, REAL *product,
    ptrdiff_t batch)
{
    REAL padded[4][LANES] = {{0}};
    const REAL *from[4];
    for (ptrdiff_t b = 0; b < batch; b += LANES) {
        const REAL *whole[4] = {flip + b, on + b, off + b, product + b};
        const ptrdiff_t rest = batch - b;
        for (int i = 0; i < 4; i++) {
            for (ptrdiff_t j = 0; rest < LANES && j < rest; j++)
                padded[i][j] = whole[i][j];
            from[i] = rest < LANES ? padded[i] : whole[i];
        }
        const VEC e = BLOCK_NAME(power)(w * LOAD(from[0]));
        const VEC ratio = LOAD(from[2]) + LOAD(from[1]) * e;
        const VEC result = LOAD(from[3]) * ratio;
        if (rest >= LANES)
            STORE(product + b, result);
        else {
            STORE(padded[3], result);
            for (ptrdiff_t j = 0; j < rest; j++)
                product[b + j] = padded[3][j];
        }
    }
}

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

/* For fewer samples than a vector holds. */
INLINE void NAME(gather_few)(
    const REAL *x, ptrdiff_t stride, const int32_t *units, const int32_t *links,
    const REAL *weights, ptrdiff_t n, int reach, REAL bias, REAL slope, REAL *out,
    const int width)
{
    FEW total = (FEW){0} + bias;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL w = links ? weights[links[k]] : weights[k];
        FETCH_ROW(x, stride, units, k, reach);
        FETCH_WEIGHT(weights, links, k, reach);
        total += w * NAME(load_few)(x + units[k] * stride, width);
    }
    NAME(store_few)(out, total, width);
    for (int b = 0; b < width; b++) {
        const REAL bent = slope * out[b]; /* without a branch */
        out[b] = out[b] > 0 ? out[b] : bent;
    }
}

static inline void NAME(gather_range)(
    const REAL *x, ptrdiff_t batch, const int32_t *indptr, const int32_t *units,
    const int32_t *links, const REAL *weights, const REAL *bias, ptrdiff_t first,
    ptrdiff_t end, int reach, REAL slope, REAL *out)
{
#define FEW_OF(b, width)                                                               \
    NAME(gather_few)(x + (b), batch, units + indptr[u], links ? links + indptr[u] : NULL, \
                     links ? weights : weights + indptr[u], indptr[u + 1] - indptr[u], \
                     reach, bias[u], slope, out + u * batch + (b), width)
    if (IS_WIDE(batch))
        SIZED(gather_blocks, WIDE_BYTES)
        (x, batch, indptr, units, links, weights, bias, first, end, reach, slope, out);
    else if (batch >= LANES)
        SIZED(gather_blocks, NARROW_BYTES)
        (x, batch, indptr, units, links, weights, bias, first, end, reach, slope, out);
    else
        for (ptrdiff_t u = first; u < end; u++)
            FOR_FEW(batch, FEW_OF);
#undef FEW_OF
}

/* For the units from `first` up to `end`; n_links are all of the layer's. The last units
 * of the layer do not look ahead: there are no ids any more. */
static inline void NAME(gather_units)(
    const REAL *x, ptrdiff_t batch, const int32_t *indptr, const int32_t *units,
    const int32_t *links, const REAL *weights, const REAL *bias, ptrdiff_t first,
    ptrdiff_t end, ptrdiff_t n_links, int reach, REAL slope, REAL *out)
{
    const ptrdiff_t ahead = ahead_end(indptr, first, end, n_links);
    NAME(gather_range)(x, batch, indptr, units, links, weights, bias, first, ahead,
                       reach, slope, out);
    NAME(gather_range)(x, batch, indptr, units, links, weights, bias, ahead, end,
                       NOT_AT_ALL, slope, out);
}

/* ---- forward from the source: out[targets[k], b] += weights[k] * x[b] ---- */

INLINE void NAME(scatter_block)(
    const REAL *x, ptrdiff_t stride, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, REAL *out, const int reach, const int nv)
{
    VEC own[4];
    for (int v = 0; v < nv; v++)
        own[v] = LOAD(x + v * LANES);
    for (ptrdiff_t k = 0; k < n; k++) {
        REAL *row = out + targets[k] * stride;
        FETCH_FAR(out, stride, targets, k, reach);
        for (int v = 0; v < nv; v++)
            STORE(row + v * LANES, LOAD(row + v * LANES) + weights[k] * own[v]);
    }
}

INLINE void NAME(scatter_few)(
    const REAL *x, ptrdiff_t stride, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, REAL *out, const int reach, const int width)
{
    const FEW own = NAME(load_few)(x, width);
    for (ptrdiff_t k = 0; k < n; k++) {
        REAL *row = out + targets[k] * stride;
        FETCH_FAR(out, stride, targets, k, reach);
        NAME(store_few)(row, NAME(load_few)(row, width) + weights[k] * own, width);
    }
}

INLINE void NAME(scatter_row)(
    const REAL *x, ptrdiff_t batch, const int32_t *targets, const REAL *weights,
    ptrdiff_t n, REAL *out, const int reach)
{
    ptrdiff_t b = 0;
    for (; b + 4 * LANES <= batch; b += 4 * LANES)
        NAME(scatter_block)(x + b, batch, targets, weights, n, out + b, reach, 4);
    for (; b + LANES <= batch; b += LANES)
        NAME(scatter_block)(x + b, batch, targets, weights, n, out + b, reach, 1);
    x += b;
    out += b;
#define FEW_OF(b, width)                                                               \
    NAME(scatter_few)(x + (b), batch, targets, weights, n, out + (b), reach, width)
    FOR_FEW(batch % LANES, FEW_OF);
#undef FEW_OF
}

INLINE void NAME(scatter_range)(
    const REAL *x, ptrdiff_t batch, const int32_t *indptr, const int32_t *targets,
    const REAL *weights, ptrdiff_t first, ptrdiff_t end, REAL *out, const int reach)
{
    for (ptrdiff_t i = first; i < end; i++) {
        const ptrdiff_t k = indptr[i], n = indptr[i + 1] - k;
        const REAL *own = x + i * batch;
        FETCH_LINKS(targets + k + AHEAD, weights + k + AHEAD, n);
        if (batch == 2) /* a constant saves a multiplication a link */
            NAME(scatter_few)(own, 2, targets + k, weights + k, n, out, reach, 2);
        else if (batch > 1 || own[0] != 0)
            NAME(scatter_row)(own, batch, targets + k, weights + k, n, out, reach);
    }
}

/* For the sources from `first` up to `end`, of n_links links. */
static inline void NAME(scatter_units)(
    const REAL *x, ptrdiff_t batch, const int32_t *indptr, const int32_t *targets,
    const REAL *weights, ptrdiff_t first, ptrdiff_t end, ptrdiff_t n_links, int reach,
    REAL *out)
{
    const ptrdiff_t ahead = ahead_end(indptr, first, end, n_links);
#define SCATTER(known)                                                                 \
    NAME(scatter_range)(x, batch, indptr, targets, weights, first, ahead, out, known)
    FOR_REACH(reach, SCATTER);
#undef SCATTER
    NAME(scatter_range)(x, batch, indptr, targets, weights, ahead, end, out, NOT_AT_ALL);
}

/* ---- solvers: one step in place; g = scale * gradient + decay * w ---- */

/* v <- momentum * v - rate * g;  w <- w + ahead * v - now * g
 * with (ahead, now) = (1, 0), or (momentum, rate) for Nesterov's momentum.
 * Without momentum there is no velocity (NULL) and w <- w - rate * g.
 * It depends on the number of threads which links fall to whole vectors and which to less
 * than one. So that all round alike, one of two products that are added is rounded first;
 * and so is what is loaded, lest a lone number be multiplied apart. */
#define SGD_STEP(TYPE, READ, WRITE, gradient)                                          \
    do {                                                                               \
        const REAL rate = (REAL)step[1], momentum = (REAL)step[2],                     \
                   ahead = (REAL)step[3], now = (REAL)step[4],                         \
                   scale = (REAL)step[5], decay = (REAL)step[6];                       \
        TYPE w0 = READ(w), d = (gradient);                                             \
        ROUND(w0);                                                                     \
        ROUND(d);                                                                      \
        TYPE penalty = decay * w0;                                                     \
        ROUND(penalty);                                                                \
        const TYPE g = scale * d + penalty;                                            \
        TYPE move = rate * g;                                                          \
        ROUND(move);                                                                   \
        TYPE w1 = w0 - move;                                                           \
        if (velocity) {                                                                \
            TYPE v0 = READ(velocity);                                                  \
            ROUND(v0);                                                                 \
            const TYPE v1 = momentum * v0 - move;                                      \
            w1 = w0 + ahead * v1 - now * g;                                            \
            WRITE(velocity, v1);                                                       \
        }                                                                              \
        WRITE(w, w1);                                                                  \
    } while (0)

/* For a vector of links. */
INLINE void NAME(sgd_lanes)(const double *step, REAL *w, REAL *velocity, VEC gradient)
{
    SGD_STEP(VEC, LOAD, STORE, gradient);
}

/* For as many links as a FEW holds, or less. */
INLINE void NAME(sgd_few)(
    const double *step, REAL *w, REAL *velocity, const REAL *gradient, const int width)
{
#define READ(p) NAME(load_few)(p, width)
#define WRITE(p, a) NAME(store_few)(p, a, width)
    SGD_STEP(FEW, READ, WRITE, READ(gradient));
#undef READ
#undef WRITE
}

/* For less than a vector of links, each touched alone: if the next unit's were stored
 * along with them, its first load would wait until all these stores are done. */
INLINE void NAME(sgd_rest)(
    const double *step, REAL *w, REAL *velocity, const REAL *gradient, ptrdiff_t n)
{
#define FEW_OF(k, width)                                                               \
    NAME(sgd_few)(step, w + (k), velocity ? velocity + (k) : NULL, gradient + (k), width)
    FOR_FEW(n, FEW_OF);
#undef FEW_OF
}

static inline void NAME(sgd)(
    const double *shared_step, REAL *w, REAL *velocity, const REAL *gradient,
    ptrdiff_t n)
{
    double step[7]; /* own, so that it stays in registers */
    ptrdiff_t k = 0;
    for (int i = 0; i < 7; i++)
        step[i] = shared_step[i];
    for (; k + LANES <= n; k += LANES)
        NAME(sgd_lanes)(step, w + k, velocity ? velocity + k : NULL,
                        LOAD(gradient + k));
    NAME(sgd_rest)(step, w + k, velocity ? velocity + k : NULL, gradient + k, n - k);
}

/* m <- m + (1 - beta_1)(g - m);  v <- v + (1 - beta_2)(g g - v);
 * w <- w - rate * m / (sqrt(v) + adam_epsilon), the rate corrected for the bias.
 * AdamW shrinks w itself by `decay`, instead of adding to g. RMSprop has no m (NULL): g
 * takes its place. */
#define ROOT(x) (REAL_BYTES == 4 ? sqrtf((float)(x)) : sqrt(x))
INLINE void NAME(adam)(
    const double *step, REAL *restrict w, REAL *restrict m, REAL *restrict v,
    const REAL *restrict gradient, ptrdiff_t n, const int is_decoupled)
{
    const REAL rate = (REAL)step[1], new_1 = (REAL)step[2], new_2 = (REAL)step[3],
               epsilon = (REAL)step[4], scale = (REAL)step[5];
    const REAL decay = is_decoupled ? 0 : (REAL)step[6];
    const REAL loss = is_decoupled ? (REAL)step[6] : 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        const REAL g = scale * gradient[k] + decay * w[k];
        REAL mean = g;
        if (m)
            m[k] = mean = m[k] + new_1 * (g - m[k]);
        v[k] += new_2 * (g * g - v[k]);
        w[k] -= loss * w[k] + rate * mean / (ROOT(v[k]) + epsilon);
    }
}

#undef ROOT

/* One step of the rule that step[0] names, for n links; their states lie `apart`. */
static inline void NAME(descend)(
    const double *step, REAL *w, REAL *state, ptrdiff_t apart, const REAL *gradient,
    ptrdiff_t n)
{
    if (step[0] == SGD)
        NAME(sgd)(step, w, state, gradient, n);
    else if (step[0] == ADAM)
        NAME(adam)(step, w, state, state + apart, gradient, n, 0);
    else if (step[0] == ADAMW)
        NAME(adam)(step, w, state, state + apart, gradient, n, 1);
    else
        NAME(adam)(step, w, NULL, state, gradient, n, 0);
}

/* Signals through a vector of links: back[b] += w * delta[targets, b] for all b < width;
 * returns gradient + sum_b x[b] * delta[targets, b]. */
INLINE VEC NAME(through)(
    const REAL *x, const REAL *delta, ptrdiff_t stride, const int32_t *targets, VEC w,
    VEC gradient, VEC *back, const int reach, const int width)
{
    VEC d[4];
    for (int i = 0; i < LANES; i++)
        FETCH_FAR(delta, stride, targets, i, reach);
    NAME(pick)(delta, stride, targets, width, d);
    for (int b = 0; b < width; b++) {
        back[b] += w * d[b];
        gradient += x[b] * d[b];
    }
    return gradient;
}

/* For fewer samples than a vector holds the lanes take the links instead:
 * signal[b] += sum_k weights[k] * delta[targets[k], b] for all b < width,
 * gradient[k] = or, if it `adds`, += sum_b x[b] * delta[targets[k], b].
 * Where the links do not fill the lanes, those of the next unit do, with a weight of 0:
 * hence `gradient` has room for LANES more than the unit has links. */
INLINE void NAME(learn_few)(
    const REAL *x, const REAL *delta, ptrdiff_t stride, const int32_t *targets,
    const REAL *weights, ptrdiff_t n, ptrdiff_t limit, REAL *signal, REAL *gradient,
    const int reach, const int adds, const int width)
{
    VEC back[4];
    ptrdiff_t k = 0;
    for (int b = 0; b < width; b++)
        back[b] = (VEC){0};
    for (; k < n && k + LANES <= limit; k += LANES) {
        const VEC w = BLOCK_NAME(first)(LOAD(weights + k), n - k);
        VEC g = (VEC){0};
        if (adds)
            g = LOAD(gradient + k);
        STORE(gradient + k,
              NAME(through)(x, delta, stride, targets + k, w, g, back, reach, width));
    }
    for (int b = 0; b < width; b++)
        signal[b] += BLOCK_NAME(sum)(back[b]);
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

/* The same for a batch of less than a vector. */
INLINE void NAME(learn_row)(
    const REAL *x, const REAL *delta, const REAL *less_x, const REAL *less_delta,
    ptrdiff_t batch, const int32_t *targets, const REAL *weights, ptrdiff_t n,
    ptrdiff_t limit, REAL *signal, REAL *gradient, const int reach)
{
    REAL ignored[LANES] = {0}, negated[LANES] = {0};
    if (batch == 2 && !less_x) { /* a constant saves a multiplication for each link */
        NAME(learn_few)(
            x, delta, 2, targets, weights, n, limit, signal, gradient, reach, 0, 2);
        return;
    }
#define FEW_OF(b, width)                                                               \
    NAME(learn_few)(x + (b), delta + (b), batch, targets, weights, n, limit,           \
                    signal + (b), gradient, reach, (b) > 0, width)
#define LESS(b, width)                                                                 \
    NAME(learn_few)(negated + (b), less_delta + (b), batch, targets, weights, n, limit, \
                    ignored + (b), gradient, reach, 1, width)
    FOR_FEW(batch, FEW_OF);
    for (ptrdiff_t b = 0; less_x && b < batch; b++)
        negated[b] = -less_x[b];
    if (less_x)
        FOR_FEW(batch, LESS);
#undef FEW_OF
#undef LESS
}

static inline void NAME(learn_narrow)(
    const REAL *x, const REAL *delta, const REAL *less_x, const REAL *less_delta,
    ptrdiff_t batch, const int32_t *targets, const REAL *weights, ptrdiff_t n,
    ptrdiff_t limit, int reach, REAL *signal, REAL *gradient)
{
#define LEARN(known)                                                                   \
    NAME(learn_row)(x, delta, less_x, less_delta, batch, targets, weights, n, limit,   \
                    signal, gradient, known)
    FOR_REACH(REACH(n, limit, reach), LEARN);
#undef LEARN
}

/* total[lane] + sign * the row's samples in that lane. */
INLINE VEC NAME(add_row)(VEC total, const REAL *row, ptrdiff_t batch, REAL sign)
{
    const ptrdiff_t last = batch - LANES;
    ptrdiff_t b = 0;
    for (; b < last; b += LANES)
        total += sign * LOAD(row + b);
    return total + sign * BLOCK_NAME(after)(LOAD(row + last), b - last);
}

/* out[k] = the sum of row k of delta, less that of row k of `less`, if there is one;
 * n <= STRIP, and `out` has room for n rounded up to fours. */
static inline void NAME(row_sums)(
    const REAL *delta, const REAL *less, ptrdiff_t batch, ptrdiff_t n, REAL *out)
{
    VEC total[STRIP];
    for (ptrdiff_t k = 0; k < (n + 3) / 4 * 4; k++)
        total[k] = (VEC){0};
    for (ptrdiff_t k = 0; batch >= LANES && k < n; k++) {
        total[k] = NAME(add_row)(total[k], delta + k * batch, batch, 1);
        if (less)
            total[k] = NAME(add_row)(total[k], less + k * batch, batch, -1);
    }
    BLOCK_NAME(sums)(total, n, out);
    for (ptrdiff_t k = 0; batch < LANES && k < n; k++)
        for (ptrdiff_t b = 0; b < batch; b++)
            out[k] += delta[k * batch + b] - (less ? less[k * batch + b] : 0);
}

/* The sum of one row. */
static inline REAL NAME(row_sum)(const REAL *row, ptrdiff_t batch)
{
    REAL out[4];
    NAME(row_sums)(row, NULL, batch, 1, out);
    return out[0];
}

/* Of n weights; `limit` is how many follow in memory. */
static inline double NAME(sum_of_squares)(
    const REAL *w, ptrdiff_t n, ptrdiff_t limit)
{
    VEC part = (VEC){0};
    REAL rest = 0;
    ptrdiff_t k = 0;
    for (; k < n && k + LANES <= limit; k += LANES) {
        const VEC own = BLOCK_NAME(first)(LOAD(w + k), n - k);
        part += own * own;
    }
    for (; k < n; k++)
        rest += w[k] * w[k];
    return (double)BLOCK_NAME(sum)(part) + rest;
}

/* All that learn_units does, in one loop, for one or two samples and SGD, of units that
 * may look ahead. The step is made for many links at a time, whichever units they belong
 * to: one by one, their ends would take longer than the links. */
INLINE void NAME(learn_small)(
    REAL *x, const REAL *delta, const int32_t *indptr, const int32_t *targets,
    REAL *weights, ptrdiff_t first, ptrdiff_t end, REAL slope, const double *step,
    REAL *state, REAL *sums, double *squares, const int reach, const int width)
{
    REAL gradient[STRIP + LANES], total[4];
    ptrdiff_t done = indptr[first];
#define STEP_UP_TO(k)                                                                  \
    do {                                                                               \
        NAME(sgd)(step, weights + done, state ? state + done : NULL, gradient,         \
                  (k) - done);                                                         \
        done = (k);                                                                    \
    } while (0)
    for (ptrdiff_t i = first; i < end; i++, x += width) {
        const ptrdiff_t stop = indptr[i + 1];
        VEC part[4] = {{0}};
        for (ptrdiff_t k = indptr[i]; k < stop; k += LANES) {
            if (k - done > STRIP)
                STEP_UP_TO(k);
            PREFETCH(targets + k + AHEAD);
            PREFETCH(weights + k + AHEAD);
            if (state)
                PREFETCH(state + k + AHEAD);
            const VEC w = BLOCK_NAME(first)(LOAD(weights + k), stop - k);
            STORE(gradient + (k - done),
                  NAME(through)(x, delta, width, targets + k, w, (VEC){0}, part, reach,
                                width));
            part[3] += w * w;
        }
        BLOCK_NAME(sums)(part, 4, total);
        if (sums)
            sums[i] = 0;
        for (int b = 0; sums && b < width; b++) {
            const REAL bent = slope * total[b]; /* without a branch */
            x[b] = x[b] > 0 ? total[b] : bent;
            sums[i] += x[b];
        }
        if (squares)
            squares[i] = total[3];
    }
    STEP_UP_TO(indptr[end]);
#undef STEP_UP_TO
}

/* Fetch n links from the k-th on, with the states of a solver that has some. */
INLINE void NAME(fetch_links)(
    const int32_t *targets, const REAL *weights, const REAL *state, ptrdiff_t apart,
    ptrdiff_t k, ptrdiff_t n, const double *step)
{
    const int has_two = step[0] == ADAM || step[0] == ADAMW;
    for (ptrdiff_t j = k; j < k + n; j += 64 / sizeof(REAL)) {
        PREFETCH(targets + j);
        PREFETCH(weights + j);
        if (state)
            PREFETCH(state + j);
        if (has_two)
            PREFETCH(state + apart + j);
    }
}

/* The backward pass of one source and the solver's step on its links:
 * signal[b] = bend'(x[b]) * sum_k weights[k] * delta[targets[k], b], unless NULL; it may
 * be x itself where there is one strip of links;
 * gradient_k = sum_b x[b] * delta[targets[k], b].
 * `limit` links follow in memory, these included.
 * squares = the sum of the squared weights as they were, unless NULL. */
static inline void NAME(learn_unit)(
    const REAL *x, const REAL *delta, const REAL *less_x, const REAL *less_delta,
    ptrdiff_t batch, const int32_t *targets, REAL *weights, ptrdiff_t n,
    ptrdiff_t limit, int reach, REAL slope, const double *step,
    REAL *state, ptrdiff_t apart, REAL *signal, double *squares)
{
    REAL gradient[STRIP + LANES], few[LANES] = {0};
    double total = 0;
    ptrdiff_t k = 0;
    do { /* once without links, too: the signal is then 0 */
        const ptrdiff_t m = n - k < STRIP ? n - k : STRIP;
        const REAL bent = n - k > STRIP ? 1 : slope; /* when the sum is complete */
        if (batch < LANES)
            NAME(fetch_links)(targets, weights, state, apart, k + AHEAD, m, step);
        else if (reach != NOT_AT_ALL) /* the next unit's */
            NAME(fetch_links)(targets, weights, state, apart, k + m, m, step);
        if (squares)
            total += NAME(sum_of_squares)(weights + k, m, limit - k);
        if (IS_WIDE(batch))
            SIZED(learn_blocks, WIDE_BYTES)
            (x, delta, less_x, less_delta, batch, targets + k, weights + k, m,
             REACH(m, limit - k, reach), signal, k > 0, bent, gradient);
        else if (batch >= LANES)
            SIZED(learn_blocks, NARROW_BYTES)
            (x, delta, less_x, less_delta, batch, targets + k, weights + k, m,
             REACH(m, limit - k, reach), signal, k > 0, bent, gradient);
        else
            NAME(learn_narrow)(x, delta, less_x, less_delta, batch, targets + k,
                               weights + k, m, limit - k, reach, few, gradient);
        NAME(descend)(step, weights + k, state ? state + k : NULL, apart, gradient, m);
        k += STRIP;
    } while (k < n);
    for (ptrdiff_t b = 0; signal && batch < LANES && b < batch; b++) {
        const REAL bent = slope * few[b]; /* without a branch */
        signal[b] = x[b] > 0 ? few[b] : bent;
    }
    if (squares)
        *squares = total;
}

/* The sources from `first` up to `end`, of n_links links. With sums[i], the signal takes
 * the place of x[i], and sums[i] gets its sum; `row` is room for a source. */
static inline void NAME(learn_units)(
    REAL *x, const REAL *delta, const REAL *less_x, const REAL *less_delta,
    ptrdiff_t batch, const int32_t *indptr, const int32_t *targets, REAL *weights,
    ptrdiff_t first, ptrdiff_t end, ptrdiff_t n_links, int reach, REAL slope,
    const double *step, REAL *state, REAL *sums, double *squares, REAL *row)
{
    if (batch <= 2 && batch < LANES && !less_x && step[0] == SGD) {
        const ptrdiff_t small = ahead_end(indptr, first, end, n_links);
#define SMALL_OF(width, known)                                                         \
    NAME(learn_small)(x + first * batch, delta, indptr, targets, weights, first, small, \
                      slope, step, state, sums, squares, known, width)
#define SMALL(known)                                                                   \
    do {                                                                               \
        if (batch == 2)                                                                \
            SMALL_OF(2, known);                                                        \
        else                                                                           \
            SMALL_OF(1, known);                                                        \
    } while (0)
        FOR_REACH(reach, SMALL);
#undef SMALL_OF
#undef SMALL
        first = small;
    }
    for (ptrdiff_t i = first; i < end; i++) {
        const ptrdiff_t k = indptr[i], n = indptr[i + 1] - k;
        REAL *own = x + i * batch, *source = own;
        if (sums && n > STRIP) { /* later strips need it as it was */
            source = row;
            memcpy(row, own, batch * sizeof(REAL));
        }
        NAME(learn_unit)(source, delta, less_x ? less_x + i * batch : NULL, less_delta,
                         batch, targets + k, weights + k, n, n_links - k, reach, slope,
                         step, state ? state + k : NULL, n_links, sums ? own : NULL,
                         squares ? squares + i : NULL);
        if (sums)
            sums[i] = NAME(row_sum)(own, batch);
    }
}

/* ---- an S-shaped piecewise linear activation, with parameters of its own a unit ----
 * f(z) = t_l + a_l (z - t_l) for z <= t_l, t_r + a_r (z - t_r) for other z >= t_r, and z
 * between; the four lie `apart` in the order t_l, a_l, t_r, a_r. */
static inline void NAME(bend_unit)(
    const REAL *restrict z, const REAL *parameters, ptrdiff_t apart, ptrdiff_t batch,
    REAL *restrict out)
{
    const REAL t_l = parameters[0], a_l = parameters[apart];
    const REAL t_r = parameters[2 * apart], a_r = parameters[3 * apart];
    for (ptrdiff_t b = 0; b < batch; b++) {
        const REAL low = t_l + a_l * (z[b] - t_l), high = t_r + a_r * (z[b] - t_r);
        const REAL inner = z[b] >= t_r ? high : z[b];
        out[b] = z[b] <= t_l ? low : inner;
    }
}

/* signal[b] *= f'(z[b]), and the gradient of the four, `apart` as they are. */
static inline void NAME(bend_unit_back)(
    const REAL *restrict z, const REAL *parameters, ptrdiff_t apart, ptrdiff_t batch,
    REAL *restrict signal, REAL *gradient)
{
    const REAL t_l = parameters[0], a_l = parameters[apart];
    const REAL t_r = parameters[2 * apart], a_r = parameters[3 * apart];
    REAL low = 0, low_z = 0, high = 0, high_z = 0;
#if defined(_OPENMP)
#pragma omp simd reduction(+ : low, low_z, high, high_z)
#endif
    for (ptrdiff_t b = 0; b < batch; b++) {
        const REAL s = signal[b], is_low = z[b] <= t_l;
        const REAL is_high = (1 - is_low) * (z[b] >= t_r);
        low += is_low * s;
        low_z += is_low * s * (z[b] - t_l);
        high += is_high * s;
        high_z += is_high * s * (z[b] - t_r);
        signal[b] = s * (1 + is_low * (a_l - 1) + is_high * (a_r - 1));
    }
    gradient[0] = low * (1 - a_l);
    gradient[apart] = low_z;
    gradient[2 * apart] = high * (1 - a_r);
    gradient[3 * apart] = high_z;
}

/* Drop values[k] with the chance threshold / 2^32, and multiply the others by `scale`.
 * The draw is a hash of k and of the two halves of the seed, which enter it at different
 * stages (a counter through the multiplications of C. Wellons's "lowbias32"). */
static inline void NAME(drop)(
    REAL *values, ptrdiff_t first, ptrdiff_t n, uint64_t seed, uint32_t threshold,
    REAL scale)
{
    const uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (ptrdiff_t k = 0; k < n; k++) {
        uint32_t draw = (uint32_t)(first + k) + low;
        draw = (draw ^ draw >> 16) * UINT32_C(0x7feb352d);
        draw = (draw ^ draw >> 15 ^ high) * UINT32_C(0x846ca68b);
        draw ^= draw >> 16;
        values[k] = draw < threshold ? 0 : scale * values[k];
    }
}

#include "_blocks_end.h"
#undef IS_WIDE
#undef FEW
#undef FOR_FEW
#undef SGD_STEP
