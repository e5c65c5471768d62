/* Vectors of numbers that fill a register, and what is computed with them.
 *
 * `Vector<Real, bytes>` names the types and functions of one size. Written with arrays,
 * the sums of the backward pass would spill to the stack. With one lane it works on plain
 * numbers, with any compiler. */
#ifndef SKLEARN_SET_VECTORS_H
#define SKLEARN_SET_VECTORS_H

#include <cstring>
#include <iterator>
#include <type_traits>
#include <utility>

#include "platform.h"

namespace sklearn_set {

template <class Real>
inline constexpr bool is_float = sizeof(Real) == 4;

/* Integers of the size of a number. */
template <class Real>
using Signed = std::conditional_t<is_float<Real>, int32_t, int64_t>;
template <class Real>
using Unsigned = std::conditional_t<is_float<Real>, uint32_t, uint64_t>;

#if HAS_VECTORS
template <class Real_, int bytes>
struct Vector {
    using Real = Real_;
    static constexpr int lanes = bytes / static_cast<int>(sizeof(Real));
    typedef Real Type __attribute__((vector_size(bytes)));
    typedef Signed<Real> Mask __attribute__((vector_size(bytes)));
    typedef Unsigned<Real> Words __attribute__((vector_size(bytes)));
    /* Rows of a batch start anywhere: loads and stores may not assume alignment. */
    typedef Real Unaligned
        __attribute__((vector_size(bytes), aligned(sizeof(Real)), may_alias));

    ALWAYS_INLINE static Type load(const Real *p)
    {
        return *reinterpret_cast<const Unaligned *>(p);
    }
    ALWAYS_INLINE static void store(Real *p, Type a)
    {
        *reinterpret_cast<Unaligned *>(p) = a;
    }
    ALWAYS_INLINE static Words to_words(Type a) { return (Words)a; }
    ALWAYS_INLINE static Type from_words(Words a) { return (Type)a; }
};
#endif

/* One number. */
template <class Real_>
struct Scalar {
    using Real = Real_;
    static constexpr int lanes = 1;
    using Type = Real;
    using Words = Unsigned<Real>;

    ALWAYS_INLINE static Type load(const Real *p) { return *p; }
    ALWAYS_INLINE static void store(Real *p, Type a) { *p = a; }
    ALWAYS_INLINE static Words to_words(Type a)
    {
        Words words;
        std::memcpy(&words, &a, sizeof a);
        return words;
    }
    ALWAYS_INLINE static Type from_words(Words words)
    {
        Type a;
        std::memcpy(&a, &words, sizeof a);
        return a;
    }
};

#if HAS_VECTORS
template <class Real>
using NarrowVector = Vector<Real, narrow_register>;
template <class Real>
using WideVector = Vector<Real, wide_register>;
#else
template <class Real>
using NarrowVector = Scalar<Real>;
template <class Real>
using WideVector = Scalar<Real>;
#endif

template <class V>
using LaneIndices = std::make_integer_sequence<int, V::lanes>;

/* ---- parts of vectors ---- */

template <class V, int... i>
ALWAYS_INLINE inline typename V::Mask lane_numbers(std::integer_sequence<int, i...>)
{
    return typename V::Mask{i...};
}

/* The lanes from the n-th on, and 0 in those before. */
template <class V>
ALWAYS_INLINE inline typename V::Type lanes_from(
    typename V::Type a, [[maybe_unused]] ptrdiff_t n)
{
    if constexpr (V::lanes == 1)
        return a;
    else {
        const auto lane = lane_numbers<V>(LaneIndices<V>{});
        const auto start = static_cast<Signed<typename V::Real>>(n);
        return (typename V::Type)((typename V::Mask)a & (lane >= start));
    }
}

/* The first n lanes of a, and b in the others. */
template <class V>
ALWAYS_INLINE inline typename V::Type first_lanes(
    typename V::Type a, typename V::Type b, ptrdiff_t n)
{
    if constexpr (V::lanes == 1)
        return n > 0 ? a : b;
    else {
        const auto lane = lane_numbers<V>(LaneIndices<V>{});
        const auto count =
            static_cast<Signed<typename V::Real>>(n < V::lanes ? n : V::lanes);
        return lane < count ? a : b;
    }
}

/* The first n lanes, and 0 in the others. */
template <class V>
ALWAYS_INLINE inline typename V::Type first_lanes(typename V::Type a, ptrdiff_t n)
{
    return first_lanes<V>(a, typename V::Type{}, n);
}

/* out[b] = sample b of the rows of as many units as there are lanes, one in each. */
template <class V, int... i>
ALWAYS_INLINE inline typename V::Type one_of_each_row(
    const typename V::Real *x, ptrdiff_t stride, const int32_t *units,
    std::integer_sequence<int, i...>)
{
    return typename V::Type{x[units[i] * stride]...};
}

#if HAS_SHUFFLE
/* The same for two samples of eight units of floats: one load reads both. */
template <class V>
ALWAYS_INLINE inline void pairs_of_rows(
    const float *x, ptrdiff_t stride, const int32_t *units, typename V::Type *out)
{
    typedef int64_t Pairs __attribute__((vector_size(32)));
    const auto pair = [&](int i) ALWAYS_INLINE {
        int64_t both;
        std::memcpy(&both, x + units[i] * stride, sizeof both);
        return both;
    };
    const auto low = (typename V::Type)Pairs{pair(0), pair(1), pair(4), pair(5)};
    const auto high = (typename V::Type)Pairs{pair(2), pair(3), pair(6), pair(7)};
    out[0] = __builtin_shufflevector(low, high, 0, 2, 8, 10, 4, 6, 12, 14);
    out[1] = __builtin_shufflevector(low, high, 1, 3, 9, 11, 5, 7, 13, 15);
}
#endif

/* out[b] = sample b of the rows of units[0], units[1], ..., for b < width. */
template <class V, int width>
ALWAYS_INLINE inline void transpose_rows(
    const typename V::Real *x, ptrdiff_t stride, const int32_t *units,
    typename V::Type *out)
{
#if HAS_SHUFFLE
    if constexpr (width == 2 && V::lanes == 8 && is_float<typename V::Real>) {
        pairs_of_rows<V>(x, stride, units, out);
        return;
    }
#endif
    for (int b = 0; b < width; b++)
        out[b] = one_of_each_row<V>(x + b, stride, units, LaneIndices<V>{});
}

/* ---- sums ---- */

/* The sum of all lanes, in the order of `sums`; loops would be vectorised anew. */
template <class V>
ALWAYS_INLINE inline typename V::Real sum(typename V::Type a)
{
    if constexpr (V::lanes == 1)
        return a;
    else if constexpr (V::lanes == 16)
        return (((a[0] + a[8]) + (a[2] + a[10])) + ((a[1] + a[9]) + (a[3] + a[11])))
               + (((a[4] + a[12]) + (a[6] + a[14])) + ((a[5] + a[13]) + (a[7] + a[15])));
    else if constexpr (V::lanes == 8)
        return ((a[0] + a[2]) + (a[1] + a[3])) + ((a[4] + a[6]) + (a[5] + a[7]));
    else if constexpr (V::lanes == 4)
        return (a[0] + a[2]) + (a[1] + a[3]);
    else
        return a[0] + a[1];
}

#if HAS_SHUFFLE
/* Elements i of a and b together, each plus the one `step` further on. */
template <int step, int... i, class T>
ALWAYS_INLINE inline auto add_apart(T a, T b)
{
    return __builtin_shufflevector(a, b, i...)
           + __builtin_shufflevector(a, b, (i + step)...);
}

/* Sums of four vectors of eight or sixteen floats. */
template <class V>
ALWAYS_INLINE inline void four_sums(const typename V::Type *vectors, float *out)
{
    typename Vector<typename V::Real, 32>::Type a[4], b[2];
    for (int i = 0; i < 4; i++)
        if constexpr (V::lanes == 16)
            a[i] = add_apart<8, 0, 1, 2, 3, 4, 5, 6, 7>(vectors[i], vectors[i]);
        else
            a[i] = vectors[i];
    for (int i = 0; i < 2; i++)
        b[i] = add_apart<2, 0, 8, 1, 9, 4, 12, 5, 13>(a[2 * i], a[2 * i + 1]);
    const auto c = add_apart<2, 0, 1, 8, 9, 4, 5, 12, 13>(b[0], b[1]);
    Vector<float, 16>::store(out, add_apart<4, 0, 1, 2, 3>(c, c));
}
#endif

/* out[k] = sum(vectors[k]). Both have room for n rounded up to a multiple of four. */
template <class V>
ALWAYS_INLINE inline void sums(
    const typename V::Type *vectors, ptrdiff_t n, typename V::Real *out)
{
#if HAS_SHUFFLE
    if constexpr (is_float<typename V::Real> && V::lanes >= 8) {
        for (ptrdiff_t k = 0; k < n; k += 4)
            four_sums<V>(vectors + k, out + k);
        return;
    }
#endif
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = sum<V>(vectors[k]);
}

/* ---- functions of each lane ---- */

/* z where z > 0, negative_slope * z elsewhere. */
template <class V>
ALWAYS_INLINE inline typename V::Type leaky_relu(
    typename V::Type z, typename V::Real negative_slope)
{
    return z > 0 ? z : negative_slope * z;
}

inline constexpr double inverse_factorials[] = {
    1.0,           1.0,            1.0 / 2,         1.0 / 6,          1.0 / 24,
    1.0 / 120,     1.0 / 720,      1.0 / 5040,      1.0 / 40320,      1.0 / 362880,
    1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800,
};

/* What `ExpArgument` needs: to add `rounder` leaves the rounded value in the lowest bits;
 * `terms` is the degree of the series. */
template <class Real>
struct ExpConstants;
template <>
struct ExpConstants<float> {
    static constexpr float rounder = 12582912; /* 1.5 * 2^23 */
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440054690583e-4f;
    static constexpr int terms = 7, mantissa_bits = 23;
    static constexpr float lowest = -87;
};
template <>
struct ExpConstants<double> {
    static constexpr double rounder = 6755399441055744; /* 1.5 * 2^52 */
    static constexpr double ln2_high = 0.693147180369123816490,
                            ln2_low = 1.90821492927058770002e-10;
    static constexpr int terms = 13, mantissa_bits = 52;
    static constexpr double lowest = -708;
};

/* y = n ln 2 + r with an integer n and r in [-ln 2 / 2, ln 2 / 2]. */
template <class V>
struct ExpArgument {
    using Constants = ExpConstants<typename V::Real>;
    typename V::Type shifted, r;

    ALWAYS_INLINE explicit ExpArgument(typename V::Type y)
    {
        shifted =
            y * static_cast<typename V::Real>(1.44269504088896340736) + Constants::rounder;
        const typename V::Type n = shifted - Constants::rounder;
        r = (y - n * Constants::ln2_high) - n * Constants::ln2_low;
    }
    /* 2^n a */
    ALWAYS_INLINE typename V::Type scale(typename V::Type a) const
    {
        const auto exponent = V::to_words(shifted) << Constants::mantissa_bits;
        return V::from_words(V::to_words(a) + exponent);
    }
};

/* exp(y) for |y| up to 87 (float) or 708 (double): 2^n exp(r), exp(r) by its series. */
template <class V>
ALWAYS_INLINE inline typename V::Type exp_in_range(typename V::Type y)
{
    using Real = typename V::Real;
    const ExpArgument<V> argument(y);
    typename V::Type e{};
    for (int i = ExpConstants<Real>::terms; i >= 0; i--) /* Horner's rule */
        e = e * argument.r + static_cast<Real>(inverse_factorials[i]);
    return argument.scale(e);
}

/* exp(z) for z <= 0; not below 1e-38 (float) or 1e-308 (double). */
template <class V>
ALWAYS_INLINE inline typename V::Type exp_nonpositive(typename V::Type z)
{
    const auto lowest = typename V::Type{} + ExpConstants<typename V::Real>::lowest;
    return exp_in_range<V>(z < lowest ? lowest : z);
}

/* exp(z) - 1 for z <= 0, also where that is small: 2^n (exp(r) - 1) + (2^n - 1). */
template <class V>
ALWAYS_INLINE inline typename V::Type expm1_nonpositive(typename V::Type z)
{
    using Real = typename V::Real;
    const auto lowest = typename V::Type{} + ExpConstants<Real>::lowest;
    const ExpArgument<V> argument(z < lowest ? lowest : z);
    typename V::Type e{};
    for (int i = ExpConstants<Real>::terms; i >= 1; i--)
        e = e * argument.r + static_cast<Real>(inverse_factorials[i]);
    const auto power = argument.scale(typename V::Type{} + 1);
    return power * (e * argument.r) + (power - 1);
}

/* 1 / (1 + exp(-z)). With e = exp(-|z|) that is 1 / (1 + e) or e / (1 + e). */
template <class V>
ALWAYS_INLINE inline typename V::Type logistic(typename V::Type z)
{
    const auto one = typename V::Type{} + 1;
    const auto e = exp_nonpositive<V>(z < 0 ? z : -z);
    return (z < 0 ? e : one) / (one + e);
}

/* P(Z <= -x) exp(x^2 / 2) for a standard normal Z and x >= 0 is t times a polynomial in
 * u = 2 t - 1 with t = 1 / (1 + p x). Fitted by least squares at 4000 Chebyshev nodes of t
 * in (0, 1]; the relative errors are at most 4.2e-8 (float) and 3e-15 (double). */
template <class Real>
struct NormalTail;
template <>
struct NormalTail<float> {
    static constexpr float p = 0.25f;
    static constexpr float coefficients[] = {
        0.18882128178389643f,     0.151974100953659f,      0.09678439072771143f,
        0.04663167771793198f,     0.015098823967492432f,   0.0018780578454328327f,
        -0.0008690419737311014f,  -0.0003909467246981211f, 3.2331420336658085e-05f,
        3.9330142391896774e-05f,
    };
};
template <>
struct NormalTail<double> {
    static constexpr double p = 0.2;
    static constexpr double coefficients[] = {
        0.1538386099500127,      0.133076500578013,       0.09906112319401773,
        0.06270663133411902,     0.03300407323325814,     0.01382372774469106,
        0.004159013371952305,    0.0005986753175347655,   -0.00015957397276599055,
        -0.0001089795993650365,  -1.1874715648377681e-05, 9.951802904476786e-06,
        3.335000237141154e-06,   -7.944439412136489e-07,  -5.515738048078318e-07,
        6.47314303258456e-08,    8.40265608945003e-08,    -5.981250803656697e-09,
        -1.1473276665003871e-08, 4.757212275733317e-10,   9.996002811937583e-10,
    };
};

/* P(Z <= -x) for a standard normal Z and x >= 0, given exp(-x^2 / 2). */
template <class V>
ALWAYS_INLINE inline typename V::Type normal_tail(
    typename V::Type x, typename V::Type exponential)
{
    using Tail = NormalTail<typename V::Real>;
    const auto one = typename V::Type{} + 1;
    const typename V::Type t = one / (one + Tail::p * x), u = (t + t) - one;
    typename V::Type sum{};
    for (int i = std::size(Tail::coefficients); i-- > 0;)
        sum = sum * u + Tail::coefficients[i];
    return t * sum * exponential;
}

} // namespace sklearn_set

#endif
