/* What is done with activations: the functions, softmax and dropout. */
#ifndef SKLEARN_SET_ACTIVATIONS_H
#define SKLEARN_SET_ACTIVATIONS_H

#include <algorithm>
#include <cmath>

#include "vectors.h"

namespace sklearn_set {

/* z[k] = function(z[k]) for n numbers. The last vector overlaps the one before it. */
template <class V, class Function>
ALWAYS_INLINE inline void apply(typename V::Real *z, ptrdiff_t n, Function function)
{
    typename V::Real padded[V::lanes] = {0};
    const bool is_short = n < V::lanes;
    if (is_short)
        std::copy_n(z, n, padded);
    typename V::Real *from = is_short ? padded : z;
    const ptrdiff_t last = is_short ? 0 : n - V::lanes;
    const auto end = function(V::load(from + last));
    for (ptrdiff_t k = 0; k < last; k += V::lanes)
        V::store(z + k, function(V::load(z + k)));
    V::store(from + last, end);
    if (is_short)
        std::copy_n(padded, n, z);
}

/* z = 1 / (1 + exp(-z)) */
template <class Real>
void apply_logistic(Real *z, ptrdiff_t n)
{
    using V = NarrowVector<Real>;
    apply<V>(z, n, [](typename V::Type a) ALWAYS_INLINE { return logistic<V>(a); });
}

/* z = exp(z) for z <= 0 */
template <class Real>
void apply_exp(Real *z, ptrdiff_t n)
{
    using V = NarrowVector<Real>;
    apply<V>(z, n, [](typename V::Type a) ALWAYS_INLINE { return exp_nonpositive<V>(a); });
}

/* z = exp(z) / sum_j exp(z) - is_class for each sample, and
 * losses = log(sum_j exp(z)) - z[class]. The strides of is_class are those of its bytes;
 * `largest` and `total` are room for a sample each. */
template <class Real>
void softmax_gradient(
    Real *z, ptrdiff_t n_outputs, ptrdiff_t batch, const uint8_t *is_class,
    ptrdiff_t output_stride, ptrdiff_t sample_stride, Real *largest, Real *total,
    double *losses)
{
    std::copy_n(z, batch, largest);
    std::fill_n(total, batch, Real{0});
    std::fill_n(losses, batch, 0.0);
    for (ptrdiff_t j = 1; j < n_outputs; j++)
        for (ptrdiff_t b = 0; b < batch; b++)
            largest[b] = z[j * batch + b] > largest[b] ? z[j * batch + b] : largest[b];
    for (ptrdiff_t j = 0; j < n_outputs; j++) {
        Real *row = z + j * batch;
        for (ptrdiff_t b = 0; b < batch; b++) {
            row[b] -= largest[b];
            if (is_class[j * output_stride + b * sample_stride])
                losses[b] -= row[b];
        }
        apply_exp(row, batch);
        for (ptrdiff_t b = 0; b < batch; b++)
            total[b] += row[b];
    }
    for (ptrdiff_t j = 0; j < n_outputs; j++)
        for (ptrdiff_t b = 0; b < batch; b++)
            z[j * batch + b] = z[j * batch + b] / total[b]
                               - is_class[j * output_stride + b * sample_stride];
    for (ptrdiff_t b = 0; b < batch; b++)
        losses[b] += std::log(static_cast<double>(total[b]));
}

/* ---- activations that are no broken line with slopes >= 0, with their slopes ---- */

enum class Curve : int { all_relu, elu, gelu, logistic, silu, tanh };

template <class V>
struct Point {
    typename V::Type value, slope;
};

/* z where z > 0, a z elsewhere. */
template <class V>
ALWAYS_INLINE inline Point<V> all_relu_point(typename V::Type z, typename V::Real a)
{
    const auto one = typename V::Type{} + 1;
    const typename V::Type slope = z > 0 ? one : a * one;
    return {z * slope, slope};
}

/* z where z > 0, exp(z) - 1 elsewhere. */
template <class V>
ALWAYS_INLINE inline Point<V> elu_point(typename V::Type z)
{
    const typename V::Type zero{}, one = zero + 1;
    const auto value = expm1_nonpositive<V>(z > 0 ? zero : z);
    return {z > 0 ? z : value, z > 0 ? one : value + one};
}

/* z P(Z <= z) for a standard normal Z; the slope is P + z p with its density p. */
template <class V>
ALWAYS_INLINE inline Point<V> gelu_point(typename V::Type z)
{
    using Real = typename V::Real;
    const auto one = typename V::Type{} + 1;
    const auto exponential = exp_nonpositive<V>(static_cast<Real>(-0.5) * z * z);
    const auto tail = normal_tail<V>(z < 0 ? -z : z, exponential);
    const typename V::Type probability = z < 0 ? tail : one - tail;
    const typename V::Type density = static_cast<Real>(0.39894228040143267794) * exponential;
    return {z * probability, z * density + probability};
}

/* 1 / (1 + exp(-z)) */
template <class V>
ALWAYS_INLINE inline Point<V> logistic_point(typename V::Type z)
{
    const auto value = logistic<V>(z);
    return {value, (1 - value) * value};
}

/* z / (1 + exp(-z)); with s = 1 / (1 + exp(-z)) the slope is s + s z (1 - s). */
template <class V>
ALWAYS_INLINE inline Point<V> silu_point(typename V::Type z)
{
    const auto s = logistic<V>(z);
    const typename V::Type value = z * s;
    return {value, value * (1 - s) + s};
}

/* tanh(z). With m = exp(-2 |z|) - 1 its magnitude is -m / (2 + m). */
template <class V>
ALWAYS_INLINE inline Point<V> tanh_point(typename V::Type z)
{
    const typename V::Type twice = z + z;
    const auto m = expm1_nonpositive<V>(z < 0 ? twice : -twice);
    const typename V::Type magnitude = m / (m + 2);
    const typename V::Type value = z < 0 ? magnitude : -magnitude;
    return {value, 1 - value * value};
}

/* out[k] = f(z[k]), and z[k] = f'(z[k]), for n numbers. The last vector overlaps the one
 * before it, and is computed first. */
template <class V, class Function>
ALWAYS_INLINE inline void apply_with_slope(
    typename V::Real *z, typename V::Real *out, ptrdiff_t n, Function function)
{
    const auto store = [](const Point<V> &point, auto *slopes, auto *values) ALWAYS_INLINE {
        V::store(slopes, point.slope);
        V::store(values, point.value);
    };
    if (n < V::lanes) {
        typename V::Real slopes[V::lanes] = {0}, values[V::lanes];
        std::copy_n(z, n, slopes);
        store(function(V::load(slopes)), slopes, values);
        std::copy_n(slopes, n, z);
        std::copy_n(values, n, out);
        return;
    }
    const ptrdiff_t last = n - V::lanes;
    const Point<V> end = function(V::load(z + last));
    for (ptrdiff_t k = 0; k < last; k += V::lanes)
        store(function(V::load(z + k)), z + k, out + k);
    store(end, z + last, out + last);
}

/* The same for a curve by name; `negative_slope` is that of all_relu. */
template <class Real>
void apply_curve(Real *z, Real *out, ptrdiff_t n, Curve curve, Real negative_slope)
{
    using V = NarrowVector<Real>;
    using Type = typename V::Type;
    const auto apply_all = [&](auto function) ALWAYS_INLINE {
        apply_with_slope<V>(z, out, n, function);
    };
    switch (curve) {
    case Curve::all_relu:
        return apply_all(
            [=](Type a) ALWAYS_INLINE { return all_relu_point<V>(a, negative_slope); });
    case Curve::elu:
        return apply_all([](Type a) ALWAYS_INLINE { return elu_point<V>(a); });
    case Curve::gelu:
        return apply_all([](Type a) ALWAYS_INLINE { return gelu_point<V>(a); });
    case Curve::logistic:
        return apply_all([](Type a) ALWAYS_INLINE { return logistic_point<V>(a); });
    case Curve::silu:
        return apply_all([](Type a) ALWAYS_INLINE { return silu_point<V>(a); });
    case Curve::tanh:
        return apply_all([](Type a) ALWAYS_INLINE { return tanh_point<V>(a); });
    }
}

/* values[k] *= factors[k] for n numbers. */
template <class Real>
void multiply(Real *__restrict values, const Real *__restrict factors, ptrdiff_t n)
{
    for (ptrdiff_t k = 0; k < n; k++)
        values[k] *= factors[k];
}

/* SReLU of one unit: t_l + a_l (z - t_l) for z <= t_l, t_r + a_r (z - t_r) for other
 * z >= t_r, and z between; the parameters lie `apart` in the order t_l, a_l, t_r, a_r. */
template <class Real>
void srelu_forward_unit(
    const Real *__restrict z, const Real *parameters, ptrdiff_t apart, ptrdiff_t batch,
    Real *__restrict out)
{
    const Real t_l = parameters[0], a_l = parameters[apart];
    const Real t_r = parameters[2 * apart], a_r = parameters[3 * apart];
    for (ptrdiff_t b = 0; b < batch; b++) {
        const Real low = t_l + a_l * (z[b] - t_l), high = t_r + a_r * (z[b] - t_r);
        const Real inner = z[b] >= t_r ? high : z[b];
        out[b] = z[b] <= t_l ? low : inner;
    }
}

/* delta[b] *= f'(z[b]), and the gradient of the four parameters, `apart` as they are. */
template <class Real>
void srelu_backward_unit(
    const Real *__restrict z, const Real *parameters, ptrdiff_t apart, ptrdiff_t batch,
    Real *__restrict delta, Real *gradient)
{
    const Real t_l = parameters[0], a_l = parameters[apart];
    const Real t_r = parameters[2 * apart], a_r = parameters[3 * apart];
    Real low = 0, low_z = 0, high = 0, high_z = 0;
#if defined(_OPENMP) && _OPENMP >= 201307
#pragma omp simd reduction(+ : low, low_z, high, high_z)
#endif
    for (ptrdiff_t b = 0; b < batch; b++) {
        const Real d = delta[b], is_low = z[b] <= t_l;
        const Real is_high = (1 - is_low) * (z[b] >= t_r);
        low += is_low * d;
        low_z += is_low * d * (z[b] - t_l);
        high += is_high * d;
        high_z += is_high * d * (z[b] - t_r);
        delta[b] = d * (1 + is_low * (a_l - 1) + is_high * (a_r - 1));
    }
    gradient[0] = low * (1 - a_l);
    gradient[apart] = low_z;
    gradient[2 * apart] = high * (1 - a_r);
    gradient[3 * apart] = high_z;
}

/* Set values[k] to 0 with probability threshold / 2^32, and multiply it by `scale`
 * otherwise. The draw is a hash of k and of the two halves of the seed, which enter it at
 * different stages (a counter through the multiplications of C. Wellons's "lowbias32"). */
template <class Real>
void dropout(
    Real *values, ptrdiff_t first, ptrdiff_t n, uint64_t seed, uint32_t threshold,
    Real scale)
{
    const uint32_t low = static_cast<uint32_t>(seed);
    const uint32_t high = static_cast<uint32_t>(seed >> 32);
    for (ptrdiff_t k = 0; k < n; k++) {
        uint32_t draw = static_cast<uint32_t>(first + k) + low;
        draw = (draw ^ draw >> 16) * 0x7feb352du;
        draw = (draw ^ draw >> 15 ^ high) * 0x846ca68bu;
        draw ^= draw >> 16;
        values[k] = draw < threshold ? 0 : scale * values[k];
    }
}

} // namespace sklearn_set

#endif
