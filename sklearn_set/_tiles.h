/* What one unit does with its links, for float and double.
 *
 * Cython calls gather_units, scatter_units and learn_units from _fast.pyx, in parallel
 * over the units. Those are in _units.h. A batch of at least a vector is taken in blocks
 * of vectors, held in registers over a unit's links (_blocks.h); a narrower one is taken
 * as 4, 2 and 1 samples. GCC's and Clang's vector types keep the sums in registers;
 * written with arrays, those of the backward pass spill to the stack. Elsewhere the same
 * code runs on plain arrays.
 */
#ifndef SKLEARN_SET_TILES_H
#define SKLEARN_SET_TILES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define STRIP 256 /* links of a unit that are learnt at a time */
#define SGD 0     /* the solvers, as in _fast.pyx */
#define ADAM 1
#define ADAMW 2
#define RMSPROP 3
#define NEAR 8    /* links by which rows are fetched from the second cache ... */
#define FAR 32    /* ... and from memory; 4 FAR where a link takes a few cycles only */
#define AHEAD 256 /* links by which their own arrays are fetched, where it does */

#if defined(__GNUC__) || defined(__clang__)
#define HAS_VECTORS 1
#define INLINE static inline __attribute__((always_inline))
#define PREFETCH(p) __builtin_prefetch(p)
#define PREFETCH_L2(p) __builtin_prefetch(p, 0, 2)
/* GCC drops the call of a function that only prefetches: it sees no effect. */
#define KEEP(p) __asm__ __volatile__("" : : "r"(p))
#else
#define HAS_VECTORS 0
#define INLINE static inline
#define PREFETCH(p) ((void)0)
#define PREFETCH_L2(p) ((void)0)
#define KEEP(p) ((void)0)
#endif

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE 1
#endif
#endif
#ifndef HAS_SHUFFLE
#define HAS_SHUFFLE 0
#endif

/* Keeps a value in a register; the compiler would load it again for each use. */
#if HAS_VECTORS && (defined(__x86_64__) || defined(__i386__)) && defined(__SSE2__)
#define PIN(value) __asm__("" : "+x"(value))
#elif HAS_VECTORS && defined(__aarch64__)
#define PIN(value) __asm__("" : "+w"(value))
#else
#define PIN(value) ((void)0)
#endif

/* Rounds a value: no multiply-add may take in the product that it is. */
#if HAS_VECTORS && !defined(__SSE2__) && !defined(__aarch64__)
#define ROUND(value) __asm__("" : "+m"(value))
#else
#define ROUND(value) PIN(value)
#endif

/* The baseline of x86-64 has 16-byte registers; a wider type would spill there. Where
 * registers of WIDE_BYTES exist, batches that fill one take those. */
#if !HAS_VECTORS
#define NARROW_BYTES 1
#elif defined(__AVX__)
#define NARROW_BYTES 32
#else
#define NARROW_BYTES 16
#endif
#if HAS_VECTORS && defined(__AVX512F__)
#define WIDE_BYTES 64
#else
#define WIDE_BYTES NARROW_BYTES
#endif
/* Vectors of samples that the backward pass holds, and their signals: 32 registers have
 * room for twice as many as 16. */
#if HAS_VECTORS && (defined(__AVX512F__) || defined(__aarch64__))
#define WIDEST_LEARN 8
#else
#define WIDEST_LEARN 4
#endif

/* Subnormal numbers cost a hundred cycles each, and weights that decay end as such.
 * flush_subnormals() returns the thread's floating-point mode for restore_mode(). */
#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
static inline unsigned int flush_subnormals(void)
{
    const unsigned int mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* flush to zero, denormals are zero */
    return mode;
}
static inline void restore_mode(unsigned int mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__) && HAS_VECTORS
static inline unsigned int flush_subnormals(void)
{
    uint64_t mode;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(mode));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(mode | (1u << 24)));
    return (unsigned int)mode;
}
static inline void restore_mode(unsigned int mode)
{
    __asm__ __volatile__("msr fpcr, %0" : : "r"((uint64_t)mode));
}
#else
static inline unsigned int flush_subnormals(void) { return 0; }
static inline void restore_mode(unsigned int mode) { (void)mode; }
#endif

/* The number of the lowest bit that is set, of which there is one. */
static inline int lowest_bit(uint64_t bits)
{
#if HAS_VECTORS
    return __builtin_ctzll(bits);
#else
    int n = 0;
    for (; !(bits & 1); bits >>= 1)
        n++;
    return n;
#endif
}

/* Ask for what the second cache is to hold. */
static inline void fetch(const void *p, ptrdiff_t bytes)
{
    KEEP(p);
    for (ptrdiff_t line = 0; line < bytes; line += 64)
        PREFETCH_L2((const char *)p + line);
}

/* Ask for what is needed soon, to its last line. */
static inline void fetch_soon(const void *p, ptrdiff_t bytes)
{
    KEEP(p);
    for (ptrdiff_t line = 0; line < bytes; line += 64)
        PREFETCH((const char *)p + line);
    PREFETCH((const char *)p + bytes - 1);
}

/* The rows that links point at lie anywhere; each would be waited for. What fits in the
 * second cache is read into it when a sweep starts (`warm_up`). How far ahead of its use
 * each row is fetched besides goes by what all take; from few, nothing is gained. */
#define CLOSE_BYTES (1 << 17)
#define WARM_BYTES (3 << 18)
#define NOT_AT_ALL 0
#define WITHIN_CACHE 1
#define FROM_MEMORY 2
static inline int reach_for(ptrdiff_t bytes)
{
    return bytes <= CLOSE_BYTES ? NOT_AT_ALL
           : bytes <= WARM_BYTES ? WITHIN_CACHE
                                 : FROM_MEMORY;
}
static inline void warm_up(const void *rows, ptrdiff_t bytes, int reach)
{
    if (reach != FROM_MEMORY)
        fetch(rows, bytes);
}

static const double inverse_factorials[] = {
    1.0,          1.0,           1.0 / 2,        1.0 / 6,         1.0 / 24,
    1.0 / 120,    1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
    1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};

/* The ids of units are read beyond the unit's own n links, up to a vector after 4 FAR, as
 * the next unit's come next; but not beyond the last of `limit` links. In the loops over
 * links a reach is a constant (FOR_REACH). */
#define REACH(n, limit, reach) ((n) + 5 * FAR > (limit) ? NOT_AT_ALL : (reach))
/* Of the units from `first` up to `end` those that may look ahead end here. */
static inline ptrdiff_t ahead_end(
    const int32_t *indptr, ptrdiff_t first, ptrdiff_t end, ptrdiff_t n_links)
{
    while (end > first && REACH((ptrdiff_t)indptr[end], n_links, 1) == NOT_AT_ALL)
        end--;
    return end;
}

/* Of a row only the first line: the processor itself goes on with the next ones. */
#define FETCH_ROW(base, stride, ids, k, reach)                                         \
    do {                                                                               \
        if ((reach) != NOT_AT_ALL)                                                     \
            PREFETCH((base) + (ids)[(k) + NEAR] * (stride));                           \
        if ((reach) == FROM_MEMORY)                                                    \
            PREFETCH_L2((base) + (ids)[(k) + FAR] * (stride));                         \
    } while (0)
#define FETCH_FAR(base, stride, ids, k, reach)                                         \
    do {                                                                               \
        if ((reach) == FROM_MEMORY)                                                    \
            PREFETCH_L2((base) + (ids)[(k) + 4 * FAR] * (stride));                     \
    } while (0)
#define FETCH_WEIGHT(weights, links, k, reach)                                         \
    do {                                                                               \
        if ((links) && (reach) != NOT_AT_ALL)                                          \
            PREFETCH((weights) + (links)[(k) + FAR]);                                  \
    } while (0)
/* The arrays of the links themselves are read in order. But the processor takes some lines
 * to notice, and begins anew with each page of memory. All by one loop, whose end cannot
 * be foreseen. */
#define FETCH_LINKS(array, other, n)                                                   \
    do {                                                                               \
        for (ptrdiff_t j = 0; j < (n); j += 64 / sizeof *(other)) {                    \
            PREFETCH((array) + j);                                                     \
            PREFETCH((other) + j);                                                     \
        }                                                                              \
    } while (0)
/* Call it with a reach that the compiler knows. */
#define FOR_REACH(reach, call)                                                         \
    do {                                                                               \
        if ((reach) == FROM_MEMORY)                                                    \
            call(FROM_MEMORY);                                                         \
        else if ((reach) == WITHIN_CACHE)                                              \
            call(WITHIN_CACHE);                                                        \
        else                                                                           \
            call(NOT_AT_ALL);                                                          \
    } while (0)

#define JOIN3_(a, b, c) a##_##b##_##c
#define JOIN3(a, b, c) JOIN3_(a, b, c)
#define JOIN2_(a, b) a##_##b
#define JOIN2(a, b) JOIN2_(a, b)
/* Names of what exists once for each type, and for each size of vector. */
#define NAME(base) JOIN2(base, REAL)
#define SIZED(base, bytes) JOIN3(base, REAL, bytes)
#define BLOCK_NAME(base) SIZED(base, VECTOR_BYTES)

#define REAL float
#define REAL_BYTES 4
#define BITS int32_t
#define UNSIGNED uint32_t
#include "_units.h"
#undef REAL
#undef REAL_BYTES
#undef BITS
#undef UNSIGNED
#define REAL double
#define REAL_BYTES 8
#define BITS int64_t
#define UNSIGNED uint64_t
#include "_units.h"
#undef REAL
#undef REAL_BYTES
#undef BITS
#undef UNSIGNED

#endif
