/* Backward: one sweep over the sources with the solver's step in place.
 *
 * For source i with activations x[i] and links k to targets[k]:
 * gradient[k] = sum_b x[i, b] * delta[targets[k], b], minus the same of the negative phase
 * if there is one; and, if asked for, the source's delta
 * f'(x[i, b]) * sum_k weights[k] * delta[targets[k], b] takes the place of x[i, b]. */
#ifndef SKLEARN_SET_BACKWARD_H
#define SKLEARN_SET_BACKWARD_H

#include <cstring>

#include "blocks.h"
#include "prefetch.h"
#include "reductions.h"
#include "solvers.h"
#include "vectors.h"

namespace sklearn_set {

/* The arguments of `backward_units`. */
template <class Real>
struct Backward {
    Real *x;
    const Real *delta, *negative_x, *negative_delta;
    ptrdiff_t batch;
    const int32_t *indptr, *targets;
    Real *weights;
    ptrdiff_t n_links;
    Prefetch prefetch;
    Real negative_slope;
    const SolverStep &step;
    Real *state, *bias_gradient;
    double *squared_norms;
    Real *row;
};

/* A strip of the links of one source, of which `limit` follow in memory, these included.
 * The last three fields are for the source's delta; if it `adds`, it is added to what is
 * there. */
template <class Real>
struct Strip {
    const Real *x, *delta, *negative_x, *negative_delta;
    ptrdiff_t batch;
    const int32_t *targets;
    const Real *weights;
    ptrdiff_t n, limit;
    Real *source_delta;
    bool adds;
    Real negative_slope;
};

/* ---- a batch of at least a vector ---- */

/* What a block computes. */
enum class BackwardKind { gradient, gradient_and_delta, contrastive };

/* Store a vector of the source's delta; `x` is in a register, as the delta may take its
 * place. The first `done` samples are part of an earlier vector. */
template <class V>
ALWAYS_INLINE inline void store_delta(
    typename V::Type x, typename V::Type sum, bool adds,
    typename V::Real negative_slope, ptrdiff_t done, typename V::Real *source_delta)
{
    const auto old = V::load(source_delta);
    const auto total = adds ? old + sum : sum;
    const typename V::Type delta = x > 0 ? total : negative_slope * total;
    V::store(source_delta, first_lanes<V>(old, delta, done));
}

/* nv vectors of samples of a row, 0 in the first `done` lanes of the last one. */
template <class V, int nv>
ALWAYS_INLINE inline void load_samples(
    const typename V::Real *row, ptrdiff_t last, ptrdiff_t done, typename V::Type *out)
{
    for (int v = 0; v < nv; v++)
        out[v] = V::load(row + vector_start<V, nv>(v, last));
    out[nv - 1] = lanes_from<V>(out[nv - 1], done);
}

/* For nv vectors of samples from b on; dots[k] adds up gradient[k], but for the sum over
 * the lanes. */
template <class V, int nv, Prefetch prefetch, BackwardKind kind>
ALWAYS_INLINE inline void backward_block(
    const Strip<typename V::Real> &strip, ptrdiff_t b, ptrdiff_t last,
    typename V::Type *dots)
{
    using Vec = typename V::Type;
    constexpr bool is_contrastive = kind == BackwardKind::contrastive;
    constexpr bool has_delta = kind == BackwardKind::gradient_and_delta;
    const ptrdiff_t stride = strip.batch, n = strip.n;
    const ptrdiff_t done = (nv - 1) * V::lanes - last; /* lanes of an earlier vector */
    const auto *weights = strip.weights;
    const int32_t *targets = strip.targets;
    Vec x[nv], negative_x[nv], sum[nv] = {};
    load_samples<V, nv>(strip.x + b, last, done, x);
    if constexpr (is_contrastive)
        load_samples<V, nv>(strip.negative_x + b, last, done, negative_x);
    for (int v = 0; v < nv; v++)
        prefetch_line(strip.x + stride + b + vector_start<V, nv>(v, last)); /* next source */
    for (ptrdiff_t k = 0; k < n; k++) {
        const ptrdiff_t row = targets[k] * stride + b;
        Vec dot = b == 0 ? Vec{} : dots[k];
        prefetch_row<prefetch>(strip.delta + b, stride, targets, k);
        if constexpr (is_contrastive)
            prefetch_row<prefetch>(strip.negative_delta + b, stride, targets, k);
        for (int v = 0; v < nv; v++) {
            const ptrdiff_t start = row + vector_start<V, nv>(v, last);
            Vec d = V::load(strip.delta + start);
            if constexpr (has_delta) {
                pin(d);
                sum[v] += weights[k] * d;
            }
            dot += x[v] * d;
            if constexpr (is_contrastive)
                dot -= negative_x[v] * V::load(strip.negative_delta + start);
        }
        dots[k] = dot;
    }
    for (int v = 0; has_delta && v < nv; v++)
        store_delta<V>(x[v], sum[v], strip.adds, strip.negative_slope,
                       v == nv - 1 ? done : 0,
                       strip.source_delta + b + vector_start<V, nv>(v, last));
}

template <class V, Prefetch prefetch, BackwardKind kind>
ALWAYS_INLINE inline void backward_kind(
    const Strip<typename V::Real> &strip, typename V::Type *dots)
{
    for_blocks<V, widest_backward_block>(
        strip.batch, [&](ptrdiff_t b, auto nv, ptrdiff_t last) ALWAYS_INLINE {
            backward_block<V, nv, prefetch, kind>(strip, b, last, dots);
        });
}

template <class V>
void backward_vectors(
    const Strip<typename V::Real> &strip, Prefetch prefetch, typename V::Real *gradient)
{
    typename V::Type dots[STRIP];
    for (ptrdiff_t k = strip.n; k < round_up(strip.n); k++)
        dots[k] = typename V::Type{}; /* for `sums` */
    with_constant(prefetch, [&](auto constant) ALWAYS_INLINE {
        if (strip.negative_x)
            backward_kind<V, constant, BackwardKind::contrastive>(strip, dots);
        else if (strip.source_delta)
            backward_kind<V, constant, BackwardKind::gradient_and_delta>(strip, dots);
        else
            backward_kind<V, constant, BackwardKind::gradient>(strip, dots);
    });
    sums<V>(dots, strip.n, gradient);
}

/* ---- a batch of less than a vector: the lanes take the links instead ---- */

/* For a vector of links and b < width: sum[b] += w * delta[targets, b]; returns
 * gradient + sum_b x[b] * delta[targets, b]. */
template <class V, int width, Prefetch prefetch>
ALWAYS_INLINE inline typename V::Type backward_links(
    const typename V::Real *x, const typename V::Real *delta, ptrdiff_t stride,
    const int32_t *targets, typename V::Type w, typename V::Type gradient,
    typename V::Type *sum)
{
    typename V::Type d[width];
    for (int i = 0; i < V::lanes; i++)
        prefetch_far_row<prefetch>(delta, stride, targets, i);
    transpose_rows<V, width>(delta, stride, targets, d);
    for (int b = 0; b < width; b++) {
        sum[b] += w * d[b];
        gradient += x[b] * d[b];
    }
    return gradient;
}

/* source_delta[b] += sum_k weights[k] * delta[targets[k], b] for b < width;
 * gradient[k] = or, if it `adds`, += sum_b x[b] * delta[targets[k], b].
 * Where the links do not fill the lanes, those of the next unit do, with a weight of 0:
 * hence `gradient` has room for a vector more than the unit has links. */
template <int width, Prefetch prefetch, class Real>
ALWAYS_INLINE inline void backward_partial(
    const Strip<Real> &strip, ptrdiff_t stride, const Real *x, const Real *delta,
    Real *source_delta, bool adds, Real *gradient)
{
    using V = NarrowVector<Real>;
    const int32_t *targets = strip.targets;
    const Real *weights = strip.weights;
    const ptrdiff_t n = strip.n, limit = strip.limit;
    typename V::Type total[width] = {};
    ptrdiff_t k = 0;
    for (; k < n && k + V::lanes <= limit; k += V::lanes) {
        const auto w = first_lanes<V>(V::load(weights + k), n - k);
        typename V::Type g{};
        if (adds)
            g = V::load(gradient + k);
        V::store(gradient + k, backward_links<V, width, prefetch>(
                                   x, delta, stride, targets + k, w, g, total));
    }
    for (int b = 0; b < width; b++)
        source_delta[b] += sum<V>(total[b]);
    for (; k < n; k++) { /* at the end of all links */
        Real g = adds ? gradient[k] : 0;
        for (int b = 0; b < width; b++) {
            const Real d = delta[targets[k] * stride + b];
            source_delta[b] += weights[k] * d;
            g += x[b] * d;
        }
        gradient[k] = g;
    }
}

template <Prefetch prefetch, class Real>
ALWAYS_INLINE inline void backward_partials(
    const Strip<Real> &strip, Real *source_delta, Real *gradient)
{
    constexpr int lanes = NarrowVector<Real>::lanes;
    if (lanes > 2 && strip.batch == 2 && !strip.negative_x) {
        /* A constant stride saves a multiplication for each link. */
        backward_partial<2, prefetch>(
            strip, 2, strip.x, strip.delta, source_delta, false, gradient);
        return;
    }
    for_partial<Real>(strip.batch, [&](ptrdiff_t b, auto width) ALWAYS_INLINE {
        backward_partial<width, prefetch>(strip, strip.batch, strip.x + b,
                                          strip.delta + b, source_delta + b, b > 0,
                                          gradient);
    });
    if (!strip.negative_x)
        return;
    Real ignored[lanes] = {0}, negated[lanes] = {0};
    for (ptrdiff_t b = 0; b < strip.batch; b++)
        negated[b] = -strip.negative_x[b];
    for_partial<Real>(strip.batch, [&](ptrdiff_t b, auto width) ALWAYS_INLINE {
        backward_partial<width, prefetch>(strip, strip.batch, negated + b,
                                          strip.negative_delta + b, ignored + b, true,
                                          gradient);
    });
}

/* Adds to source_delta[b], for b < batch. */
template <class Real>
void backward_narrow(
    const Strip<Real> &strip, Prefetch prefetch, Real *source_delta, Real *gradient)
{
    with_constant(prefetch, [&](auto constant) ALWAYS_INLINE {
        backward_partials<constant>(strip, source_delta, gradient);
    });
}

/* ---- any batch ---- */

/* Fetch n links from the k-th on, with the states that a solver has. */
template <class Real>
ALWAYS_INLINE inline void prefetch_strip(
    const int32_t *targets, const Real *weights, const Real *state, ptrdiff_t apart,
    ptrdiff_t k, ptrdiff_t n, const SolverStep &step)
{
    const bool has_two = n_states(step) == 2;
    for (ptrdiff_t j = k; j < k + n; j += 64 / static_cast<ptrdiff_t>(sizeof(Real))) {
        prefetch_line(targets + j);
        prefetch_line(weights + j);
        if (state)
            prefetch_line(state + j);
        if (has_two)
            prefetch_line(state + apart + j);
    }
}

/* gradient[k] for the strip's links, and the source's delta: in place, or for less than a
 * vector in `partial_delta`. */
template <class Real>
ALWAYS_INLINE inline void backward_strip(
    const Strip<Real> &strip, Prefetch prefetch, Real *partial_delta, Real *gradient)
{
    const Prefetch allowed = allowed_prefetch(strip.n, strip.limit, prefetch);
    if (is_wide<Real>(strip.batch))
        backward_vectors<WideVector<Real>>(strip, allowed, gradient);
    else if (strip.batch >= NarrowVector<Real>::lanes)
        backward_vectors<NarrowVector<Real>>(strip, allowed, gradient);
    else
        backward_narrow(strip, allowed, partial_delta, gradient);
}

/* Source i, whose activations are x: args.x[i], or a copy if source_delta overwrites them
 * and there is more than one strip. */
template <class Real>
ALWAYS_INLINE inline void backward_unit(
    const Backward<Real> &args, ptrdiff_t i, const Real *x, Real *source_delta)
{
    constexpr int lanes = NarrowVector<Real>::lanes;
    const ptrdiff_t batch = args.batch, start = args.indptr[i];
    const ptrdiff_t n = args.indptr[i + 1] - start;
    const Real *negative_x = args.negative_x ? args.negative_x + i * batch : nullptr;
    const int32_t *targets = args.targets + start;
    Real *weights = args.weights + start;
    Real *state = args.state ? args.state + start : nullptr;
    Real gradient[STRIP + lanes], partial_delta[lanes] = {0};
    double squares = 0;
    ptrdiff_t k = 0;
    do { /* once without links, too: the delta is then 0 */
        const ptrdiff_t m = n - k < STRIP ? n - k : STRIP;
        const Real slope = n - k > STRIP ? 1 : args.negative_slope; /* of the whole sum */
        const Strip<Real> strip{x, args.delta, negative_x, args.negative_delta, batch,
                                targets + k, weights + k, m, args.n_links - start - k,
                                source_delta, k > 0, slope};
        if (batch < lanes)
            prefetch_strip(targets, weights, state, args.n_links, k + link_distance, m,
                           args.step);
        else if (args.prefetch != Prefetch::none) /* the next unit's */
            prefetch_strip(targets, weights, state, args.n_links, k + m, m, args.step);
        if (args.squared_norms)
            squares += squared_norm(weights + k, m, strip.limit);
        backward_strip(strip, args.prefetch, partial_delta, gradient);
        solver_step(args.step, weights + k, state ? state + k : nullptr, args.n_links,
                    gradient, m);
        k += STRIP;
    } while (k < n);
    for (ptrdiff_t b = 0; source_delta && batch < lanes && b < batch; b++) {
        const Real scaled = args.negative_slope * partial_delta[b]; /* without a branch */
        source_delta[b] = x[b] > 0 ? partial_delta[b] : scaled;
    }
    if (args.squared_norms)
        args.squared_norms[i] = squares;
}

/* ---- one or two samples and sgd ---- */

/* Gradients of links whose step is pending. It is made for many links at a time, across
 * units: unit by unit, the incomplete last vectors would cost more than the links. */
template <class Real>
struct PendingStep {
    const Backward<Real> &args;
    Real *gradient; /* room for STRIP links and a vector */
    ptrdiff_t done; /* links from here on wait */

    ALWAYS_INLINE void make_up_to(ptrdiff_t k)
    {
        sgd(args.step, args.weights + done, args.state ? args.state + done : nullptr,
            gradient, k - done);
        done = k;
    }
};

/* Source i; total[b] = sum_k weights[k] * delta[targets[k], b] for b < width, and total[3]
 * the sum of its squared weights. */
template <int width, Prefetch prefetch, class Real>
ALWAYS_INLINE inline void backward_small_unit(
    const Backward<Real> &args, ptrdiff_t i, const Real *x, PendingStep<Real> &pending,
    Real *total)
{
    using V = NarrowVector<Real>;
    const ptrdiff_t stop = args.indptr[i + 1];
    typename V::Type part[4] = {};
    for (ptrdiff_t k = args.indptr[i]; k < stop; k += V::lanes) {
        if (k - pending.done > STRIP)
            pending.make_up_to(k);
        prefetch_line(args.targets + k + link_distance);
        prefetch_line(args.weights + k + link_distance);
        if (args.state)
            prefetch_line(args.state + k + link_distance);
        const auto w = first_lanes<V>(V::load(args.weights + k), stop - k);
        V::store(pending.gradient + (k - pending.done),
                 backward_links<V, width, prefetch>(
                     x, args.delta, width, args.targets + k, w, typename V::Type{}, part));
        part[3] += w * w;
    }
    sums<V>(part, 4, total);
}

/* All that `backward_units` does, for units that may look ahead. */
template <int width, Prefetch prefetch, class Real>
ALWAYS_INLINE inline void backward_small(
    const Backward<Real> &args, ptrdiff_t first, ptrdiff_t end)
{
    Real gradient[STRIP + NarrowVector<Real>::lanes];
    PendingStep<Real> pending{args, gradient, args.indptr[first]};
    for (ptrdiff_t i = first; i < end; i++) {
        Real *x = args.x + i * width, total[4];
        backward_small_unit<width, prefetch>(args, i, x, pending, total);
        if (args.bias_gradient) {
            args.bias_gradient[i] = 0;
            for (int b = 0; b < width; b++) {
                const Real scaled = args.negative_slope * total[b]; /* without a branch */
                x[b] = x[b] > 0 ? total[b] : scaled;
                args.bias_gradient[i] += x[b];
            }
        }
        if (args.squared_norms)
            args.squared_norms[i] = total[3];
    }
    pending.make_up_to(args.indptr[end]);
}

template <int width, class Real>
void backward_small_units(Backward<Real> args, ptrdiff_t first, ptrdiff_t end)
{
    if constexpr (NarrowVector<Real>::lanes > width)
        with_constant(args.prefetch, [&](auto constant) ALWAYS_INLINE {
            backward_small<width, constant>(args, first, end);
        });
}

/* The sources from `first` up to `end`, of n_links links in all. With bias_gradient, which
 * gets its sum over the batch, the source's delta takes the place of x; `row` is room for
 * a source. squared_norms gets the sums of squared weights as they were; NULL for neither. */
template <class Real>
void backward_units(
    Real *x, const Real *delta, const Real *negative_x, const Real *negative_delta,
    ptrdiff_t batch, const int32_t *indptr, const int32_t *targets, Real *weights,
    ptrdiff_t first, ptrdiff_t end, ptrdiff_t n_links, Prefetch prefetch,
    Real negative_slope, const SolverStep &step, Real *state, Real *bias_gradient,
    double *squared_norms, Real *row)
{
    const Backward<Real> args{
        x, delta, negative_x, negative_delta, batch, indptr, targets, weights, n_links,
        prefetch, negative_slope, step, state, bias_gradient, squared_norms, row};
    const bool is_small = batch <= 2 && batch < NarrowVector<Real>::lanes && !negative_x;
    if (is_small && static_cast<Solver>(step.solver) == Solver::sgd) {
        const ptrdiff_t ahead = prefetch_end(indptr, first, end, n_links);
        if (batch == 2)
            backward_small_units<2>(args, first, ahead);
        else
            backward_small_units<1>(args, first, ahead);
        first = ahead;
    }
    for (ptrdiff_t i = first; i < end; i++) {
        Real *activations = x + i * batch, *source = activations;
        if (bias_gradient && indptr[i + 1] - indptr[i] > STRIP) {
            source = row; /* later strips need the activations */
            std::memcpy(row, activations, batch * sizeof(Real));
        }
        backward_unit(args, i, source, bias_gradient ? activations : nullptr);
        if (bias_gradient)
            bias_gradient[i] = row_sum(activations, batch);
    }
}

} // namespace sklearn_set

#endif
