"""Clusters for tests."""

import logging
from contextlib import contextmanager

import distributed


@contextmanager
def workers(n, **options):
    """Start a cluster of so many single-thread processes; yield its client."""
    options = {"processes": True, "threads_per_worker": 1, **options}
    with (
        distributed.LocalCluster(
            n_workers=n, dashboard_address=None, memory_limit=None,
            silence_logs=logging.CRITICAL, **options,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        yield client
