"""A power law for degrees."""

import random
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Bunch, check_random_state

from sklearn_set._utils.types import RandomState


def fit_power_law(
    degrees: ArrayLike, x_min: int | None = None, random_state: RandomState = None
) -> Bunch:
    """Fit a discrete power law to the degrees of units, and test how well it fits.

    The exponent is the maximum likelihood estimate for degrees of `x_min` or more; the
    test compares the Kolmogorov-Smirnov distance with that of data drawn from the
    fitted law (Clauset, Shalizi and Newman 2009, SIAM Review 51:661). This uses igraph,
    which must be installed (``pip install igraph``).

    Parameters
    ----------
    degrees : array-like of shape (n_units,)
        Not negative; units without connections are left out.

    x_min : int, default=None
        The smallest degree that is fitted, from 1 to the largest degree; None for the
        one with the best fit.

    random_state : int, RandomState instance or None, default=None
        Determines the samples that the test draws. Pass an int for the same p-value
        each time.

    Returns
    -------
    fit : Bunch
        ``exponent``; ``x_min``; ``n_units``, the number of units with that degree or
        more; ``statistic``, the distance; and ``p_value``, the probability of a
        distance at least as large if the law holds: a value below 0.1 is evidence
        against it.

    Raises
    ------
    ImportError
        If igraph is not installed.
    ValueError
        If no degree is above 0, `x_min` is not an integer from 1 to the largest degree,
        or there are too few units to fit.

    Notes
    -----
    The test takes seconds for 1000 units. If the fit chooses `x_min`, the tail may
    consist of a few units only (``n_units``), with an exponent far above 3; the test
    then has no power. This function makes igraph use Python's random number generator
    from then on.
    """
    try:
        import igraph
    except ImportError as error:
        raise ImportError(
            "fit_power_law needs igraph; install it with: pip install igraph"
        ) from error
    from threadpoolctl import threadpool_limits  # scikit-learn has it

    values = np.ravel(degrees)
    values = values[values > 0] if values.dtype.kind in "iu" else values[:0]
    if np.ndim(degrees) != 1 or values.size == 0:
        raise ValueError(
            "degrees must be one-dimensional and of integers, with at least one above "
            f"0, got {degrees!r}."
        )
    _check_x_min(x_min, int(values.max()))
    # igraph has one global generator, by default Python's, and its threads draw from it
    # in any order.
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    igraph.set_random_number_generator(random.Random(int(seed)))
    try:
        with threadpool_limits(limits=1, user_api="openmp"):
            found = igraph.power_law_fit(values.tolist(), x_min, method="discrete")
    except igraph.InternalError as error:
        raise ValueError(
            f"No power law can be fitted ({error}). Pass the degrees of more units, or "
            "another x_min."
        ) from error
    finally:
        igraph.set_random_number_generator(random)
    return Bunch(
        exponent=found.alpha,
        x_min=int(found.xmin),
        n_units=int((values >= found.xmin).sum()),
        statistic=found.D,
        p_value=found.p,
    )


def _check_x_min(x_min, largest):
    """Raise ValueError for an x_min with which igraph would not come to an end."""
    is_integer = isinstance(x_min, Integral) and not isinstance(x_min, bool)
    if x_min is not None and not (is_integer and 1 <= x_min <= largest):
        raise ValueError(
            "x_min must be None or an integer from 1 to the largest degree, "
            f"{largest}, got {x_min!r}."
        )
