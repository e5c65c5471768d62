/* From rows of a dense X to a batch, which is feature-major. */
#ifndef SKLEARN_SET_DENSE_BATCH_H
#define SKLEARN_SET_DENSE_BATCH_H

#include <algorithm>

#include "prefetch.h"

namespace sklearn_set {

/* Features of a row of a batch, or samples of a sparse one, that are taken at a time: a
 * cache line of floats. */
inline constexpr ptrdiff_t LINE = 16;

/* X is any array of two dimensions; its strides are in bytes. */
template <class Real>
struct StridedRows {
    const char *data;
    ptrdiff_t row_stride, column_stride;

    const Real *at(ptrdiff_t row, ptrdiff_t column) const
    {
        return reinterpret_cast<const Real *>(
            data + row * row_stride + column * column_stride);
    }
};

/* out[f, b] = X[rows[b], first + f] for f < n. */
template <class Real>
void load_line(
    StridedRows<Real> X, const ptrdiff_t *rows, ptrdiff_t first, ptrdiff_t n, Real *out,
    ptrdiff_t batch)
{
    const bool is_contiguous = X.column_stride == sizeof(Real);
    for (ptrdiff_t b = 0; b < batch; b++) {
        const Real *row = X.at(rows[b], first);
        for (ptrdiff_t f = 0; f < n; f++)
            out[f * batch + b] = is_contiguous ? row[f] : *X.at(rows[b], first + f);
    }
}

/* out[f, b] = X[rows[b], f] for the features from `first` up to `end`. */
template <class Real>
void load_features(
    const Real *X, ptrdiff_t row_stride, ptrdiff_t column_stride, const ptrdiff_t *rows,
    ptrdiff_t first, ptrdiff_t end, Real *out, ptrdiff_t batch)
{
    const StridedRows<Real> x{reinterpret_cast<const char *>(X), row_stride,
                              column_stride};
    if (column_stride == sizeof(Real) && end > first)
        for (ptrdiff_t b = 0; b < batch; b++)
            prefetch_array_l2(x.at(rows[b], first), (end - first) * sizeof(Real));
    for (ptrdiff_t f = first; f < end; f += LINE)
        load_line(x, rows, f, std::min(LINE, end - f), out + f * batch, batch);
}

} // namespace sklearn_set

#endif
