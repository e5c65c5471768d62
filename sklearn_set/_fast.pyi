# The signatures of _fast.pyx, which says what each argument is.
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]  # of float32 or float64, or of integers of either size
Float64: TypeAlias = NDArray[np.float64]
Int32: TypeAlias = NDArray[np.int32]
Int64: TypeAlias = NDArray[np.int64]
Intp: TypeAlias = NDArray[np.intp]
UInt8: TypeAlias = NDArray[np.uint8]
UInt64: TypeAlias = NDArray[np.uint64]

LINE: int

class Solver(IntEnum):
    sgd = 0
    adam = 1
    adamw = 2
    rmsprop = 3

def max_threads() -> int: ...
def processor_level() -> int: ...
def has_openmp() -> bool: ...
def empty_step() -> Any: ...
def is_canonical(indptr: Int32, indices: Int32, n_columns: int) -> bool: ...
def load_dense(X: Array, rows: Intp, out: Array, n_threads: int) -> None: ...
def load_csr(
    data: Array, indices: Array, indptr: Array, rows: Intp, out: Array
) -> None: ...
def load_nonzeros(
    data: Array,
    indices: Array,
    indptr: Array,
    rows: Intp,
    starts: Int32,
    features: Int32,
    values: Array,
) -> None: ...
def list_by_feature(
    starts: Int32,
    features: Int32,
    values: Array,
    counts: Int32,
    marks: UInt64,
    present: Int32,
    feature_starts: Int32,
    samples: Int32,
    feature_values: Array,
) -> int: ...
def gather(
    x: Array,
    indptr: Int32,
    units: Int32,
    links: Int32 | None,
    weights: Array,
    bias: Array,
    negative_slope: float,
    out: Array,
    n_threads: int,
    logistic: bool = False,
) -> None: ...
def scatter(
    x: Array,
    indptr: Int32,
    targets: Int32,
    weights: Array,
    bias: Array,
    negative_slope: float,
    parts: Array,
    out: Array,
    n_threads: int,
    logistic: bool = False,
) -> None: ...
def forward_nonzeros(
    starts: Int32,
    features: Int32,
    values: Array,
    indptr: Int32,
    targets: Int32,
    weights: Array,
    bias: Array,
    negative_slope: float,
    sums: Array,
    out: Array,
    n_threads: int,
    state: Array | None = None,
    powers: Float64 | None = None,
    n_steps: int = 0,
    last_step: Int32 | None = None,
) -> None: ...
def logistic(values: Array) -> None: ...

CURVES: dict[str, int]

def activate(
    z: Array, out: Array, curve: int, negative_slope: float, n_threads: int
) -> None: ...
def scale(values: Array, factors: Array, n_threads: int) -> None: ...
def srelu_forward(z: Array, parameters: Array, out: Array, n_threads: int) -> None: ...
def srelu_backward(
    z: Array, parameters: Array, delta: Array, gradient: Array, n_threads: int
) -> None: ...
def dropout(values: Array, seed: int, rate: float, n_threads: int) -> None: ...
def softmax_gradient(
    z: Array, is_class: UInt8, scratch: Array, losses: Float64
) -> None: ...
def update_parameters(
    delta: Array,
    values: Array,
    state: Array,
    step: Array,
    n_threads: int,
    negative_delta: Array | None = None,
) -> None: ...
def sum_rows(rows: Array, out: Array, n_threads: int) -> None: ...
def backward(
    x: Array,
    delta: Array,
    indptr: Int32,
    targets: Int32,
    weights: Array,
    state: Array,
    step: Array,
    negative_slope: float,
    bias_gradient: Array | None,
    squared_norms: Float64 | None,
    row: Array,
    n_threads: int,
    negative_x: Array | None = None,
    negative_delta: Array | None = None,
) -> float: ...
def backward_nonzeros(
    present: Int32,
    feature_starts: Int32,
    samples: Int32,
    values: Array,
    delta: Array,
    indptr: Int32,
    targets: Int32,
    weights: Array,
    state: Array,
    step: Array,
    powers: Float64 | None,
    n_steps: int,
    last_step: Int32,
    squared_norms: Float64,
    n_threads: int,
) -> None: ...
def flush_pending(
    rows: Int32,
    powers: Float64 | None,
    steps: Array | None,
    n_steps: int,
    last_step: Int32,
    indptr: Int32,
    weights: Array,
    state: Array,
    squared_norms: Float64,
    n_threads: int,
) -> None: ...
def transpose_index(
    indptr: Int32,
    targets: Int32,
    out_indptr: Int32,
    sources: Int32,
    links: Int32,
    n_threads: int,
) -> None: ...
def draw_blocks(
    seed: int,
    limits: Int64,
    starts: Int64,
    buckets: Int32,
    scratch: Int64,
    positions: Int64,
    n_distinct: Int64,
    n_threads: int,
) -> None: ...
def pack_blocks(
    positions: Int64, starts: Int64, new_starts: Int64, out: Int64, n_threads: int
) -> None: ...
def count_digits(
    bits: Array,
    infinity: int,
    shift: int,
    width: int,
    prefix: Int64,
    counts: Int64,
    n_threads: int,
) -> None: ...
def mark_larger(bits: Array, bound: Array, kept: UInt8, n_threads: int) -> None: ...
def count_kept(indptr: Int32, kept: UInt8, counts: Int32, n_threads: int) -> None: ...
def position_gradients(
    x: Array, delta: Array, sources: Int32, targets: Int32, out: Array, n_threads: int
) -> None: ...
def position_gradients_nonzeros(
    feature_starts: Int32,
    samples: Int32,
    values: Array,
    delta: Array,
    rows: Int32,
    targets: Int32,
    out: Array,
    n_threads: int,
) -> None: ...
def rewire(
    indptr: Int32,
    targets: Int32,
    weights: Array,
    state: Array,
    kept: UInt8,
    kept_before: Int32,
    positions: Int64,
    n_out: int,
    new_indptr: Int32,
    new_targets: Int32,
    new_weights: Array,
    new_state: Array,
    n_threads: int,
) -> None: ...
def sample(probabilities: Array, seed: int, out: Array, n_threads: int) -> None: ...
def pseudo_log_likelihood(
    v: Array,
    inputs: Array,
    indptr: Int32,
    hidden: Int32,
    links: Int32,
    weights: Array,
    bias: Array,
    on: Float64,
    off: Float64,
    scratch: Float64,
    terms: Float64,
    out: Float64,
    n_threads: int,
) -> None: ...
def gaussian_pseudo_log_likelihood(
    v: Array,
    inputs: Array,
    indptr: Int32,
    hidden: Int32,
    links: Int32,
    weights: Array,
    bias: Array,
    lowest: Float64,
    n_nodes: Int32,
    step: float,
    on: Float64,
    off: Float64,
    nodes: Float64,
    terms: Float64,
    out: Float64,
    n_threads: int,
) -> None: ...
def anneal(
    inputs: Array, before: float, after: float, log_weights: Float64, n_threads: int
) -> None: ...
