/* What this machine can do: STREAM triad, lines at random and multiply-adds, on all cores.
   A measuring tool, compiled by roofline.py when it runs; no part of the package. */

#define _GNU_SOURCE
#include <stdlib.h>
#include <omp.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#ifdef __AVX512F__
#define WIDTH 16
#elif defined(__AVX__)
#define WIDTH 8
#else
#define WIDTH 4
#endif

/* Latency times throughput of today's cores is 8 to 10; 12 fit into 16 registers. */
#define CHAINS 12

typedef float vector __attribute__((vector_size(4 * WIDTH)));

static float *allocate(long n)
{
    const size_t page = 2 << 20;
    size_t bytes = (n * sizeof(float) + page - 1) / page * page;
    float *array = aligned_alloc(page, bytes);
#ifdef MADV_HUGEPAGE
    if (array)
        madvise(array, bytes, MADV_HUGEPAGE); /* else the TLB is measured as well */
#endif
    return array;
}

/* Seconds of the best of `repeats` triads over n floats; -1 without memory. */
double triad_seconds(long n, int repeats)
{
    float *a = allocate(n), *b = allocate(n), *c = allocate(n);
    double best = -1;
    if (a && b && c) {
        /* First touched as they are used, for machines with several memories. */
#pragma omp parallel for schedule(static)
        for (long i = 0; i < n; i++) {
            a[i] = 0;
            b[i] = 1;
            c[i] = 2;
        }
        for (int r = 0; r < repeats; r++) {
            double begin = omp_get_wtime();
#pragma omp parallel for schedule(static)
            for (long i = 0; i < n; i++)
                a[i] = b[i] + 3 * c[i];
            double seconds = omp_get_wtime() - begin;
            if (best < 0 || seconds < best)
                best = seconds;
        }
    }
    free(a);
    free(b);
    free(c);
    return best;
}

/* Seconds of the best of `repeats` times n / 16 visits to random 64-byte lines of n
   floats, -1 without memory; n / 16 is a power of two. As with links, the processor
   knows ahead where to go. */
double random_lines_seconds(long n, int repeats)
{
    const unsigned long mask = n / 16 - 1;
    float *a = allocate(n);
    volatile float sink = 0;
    double best = -1;
    if (!a)
        return best;
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; i++)
        a[i] = 1;
    for (int r = 0; r < repeats; r++) {
        float total = 0;
        double begin = omp_get_wtime();
#pragma omp parallel reduction(+ : total)
        {
            const long n_threads = omp_get_num_threads();
            unsigned long at = (mask / n_threads) * omp_get_thread_num() * 0x9E3779B1;
            for (long i = 0; i < n / 16 / n_threads; i++) {
                at = at * 1664525 + 1013904223;
                total += a[((at >> 7 ^ at) & mask) * 16];
            }
        }
        double seconds = omp_get_wtime() - begin;
        sink += total;
        if (best < 0 || seconds < best)
            best = seconds;
    }
    (void)sink;
    free(a);
    return best;
}

/* A thread's n rounds of CHAINS independent multiply-adds; the result keeps the
   compiler from leaving them out. */
static float multiply_add(long n, float seed)
{
    vector sums[CHAINS], factor, term;
    for (int lane = 0; lane < WIDTH; lane++) {
        factor[lane] = 0.5f + seed;
        term[lane] = 0.25f;
    }
    for (int k = 0; k < CHAINS; k++)
        sums[k] = term * (float)k;
    for (long i = 0; i < n; i++) {
#pragma GCC unroll 12
        for (int k = 0; k < CHAINS; k++)
            sums[k] = sums[k] * factor + term;
    }
    for (int k = 1; k < CHAINS; k++)
        sums[0] += sums[k];
    return sums[0][0];
}

/* Operations a second, of all threads; the best of `repeats`. */
double peak_flops(long n, int repeats)
{
    volatile float sink = 0;
    double best = 0;
    for (int r = 0; r < repeats; r++) {
        int n_threads = 1;
        float total = 0;
        double begin = omp_get_wtime();
#pragma omp parallel reduction(+ : total)
        {
#pragma omp single
            n_threads = omp_get_num_threads();
            total += multiply_add(n, 1e-9f * r);
        }
        double seconds = omp_get_wtime() - begin;
        double flops = 2.0 * WIDTH * CHAINS * n * n_threads / seconds;
        sink += total;
        if (flops > best)
            best = flops;
    }
    (void)sink;
    return best;
}
