"""The C++ kernels, as _fast.pyx calls them; what they do is said in the headers."""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "_kernels/platform.h" namespace "sklearn_set" nogil:
    const bint openmp "sklearn_set::has_openmp"
    int omp_threads "sklearn_set::max_threads"()
    int cpu_level "sklearn_set::processor_level"()
    unsigned int flush_subnormals()
    void restore_mode(unsigned int mode)

cdef extern from "_kernels/prefetch.h" namespace "sklearn_set" nogil:
    ctypedef enum Prefetch:
        pass
    const int position_distance "sklearn_set::position_distance"
    Prefetch prefetch_for(Py_ssize_t n_bytes)
    void prefetch_array(const void* array, Py_ssize_t n_bytes)
    void prefetch_array_l2(const void* array, Py_ssize_t n_bytes)
    void warm_cache(const void* rows, Py_ssize_t n_bytes, Prefetch prefetch)

cdef extern from "_kernels/solvers.h" namespace "sklearn_set" nogil:
    # Python's steps have these fields, in this order (see `empty_step`).
    ctypedef struct SolverStep:
        int64_t solver
        double learning_rate
        double momentum
        double velocity_factor
        double gradient_factor
        double one_minus_beta_1
        double one_minus_beta_2
        double adam_epsilon
        double gradient_scale
        double weight_decay

    void update_strip[T](
        const T* delta, const T* negative_delta, Py_ssize_t batch, T* values, T* state,
        Py_ssize_t apart, const SolverStep& step, Py_ssize_t first, Py_ssize_t n)

cdef extern from "_kernels/gather.h" namespace "sklearn_set" nogil:
    void gather_units[T](
        const T* x, Py_ssize_t batch, const int32_t* indptr, const int32_t* units,
        const int32_t* links, const T* weights, const T* bias, Py_ssize_t first,
        Py_ssize_t end, Py_ssize_t n_links, Prefetch prefetch, T negative_slope, T* out)

cdef extern from "_kernels/scatter.h" namespace "sklearn_set" nogil:
    void scatter_units[T](
        const T* x, Py_ssize_t batch, const int32_t* indptr, const int32_t* targets,
        const T* weights, Py_ssize_t first, Py_ssize_t end, Py_ssize_t n_links,
        Prefetch prefetch, T* out)
    void broadcast_bias[T](const T* bias, Py_ssize_t n, Py_ssize_t batch, T* out)
    void add_parts[T](
        T* out, const T* parts, Py_ssize_t n_parts, Py_ssize_t apart, Py_ssize_t n,
        T negative_slope)

cdef extern from "_kernels/backward.h" namespace "sklearn_set" nogil:
    void backward_units[T](
        T* x, const T* delta, const T* negative_x, const T* negative_delta,
        Py_ssize_t batch, const int32_t* indptr, const int32_t* targets, T* weights,
        Py_ssize_t first, Py_ssize_t end, Py_ssize_t n_links, Prefetch prefetch,
        T negative_slope, const SolverStep& step, T* state, T* bias_gradient,
        double* squared_norms, T* row)

cdef extern from "_kernels/reductions.h" namespace "sklearn_set" nogil:
    const Py_ssize_t STRIP
    T row_sum[T](const T* row, Py_ssize_t batch)
    double total(const double* values, Py_ssize_t n)

cdef extern from "_kernels/activations.h" namespace "sklearn_set" nogil:
    enum class Curve "sklearn_set::Curve":
        all_relu
        elu
        gelu
        logistic
        silu
        tanh
    void apply_logistic[T](T* z, Py_ssize_t n)
    void softmax_gradient_of "sklearn_set::softmax_gradient"[T](
        T* z, Py_ssize_t n_outputs, Py_ssize_t batch, const uint8_t* is_class,
        Py_ssize_t output_stride, Py_ssize_t sample_stride, T* largest, T* total,
        double* losses)
    void apply_curve[T](T* z, T* out, Py_ssize_t n, Curve curve, T negative_slope)
    void multiply[T](T* values, const T* factors, Py_ssize_t n)
    void srelu_forward_unit[T](
        const T* z, const T* parameters, Py_ssize_t apart, Py_ssize_t batch, T* out)
    void srelu_backward_unit[T](
        const T* z, const T* parameters, Py_ssize_t apart, Py_ssize_t batch, T* delta,
        T* gradient)
    void dropout_range "sklearn_set::dropout"[T](
        T* values, Py_ssize_t first, Py_ssize_t n, uint64_t seed, uint32_t threshold,
        T scale)

cdef extern from "_kernels/dense_batch.h" namespace "sklearn_set" nogil:
    const Py_ssize_t SAMPLES "sklearn_set::LINE"
    void load_features[T](
        const T* X, Py_ssize_t row_stride, Py_ssize_t column_stride,
        const Py_ssize_t* rows, Py_ssize_t first, Py_ssize_t end, T* out,
        Py_ssize_t batch)

cdef extern from "_kernels/sparse_batch.h" namespace "sklearn_set" nogil:
    void add_rows[T, I](
        const T* data, const I* indices, const I* indptr, const Py_ssize_t* rows,
        Py_ssize_t batch, T* out)
    void list_by_sample[T, I](
        const T* data, const I* indices, const I* indptr, const Py_ssize_t* rows,
        Py_ssize_t batch, int32_t* starts, int32_t* features, T* values)
    int32_t list_features "sklearn_set::list_by_feature"[T](
        const int32_t* starts, const int32_t* features, const T* values,
        Py_ssize_t batch, int32_t* counts, uint64_t* marks, Py_ssize_t n_words,
        int32_t* present, int32_t* feature_starts, int32_t* samples,
        T* feature_values)
    void forward_samples[T](
        const int32_t* starts, const int32_t* features, const T* values,
        const int32_t* indptr, const int32_t* targets, const T* weights,
        const T* velocity, const double* powers, int32_t n_steps,
        const int32_t* last_step, const T* bias, T negative_slope, Py_ssize_t first,
        Py_ssize_t n, T* sums, Py_ssize_t n_out, T* out, Py_ssize_t batch)
    double backward_feature[T](
        Py_ssize_t p, Py_ssize_t n_present, const int32_t* present,
        const int32_t* feature_starts, const int32_t* samples, const T* values,
        const T* delta, Py_ssize_t batch, const int32_t* indptr, const int32_t* targets,
        T* weights, T* state, Py_ssize_t n_links, const SolverStep& step,
        const double* powers, int32_t n_steps, int32_t* last_step)
    double flush_row[T](
        Py_ssize_t r, Py_ssize_t n_rows, const int32_t* rows, const double* powers,
        const SolverStep* steps, int32_t n_steps, int32_t* last_step,
        const int32_t* indptr, T* weights, T* state, Py_ssize_t n_links)

cdef extern from "_kernels/random.h" namespace "sklearn_set" nogil:
    void sample_bernoulli[T](
        const T* probabilities, Py_ssize_t first, Py_ssize_t n, uint64_t seed, T* out)

cdef extern from "_kernels/topology.h" namespace "sklearn_set" nogil:
    bint has_canonical_arrays "sklearn_set::is_canonical"(
        const int32_t* indptr, Py_ssize_t n_rows, const int32_t* indices, int32_t n,
        int32_t n_columns)
    void count_links_to(
        const int32_t* indptr, const int32_t* targets, Py_ssize_t n_in,
        Py_ssize_t first, Py_ssize_t end, int32_t* counts)
    void counts_to_starts(int32_t* counts, Py_ssize_t n)
    void list_links_to(
        const int32_t* indptr, const int32_t* targets, Py_ssize_t n_in,
        Py_ssize_t first, Py_ssize_t end, int32_t* starts, int32_t* sources,
        int32_t* links)
    void ends_to_starts(int32_t* ends, Py_ssize_t n)
    Py_ssize_t draw_block(
        uint64_t seed, Py_ssize_t first, int64_t low, int64_t limit, int64_t* out,
        int32_t* starts, int64_t* scratch, Py_ssize_t n)
    void count_digits_of "sklearn_set::count_digits"[I](
        const I* bits, Py_ssize_t n, I infinity, int shift, int width,
        const int64_t* prefix, int64_t* counts)
    void mark_larger_of "sklearn_set::mark_larger"[I](
        const I* bits, Py_ssize_t n, const I* bound, uint8_t* kept)
    int32_t count_ones(const uint8_t* kept, Py_ssize_t n)
    T position_gradient[T](const T* x, const T* delta, Py_ssize_t batch)
    T position_gradient_nonzeros[T](
        int32_t p, const int32_t* feature_starts, const int32_t* samples,
        const T* values, const T* delta)
    void merge_rows[T](
        Py_ssize_t first, Py_ssize_t end, const int32_t* indptr, const int32_t* targets,
        const T* weights, const T* state, Py_ssize_t n_links, Py_ssize_t n_states,
        const uint8_t* kept, const int32_t* kept_before, const int64_t* positions,
        Py_ssize_t n_positions, int64_t n_out, int32_t* new_indptr,
        int32_t* new_targets, T* new_weights, T* new_state, Py_ssize_t n_new_links)

cdef extern from "_kernels/boltzmann.h" namespace "sklearn_set" nogil:
    cdef cppclass VisibleUnit[T]:
        pass
    VisibleUnit[T] visible_unit[T](
        Py_ssize_t i, const int32_t* indptr, const int32_t* hidden,
        const int32_t* links, const T* weights, const T* inputs, const double* on,
        const double* off, Py_ssize_t batch)
    void activation_probabilities[T](
        const T* x, Py_ssize_t n, double* on, double* off)
    void flip_unit[T](
        const VisibleUnit[T]& unit, const T* v, double bias, double* flip,
        double* product, double* terms)
    void integrate_unit[T](
        const VisibleUnit[T]& unit, const T* v, double bias, double low, double step,
        Py_ssize_t n_nodes, double* scratch, double* terms)
    void sum_terms(const double* terms, Py_ssize_t n, Py_ssize_t batch, double* out)
    double anneal_sample[T](
        T* inputs, Py_ssize_t n, Py_ssize_t stride, double before, double after)
