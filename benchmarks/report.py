"""Rows of results, their table, and the machine on which they were measured."""

import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import joblib

PACKAGES = (
    "sklearn_set numpy scipy scikit-learn torch sparselab sparseprop threadpoolctl"
).split()


@dataclass
class Row:
    """One line of the table.

    Parameters
    ----------
    workload, name : str
        The workload, and the contestant or quantity.
    values : list of float
        All measurements.
    unit : str
        Unit of the values.
    reference : float, default=None
        Divisor of the median, if the row has a ratio; the bar then applies to that.
    bar : tuple of (str, float), default=None
        ``(">=", 3)`` or ``("<=", 3)``.
    details : dict
        Further entries for the file.
    """

    workload: str
    name: str
    values: list
    unit: str = "s"
    reference: float | None = None
    bar: tuple | None = None
    details: dict = field(default_factory=dict)

    @property
    def median(self):
        """Median of the values."""
        return median(self.values)

    @property
    def ratio(self):
        """Median divided by the reference; None without one."""
        return None if self.reference is None else self.median / self.reference

    @property
    def met(self):
        """Whether the bar is met; None without one."""
        if self.bar is None:
            return None
        judged = self.median if self.ratio is None else self.ratio
        sign, limit = self.bar
        return judged >= limit if sign == ">=" else judged <= limit

    def as_dict(self):
        """Return all fields and properties, for the file."""
        return asdict(self) | {
            "median": self.median,
            "ratio": self.ratio,
            "met": self.met,
        }

    def __str__(self):
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} x"
        bar = "" if self.bar is None else f"{self.bar[0]} {self.bar[1]:g}"
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        return (
            f"  {self.name:<36} {self.median:>12.4g} {self.unit:<6} {ratio:>10} "
            f"{bar:>8} {verdict}"
        ).rstrip()


def heading(workload, note):
    """Return the lines above a workload's rows."""
    columns = f"  {'':<36} {'median':>12} {'':<6} {'ratio':>10} {'bar':>8}"
    return f"\n{workload}: {note}\n{columns}"


def cpu_name():
    """Return the name of the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()


def installed(package):
    """Return the version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine():
    """Return the hardware and software that the results depend on."""
    # Not at the top: the rivals' processes import this file, too, and should not load
    # another OpenMP runtime.
    from sklearn_set._utils.threads import effective_n_threads

    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "system": platform.platform(),
        "logical_cores": os.cpu_count(),
        "physical_cores": joblib.cpu_count(only_physical_cores=True),
        "threads": effective_n_threads(),
        "environment": {k: v for k, v in os.environ.items() if k.startswith("OMP_")},
        "python": platform.python_version(),
        "packages": {package: installed(package) for package in PACKAGES},
    }
