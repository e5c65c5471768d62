"""Measure what the machine can do, and what share of it our kernels reach::

    python benchmarks/roofline.py [--quick]

Bandwidth is STREAM's triad, ``a = b + 3 * c``, counted as STREAM does: 12 bytes a float
element; for lines of memory at random, 64 bytes each. The arithmetic peak is that of
float32 multiply-adds in registers. All run on all cores, in C that is compiled for this
very processor.
"""

import argparse
import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

SOURCE = Path(__file__).with_name("roofline.c")
SIZES = ((1000, 40, 128), (3000, 80, 128), (30_000, 40, 2), (300_000, 40, 2))
QUICK_SIZES = ((300, 20, 128), (3000, 20, 2))


class NoCompiler(Exception):
    """There is no C compiler, or it cannot compile the measuring tool."""


@contextmanager
def compiled():
    """Compile `roofline.c` into a temporary folder and yield the loaded library."""
    candidates = (os.environ.get("CC"), "cc", "gcc", "clang")
    compiler = next((c for c in candidates if c and shutil.which(c)), None)
    if compiler is None:
        raise NoCompiler("no C compiler (cc, gcc or clang); install one or set CC.")
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "roofline.so")
        flags = "-O3 -march=native -fopenmp -shared -fPIC".split()
        command = [compiler, *flags, str(SOURCE), "-o", target]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise NoCompiler(f"{' '.join(command)} failed:\n{done.stderr}")
        library = ctypes.CDLL(target)
        measures = "triad_seconds", "random_lines_seconds", "peak_flops"
        for function in (getattr(library, name) for name in measures):
            function.restype = ctypes.c_double
            function.argtypes = ctypes.c_long, ctypes.c_int
        yield library


def triad(library, n_floats=1 << 26, repeats=10):
    """Return STREAM's bandwidth in bytes a second."""
    seconds = library.triad_seconds(n_floats, repeats)
    if seconds < 0:
        raise MemoryError(f"There is no memory for 3 arrays of {n_floats} floats.")
    return 12 * n_floats / seconds


def random_lines(library, n_floats=1 << 26, repeats=5):
    """Return the bandwidth of lines that are read at random, in bytes a second."""
    seconds = library.random_lines_seconds(n_floats, repeats)
    if seconds < 0:
        raise MemoryError(f"There is no memory for an array of {n_floats} floats.")
    return 4 * n_floats / seconds


def peak(library, rounds=20_000_000, repeats=5):
    """Return the float32 multiply-add peak in operations a second."""
    return library.peak_flops(rounds, repeats)


def kernels(units, links_per_unit, batch):
    """Return forward and backward of one layer, as functions without arguments.

    The only place here that knows how the kernels are called.
    """
    # Not above: the rivals' processes import this file too, and are to load no OpenMP
    # runtime but their own.
    from sklearn_set._layers.solvers import SGD
    from sklearn_set._layers.sparse_layer import SparseLayer
    from sklearn_set._utils.threads import effective_n_threads

    rng = np.random.default_rng(0)
    n_links = units * links_per_unit
    layer = SparseLayer.random(units, units, n_links, rng, np.float32)
    layer.n_threads = effective_n_threads()
    layer.connections.weights[:] = 0.1 * rng.standard_normal(n_links)
    layer.prepare(np.zeros((1, n_links), np.float32))
    x, delta = rng.standard_normal((2, units, batch)).astype(np.float32)
    out, bias = np.empty_like(x), np.zeros(units, np.float32)
    sums = np.empty_like(bias)
    step = SGD(1e-6, momentum=0.9, nesterov=True).steps(1 / batch, 0.0)[0]
    return {
        "forward": lambda: layer.forward(x, bias, out),
        "backward, update": lambda: layer.backward(x, delta, step, bias_gradient=sums),
    }


class Cost(NamedTuple):
    """What a kernel does for each link: flops a sample, bytes of the link's arrays."""

    flops: int
    bytes: int


COSTS = {"forward": Cost(2, 8), "backward, update": Cost(4, 20)}


def seconds_per_call(call, at_least):
    """Return the median over calls that take `at_least` seconds together."""
    call()
    seconds, end = [], time.perf_counter() + at_least
    while time.perf_counter() < end or len(seconds) < 5:
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return median(seconds)


def line(kernel, size, seconds, bandwidth, flops_peak):
    """Format one kernel's numbers and its shares of both peaks."""
    units, links_per_unit, batch = size
    n_links = units * links_per_unit
    flops = COSTS[kernel].flops * n_links * batch / seconds
    traffic = COSTS[kernel].bytes * n_links / seconds
    return (
        f"{kernel:<17} {units:>8,} x {links_per_unit:<3} {batch:>5} "
        f"{seconds / n_links * 1e9:>8.3f} "
        f"{flops / 1e9:>9.1f} {flops / flops_peak:>7.1%} "
        f"{traffic / 1e9:>8.2f} {traffic / bandwidth:>7.1%}"
    )


def main():
    """Measure the machine, then each kernel at each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].rstrip(":"))
    parser.add_argument("--quick", action="store_true", help="tiny sizes, less exact")
    quick = parser.parse_args().quick
    try:
        with compiled() as library:
            n_floats = 1 << (22 if quick else 26)
            bandwidth = triad(library, n_floats)
            scattered = random_lines(library, n_floats)
            flops_peak = peak(library, 1_000_000 if quick else 20_000_000)
    except NoCompiler as reason:
        raise SystemExit(f"The roofline cannot be measured: {reason}") from None
    print(f"STREAM triad {bandwidth / 1e9:.1f} GB/s, ", end="")
    print(f"random lines {scattered / 1e9:.1f} GB/s, ", end="")
    print(f"float32 multiply-add peak {flops_peak / 1e9:.0f} GFLOP/s\n")
    print(f"{'kernel':<17} {'units x links':>14} {'batch':>5} {'ns/link':>8} ", end="")
    print(f"{'GFLOP/s':>9} {'share':>7} {'GB/s':>8} {'share':>7}")
    for size in QUICK_SIZES if quick else SIZES:
        for kernel, call in kernels(*size).items():
            seconds = seconds_per_call(call, 0.05 if quick else 1.0)
            print(line(kernel, size, seconds, bandwidth, flops_peak), flush=True)


if __name__ == "__main__":
    main()
