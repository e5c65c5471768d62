"""A power law for degrees."""

import random

import numpy as np
from sklearn.utils import Bunch, check_random_state


def fit_power_law(degrees, x_min=None, random_state=None):
    """Fit a discrete power law to the degrees of units, and test how well it fits.

    The exponent is that of the maximum likelihood, for degrees of `x_min` or more; the
    test compares the Kolmogorov-Smirnov distance with that of data drawn from the
    fitted law (Clauset, Shalizi and Newman 2009, SIAM Review 51:661). The work is done
    by igraph, which must be installed (``pip install igraph``).

    Parameters
    ----------
    degrees : array-like of shape (n_units,)
        Not negative; units without links are left out.

    x_min : int, default=None
        The degree from which the law shall hold; None for the one at which it fits
        best.

    random_state : int, RandomState instance or None, default=None
        Determines the samples that the test draws. Pass an int for the same p-value
        each time.

    Returns
    -------
    fit : Bunch
        ``exponent``; ``x_min``; ``n_units``, how many units have that degree or more;
        ``statistic``, the distance; and ``p_value``, the chance of as large a distance
        if the law holds: a small one, below 0.1, speaks against it.

    Raises
    ------
    ImportError
        If igraph is not installed.
    ValueError
        If there is not a degree above 0.

    Notes
    -----
    The test takes seconds for 1000 units. An `x_min` that is chosen by the fit may
    leave a few units only, ``n_units``, with an exponent far above 3: that any law
    passes the test in so short a tail says nothing. igraph's generator of random
    numbers is Python's afterwards, whatever it was before.
    """
    try:
        import igraph
    except ImportError as error:
        raise ImportError(
            "fit_power_law needs igraph; install it with: pip install igraph"
        ) from error
    from threadpoolctl import threadpool_limits  # scikit-learn has it

    values = np.asarray(degrees)
    values = values[values > 0]
    is_integer = values.dtype.kind in "iu"
    if np.ndim(degrees) != 1 or values.size == 0 or not is_integer:
        raise ValueError(
            "degrees must be one-dimensional and of integers, with at least one above "
            f"0, got {degrees!r}."
        )
    # igraph has one generator for all, Python's unless told otherwise, and its threads
    # draw from it as they come.
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    igraph.set_random_number_generator(random.Random(int(seed)))
    try:
        with threadpool_limits(limits=1, user_api="openmp"):
            found = igraph.power_law_fit(values.tolist(), x_min, method="discrete")
    finally:
        igraph.set_random_number_generator(random)
    return Bunch(
        exponent=found.alpha,
        x_min=int(found.xmin),
        n_units=int((values >= found.xmin).sum()),
        statistic=found.D,
        p_value=found.p,
    )
