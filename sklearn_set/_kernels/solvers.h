/* Solvers: one step in place. A new solver is an entry of `Solver`, a function and a case of
 * `solver_step`; its coefficients are fields of `SolverStep`, which a class in
 * _layers/solvers.py fills. */
#ifndef SKLEARN_SET_SOLVERS_H
#define SKLEARN_SET_SOLVERS_H

#include <cmath>

#include "blocks.h"
#include "reductions.h"
#include "vectors.h"

namespace sklearn_set {

enum class Solver { sgd, adam, adamw, rmsprop };

/* The coefficients of one step. The gradient is
 * g = gradient_scale * (sum over the batch) + weight_decay * w, but for adamw. */
struct SolverStep {
    int64_t solver; /* a Solver */
    double learning_rate; /* adam, adamw, rmsprop: corrected for the moments' start at 0 */
    double momentum;
    double velocity_factor;
    double gradient_factor;
    double one_minus_beta_1;
    double one_minus_beta_2;
    double adam_epsilon;
    double gradient_scale;
    double weight_decay; /* adamw: times the learning rate, applied to w itself */
};

/* ---- stochastic gradient descent ---- */

/* The coefficients as numbers of a type; a local copy stays in registers. */
template <class Real>
struct SgdStep {
    Real learning_rate, momentum, velocity_factor, gradient_factor, gradient_scale,
        weight_decay;

    explicit SgdStep(const SolverStep &step)
        : learning_rate(static_cast<Real>(step.learning_rate)),
          momentum(static_cast<Real>(step.momentum)),
          velocity_factor(static_cast<Real>(step.velocity_factor)),
          gradient_factor(static_cast<Real>(step.gradient_factor)),
          gradient_scale(static_cast<Real>(step.gradient_scale)),
          weight_decay(static_cast<Real>(step.weight_decay))
    {
    }
};

/* v <- momentum * v - learning_rate * g
 * w <- w + velocity_factor * v - gradient_factor * g
 * with factors 1 and 0, or momentum and learning_rate for Nesterov's momentum. Without
 * momentum there is no velocity (NULL) and w <- w - learning_rate * g.
 *
 * The number of threads decides which links are part of whole vectors V and which of
 * partial ones. So that all round alike, one of two products that are added is rounded
 * first; so are the loaded values, or a single number might be multiplied separately. */
template <class V>
ALWAYS_INLINE inline void sgd_vector(
    const SgdStep<typename V::Real> &step, typename V::Real *w, typename V::Real *velocity,
    const typename V::Real *gradient)
{
    auto w0 = V::load(w), d = V::load(gradient);
    round_here(w0);
    round_here(d);
    auto penalty = step.weight_decay * w0;
    round_here(penalty);
    const auto g = step.gradient_scale * d + penalty;
    auto move = step.learning_rate * g;
    round_here(move);
    auto w1 = w0 - move;
    if (velocity) {
        auto v0 = V::load(velocity);
        round_here(v0);
        const auto v1 = step.momentum * v0 - move;
        w1 = w0 + step.velocity_factor * v1 - step.gradient_factor * g;
        V::store(velocity, v1);
    }
    V::store(w, w1);
}

/* The rest of the links are updated each alone: if a vector stored the next unit's too, its
 * first load would wait until all these stores are done. */
template <class Real>
ALWAYS_INLINE inline void sgd(
    const SolverStep &shared_step, Real *w, Real *velocity, const Real *gradient,
    ptrdiff_t n)
{
    using V = NarrowVector<Real>;
    const SgdStep<Real> step(shared_step);
    ptrdiff_t k = 0;
    for (; k + V::lanes <= n; k += V::lanes)
        sgd_vector<V>(step, w + k, velocity ? velocity + k : nullptr, gradient + k);
    for_partial<Real>(n - k, [&](ptrdiff_t b, auto width) ALWAYS_INLINE {
        const ptrdiff_t i = k + b;
        sgd_vector<PartialVector<Real, width>>(
            step, w + i, velocity ? velocity + i : nullptr, gradient + i);
    });
}

/* ---- Adam and its relatives ---- */

/* m <- m + (1 - beta_1) (g - m);  v <- v + (1 - beta_2) (g g - v)
 * w <- w - learning_rate * m / (sqrt(v) + adam_epsilon)
 * adamw shrinks w itself by weight_decay, instead of adding to g. rmsprop has no m: g takes
 * its place. */
template <Solver solver, class Real>
ALWAYS_INLINE inline void adam(
    const SolverStep &step, Real *__restrict w, Real *__restrict m, Real *__restrict v,
    const Real *__restrict gradient, ptrdiff_t n)
{
    constexpr bool is_decoupled = solver == Solver::adamw;
    const Real learning_rate = static_cast<Real>(step.learning_rate);
    const Real one_minus_beta_1 = static_cast<Real>(step.one_minus_beta_1);
    const Real one_minus_beta_2 = static_cast<Real>(step.one_minus_beta_2);
    const Real epsilon = static_cast<Real>(step.adam_epsilon);
    const Real scale = static_cast<Real>(step.gradient_scale);
    const Real weight_decay = static_cast<Real>(step.weight_decay);
    const Real penalty = is_decoupled ? 0 : weight_decay;
    const Real shrinkage = is_decoupled ? weight_decay : 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        const Real g = scale * gradient[k] + penalty * w[k];
        Real mean = g;
        if constexpr (solver != Solver::rmsprop)
            m[k] = mean = m[k] + one_minus_beta_1 * (g - m[k]);
        v[k] += one_minus_beta_2 * (g * g - v[k]);
        /* In double precision, so that w is rounded once. */
        const double scale_of_g = static_cast<double>(std::sqrt(v[k])) + epsilon;
        w[k] -= shrinkage * w[k] + learning_rate * mean / scale_of_g;
    }
}

/* ---- any solver ---- */

/* Number of values that a solver keeps for each parameter; sgd may have none. */
inline int n_states(const SolverStep &step)
{
    const auto solver = static_cast<Solver>(step.solver);
    return solver == Solver::adam || solver == Solver::adamw ? 2 : 1;
}

/* One step for n parameters; their states lie `apart`. */
template <class Real>
ALWAYS_INLINE inline void solver_step(
    const SolverStep &step, Real *w, Real *state, ptrdiff_t apart, const Real *gradient,
    ptrdiff_t n)
{
    switch (static_cast<Solver>(step.solver)) {
    case Solver::sgd:
        return sgd(step, w, state, gradient, n);
    case Solver::adam:
        return adam<Solver::adam>(step, w, state, state + apart, gradient, n);
    case Solver::adamw:
        return adam<Solver::adamw>(step, w, state, state + apart, gradient, n);
    case Solver::rmsprop:
        return adam<Solver::rmsprop, Real>(step, w, nullptr, state, gradient, n);
    }
}

/* The step of n <= STRIP parameters from `first` on, whose input is always 1: biases.
 * Their gradients are sums of rows of delta, minus those of negative_delta unless NULL. */
template <class Real>
void update_strip(
    const Real *delta, const Real *negative_delta, ptrdiff_t batch, Real *values,
    Real *state, ptrdiff_t apart, const SolverStep &step, ptrdiff_t first, ptrdiff_t n)
{
    Real gradient[STRIP];
    const Real *negative = negative_delta ? negative_delta + first * batch : nullptr;
    row_sums(delta + first * batch, negative, batch, n, gradient);
    solver_step(step, values + first, state ? state + first : nullptr, apart, gradient, n);
}

/* ---- steps with zero gradient ---- */

/* Many of sgd's at once: a power of the matrix that maps (w, v) to the next, by rows. */
template <class Real>
void apply_power(const double *power, Real *weights, Real *velocity, ptrdiff_t n)
{
    const Real ww = static_cast<Real>(power[0]), wv = static_cast<Real>(power[1]);
    const Real vw = static_cast<Real>(power[2]), vv = static_cast<Real>(power[3]);
    if (!velocity) {
        for (ptrdiff_t k = 0; k < n; k++)
            weights[k] *= ww;
        return;
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        const Real w = weights[k];
        weights[k] = ww * w + wv * velocity[k];
        velocity[k] = vw * w + vv * velocity[k];
    }
}

/* Steps from steps[last_step] up to steps[n_steps - 1], for n <= STRIP parameters. */
template <class Real>
void zero_gradient_steps(
    const SolverStep *steps, int32_t last_step, int32_t n_steps, Real *weights,
    Real *state, ptrdiff_t apart, ptrdiff_t n)
{
    Real gradient[STRIP] = {0};
    for (int32_t t = last_step; t < n_steps; t++)
        solver_step(steps[t], weights, state, apart, gradient, n);
}

} // namespace sklearn_set

#endif
