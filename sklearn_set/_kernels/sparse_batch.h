/* Rows of a sparse X: its non-zeros by sample and by feature, and what is done with each. */
#ifndef SKLEARN_SET_SPARSE_BATCH_H
#define SKLEARN_SET_SPARSE_BATCH_H

#include <algorithm>

#include "prefetch.h"
#include "reductions.h"
#include "solvers.h"

namespace sklearn_set {

/* Sources by which links are fetched ahead, and links of each up to which the first-level
 * cache has room for so many sources. */
inline constexpr int sources_ahead = 6, few_links = 128;

/* ---- lists of the non-zeros ---- */

/* The arrays of a CSR matrix. */
template <class Real, class Index>
struct Csr {
    const Real *data;
    const Index *indices, *indptr;
};

/* out[f, b] += X[rows[b], f] */
template <class Real, class Index>
void add_rows(
    const Real *data, const Index *indices, const Index *indptr, const ptrdiff_t *rows,
    ptrdiff_t batch, Real *out)
{
    for (ptrdiff_t b = 0; b < batch; b++) {
        const Index end = indptr[rows[b] + 1];
        for (Index k = indptr[rows[b]]; k < end; k++)
            out[indices[k] * batch + b] += data[k];
    }
}

/* The non-zeros of X[rows], those of sample b from starts[b] on. */
template <class Real, class Index>
void list_by_sample(
    const Real *data, const Index *indices, const Index *indptr, const ptrdiff_t *rows,
    ptrdiff_t batch, int32_t *starts, int32_t *features, Real *values)
{
    int32_t total = 0;
    for (ptrdiff_t b = 0; b < batch; b++) {
        starts[b] = total;
        if (b + 2 < batch) {
            const Index first = indptr[rows[b + 2]];
            const ptrdiff_t n = indptr[rows[b + 2] + 1] - first;
            prefetch_array_l2(indices + first, n * sizeof(Index));
            prefetch_array_l2(data + first, n * sizeof(Real));
        }
        const Index end = indptr[rows[b] + 1];
        for (Index k = indptr[rows[b]]; k < end; k++) {
            features[total] = static_cast<int32_t>(indices[k]);
            values[total] = data[k];
            total++;
        }
    }
    starts[batch] = total;
}

/* List the marked features in `present`, and turn their counts to starts; counts and marks
 * become what list_by_feature needs. Returns how many are present. */
inline int32_t list_marked(
    uint64_t *marks, ptrdiff_t n_words, int32_t *counts, int32_t *present,
    int32_t *feature_starts)
{
    int32_t n_present = 0, total = 0;
    for (ptrdiff_t word = 0; word < n_words; word++) {
        uint64_t rest = marks[word];
        marks[word] = 0;
        for (; rest; rest &= rest - 1) {
            const int32_t f = static_cast<int32_t>(64 * word) + lowest_bit(rest);
            present[n_present] = f;
            feature_starts[n_present++] = total;
            const int32_t count = counts[f];
            counts[f] = total;
            total += count;
        }
    }
    feature_starts[n_present] = total;
    return n_present;
}

/* List the non-zeros by feature, those of present[p] from feature_starts[p] on; returns how
 * many are present. `counts`, of every feature, and `marks`, a bit for each, are 0 before
 * and after. */
template <class Real>
int32_t list_by_feature(
    const int32_t *starts, const int32_t *features, const Real *values, ptrdiff_t batch,
    int32_t *counts, uint64_t *marks, ptrdiff_t n_words, int32_t *present,
    int32_t *feature_starts, int32_t *samples, Real *feature_values)
{
    const int32_t n_nonzeros = starts[batch];
    for (int32_t t = 0; t < n_nonzeros; t++) {
        counts[features[t]]++;
        marks[features[t] >> 6] |= uint64_t{1} << (features[t] & 63);
    }
    const int32_t n_present =
        list_marked(marks, n_words, counts, present, feature_starts);
    for (ptrdiff_t b = 0; b < batch; b++) {
        const int32_t end = starts[b + 1];
        for (int32_t t = starts[b]; t < end; t++) {
            const int32_t slot = counts[features[t]]++;
            samples[slot] = static_cast<int32_t>(b);
            feature_values[slot] = values[t];
        }
    }
    for (int32_t p = 0; p < n_present; p++)
        counts[present[p]] = 0;
    return n_present;
}

/* ---- forward ---- */

/* Fetch the arrays of a source's links; of many, the first. NULL: not needed. */
template <class Real>
ALWAYS_INLINE inline void prefetch_source(
    const int32_t *indptr, int32_t i, const int32_t *targets, const Real *weights,
    const Real *state)
{
    const int32_t first = indptr[i];
    const ptrdiff_t n = std::min(few_links, static_cast<int>(indptr[i + 1] - first));
    if (targets)
        prefetch_array(targets + first, n * sizeof(int32_t));
    prefetch_array(weights + first, n * sizeof(Real));
    if (state)
        prefetch_array(state + first, n * sizeof(Real));
}

/* What a layer does with a sparse batch. With `powers`, a source that is m steps behind is
 * taken as the m-th power maps its weights and velocity (NULL if there is none). */
template <class Real>
struct SparseForward {
    const int32_t *starts, *features;
    const Real *values;
    const int32_t *indptr, *targets;
    const Real *weights, *velocity;
    const double *powers;
    int32_t n_steps;
    const int32_t *last_step;
};

/* sums[targets] += what the non-zeros of sample b send there. `n_nonzeros` are those of
 * the batch. */
template <class Real>
ALWAYS_INLINE inline void scatter_sample(
    const SparseForward<Real> &args, ptrdiff_t b, int32_t n_nonzeros, Real *sums)
{
    const int32_t *indptr = args.indptr, *targets = args.targets;
    const Real *weights = args.weights, *velocity = args.velocity;
    const int32_t sample_end = args.starts[b + 1];
    for (int32_t t = args.starts[b]; t < sample_end; t++) {
        if (t + sources_ahead < n_nonzeros)
            prefetch_source(indptr, args.features[t + sources_ahead], targets, weights,
                            velocity);
        const int32_t f = args.features[t];
        Real of_weight = args.values[t], of_velocity = 0;
        if (args.powers) {
            const double *power = args.powers + 4 * (args.n_steps - args.last_step[f]);
            of_velocity = static_cast<Real>(power[1]) * of_weight;
            of_weight *= static_cast<Real>(power[0]);
        }
        const int32_t end = indptr[f + 1];
        if (velocity)
            for (int32_t k = indptr[f]; k < end; k++)
                sums[targets[k]] += weights[k] * of_weight + velocity[k] * of_velocity;
        else
            for (int32_t k = indptr[f]; k < end; k++)
                sums[targets[k]] += weights[k] * of_weight;
    }
}

/* out[u, b] = leaky_relu(sums[b, u]) for n samples b */
template <class Real>
void transpose_sums(
    const Real *sums, ptrdiff_t n_out, ptrdiff_t n, Real negative_slope, Real *out,
    ptrdiff_t batch)
{
    for (ptrdiff_t u = 0; u < n_out; u++)
        for (ptrdiff_t b = 0; b < n; b++) {
            const Real z = sums[b * n_out + u];
            const Real scaled = negative_slope * z; /* without a branch */
            out[u * batch + b] = z > 0 ? z : scaled;
        }
}

/* out[u, b] = leaky_relu(bias[u] + what sample b sends to u) for n samples from `first`
 * on, which `sums` has room for. */
template <class Real>
void forward_samples(
    const int32_t *starts, const int32_t *features, const Real *values,
    const int32_t *indptr, const int32_t *targets, const Real *weights,
    const Real *velocity, const double *powers, int32_t n_steps, const int32_t *last_step,
    const Real *bias, Real negative_slope, ptrdiff_t first, ptrdiff_t n, Real *sums,
    ptrdiff_t n_out, Real *out, ptrdiff_t batch)
{
    const SparseForward<Real> args{starts,  features, values, indptr,  targets,
                                   weights, velocity, powers, n_steps, last_step};
    for (ptrdiff_t b = 0; b < n; b++) {
        std::copy_n(bias, n_out, sums + b * n_out);
        scatter_sample(args, first + b, starts[batch], sums + b * n_out);
    }
    transpose_sums(sums, n_out, n, negative_slope, out + first, batch);
}

/* ---- backward ---- */

/* The step of n <= STRIP links of one feature, from its non-zeros. */
template <class Real>
ALWAYS_INLINE inline void update_feature_strip(
    const int32_t *samples, const Real *values, int32_t n_values, const Real *delta,
    ptrdiff_t batch, const int32_t *targets, Real *weights, Real *state, ptrdiff_t apart,
    int32_t n, const SolverStep &step)
{
    Real gradient[STRIP];
    for (int32_t k = 0; k < n; k++)
        gradient[k] = values[0] * delta[targets[k] * batch + samples[0]];
    for (int32_t t = 1; t < n_values; t++)
        for (int32_t k = 0; k < n; k++)
            gradient[k] += values[t] * delta[targets[k] * batch + samples[t]];
    solver_step(step, weights, state, apart, gradient, n);
}

/* The step of all links of the p-th present feature f, after those with zero gradient that
 * are pending by `powers`, unless NULL. Returns the sum of their squared weights between. */
template <class Real>
double backward_feature(
    ptrdiff_t p, ptrdiff_t n_present, const int32_t *present,
    const int32_t *feature_starts, const int32_t *samples, const Real *values,
    const Real *delta, ptrdiff_t batch, const int32_t *indptr, const int32_t *targets,
    Real *weights, Real *state, ptrdiff_t n_links, const SolverStep &step,
    const double *powers, int32_t n_steps, int32_t *last_step)
{
    const int32_t f = present[p], first = feature_starts[p], end = indptr[f + 1];
    double squares = 0;
    if (p + sources_ahead < n_present)
        prefetch_source<Real>(indptr, present[p + sources_ahead], targets, weights, state);
    for (int32_t k = indptr[f]; k < end; k += STRIP) {
        const int32_t n = std::min(STRIP, static_cast<int>(end - k));
        Real *strip_state = state ? state + k : nullptr;
        if (powers && last_step[f] < n_steps)
            apply_power(powers + 4 * (n_steps - last_step[f]), weights + k, strip_state, n);
        squares += squared_norm(weights + k, n, n_links - k);
        update_feature_strip(samples + first, values + first, feature_starts[p + 1] - first,
                             delta, batch, targets + k, weights + k, strip_state, n_links,
                             n, step);
    }
    last_step[f] = n_steps + 1;
    return squares;
}

/* ---- lazy updates ---- */

/* Make the pending steps of the links of rows[r], by powers or, if NULL, one by one.
 * Returns the sum of their squared weights. */
template <class Real>
double flush_row(
    ptrdiff_t r, ptrdiff_t n_rows, const int32_t *rows, const double *powers,
    const SolverStep *steps, int32_t n_steps, int32_t *last_step, const int32_t *indptr,
    Real *weights, Real *state, ptrdiff_t n_links)
{
    const int32_t i = rows[r], first = indptr[i], end = indptr[i + 1];
    if (r + sources_ahead < n_rows)
        prefetch_source<Real>(indptr, rows[r + sources_ahead], nullptr, weights, state);
    for (int32_t k = first; last_step[i] < n_steps && k < end; k += STRIP) {
        const int32_t n = std::min(STRIP, static_cast<int>(end - k));
        Real *strip_state = state ? state + k : nullptr;
        if (powers)
            apply_power(powers + 4 * (n_steps - last_step[i]), weights + k, strip_state, n);
        else
            zero_gradient_steps(steps, last_step[i], n_steps, weights + k, strip_state,
                                n_links, n);
    }
    last_step[i] = std::max(last_step[i], n_steps);
    return squared_norm(weights + first, end - first, n_links - first);
}

} // namespace sklearn_set

#endif
