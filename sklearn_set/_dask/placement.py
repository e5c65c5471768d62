"""Which worker trains on which partition."""

from collections import Counter


def balanced_homes(holders, n_threads):
    """Choose a worker for each partition.

    Partitions stay where they are, as far as no worker has more than its share, by its
    threads. Dask itself puts data on few workers if they take no time to compute, and
    the other workers would then have nothing to do.

    Parameters
    ----------
    holders : list of collection of str
        For each partition, the workers that have it in memory.
    n_threads : dict of str to int
        Threads of each worker.

    Returns
    -------
    homes : list of str or None
        For each partition; None if there is no worker.
    """
    if not n_threads:
        return [None] * len(holders)
    per_thread = len(holders) / sum(n_threads.values())
    counts = Counter()

    def least_busy(workers):
        return min(workers, key=lambda w: (counts[w] / n_threads[w], w), default=None)

    def has_room(worker):
        return worker in n_threads and counts[worker] < per_thread * n_threads[worker]

    homes = []
    for workers in holders:
        homes.append(least_busy(filter(has_room, workers)))
        counts[homes[-1]] += 1
    for i, home in enumerate(homes):
        if home is None:
            homes[i] = least_busy(n_threads)
            counts[homes[i]] += 1
    return homes
