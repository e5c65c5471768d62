"""Time sklearn_set and its rivals, and print and store the ratios::

python benchmarks/run.py [workload ...] [--quick] [--json FILE] [--data FOLDER]
"""

import argparse
import json
from pathlib import Path

import report
from workloads import WORKLOADS, source


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0].rstrip(":"),
        epilog="; ".join(f"{k}: {f.__doc__}" for k, f in WORKLOADS.items()),
    )
    parser.add_argument("workloads", nargs="*", metavar="workload")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, no bars")
    parser.add_argument("--repeats", type=int, help="default: 5, with --quick 1")
    parser.add_argument("--rows", type=int, default=12_800, help="of mlp-3000")
    parser.add_argument("--json", default="benchmarks.json", metavar="FILE")
    parser.add_argument("--data", metavar="FOLDER", help="else the data are random")
    arguments = parser.parse_args()
    unknown = set(arguments.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload {', '.join(unknown)}; there are {list(WORKLOADS)}")
    arguments.repeats = arguments.repeats or (1 if arguments.quick else 5)
    return arguments


def store(path, arguments, machine, rows):
    """Write the results so far."""
    content = {
        "machine": machine,
        "arguments": vars(arguments),
        "results": [row.as_dict() for row in rows],
    }
    Path(path).write_text(json.dumps(content, indent=1) + "\n")


def main():
    """Run the workloads one after the other."""
    arguments = parse()
    machine, rows = report.machine(), []
    print(f"{machine['cpu']}, {machine['threads']} threads")
    if arguments.quick:
        print("Quick: tiny sizes instead of those named below, and no bars.")
    for name in arguments.workloads or WORKLOADS:
        workload, origin = WORKLOADS[name], source(name, arguments.data)
        note = " ".join(workload.__doc__.split())
        print(report.heading(name, f"{note} Data: {origin}."), flush=True)
        found = workload(arguments)
        for row in found:
            row.details["data"] = origin
        print(*found, sep="\n", flush=True)
        rows += found
        store(arguments.json, arguments, machine, rows)
    print(f"\nAll measurements are in {arguments.json}.")


if __name__ == "__main__":
    main()
