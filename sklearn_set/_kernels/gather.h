/* Forward from the targets: each gathers what its links send. */
#ifndef SKLEARN_SET_GATHER_H
#define SKLEARN_SET_GATHER_H

#include "blocks.h"
#include "prefetch.h"
#include "vectors.h"

namespace sklearn_set {

/* The arguments of `gather_units`. */
template <class Real>
struct Gather {
    const Real *x;
    ptrdiff_t batch;
    const int32_t *indptr, *units, *links;
    const Real *weights, *bias;
    Real negative_slope;
    Real *out;
};

/* Unit u, for nv vectors of samples from b on; links are listed where they are `indexed`. */
template <class V, int nv, Prefetch prefetch, bool indexed>
ALWAYS_INLINE inline void gather_block(
    const Gather<typename V::Real> &args, ptrdiff_t u, ptrdiff_t b, ptrdiff_t last)
{
    using Real = typename V::Real;
    const ptrdiff_t start = args.indptr[u], n = args.indptr[u + 1] - start;
    const ptrdiff_t stride = args.batch;
    const Real *x = args.x + b, *weights = indexed ? args.weights : args.weights + start;
    const int32_t *units = args.units + start;
    const int32_t *links = indexed ? args.links + start : nullptr;
    typename V::Type total[nv];
    for (int v = 0; v < nv; v++)
        total[v] = typename V::Type{} + args.bias[u];
    if constexpr (prefetch != Prefetch::none && indexed) /* the next unit's */
        prefetch_links(units + n, links + n, n);
    else if constexpr (prefetch != Prefetch::none)
        prefetch_links(units + n, weights + n, n);
    for (ptrdiff_t k = 0; k < n; k++) {
        const Real w = indexed ? weights[links[k]] : weights[k];
        const Real *row = x + units[k] * stride;
        prefetch_row<prefetch>(x, stride, units, k);
        if constexpr (prefetch != Prefetch::none && indexed)
            prefetch_line(weights + links[k + memory_distance]);
        for (int v = 0; v < nv; v++)
            total[v] += w * V::load(row + vector_start<V, nv>(v, last));
    }
    Real *out = args.out + u * stride + b;
    for (int v = 0; v < nv; v++)
        V::store(out + vector_start<V, nv>(v, last),
                 leaky_relu<V>(total[v], args.negative_slope));
}

/* For the units from `first` up to `end` and a batch of at least a vector. */
template <class V, Prefetch prefetch, bool indexed>
void gather_blocks(Gather<typename V::Real> args, ptrdiff_t first, ptrdiff_t end)
{
    for_blocks<V, 8>(args.batch, [&](ptrdiff_t b, auto nv, ptrdiff_t last) ALWAYS_INLINE {
        for (ptrdiff_t u = first; u < end; u++)
            gather_block<V, nv, prefetch, indexed>(args, u, b, last);
    });
}

template <class V>
void gather_vectors(
    const Gather<typename V::Real> &args, ptrdiff_t first, ptrdiff_t end,
    Prefetch prefetch)
{
    with_constant(prefetch, [&](auto constant) {
        if (args.links)
            gather_blocks<V, constant, true>(args, first, end);
        else
            gather_blocks<V, constant, false>(args, first, end);
    });
}

/* Unit u, for `width` samples from b on, which are less than a vector. */
template <int width, Prefetch prefetch, class Real>
ALWAYS_INLINE inline void gather_partial(
    const Gather<Real> &args, ptrdiff_t u, ptrdiff_t b)
{
    using V = PartialVector<Real, width>;
    const ptrdiff_t start = args.indptr[u], n = args.indptr[u + 1] - start;
    const ptrdiff_t stride = args.batch;
    const Real *x = args.x + b, *weights = args.links ? args.weights : args.weights + start;
    const int32_t *units = args.units + start;
    const int32_t *links = args.links ? args.links + start : nullptr;
    typename V::Type total = typename V::Type{} + args.bias[u];
    for (ptrdiff_t k = 0; k < n; k++) {
        const Real w = links ? weights[links[k]] : weights[k];
        prefetch_row<prefetch>(x, stride, units, k);
        if (prefetch != Prefetch::none && links)
            prefetch_line(weights + links[k + memory_distance]);
        total += w * V::load(x + units[k] * stride);
    }
    V::store(args.out + u * stride + b, leaky_relu<V>(total, args.negative_slope));
}

template <Prefetch prefetch, class Real>
void gather_partials(Gather<Real> args, ptrdiff_t first, ptrdiff_t end)
{
    for (ptrdiff_t u = first; u < end; u++)
        for_partial<Real>(args.batch, [&](ptrdiff_t b, auto width) ALWAYS_INLINE {
            gather_partial<width, prefetch>(args, u, b);
        });
}

template <class Real>
void gather_range(
    const Gather<Real> &args, ptrdiff_t first, ptrdiff_t end, Prefetch prefetch)
{
    if (is_wide<Real>(args.batch))
        gather_vectors<WideVector<Real>>(args, first, end, prefetch);
    else if (args.batch >= NarrowVector<Real>::lanes)
        gather_vectors<NarrowVector<Real>>(args, first, end, prefetch);
    else
        with_constant(prefetch, [&](auto constant) {
            gather_partials<constant>(args, first, end);
        });
}

/* out[u, b] = leaky_relu(bias[u] + sum_k weights[links[k]] * x[units[k], b]), over the
 * links k of u, for the units u from `first` up to `end`; links NULL: weights[k]. n_links
 * are all of the layer's: its last units do not look ahead. */
template <class Real>
void gather_units(
    const Real *x, ptrdiff_t batch, const int32_t *indptr, const int32_t *units,
    const int32_t *links, const Real *weights, const Real *bias, ptrdiff_t first,
    ptrdiff_t end, ptrdiff_t n_links, Prefetch prefetch, Real negative_slope, Real *out)
{
    const Gather<Real> args{x,       batch, indptr,         units, links,
                            weights, bias,  negative_slope, out};
    const ptrdiff_t ahead = prefetch_end(indptr, first, end, n_links);
    gather_range(args, first, ahead, prefetch);
    gather_range(args, ahead, end, Prefetch::none);
}

} // namespace sklearn_set

#endif
