/* Restricted Boltzmann machines: likelihoods of one unit given all others, annealing. */
#ifndef SKLEARN_SET_BOLTZMANN_H
#define SKLEARN_SET_BOLTZMANN_H

#include <algorithm>
#include <cmath>

#include "vectors.h"

namespace sklearn_set {

/* Products of exp that a double holds. */
inline constexpr double safe_exponent = 300;

/* log(1 + exp(x)) without overflow. */
inline double softplus(double x)
{
    return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x)));
}

/* log((1 + exp(x + step)) / (1 + exp(x))) */
inline double log_ratio(double x, double step) { return softplus(x + step) - softplus(x); }

/* on = 1 / (1 + exp(-x)) and off = 1 - on, both to full precision. */
template <class Real>
void activation_probabilities(const Real *x, ptrdiff_t n, double *on, double *off)
{
    for (ptrdiff_t b = 0; b < n; b++) {
        const double e = std::exp(-std::fabs(static_cast<double>(x[b])));
        on[b] = (x[b] > 0 ? 1 : e) / (1 + e);
        off[b] = (x[b] > 0 ? e : 1) / (1 + e);
    }
}

/* logs += log(products), and products = 1. */
inline void collect_logs(double *products, double *logs, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        logs[i] += std::log(products[i]);
        products[i] = 1;
    }
}

/* One visible unit's links to hidden units, and the whole layer's weights; (n_hidden,
 * batch) inputs of the hidden units, and their probabilities to be on and off. */
template <class Real>
struct VisibleUnit {
    const int32_t *hidden, *links;
    ptrdiff_t n;
    const Real *weights, *inputs;
    const double *on, *off;
    ptrdiff_t batch;
};

/* The arguments but for the unit: of all links, by visible unit. */
template <class Real>
inline VisibleUnit<Real> visible_unit(
    ptrdiff_t i, const int32_t *indptr, const int32_t *hidden, const int32_t *links,
    const Real *weights, const Real *inputs, const double *on, const double *off,
    ptrdiff_t batch)
{
    return {hidden + indptr[i], links + indptr[i], indptr[i + 1] - indptr[i],
            weights, inputs, on, off, batch};
}

/* product[b] *= off[b] + on[b] * exp(w * flip[b]), where |w * flip[b]| is at most
 * safe_exponent. The end of the batch is padded, so that all take the same way. */
inline void multiply_ratios(
    const double *flip, const double *on, const double *off, double w, double *product,
    ptrdiff_t batch)
{
    using V = NarrowVector<double>;
    double padded[4][V::lanes] = {{0}};
    const double *from[4] = {flip, on, off, product};
    for (ptrdiff_t b = 0; b < batch; b += V::lanes) {
        const ptrdiff_t rest = batch - b;
        const double *p[4];
        for (int i = 0; i < 4; i++) {
            if (rest < V::lanes)
                std::copy_n(from[i] + b, rest, padded[i]);
            p[i] = rest < V::lanes ? padded[i] : from[i] + b;
        }
        const auto e = exp_in_range<V>(w * V::load(p[0]));
        const auto ratio = V::load(p[2]) + V::load(p[1]) * e;
        const auto result = V::load(p[3]) * ratio;
        if (rest >= V::lanes)
            V::store(product + b, result);
        else {
            V::store(padded[3], result);
            std::copy_n(padded[3], rest, product + b);
        }
    }
}

/* terms[b] = log P(v[b] | all others) of one unit that is either v or 1 - v.
 * (1 + exp(x + step)) / (1 + exp(x)) is off + on exp(step). The logarithm of a product of
 * such ratios is taken before it may overflow. `flip` and `product` have room for a batch. */
template <class Real>
void flip_unit(
    const VisibleUnit<Real> &unit, const Real *v, double bias, double *flip,
    double *product, double *terms)
{
    const ptrdiff_t batch = unit.batch;
    double farthest = 0, exponent = 0;
    for (ptrdiff_t b = 0; b < batch; b++) {
        flip[b] = 1 - 2 * static_cast<double>(v[b]);
        farthest = std::max(farthest, std::fabs(flip[b]));
        product[b] = 1;
        terms[b] = bias * flip[b];
    }
    for (ptrdiff_t k = 0; k < unit.n; k++) {
        const ptrdiff_t j = unit.hidden[k] * batch;
        const double w = unit.weights[unit.links[k]];
        if (std::fabs(w) * farthest > safe_exponent) {
            for (ptrdiff_t b = 0; b < batch; b++)
                terms[b] += log_ratio(unit.inputs[j + b], w * flip[b]);
            continue;
        }
        exponent += std::fabs(w) * farthest;
        if (exponent > safe_exponent) {
            exponent = std::fabs(w) * farthest;
            collect_logs(product, terms, batch);
        }
        multiply_ratios(flip, unit.on + j, unit.off + j, w, product, batch);
    }
    for (ptrdiff_t b = 0; b < batch; b++)
        terms[b] = -softplus(terms[b] + std::log(product[b]));
}

/* out[b] = sum_i terms[i, b], in this order. */
inline void sum_terms(const double *terms, ptrdiff_t n, ptrdiff_t batch, double *out)
{
    std::fill_n(out, batch, 0.0);
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t b = 0; b < batch; b++)
            out[b] += terms[i * batch + b];
}

inline double log_sum_exp(const double *x, ptrdiff_t n)
{
    const double largest = *std::max_element(x, x + n);
    double total = 0;
    for (ptrdiff_t m = 0; m < n; m++)
        total += std::exp(x[m] - largest);
    return largest + std::log(total);
}

/* The values low, low + step, ... that a unit may take; and for each sample and value a
 * product of ratios, and the logarithms of earlier ones. */
struct Nodes {
    double low, step;
    ptrdiff_t n;
    double *powers, *products, *logs;

    double value(ptrdiff_t m) const { return low + step * m; }
};

/* Start with the unit's prior. Returns how far a node lies from a value at most. */
template <class Real>
double start_nodes(const Nodes &nodes, const Real *v, double bias, ptrdiff_t batch)
{
    double farthest = 0;
    for (ptrdiff_t b = 0; b < batch; b++) {
        farthest = std::max(farthest, std::fabs(nodes.low - v[b]));
        farthest = std::max(farthest, std::fabs(nodes.value(nodes.n - 1) - v[b]));
        for (ptrdiff_t m = 0; m < nodes.n; m++) {
            const double distance = nodes.value(m) - bias;
            nodes.products[b * nodes.n + m] = 1;
            nodes.logs[b * nodes.n + m] = -0.5 * distance * distance;
        }
    }
    return farthest;
}

/* Multiply each product by the ratio of a hidden unit with this weight. */
template <class Real>
void multiply_nodes(
    const Nodes &nodes, const Real *v, double w, const double *on, const double *off,
    ptrdiff_t batch)
{
    const double growth = std::exp(w * nodes.step);
    nodes.powers[0] = 1;
    for (ptrdiff_t m = 1; m < nodes.n; m++)
        nodes.powers[m] = nodes.powers[m - 1] * growth;
    for (ptrdiff_t b = 0; b < batch; b++) {
        const double start = on[b] * std::exp(w * (nodes.low - v[b]));
        for (ptrdiff_t m = 0; m < nodes.n; m++)
            nodes.products[b * nodes.n + m] *= off[b] + start * nodes.powers[m];
    }
}

/* The same for a weight whose products would overflow. */
template <class Real>
void add_log_ratios(
    const Nodes &nodes, const Real *v, double w, const Real *inputs, ptrdiff_t batch)
{
    for (ptrdiff_t b = 0; b < batch; b++)
        for (ptrdiff_t m = 0; m < nodes.n; m++)
            nodes.logs[b * nodes.n + m] +=
                log_ratio(inputs[b], w * (nodes.value(m) - v[b]));
}

/* terms[b] = log p(v[b] | all others) of one unit of unit variance. By the trapezoidal rule
 * over all values that the unit may take: for a sum of Gaussians its error falls off as
 * exp(-2 (pi / step) ** 2). `scratch` has room for (2 batch + 1) n_nodes. */
template <class Real>
void integrate_unit(
    const VisibleUnit<Real> &unit, const Real *v, double bias, double low, double step,
    ptrdiff_t n_nodes, double *scratch, double *terms)
{
    const ptrdiff_t batch = unit.batch, size = batch * n_nodes;
    const Nodes nodes{low, step, n_nodes, scratch, scratch + n_nodes,
                      scratch + n_nodes + size};
    const double farthest = start_nodes(nodes, v, bias, batch);
    double exponent = 0;
    for (ptrdiff_t k = 0; k < unit.n; k++) {
        const ptrdiff_t j = unit.hidden[k] * batch;
        const double w = unit.weights[unit.links[k]];
        exponent += std::fabs(w) * farthest;
        if (exponent > safe_exponent) {
            exponent = std::fabs(w) * farthest;
            collect_logs(nodes.products, nodes.logs, size);
        }
        if (exponent > safe_exponent) { /* this link alone */
            exponent = 0;
            add_log_ratios(nodes, v, w, unit.inputs + j, batch);
        } else
            multiply_nodes(nodes, v, w, unit.on + j, unit.off + j, batch);
    }
    collect_logs(nodes.products, nodes.logs, size);
    for (ptrdiff_t b = 0; b < batch; b++)
        terms[b] = -0.5 * (v[b] - bias) * (v[b] - bias) - std::log(step)
                   - log_sum_exp(nodes.logs + b * n_nodes, n_nodes);
}

/* sum_j softplus(after x_j) - softplus(before x_j) of one sample's n inputs, `stride`
 * apart, which then become 1 / (1 + exp(-after x)). One logarithm serves many units: their
 * ratios lie in [1 / 2, 2]. */
template <class Real>
double anneal_sample(
    Real *inputs, ptrdiff_t n, ptrdiff_t stride, double before, double after)
{
    double product = 1, logs = 0, positive = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        const double x = inputs[j * stride];
        const double old_e = std::exp(-before * std::fabs(x));
        const double new_e = std::exp(-after * std::fabs(x));
        positive += x > 0 ? x : 0;
        product *= (1 + new_e) / (1 + old_e);
        inputs[j * stride] = static_cast<Real>((x > 0 ? 1 : new_e) / (1 + new_e));
        if (j % 512 == 511) {
            logs += std::log(product);
            product = 1;
        }
    }
    return (after - before) * positive + logs + std::log(product);
}

} // namespace sklearn_set

#endif
