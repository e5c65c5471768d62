/* Sums over samples and over weights. */
#ifndef SKLEARN_SET_REDUCTIONS_H
#define SKLEARN_SET_REDUCTIONS_H

#include "vectors.h"

namespace sklearn_set {

/* Links of a unit, or biases, that are updated at a time. */
inline constexpr int STRIP = 256;

/* n rounded up to a multiple of four, as `sums` writes. */
inline ptrdiff_t round_up(ptrdiff_t n) { return (n + 3) / 4 * 4; }

/* total[lane] + sign * the row's samples in that lane. */
template <class V>
ALWAYS_INLINE inline typename V::Type add_row(
    typename V::Type total, const typename V::Real *row, ptrdiff_t batch,
    typename V::Real sign)
{
    const ptrdiff_t last = batch - V::lanes;
    ptrdiff_t b = 0;
    for (; b < last; b += V::lanes)
        total += sign * V::load(row + b);
    return total + sign * lanes_from<V>(V::load(row + last), b - last);
}

/* out[k] = the sum of row k of `rows`, minus that of `negative` unless NULL; n <= STRIP,
 * and `out` has room for round_up(n). */
template <class Real>
ALWAYS_INLINE inline void row_sums(
    const Real *rows, const Real *negative, ptrdiff_t batch, ptrdiff_t n, Real *out)
{
    using V = NarrowVector<Real>;
    typename V::Type total[STRIP];
    for (ptrdiff_t k = 0; k < round_up(n); k++)
        total[k] = typename V::Type{};
    for (ptrdiff_t k = 0; batch >= V::lanes && k < n; k++) {
        total[k] = add_row<V>(total[k], rows + k * batch, batch, 1);
        if (negative)
            total[k] = add_row<V>(total[k], negative + k * batch, batch, -1);
    }
    sums<V>(total, n, out);
    for (ptrdiff_t k = 0; batch < V::lanes && k < n; k++)
        for (ptrdiff_t b = 0; b < batch; b++)
            out[k] += rows[k * batch + b] - (negative ? negative[k * batch + b] : 0);
}

/* The sum of one row. */
template <class Real>
ALWAYS_INLINE inline Real row_sum(const Real *row, ptrdiff_t batch)
{
    Real out[4];
    row_sums<Real>(row, nullptr, batch, 1, out);
    return out[0];
}

/* The sum of n squared weights; `limit` is how many lie in memory from here on. */
template <class Real>
ALWAYS_INLINE inline double squared_norm(const Real *weights, ptrdiff_t n, ptrdiff_t limit)
{
    using V = NarrowVector<Real>;
    typename V::Type part{};
    Real rest = 0;
    ptrdiff_t k = 0;
    for (; k < n && k + V::lanes <= limit; k += V::lanes) {
        const auto w = first_lanes<V>(V::load(weights + k), n - k);
        part += w * w;
    }
    for (; k < n; k++)
        rest += weights[k] * weights[k];
    return static_cast<double>(sum<V>(part)) + rest;
}

/* The sum of n values, by eight partial sums, which may be vectorised. */
inline double total(const double *values, ptrdiff_t n)
{
    double parts[8] = {0}, sum = 0;
    for (ptrdiff_t k = 0; k < n / 8; k++)
        for (int i = 0; i < 8; i++)
            parts[i] += values[8 * k + i];
    for (ptrdiff_t k = n / 8 * 8; k < n; k++)
        sum += values[k];
    for (int i = 0; i < 8; i++)
        sum += parts[i];
    return sum;
}

} // namespace sklearn_set

#endif
