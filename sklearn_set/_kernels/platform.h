/* What depends on the compiler or the processor; the other headers are the same for all.
 *
 * SKLEARN_SET_NO_VECTORS builds as for a compiler without vector extensions. */
#ifndef SKLEARN_SET_PLATFORM_H
#define SKLEARN_SET_PLATFORM_H

#include <cstddef>
#include <cstdint>

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ALWAYS_INLINE __attribute__((always_inline))
#else
#define ALWAYS_INLINE
#endif

#if (defined(__GNUC__) || defined(__clang__)) && !defined(SKLEARN_SET_NO_VECTORS)
#define HAS_VECTORS 1
#else
#define HAS_VECTORS 0
#endif

#if HAS_VECTORS && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE 1
#endif
#endif
#ifndef HAS_SHUFFLE
#define HAS_SHUFFLE 0
#endif

namespace sklearn_set {

using std::int32_t;
using std::int64_t;
using std::ptrdiff_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

/* ---- vector registers ---- */

/* Bytes of the vectors for batches of any size, and of those for batches that fill one;
 * 0 without vectors. The baseline of x86-64 has 16-byte registers: a wider type would
 * spill. */
#if !HAS_VECTORS
inline constexpr int narrow_register = 0;
#elif defined(__AVX__)
inline constexpr int narrow_register = 32;
#else
inline constexpr int narrow_register = 16;
#endif
#if HAS_VECTORS && defined(__AVX512F__)
inline constexpr int wide_register = 64;
#else
inline constexpr int wide_register = narrow_register;
#endif
/* Vectors of samples that the backward pass holds, with as many of deltas: 32 registers
 * have room for twice as many as 16. */
#if HAS_VECTORS && (defined(__AVX512F__) || defined(__aarch64__))
inline constexpr int widest_backward_block = 8;
#else
inline constexpr int widest_backward_block = 4;
#endif

/* Keeps a value in a register: the compiler would load it again for each use. */
template <class T>
ALWAYS_INLINE inline void pin(T &value)
{
#if HAS_VECTORS && (defined(__x86_64__) || defined(__i386__)) && defined(__SSE2__)
    __asm__("" : "+x"(value));
#elif HAS_VECTORS && defined(__aarch64__)
    __asm__("" : "+w"(value));
#else
    (void)value;
#endif
}

/* Rounds a value: it cannot become part of a fused multiply-add. */
template <class T>
ALWAYS_INLINE inline void round_here(T &value)
{
#if HAS_VECTORS && !defined(__SSE2__) && !defined(__aarch64__)
    __asm__("" : "+m"(value));
#else
    pin(value);
#endif
}

/* ---- memory ---- */

ALWAYS_INLINE inline void prefetch_line(const void *p)
{
#if HAS_VECTORS
    __builtin_prefetch(p);
#else
    (void)p;
#endif
}

/* Into the second-level cache. */
ALWAYS_INLINE inline void prefetch_line_l2(const void *p)
{
#if HAS_VECTORS
    __builtin_prefetch(p, 0, 2);
#else
    (void)p;
#endif
}

/* GCC removes calls of a function that only prefetches, as it sees no effect. */
ALWAYS_INLINE inline void keep_call(const void *p)
{
#if HAS_VECTORS
    __asm__ __volatile__("" : : "r"(p));
#else
    (void)p;
#endif
}

/* ---- floating-point mode ---- */

/* Subnormal numbers cost a hundred cycles each, and decaying weights become subnormal.
 * flush_subnormals() returns the thread's mode, for restore_mode(). */
#if defined(__SSE2__) || defined(_M_X64)
inline unsigned int flush_subnormals()
{
    const unsigned int mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* flush to zero, denormals are zero */
    return mode;
}
inline void restore_mode(unsigned int mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
inline unsigned int flush_subnormals()
{
    uint64_t mode;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(mode));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(mode | (1u << 24)));
    return static_cast<unsigned int>(mode);
}
inline void restore_mode(unsigned int mode)
{
    __asm__ __volatile__("msr fpcr, %0" : : "r"(static_cast<uint64_t>(mode)));
}
#else
inline unsigned int flush_subnormals() { return 0; }
inline void restore_mode(unsigned int) {}
#endif

/* ---- the rest ---- */

/* Index of the lowest bit that is set; `bits` is not 0. */
inline int lowest_bit(uint64_t bits)
{
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(bits);
#else
    int n = 0;
    for (; !(bits & 1); bits >>= 1)
        n++;
    return n;
#endif
}

/* The level of x86-64 that this processor is known to reach: 1, 3 or 4. */
inline int processor_level()
{
#if defined(__x86_64__) && defined(__GNUC__) && !defined(_MSC_VER)
    __builtin_cpu_init();
    const bool is_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
                       && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool is_v4 = __builtin_cpu_supports("avx512f")
                       && __builtin_cpu_supports("avx512bw")
                       && __builtin_cpu_supports("avx512cd")
                       && __builtin_cpu_supports("avx512dq")
                       && __builtin_cpu_supports("avx512vl");
    return !is_v3 ? 1 : is_v4 ? 4 : 3;
#else
    return 1;
#endif
}

#if defined(_OPENMP)
inline constexpr bool has_openmp = true;
inline int max_threads() { return omp_get_max_threads(); }
#else
inline constexpr bool has_openmp = false;
inline int max_threads() { return 1; }
#endif

} // namespace sklearn_set

#endif
