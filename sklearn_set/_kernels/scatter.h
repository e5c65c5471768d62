/* Forward from the sources: out[targets[k], b] += weights[k] * x[b]. */
#ifndef SKLEARN_SET_SCATTER_H
#define SKLEARN_SET_SCATTER_H

#include "blocks.h"
#include "prefetch.h"
#include "vectors.h"

namespace sklearn_set {

/* The links of one source; `stride` is the batch. */
template <class Real>
struct ScatterRow {
    ptrdiff_t stride;
    const int32_t *targets;
    const Real *weights;
    ptrdiff_t n;
};

/* For nv vectors of samples, or a partial vector V. */
template <class V, int nv, Prefetch prefetch>
ALWAYS_INLINE inline void scatter_block(
    const ScatterRow<typename V::Real> &links, const typename V::Real *x,
    typename V::Real *out)
{
    typename V::Type activations[nv];
    for (int v = 0; v < nv; v++)
        activations[v] = V::load(x + v * V::lanes);
    for (ptrdiff_t k = 0; k < links.n; k++) {
        typename V::Real *row = out + links.targets[k] * links.stride;
        prefetch_far_row<prefetch>(out, links.stride, links.targets, k);
        for (int v = 0; v < nv; v++)
            V::store(row + v * V::lanes, V::load(row + v * V::lanes)
                                             + links.weights[k] * activations[v]);
    }
}

template <Prefetch prefetch, class Real>
ALWAYS_INLINE inline void scatter_row(
    const ScatterRow<Real> &links, const Real *x, Real *out)
{
    using V = NarrowVector<Real>;
    const ptrdiff_t batch = links.stride;
    ptrdiff_t b = 0;
    for (; b + 4 * V::lanes <= batch; b += 4 * V::lanes)
        scatter_block<V, 4, prefetch>(links, x + b, out + b);
    for (; b + V::lanes <= batch; b += V::lanes)
        scatter_block<V, 1, prefetch>(links, x + b, out + b);
    x += b;
    out += b;
    for_partial<Real>(batch % V::lanes, [&](ptrdiff_t b, auto width) ALWAYS_INLINE {
        scatter_block<PartialVector<Real, width>, 1, prefetch>(links, x + b, out + b);
    });
}

template <Prefetch prefetch, class Real>
ALWAYS_INLINE inline void scatter_range(
    const Real *x, ptrdiff_t batch, const int32_t *indptr, const int32_t *targets,
    const Real *weights, ptrdiff_t first, ptrdiff_t end, Real *out)
{
    for (ptrdiff_t i = first; i < end; i++) {
        const ptrdiff_t k = indptr[i], n = indptr[i + 1] - k;
        const Real *activations = x + i * batch;
        prefetch_links(targets + k + link_distance, weights + k + link_distance, n);
        if (NarrowVector<Real>::lanes > 2 && batch == 2) {
            /* A constant stride saves a multiplication for each link. */
            const ScatterRow<Real> links{2, targets + k, weights + k, n};
            scatter_block<PartialVector<Real, 2>, 1, prefetch>(links, activations, out);
        } else if (batch > 1 || activations[0] != 0) {
            const ScatterRow<Real> links{batch, targets + k, weights + k, n};
            scatter_row<prefetch>(links, activations, out);
        }
    }
}

/* For the sources from `first` up to `end`; n_links are all of the layer's. */
template <class Real>
void scatter_units(
    const Real *x, ptrdiff_t batch, const int32_t *indptr, const int32_t *targets,
    const Real *weights, ptrdiff_t first, ptrdiff_t end, ptrdiff_t n_links,
    Prefetch prefetch, Real *out)
{
    const ptrdiff_t ahead = prefetch_end(indptr, first, end, n_links);
    with_constant(prefetch, [&](auto constant) ALWAYS_INLINE {
        scatter_range<constant>(x, batch, indptr, targets, weights, first, ahead, out);
    });
    scatter_range<Prefetch::none>(x, batch, indptr, targets, weights, ahead, end, out);
}

/* out[u, b] = bias[u] */
template <class Real>
void broadcast_bias(const Real *bias, ptrdiff_t n, ptrdiff_t batch, Real *out)
{
    for (ptrdiff_t u = 0; u < n; u++)
        for (ptrdiff_t b = 0; b < batch; b++)
            out[u * batch + b] = bias[u];
}

/* Add the parts, which lie `apart`, to `out` in order, and apply the activation. */
template <class Real>
void add_parts(
    Real *out, const Real *parts, ptrdiff_t n_parts, ptrdiff_t apart, ptrdiff_t n,
    Real negative_slope)
{
    for (ptrdiff_t p = 0; p < n_parts; p++)
        for (ptrdiff_t k = 0; k < n; k++)
            out[k] += parts[p * apart + k];
    for (ptrdiff_t k = 0; k < n; k++) {
        const Real scaled = negative_slope * out[k]; /* without a branch */
        out[k] = out[k] > 0 ? out[k] : scaled;
    }
}

} // namespace sklearn_set

#endif
