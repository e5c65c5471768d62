/* How a batch is cut: into blocks of vectors, held in registers over a unit's links, or,
 * where it does not fill a vector, into partial vectors of 4, 2 and 1 samples. */
#ifndef SKLEARN_SET_BLOCKS_H
#define SKLEARN_SET_BLOCKS_H

#include <cstring>
#include <type_traits>

#include "vectors.h"

namespace sklearn_set {

template <int value>
using Constant = std::integral_constant<int, value>;

/* Whether a batch fills a vector of the wide registers. */
template <class Real>
inline bool is_wide(ptrdiff_t batch)
{
    return wide_register > narrow_register && batch >= WideVector<Real>::lanes;
}

/* Where vector v of a block of nv starts. The last vector of the last block may overlap the
 * one before it: it starts at `last`. */
template <class V, int nv>
ALWAYS_INLINE inline ptrdiff_t vector_start(int v, ptrdiff_t last)
{
    return v == nv - 1 ? last : v * V::lanes;
}

/* Call block(b, nv, last) for blocks of nv vectors, a constant, from sample b on. */
template <class V, int widest, class Block>
ALWAYS_INLINE inline void for_blocks(ptrdiff_t batch, Block block)
{
    constexpr ptrdiff_t lanes = V::lanes;
    ptrdiff_t b = 0;
    if constexpr (widest == 8)
        for (; b + 8 * lanes <= batch; b += 8 * lanes)
            block(b, Constant<8>{}, 7 * lanes);
    for (; b + 4 * lanes <= batch; b += 4 * lanes)
        block(b, Constant<4>{}, 3 * lanes);
    const ptrdiff_t rest = batch - b;
    if (rest > 3 * lanes)
        block(b, Constant<4>{}, rest - lanes);
    else if (rest > 2 * lanes)
        block(b, Constant<3>{}, rest - lanes);
    else if (rest > lanes)
        block(b, Constant<2>{}, rest - lanes);
    else if (rest > 0)
        block(b, Constant<1>{}, rest - lanes);
}

/* `width` numbers of at most 16 bytes; other lanes are 0. */
#if HAS_VECTORS
template <class Real_, int width>
struct PartialVector : Vector<Real_, 16> {
    using Real = Real_;
    using Whole = Vector<Real, 16>;
    using typename Whole::Type;
    static constexpr int bytes = width * static_cast<int>(sizeof(Real));
    typedef int64_t Halves __attribute__((vector_size(16)));

    ALWAYS_INLINE static Type load(const Real *p)
    {
        if constexpr (bytes == 16)
            return Whole::load(p);
        else if constexpr (bytes == 8) {
            int64_t half;
            std::memcpy(&half, p, sizeof half);
            return (Type)Halves{half, 0};
        } else
            return Type{*p};
    }
    ALWAYS_INLINE static void store(Real *p, Type a)
    {
        if constexpr (bytes == 16)
            Whole::store(p, a);
        else if constexpr (bytes == 8) {
            const int64_t half = ((Halves)a)[0];
            std::memcpy(p, &half, sizeof half);
        } else
            *p = a[0];
    }
};
#else
template <class Real, int width>
struct PartialVector : Scalar<Real> {};
#endif

/* Call partial(b, width) for the parts of a batch of less than a vector. */
template <class Real, class Partial>
ALWAYS_INLINE inline void for_partial(ptrdiff_t batch, Partial partial)
{
    ptrdiff_t b = 0;
    if constexpr (NarrowVector<Real>::lanes > 4)
        for (; b + 4 <= batch; b += 4)
            partial(b, Constant<4>{});
    if constexpr (NarrowVector<Real>::lanes > 2)
        for (; b + 2 <= batch; b += 2)
            partial(b, Constant<2>{});
    if constexpr (NarrowVector<Real>::lanes > 1)
        for (; b < batch; b++)
            partial(b, Constant<1>{});
}

} // namespace sklearn_set

#endif
