"""Random streams and random places."""

import numpy as np

from sklearn_set import _fast


def spawn_generators(random_state, n_generators):
    """Independent generators, seeded from scikit-learn's ``random_state``.

    Each purpose (topology, weights, shuffling, ...) gets its own, so that drawing more
    for one does not change another.

    Parameters
    ----------
    random_state : RandomState instance
        Where the seed comes from.
    n_generators : int
        Number of generators.

    Returns
    -------
    generators : list of numpy.random.Generator
    """
    entropy = random_state.randint(np.iinfo(np.int32).max, size=4).tolist()
    seeds = np.random.SeedSequence(entropy).spawn(n_generators)
    return [np.random.Generator(np.random.SFC64(seed)) for seed in seeds]


def _sorted(places, n_places):
    ascending = np.empty_like(places)
    starts = np.zeros(places.size + 1, dtype=np.int32)
    _fast.sort_uniform(places, n_places, starts, ascending)
    return ascending


def draw_places(n_places, n_draws, rng):
    """Draw distinct places uniformly; memory and time go with the number of draws.

    The distinct values among enough independent draws are, given their number, a
    uniform sample without replacement (no place differs from another); dropping
    a uniform part of them leaves one of the size wanted.

    Parameters
    ----------
    n_places : int
        The places are 0, ..., n_places - 1.
    n_draws : int
        How many to draw; at most `n_places`.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    places : ndarray of shape (n_draws,), dtype int64
        In ascending order.
    """
    if 2 * n_draws > n_places:  # fewer stay empty: draw those
        taken = np.ones(n_places, dtype=bool)
        taken[draw_places(n_places, n_places - n_draws, rng)] = False
        return np.flatnonzero(taken)
    places = np.empty(0, dtype=np.int64)
    while places.size < n_draws:
        # As many draws as leave enough distinct ones, but for bad luck.
        missing = (n_draws - places.size) / (n_places - places.size)
        n_more = int(-n_places * np.log1p(-missing) + 4 * np.sqrt(n_draws)) + 1
        places = np.append(places, rng.integers(n_places, size=n_more))
        places = _sorted(places, n_places)
        places = places[np.diff(places, prepend=-1) > 0]
    surplus = rng.choice(places.size, places.size - n_draws, replace=False)
    return np.delete(places, surplus)
