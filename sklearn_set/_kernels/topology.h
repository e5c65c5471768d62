/* Which links there are: checks, the transposed index, and what evolution does. */
#ifndef SKLEARN_SET_TOPOLOGY_H
#define SKLEARN_SET_TOPOLOGY_H

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "random.h"

namespace sklearn_set {

/* ---- CSR arrays ---- */

/* Whether these are the arrays of a CSR matrix, each row ascending without repetition. */
inline bool is_canonical(
    const int32_t *indptr, ptrdiff_t n_rows, const int32_t *indices, int32_t n,
    int32_t n_columns)
{
    if (indptr[0] != 0 || indptr[n_rows] != n)
        return false;
    /* Vectorised, as nothing branches on what is read; a negative index is large. */
    uint32_t largest = 0;
    int32_t descents = 0;
    for (int32_t k = 0; k < n; k++)
        largest = std::max(largest, static_cast<uint32_t>(indices[k]));
    for (int32_t k = 1; k < n; k++)
        descents += indices[k - 1] >= indices[k];
    int32_t last = 0;
    for (ptrdiff_t i = 0; i < n_rows; i++) { /* where a row starts it may descend */
        const int32_t k = indptr[i];
        if (k < last || indptr[i + 1] < k)
            return false;
        if (last < k && k < n)
            descents -= indices[k - 1] >= indices[k];
        last = k;
    }
    return descents == 0 && (n == 0 || largest < static_cast<uint32_t>(n_columns));
}

/* Call function(i, k) for the links k of each source i to targets from `first` up to
 * `end`. */
template <class Function>
inline void for_links_to(
    const int32_t *indptr, const int32_t *targets, ptrdiff_t n_in, int32_t first,
    int32_t end, Function function)
{
    for (ptrdiff_t i = 0; i < n_in; i++) {
        const int32_t *row_end = targets + indptr[i + 1];
        const int32_t *target = std::lower_bound(targets + indptr[i], row_end, first);
        for (; target < row_end && *target < end; target++)
            function(static_cast<int32_t>(i), static_cast<int32_t>(target - targets));
    }
}

/* counts[j] = number of links to target j, for the targets from `first` up to `end`. */
inline void count_links_to(
    const int32_t *indptr, const int32_t *targets, ptrdiff_t n_in, ptrdiff_t first,
    ptrdiff_t end, int32_t *counts)
{
    std::fill(counts + first, counts + end, 0);
    for_links_to(indptr, targets, n_in, static_cast<int32_t>(first),
                 static_cast<int32_t>(end),
                 [=](int32_t, int32_t k) { counts[targets[k]]++; });
}

/* Replace counts by the sums of the earlier ones; counts[n] = the sum of all. */
inline void counts_to_starts(int32_t *counts, ptrdiff_t n)
{
    int32_t total = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        const int32_t count = counts[j];
        counts[j] = total;
        total += count;
    }
    counts[n] = total;
}

/* List the links to the targets from `first` up to `end`; afterwards starts[j] is where
 * target j ends. */
inline void list_links_to(
    const int32_t *indptr, const int32_t *targets, ptrdiff_t n_in, ptrdiff_t first,
    ptrdiff_t end, int32_t *starts, int32_t *sources, int32_t *links)
{
    for_links_to(indptr, targets, n_in, static_cast<int32_t>(first),
                 static_cast<int32_t>(end), [=](int32_t i, int32_t k) {
                     const int32_t slot = starts[targets[k]]++;
                     sources[slot] = i;
                     links[slot] = k;
                 });
}

/* Turn the ends of n targets back to starts. */
inline void ends_to_starts(int32_t *ends, ptrdiff_t n)
{
    for (ptrdiff_t j = n - 1; j > 0; j--)
        ends[j] = ends[j - 1];
    ends[0] = 0;
}

/* ---- random positions ---- */

/* Move a value that is new to its place among the first `n` of `sorted`; its bucket's
 * others are the last ones. Returns how many there are then. */
inline ptrdiff_t insert_distinct(int64_t *sorted, ptrdiff_t n, int64_t value)
{
    ptrdiff_t j = n;
    while (j > 0 && sorted[j - 1] > value)
        j--;
    if (j > 0 && sorted[j - 1] == value)
        return n;
    if (j < n)
        std::memmove(sorted + j + 1, sorted + j, (n - j) * sizeof *sorted);
    sorted[j] = value;
    return n + 1;
}

/* Draw n positions from [low, limit) and sort them, from the first-th draw of a seed on;
 * returns how many are distinct, which come first. As many buckets as positions: linear,
 * as a bucket holds one on average. `starts` has room for n + 1, `scratch` for n. */
inline ptrdiff_t draw_block(
    uint64_t seed, ptrdiff_t first, int64_t low, int64_t limit, int64_t *out,
    int32_t *starts, int64_t *scratch, ptrdiff_t n)
{
    const double scale = n / static_cast<double>(limit - low);
    const auto bucket = [=](int64_t value) {
        return std::min(static_cast<ptrdiff_t>(value * scale), n - 1);
    };
    std::fill_n(starts, n + 1, 0);
    for (ptrdiff_t k = 0; k < n; k++) {
        const uint64_t bits = random_bits(seed, first + k);
        out[k] = static_cast<int64_t>(bits % static_cast<uint64_t>(limit - low));
        starts[bucket(out[k]) + 1]++;
    }
    for (ptrdiff_t k = 0; k < n; k++)
        starts[k + 1] += starts[k];
    for (ptrdiff_t k = 0; k < n; k++)
        scratch[starts[bucket(out[k])]++] = out[k];
    ptrdiff_t n_distinct = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        n_distinct = insert_distinct(out, n_distinct, low + scratch[k]);
    return n_distinct;
}

/* ---- which links are kept ---- */

/* All bits of a floating-point number but its sign, as an integer. The integers of
 * positive numbers are in the order of the numbers. */
template <class Index>
inline Index magnitude(Index bits)
{
    return bits & std::numeric_limits<Index>::max();
}

/* Count the numbers, other than 0 and NaN, whose bits above are `prefix` of their sign, in
 * counts[sign][their next `width` bits]. */
template <class Index>
void count_digits(
    const Index *bits, ptrdiff_t n, Index infinity, int shift, int width,
    const int64_t *prefix, int64_t *counts)
{
    using Unsigned = std::make_unsigned_t<Index>;
    const Index mask = (Index{1} << width) - 1;
    for (ptrdiff_t k = 0; k < n; k++) {
        const int sign = bits[k] < 0;
        const Index size = magnitude(bits[k]);
        const bool is_counted = static_cast<Unsigned>(size - 1) < Unsigned(infinity);
        if (!is_counted || (size >> shift) >> width != prefix[sign])
            continue;
        counts[(sign << width) + ((size >> shift) & mask)]++;
    }
}

/* Whether a number is larger in magnitude than the bound of its sign. */
template <class Index>
inline uint8_t is_larger(Index bits, const Index *bound)
{
    return magnitude(bits) > (bits < 0 ? bound[1] : bound[0]);
}

/* The number of ones. */
inline int32_t count_ones(const uint8_t *kept, ptrdiff_t n)
{
    int32_t total = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        total += kept[k];
    return total;
}

/* ---- where links grow ---- */

/* x . delta over a batch: the gradient of a link that is not there. */
template <class Real>
Real position_gradient(const Real *x, const Real *delta, ptrdiff_t batch)
{
    Real total = 0;
    for (ptrdiff_t b = 0; b < batch; b++)
        total = total + x[b] * delta[b];
    return total;
}

/* The same for the p-th feature of a sparse batch; 0 for p = -1, an absent one. */
template <class Real>
Real position_gradient_nonzeros(
    int32_t p, const int32_t *feature_starts, const int32_t *samples, const Real *values,
    const Real *delta)
{
    Real total = 0;
    if (p >= 0)
        for (int32_t t = feature_starts[p]; t < feature_starts[p + 1]; t++)
            total = total + values[t] * delta[samples[t]];
    return total;
}

/* ---- rewiring ---- */

/* The links of a row, or room for new ones; each has states, which lie `apart`. */
template <class Real, class Target>
struct LinkRow {
    Target *targets;
    Real *weights, *state;
    ptrdiff_t apart;
};

/* Merge the kept of n links of a row with its share of the empty positions; returns how
 * many. A position's rank becomes a column by the kept links before it. */
template <class Real>
ptrdiff_t merge_row(
    LinkRow<const Real, const int32_t> old, const uint8_t *kept, int32_t n,
    LinkRow<Real, int32_t> fresh, ptrdiff_t n_states, const int64_t *positions,
    ptrdiff_t n_positions, int64_t empty_before, int64_t n_out)
{
    ptrdiff_t n_new = 0, out = 0;
    int64_t passed = 0;
    for (int32_t k = 0;; out++) {
        while (k < n && !kept[k])
            k++;
        int64_t column = n_out;
        if (n_new < n_positions)
            column = std::min(column, positions[n_new] - empty_before + passed);
        const bool is_kept = k < n && old.targets[k] <= column;
        if (!is_kept && column == n_out)
            return n_new;
        fresh.targets[out] = is_kept ? old.targets[k] : static_cast<int32_t>(column);
        fresh.weights[out] = is_kept ? old.weights[k] : 0;
        for (ptrdiff_t s = 0; s < n_states; s++)
            fresh.state[s * fresh.apart + out] = is_kept ? old.state[s * old.apart + k] : 0;
        k += is_kept;
        passed += is_kept;
        n_new += !is_kept;
    }
}

/* Merge the rows from `first` up to `end`; arguments as of `rewire` in _fast.pyx. */
template <class Real>
void merge_rows(
    ptrdiff_t first, ptrdiff_t end, const int32_t *indptr, const int32_t *targets,
    const Real *weights, const Real *state, ptrdiff_t n_links, ptrdiff_t n_states,
    const uint8_t *kept, const int32_t *kept_before, const int64_t *positions,
    ptrdiff_t n_positions, int64_t n_out, int32_t *new_indptr, int32_t *new_targets,
    Real *new_weights, Real *new_state, ptrdiff_t n_new_links)
{
    const int64_t *last = positions + n_positions;
    const int64_t *next =
        std::lower_bound(positions, last, first * n_out - kept_before[first]);
    for (ptrdiff_t i = first; i < end; i++) {
        const int32_t k = indptr[i];
        const int32_t start = kept_before[i] + static_cast<int32_t>(next - positions);
        new_indptr[i] = start;
        next += merge_row<Real>(
            {targets + k, weights + k, n_states ? state + k : nullptr, n_links}, kept + k,
            indptr[i + 1] - k,
            {new_targets + start, new_weights + start,
             n_states ? new_state + start : nullptr, n_new_links},
            n_states, next, last - next, i * n_out - kept_before[i], n_out);
    }
}

} // namespace sklearn_set

#endif
