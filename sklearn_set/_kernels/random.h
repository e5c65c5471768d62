/* SplitMix64 (Steele, Lea and Flood 2014): the k-th draw is a hash of the seed and k, so
 * that any thread may make it. */
#ifndef SKLEARN_SET_RANDOM_H
#define SKLEARN_SET_RANDOM_H

#include "platform.h"

namespace sklearn_set {

/* 64 random bits. */
inline uint64_t random_bits(uint64_t seed, ptrdiff_t k)
{
    uint64_t z = seed + static_cast<uint64_t>(k + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* A multiple of 2^-53 in [0, 1). */
inline double random_uniform(uint64_t seed, ptrdiff_t k)
{
    const int64_t bits = static_cast<int64_t>(random_bits(seed, k) >> 11);
    return static_cast<double>(bits) * 1.1102230246251565e-16;
}

/* out[k] = 1 with probability probabilities[k], else 0, by the draws from the first-th on.
 * Without a branch, which could not be predicted. */
template <class Real>
void sample_bernoulli(
    const Real *probabilities, ptrdiff_t first, ptrdiff_t n, uint64_t seed, Real *out)
{
    for (ptrdiff_t k = 0; k < n; k++) {
        const int is_one = random_uniform(seed, first + k) < probabilities[k];
        out[k] = static_cast<Real>(is_one);
    }
}

} // namespace sklearn_set

#endif
