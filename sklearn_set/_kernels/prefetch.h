/* What is fetched into the caches before its use.
 *
 * The rows that links point at lie anywhere; each would be waited for. What fits in the
 * second-level cache is read into it when a sweep starts (`warm_cache`). How far ahead of
 * its use each row is fetched besides depends on how much memory all rows take. */
#ifndef SKLEARN_SET_PREFETCH_H
#define SKLEARN_SET_PREFETCH_H

#include <type_traits>

#include "platform.h"

namespace sklearn_set {

enum class Prefetch { none, from_cache, from_memory };

/* Links by which rows are fetched ahead from the second-level cache, and from memory; four
 * times the latter where a link takes only a few cycles. */
inline constexpr int cache_distance = 8, memory_distance = 32;
inline constexpr int far_distance = 4 * memory_distance;
/* Ids of units are read at most so many links ahead: a vector of links, each far ahead. */
inline constexpr int max_distance = far_distance + 32;
static_assert(cache_distance <= max_distance && memory_distance <= max_distance);
/* Links by which the arrays of the links are fetched ahead where a link takes only a few
 * cycles. */
inline constexpr int link_distance = 256;
/* Positions without a link by which the rows of their units are fetched ahead. */
inline constexpr int position_distance = 16;
/* Bytes of all rows up to which nothing is gained, and up to which they fit in the
 * second-level cache. */
inline constexpr ptrdiff_t near_bytes = 1 << 17, cached_bytes = 3 << 18;

inline Prefetch prefetch_for(ptrdiff_t bytes)
{
    return bytes <= near_bytes     ? Prefetch::none
           : bytes <= cached_bytes ? Prefetch::from_cache
                                   : Prefetch::from_memory;
}

/* Fetch an array into the second-level cache. */
inline void prefetch_array_l2(const void *array, ptrdiff_t bytes)
{
    keep_call(array);
    for (ptrdiff_t line = 0; line < bytes; line += 64)
        prefetch_line_l2(static_cast<const char *>(array) + line);
}

/* Fetch an array into the first-level cache, including its last line. */
ALWAYS_INLINE inline void prefetch_array(const void *array, ptrdiff_t bytes)
{
    keep_call(array);
    for (ptrdiff_t line = 0; line < bytes; line += 64)
        prefetch_line(static_cast<const char *>(array) + line);
    prefetch_line(static_cast<const char *>(array) + bytes - 1);
}

inline void warm_cache(const void *rows, ptrdiff_t bytes, Prefetch prefetch)
{
    if (prefetch != Prefetch::from_memory)
        prefetch_array_l2(rows, bytes);
}

/* The ids of units are read beyond a unit's own n links, as the next unit's follow; but not
 * beyond the last of `limit`. */
ALWAYS_INLINE inline Prefetch allowed_prefetch(
    ptrdiff_t n, ptrdiff_t limit, Prefetch prefetch)
{
    return n + max_distance > limit ? Prefetch::none : prefetch;
}

/* Where the units from `first` up to `end` end that may look ahead. */
inline ptrdiff_t prefetch_end(
    const int32_t *indptr, ptrdiff_t first, ptrdiff_t end, ptrdiff_t n_links)
{
    while (end > first && indptr[end] + ptrdiff_t{max_distance} > n_links)
        end--;
    return end;
}

/* Of a row only the first line: the processor itself goes on with the next ones. */
template <Prefetch prefetch, class Real>
ALWAYS_INLINE inline void prefetch_row(
    const Real *rows, ptrdiff_t stride, const int32_t *ids, ptrdiff_t k)
{
    if constexpr (prefetch != Prefetch::none)
        prefetch_line(rows + ids[k + cache_distance] * stride);
    if constexpr (prefetch == Prefetch::from_memory)
        prefetch_line_l2(rows + ids[k + memory_distance] * stride);
}

template <Prefetch prefetch, class Real>
ALWAYS_INLINE inline void prefetch_far_row(
    const Real *rows, ptrdiff_t stride, const int32_t *ids, ptrdiff_t k)
{
    if constexpr (prefetch == Prefetch::from_memory)
        prefetch_line_l2(rows + ids[k + far_distance] * stride);
}

/* The arrays of the links are read in order. But the processor takes some lines to notice,
 * and starts anew with each page of memory. Both in one loop: where it ends cannot be
 * predicted. */
template <class T, class U>
ALWAYS_INLINE inline void prefetch_links(const T *array, const U *other, ptrdiff_t n)
{
    for (ptrdiff_t j = 0; j < n; j += 64 / static_cast<ptrdiff_t>(sizeof(U))) {
        prefetch_line(array + j);
        prefetch_line(other + j);
    }
}

/* Call a function with a constant in place of a variable. */
template <class Function>
ALWAYS_INLINE inline void with_constant(Prefetch prefetch, Function function)
{
    using std::integral_constant;
    if (prefetch == Prefetch::from_memory)
        function(integral_constant<Prefetch, Prefetch::from_memory>{});
    else if (prefetch == Prefetch::from_cache)
        function(integral_constant<Prefetch, Prefetch::from_cache>{});
    else
        function(integral_constant<Prefetch, Prefetch::none>{});
}

} // namespace sklearn_set

#endif
