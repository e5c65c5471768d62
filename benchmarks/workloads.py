"""The workloads: what each one runs, and its bars (targets)."""

import json
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean, median

import contest
import data
import roofline
from contest import Task
from report import Row
from rivals import CONTESTANTS, OURS

MLP_RIVALS = ("sparselab", "sparseprop", "torch", "torch-csr", "sklearn")
BYTES_PER_STEP = 28  # of a float32 weight with momentum: 8 forward, 20 backward


def rows_against_ours(workload, seconds, variants, bars, suffix):
    """Return a row for ours and one for each rival, with the ratio to ours."""
    if OURS not in seconds:
        return []
    ours = median(seconds[OURS])
    return [
        Row(
            workload,
            (CONTESTANTS[name].label if name in CONTESTANTS else name) + suffix,
            values,
            reference=None if name == OURS else ours,
            bar=bars.get(name),
            details={"started_with": variants[name]._asdict()},
        )
        for name, values in seconds.items()
    ]


def compare(workload, tasks, bars, arguments, suffix=""):
    """Time ours and the rivals; tasks and bars have the labels of the rows."""
    if arguments.quick:
        tasks = {
            label: (name, task._replace(least=0))
            for label, (name, task) in tasks.items()
        }
    seconds, variants = contest.run(tasks, arguments.repeats)
    judged = {} if arguments.quick else bars
    return rows_against_ours(workload, seconds, variants, judged, suffix)


def mlp(arguments, workload, units, rows, bars):
    """Epochs of a network with three hidden layers on images, all rivals."""
    if arguments.quick:
        units, rows = 64, 1280
    load = partial(data.fashion, arguments.data, rows)
    task = Task(load, (units,) * 3)
    tasks = {name: (name, task) for name in (OURS, *MLP_RIVALS)}
    return compare(workload, tasks, bars, arguments)


def mlp_1000(arguments):
    """784-1000-1000-1000-10, batch 128, 60,000 rows; seconds per epoch."""
    limits = {"sparselab": 3, "sparseprop": 3, "torch": 6, "sklearn": 8}
    bars = {name: (">=", limit) for name, limit in limits.items()}
    return mlp(arguments, "mlp-1000", 1000, 60_000, bars)


def mlp_3000(arguments):
    """784-3000-3000-3000-10, batch 128, a subset of the rows; seconds per epoch."""
    limits = {"sparselab": 4, "sparseprop": 4, "torch": 25, "sklearn": 30}
    bars = {name: (">=", limit) for name, limit in limits.items()}
    return mlp(arguments, "mlp-3000", 3000, arguments.rows, bars)


def options(arguments):
    """The network of mlp-1000, with plain SGD and each option; seconds per epoch."""
    units, rows = (64, 1280) if arguments.quick else (1000, 60_000)
    load = partial(data.fashion, arguments.data, rows)
    settings = {
        OURS: {},
        "adam": {"solver": "adam"},
        "dropout 0.2": {"dropout": 0.2},
        "srelu": {"activation": "srelu"},
    }
    tasks = {
        name: (OURS, Task(load, (units,) * 3, options=options))
        for name, options in settings.items()
    }
    bars = {name: ("<=", 1.5) for name in settings if name != OURS}
    return compare("options", tasks, bars, arguments)


def wide_rows(units, result, bandwidth):
    """Return the rows for a result of `wide.py`; only large networks have bars."""
    name, details = f"{units:,}", {"n_connections": result["n_connections"]}
    per_step, evolution = result["ns_per_step"], result["ns_evolution"]
    table = [
        ("ns/connection, step", per_step, ("<=", 3)),
        ("ns/connection, evolution", evolution, ("<=", 30)),
        ("bytes/connection, held", [result["bytes_held"]], ("<=", 20)),
        ("bytes/connection, peak", [result["bytes_peak"]], ("<=", 32)),
    ]
    if bandwidth:  # bytes / (bytes / s) in ns
        bound = BYTES_PER_STEP / bandwidth * 1e9
        fraction = [bound / ns for ns in per_step]
        table.insert(1, ("fraction of bandwidth bound", fraction, (">=", 0.5)))
    return [
        Row(
            "wide",
            f"{name}: {what}",
            values,
            unit="",
            bar=bar if units >= 30_000 else None,
            details=details,
        )
        for what, values, bar in table
    ]


def compiled_roofline(stack):
    """Return the compiled library, which the stack closes; None without a compiler."""
    try:
        return stack.enter_context(roofline.compiled())
    except roofline.NoCompiler as reason:
        print(f"  No fraction of the bandwidth: {reason}")
        return None


def wide_network(units, repeats):
    """Return the result of `wide.py`, which runs in a separate process."""
    script = Path(__file__).with_name("wide.py")
    command = [sys.executable, str(script), str(units), str(repeats)]
    output = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(output.stdout)


def wide(arguments):
    """135 x 3312, batch 2, three very wide layers, ours; by the number of units."""
    sizes = (300, 3000) if arguments.quick else (3000, 30_000, 300_000, 600_000)
    n_floats, rows, bandwidths = 1 << (22 if arguments.quick else 26), [], []
    with ExitStack() as stack:
        library = compiled_roofline(stack)
        for units in sizes:
            # Before and after, as the bandwidth varies.
            around = [roofline.triad(library, n_floats)] if library else []
            result = wide_network(units, arguments.repeats)
            around += [roofline.triad(library, n_floats)] if library else []
            rows += wide_rows(units, result, mean(around) if library else None)
            bandwidths += around
    if bandwidths:
        gigabytes = [bandwidth / 1e9 for bandwidth in bandwidths]
        rows.append(Row("wide", "STREAM triad", gigabytes, unit="GB/s"))
    return rows


def text(arguments):
    """Sparse X with 100 non-zeros per row and dense X of 100 columns, ours."""
    rows, columns, units = (
        (512, 2000, 64) if arguments.quick else (20_000, 50_000, 1000)
    )
    sparse = Task(partial(data.text, rows, columns, 100), (units,) * 3)
    dense = Task(partial(data.dense, rows, 100), (units,) * 3)
    tasks = {OURS: (OURS, dense), "text": (OURS, sparse)}
    found = compare("text", tasks, {"text": ("<=", 1.5)}, arguments)
    names = "dense, 100 columns", "CSR, 100 per row"
    for row, name in zip(found, names, strict=False):
        row.name = f"{name} ({row.name})" if row.name == OURS else name
    return found


def rbm(arguments):
    """1440 x 1024 in [0, 1], batch 10, 200 and 2000 units; seconds per epoch.

    Ours is plain, with momentum, or with persistent chains, as BernoulliRBM always is.
    """
    rows = 100 if arguments.quick else 1440
    load, found = partial(data.coil20, arguments.data, rows), []
    for (units, limit), (label, options) in product(
        ((200, 8), (2000, 25)),
        (("", {}), (", momentum", {"momentum": 0.5}), (", PCD", {"persistent": True})),
    ):
        task = Task(load, (units,), batch=10, epsilon=10)
        ours = task._replace(options=options)
        tasks = {OURS: ("ours-rbm", ours), "sklearn-rbm": ("sklearn-rbm", task)}
        bars = {"sklearn-rbm": (">=", limit)}
        found += compare("rbm", tasks, bars, arguments, f", {units} units{label}")
    return found


def digits(arguments):
    """8 x 8 digits, one layer of 100, batch 200, 100 epochs; seconds per fit."""
    options = {"max_iter": 5 if arguments.quick else 100}
    task = Task(data.digits, (100,), batch=200, options=options)
    tasks = {OURS: ("ours-fit", task), "sklearn-fit": ("sklearn-fit", task)}
    return compare("digits", tasks, {"sklearn-fit": (">=", 1)}, arguments)


def predict(arguments):
    """Calls of predict of 784-3000-3000-3000-10, 1 and 1000 rows; seconds per call."""
    units = 300 if arguments.quick else 3000
    load, found = partial(data.fashion, arguments.data, 1000), []
    for rows, calls in ((1, 200), (1000, 10)):
        calls = 3 if arguments.quick else calls
        task = Task(load, (units,) * 3, predict_rows=rows, calls=calls)
        tasks = {name: (name, task) for name in (OURS, "torch")}
        bars = {"torch": (">=", 10)}
        found += compare("predict", tasks, bars, arguments, f", batch {rows}")
    return found


WORKLOADS = {
    "mlp-1000": mlp_1000,
    "mlp-3000": mlp_3000,
    "options": options,
    "wide": wide,
    "text": text,
    "rbm": rbm,
    "digits": digits,
    "predict": predict,
}


def source(workload, folder):
    """Return the name of the data that a workload uses."""
    if workload in ("mlp-1000", "mlp-3000", "options", "predict"):
        return data.source(folder, "train-images*.gz", "Fashion-MNIST")
    if workload == "rbm":
        return data.source(folder, "COIL20.mat", "COIL20")
    return "scikit-learn's digits" if workload == "digits" else "random"
