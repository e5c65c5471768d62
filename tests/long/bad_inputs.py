"""Bad inputs, and odd but valid ones: how each is answered.

An input that is not valid must be answered by an error that names what is wrong; a
valid one by the right result. ``expects`` of a case is "error", "result", or "either"
where both are sensible: a learning rate of 1e308 is a number, but no training survives
it.
"""

import copy
import functools
import io
import pickle
import re
import tempfile
import traceback
from contextlib import redirect_stdout
from decimal import Decimal
from fractions import Fraction
from itertools import product
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone
from sklearn.metrics import get_scorer_names

from long.pool import Case, Outcome
from sklearn_set import SETRBM, SETMLPClassifier, SETMLPRegressor, inspection
from sklearn_set._mlp.activations import ACTIVATIONS
from sklearn_set.callbacks import Checkpoint
from sklearn_set.evolution import (
    RULES,
    SET,
    EvolutionRule,
    ImportancePruning,
    InputEvolution,
    RigL,
)

rng = np.random.default_rng(0)
X = rng.random((40, 6))
Y = {
    SETMLPClassifier: np.arange(40) % 3,
    SETMLPRegressor: X @ np.arange(6.0),
    SETRBM: None,
}
LABELS = (rng.random((40, 4)) < 0.5).astype(int)
ESTIMATORS = list(Y)
TABLE = pd.DataFrame(X, columns=list("abcdef"))


def make(Estimator, **settings):
    """Return a small estimator."""
    if Estimator is SETRBM:
        small = {"n_components": 5, "n_iter": 2, "learning_rate": 0.01}
    else:
        small = {"hidden_layer_sizes": (7, 5), "max_iter": 2}
    return Estimator(**small | {"epsilon": 3, "random_state": 0} | settings)


def fit(model, method="fit", X=X, y=None, **more):
    """Call a method that trains."""
    Estimator = type(model)
    y = Y[Estimator] if y is None else y
    if Estimator is SETRBM:
        return getattr(model, method)(X)
    if method == "partial_fit" and Estimator is SETMLPClassifier:
        is_labels = getattr(y, "shape", None) == LABELS.shape
        more.setdefault("classes", range(4) if is_labels else [0, 1, 2])
    return getattr(model, method)(X, y, **more)


@functools.cache
def _fitted(Estimator, kind):
    if kind == "table":
        return fit(make(Estimator), X=TABLE)
    return fit(make(Estimator), y=LABELS if kind == "labels" else None)


def fitted(Estimator, kind="plain"):
    """Return a copy of a fitted estimator."""
    return copy.deepcopy(_fitted(Estimator, kind))


def check_model(model):
    """A model that has been fitted predicts finite values."""
    found = model.transform(X) if isinstance(model, SETRBM) else model.predict(X)
    assert len(found) == len(X)
    if not isinstance(model, SETMLPClassifier):
        assert np.isfinite(found).all()


# -- parameters ----------------------------------------------------------------


class Thing:
    """An object of no use, whose representation is long."""

    def __repr__(self):
        return "Thing()"


VALUES = {
    "None": None,
    "True": True,
    "False": False,
    "0": 0,
    "1": 1,
    "2": 2,
    "-1": -1,
    "3": 3,
    "0.0": 0.0,
    "-0.0": -0.0,
    "0.5": 0.5,
    "1.0": 1.0,
    "1.5": 1.5,
    "-0.5": -0.5,
    "nan": np.nan,
    "inf": np.inf,
    "-inf": -np.inf,
    "1e308": 1e308,
    "1e-308": 1e-308,
    "10**30": 10**30,
    "-10**30": -(10**30),
    "2**31": 2**31,
    "1j": 1j,
    "Decimal": Decimal("0.5"),
    "Fraction": Fraction(1, 2),
    "int8": np.int8(3),
    "uint8": np.uint8(1),
    "float16": np.float16(0.5),
    "float32": np.float32(0.5),
    "bool_": np.bool_(True),
    "longdouble": np.longdouble(0.5),
    "''": "",
    "'x'": "x",
    "'auto'": "auto",
    "'relu'": "relu",
    "'3'": "3",
    "'5 steps'": "5 steps",
    "b''": b"x",
    "[]": [],
    "()": (),
    "{}": {},
    "set": {1, 2},
    "[1]": [1],
    "[7, 5]": [7, 5],
    "[0.1, 0.1, 0.1]": [0.1, 0.1, 0.1],
    "['relu', 'tanh']": ["relu", "tanh"],
    "[None, None]": [None, None],
    "[nan, 1]": [np.nan, 1],
    "[[1, 2], [3, 4]]": [[1, 2], [3, 4]],
    "array(3)": np.array(3),
    "array([7, 5])": np.array([7, 5]),
    "array of objects": np.array([None, "x"], dtype=object),
    "empty array": np.empty(0),
    "object": Thing(),
    "class": Thing,
    "module": np,
    "lambda": lambda *a: None,
    "generator": (i for i in range(3)),
    "range": range(1, 3),
    "csr": csr_array(np.eye(3)),
    "DataFrame": TABLE,
    "Timestamp": pd.Timestamp(0),
    "NA": pd.NA,
    "estimator": SETRBM(),
    "rule": SET(),
    "rules": [SET(), RigL()],
    "Ellipsis": ...,
    "slice": slice(3),
    "RandomState": np.random.RandomState(0),
    "Generator": np.random.default_rng(0),
    "exception": ValueError("x"),
    "surrogate": "\ud800",
    "dict": {0: 1.0, 1: 2.0, 2: 1.0},
    "[dict]": [{0: 1, 1: 1}],
}


def real(low, high, closed="both", maximum=np.inf):
    """Return a test of real numbers in a range."""

    def is_valid(v):
        if not isinstance(v, Real) or isinstance(v, Decimal) or v != v:
            return False
        if not (low <= v <= high):
            return False
        if closed in ("left", "neither") and v == high:
            return False
        if closed in ("right", "neither") and v == low:
            return False
        is_extreme = v > maximum or 0 < v < 1e-300
        return None if is_extreme or isinstance(v, Fraction) else True

    return is_valid


def count(low=1, maximum=None):
    """Return a test of integers; larger ones than the maximum are not tried."""
    return lambda v: (
        isinstance(v, Integral) and v >= low and (v <= maximum if maximum else True)
    )


def one_of(*values):
    """Return a test of a few values, among them strings."""
    return lambda v: any(v is w or (isinstance(v, str) and v == w) for w in values)


def boolean(v):
    """Whether it is a bool."""
    return isinstance(v, bool | np.bool_)


def either(*tests):
    """Return a test that holds if one of several does."""

    def is_valid(v):
        found = [test(v) for test in tests]
        return True if True in found else None if None in found else False

    return is_valid


def items(v):
    """Return a list of what a parameter that takes lists would take."""
    if isinstance(v, list | tuple | range) or (
        isinstance(v, np.ndarray) and v.ndim == 1
    ):
        return list(v)
    return None


def sizes(v):
    """Whether it may be the sizes of hidden layers."""
    if isinstance(v, Integral) and not isinstance(v, bool | np.bool_):
        return v >= 1
    is_count = isinstance(v, np.ndarray) and v.ndim == 0 and v.dtype.kind in "iu"
    if is_count:
        return None
    found = items(v)
    integers = found is not None and all(
        isinstance(n, Integral) and not isinstance(n, bool) and n >= 1 for n in found
    )
    # The activation and the dropout of this estimator suit any number of layers.
    return True if integers else None if isinstance(v, pd.DataFrame) else False


def names_of_activations(v):
    """Whether it may be the activations of two layers."""
    found = [v] * 2 if isinstance(v, str) else items(v)
    return (
        found is not None
        and len(found) == 2
        and all(isinstance(name, str) and name in ACTIVATIONS for name in found)
    )


def rates(v):
    """Whether it may be the dropout of two hidden layers and the input."""
    found, rate = items(v), real(0, 1, "left")
    if found is not None:
        return len(found) == 3 and all(rate(r) is not False for r in found)
    return True if isinstance(v, str) and v == "auto" else rate(v)


def evolution(v):
    """Whether it may be a rule or several."""
    if isinstance(v, list | tuple):
        return None if not v else all(isinstance(r, EvolutionRule) for r in v)
    return isinstance(v, EvolutionRule) or (isinstance(v, str) and v in RULES)


def random_state(v):
    """Whether scikit-learn accepts it."""
    if isinstance(v, np.random.RandomState) or v is None:
        return True
    if isinstance(v, bool | np.bool_):
        return None
    return isinstance(v, Integral) and 0 <= v < 2**32


FRACTION, INSIDE = real(0, 1, "left"), real(0, 1, "neither")
POSITIVE = real(0, np.inf, "right", 1e6)
NOT_NEGATIVE = real(0, np.inf, "both", 1e6)
PATIENCE = either(
    count(), one_of(np.inf), lambda v: isinstance(v, float) and v == np.inf
)
VERBOSE = either(boolean, count(0))
SHARED = {
    "density": either(one_of(None), real(0, 1, "right")),
    "epsilon": either(one_of(None), POSITIVE),
    "zeta": FRACTION,
    "evolution": evolution,
    "tol": NOT_NEGATIVE,
    "n_iter_no_change": PATIENCE,
    "warm_start": boolean,
    "verbose": VERBOSE,
    "random_state": random_state,
    "alpha": NOT_NEGATIVE,
    "early_stopping": boolean,
}
PERCEPTRON = SHARED | {
    "hidden_layer_sizes": sizes,
    "activation": names_of_activations,
    "evolve_every": either(count(), one_of("auto", "5 steps")),
    "init": one_of("auto", "he", "glorot", "normal"),
    "solver": one_of("sgd", "adam", "adamw", "rmsprop"),
    "dropout": rates,
    "batch_size": either(count(), one_of("auto")),
    "learning_rate": one_of("constant", "invscaling", "adaptive", "cosine"),
    "learning_rate_init": POSITIVE,
    "power_t": NOT_NEGATIVE,
    "max_iter": count(),
    "shuffle": boolean,
    "validation_fraction": real(0, 1, "neither"),
    "scoring": one_of(None, "loss", *get_scorer_names()),
    "batch_transform": one_of(None),
    "momentum": real(0, 1),
    "nesterovs_momentum": boolean,
    "beta_1": FRACTION,
    "beta_2": FRACTION,
    "adam_epsilon": POSITIVE,
}
SPECIFICATIONS = {
    SETMLPRegressor: PERCEPTRON
    | {"loss": one_of("squared_error", "absolute_error", "poisson")},
    SETMLPClassifier: PERCEPTRON | {"class_weight": one_of(None, "balanced")},
    SETRBM: SHARED
    | {
        "n_components": count(),
        "evolve_every": either(count(), one_of("auto", "5 steps")),
        "final_prune": boolean,
        "visible": one_of("bernoulli", "gaussian"),
        "visible_std": real(1e-15, 1e15),
        "learning_rate": POSITIVE,
        "learning_rate_schedule": one_of("constant", "cosine"),
        "momentum": FRACTION,
        "batch_size": count(),
        "n_iter": count(0),
        "cd_steps": count(),
        "persistent": boolean,
        "sparsity_target": either(one_of(None), INSIDE),
        "sparsity_cost": NOT_NEGATIVE,
        "validation_fraction": INSIDE,
    },
}
# Valid, but they would take for ever, or all memory.
TOO_LONG = {
    ("max_iter", "10**30"),
    ("max_iter", "2**31"),
    ("n_iter", "10**30"),
    ("n_iter", "2**31"),
    ("cd_steps", "10**30"),
    ("cd_steps", "2**31"),
    ("hidden_layer_sizes", "2**31"),
    ("n_components", "2**31"),
    ("batch_size", "10**30"),
    ("batch_size", "2**31"),
}
# What depends on more than the value: an error and a result are both sensible.
DEPENDS = {
    ("early_stopping", "True"),
    ("early_stopping", "bool_"),
    ("class_weight", "dict"),
    ("class_weight", "'balanced'"),
    ("class_weight", "[dict]"),
    ("class_weight", "{}"),
    ("class_weight", "[]"),
    ("scoring", "lambda"),
    ("scoring", "class"),
    ("scoring", "estimator"),
    ("scoring", "object"),
    ("batch_transform", "lambda"),
    ("batch_transform", "class"),
    ("init", "estimator"),
    ("evolution", "class"),
    ("evolution", "estimator"),
    ("visible_std", "1"),
    ("evolve_every", "'3'"),
    ("evolve_every", "'auto'"),
    ("hidden_layer_sizes", "10**30"),
    ("n_components", "10**30"),
    ("validation_fraction", "1e-308"),
    ("evolution", "[]"),
    ("evolution", "()"),
    ("hidden_layer_sizes", "bool_"),
    ("hidden_layer_sizes", "csr"),
}


def parameter_cases():
    """Each parameter of each estimator with each value, in both methods."""
    for Estimator in ESTIMATORS:
        for name, is_valid in SPECIFICATIONS[Estimator].items():
            for label, method in product(VALUES, ("fit", "partial_fit")):
                if (name, label) not in TOO_LONG:
                    yield _parameter_case(Estimator, name, is_valid, label, method)


def _parameter_case(Estimator, name, is_valid, label, method):
    value = VALUES[label]
    valid = is_valid(value)
    expects = "either" if valid is None else "result" if valid else "error"
    if (name, label) in DEPENDS or (name == "visible_std" and valid):
        expects = "either"  # with binary units only 1

    def run():
        model = make(Estimator, **{name: copy_of(value)})
        check_model(fit(model, method))

    title = f"{Estimator.__name__}({name}={label}).{method}"
    return Case(title, run, expects, rf"\b{name}\b")


def copy_of(value):
    """Return a copy where that is possible: a case must not change the next one's."""
    try:
        return copy.copy(value)
    except TypeError:  # a module, a generator
        return value


# -- X -------------------------------------------------------------------------


def csr(**changes):
    """Return a CSR matrix with changed arrays."""
    matrix = csr_array(X * (X > 0.4))
    for name, change in changes.items():
        setattr(matrix, name, change(getattr(matrix, name).copy()))
    return matrix


def put(where, value):
    """Return a function that changes one value of an array."""

    def change(array):
        array[where] = value
        return array

    return change


def with_value(value):
    """Return X with one other value."""
    return put((5, 2), value)(X.copy())


BAD_X = {
    "None": lambda: None,
    "number": lambda: 3.0,
    "text": lambda: "text",
    "dict": dict,
    "set": lambda: {1, 2},
    "object": Thing,
    "empty list": list,
    "NaN": lambda: with_value(np.nan),
    "inf": lambda: with_value(np.inf),
    "-inf": lambda: with_value(-np.inf),
    "too large for float64": lambda: [[10**400] * 6] * 40,
    "one dimension": lambda: X[0],
    "scalar array": lambda: np.array(1.0),
    "three dimensions": lambda: X[:, :, None],
    "no rows": lambda: X[:0],
    "no columns": lambda: X[:, :0],
    "complex": lambda: X + 1j,
    "strings": lambda: np.full((40, 6), "a"),
    "objects": lambda: np.full((40, 6), Thing()),
    "None inside": lambda: np.where(X > 0.9, None, X),
    "ragged": lambda: [[1.0], [1.0, 2.0]] * 20,
    "dates": lambda: X.astype("datetime64[s]"),
    "structure": lambda: np.zeros((40, 6), "i4,f4"),
    "NaN in a table": lambda: TABLE.mask(TABLE > 0.9),
    "text in a table": lambda: TABLE.assign(a="x"),
    "CSR: index too large": lambda: csr(indices=put(7, 99)),
    "CSR: index negative": lambda: csr(indices=put(7, -1)),
    "CSR: index huge": lambda: csr(indices=put(7, 2**31 - 1)),
    "CSR: rows descend": lambda: csr(indptr=put(3, 30)),
    "CSR: row beyond the end": lambda: csr(indptr=put(-1, 10**6)),
    "CSR: first row not 0": lambda: csr(indptr=put(0, 2)),
    "CSR: first row negative": lambda: csr(indptr=put(0, -5)),
    "CSR: too few rows": lambda: csr(indptr=lambda a: a[:-3]),
    "CSR: too few values": lambda: csr(data=lambda a: a[:3]),
    "CSR: too few indices": lambda: csr(indices=lambda a: a[:3]),
    "CSR: NaN": lambda: csr(data=put(3, np.nan)),
    "CSR: inf": lambda: csr(data=put(3, np.inf)),
    "CSR: complex": lambda: csr(data=lambda a: a + 1j),
    "CSR: real indices": lambda: csr(indices=lambda a: a + 0.5),
}
OTHER_WIDTH = {
    "fewer features": lambda: X[:, :4],
    "more features": lambda: np.c_[X, X],
    "fewer features, CSR": lambda: csr_array(X[:, :4]),
    "more features, CSR": lambda: csr_array(np.c_[X, X]),
}
ODD_X = {
    "list": lambda: X.tolist(),
    "tuple": lambda: tuple(map(tuple, X)),
    "Fortran": lambda: np.asfortranarray(X),
    "reversed": lambda: X[::-1].copy()[::-1],
    "strided": lambda: np.repeat(np.repeat(X, 2, 0), 3, 1)[::2, ::3],
    "read-only": lambda: _read_only(X.copy()),
    "big-endian": lambda: X.astype(">f8"),
    "memory-mapped": lambda: np.asarray(memoryview(X)),
    "longdouble": lambda: X.astype(np.longdouble),
    "objects": lambda: X.astype(object),
    "numbers as objects": lambda: X.astype(object).tolist(),
    "masked": lambda: np.ma.masked_array(X),
    "matrix-like table": lambda: pd.DataFrame(X),
    **{
        f: (lambda f=f: csr_array(X).asformat(f))
        for f in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
    },
    "csr_matrix": lambda: csr_matrix(X),
    "CSR, 64 bits": lambda: _wide(csr_array(X)),
    "CSR, unsorted": lambda: _unsorted(csr_array(X)),
}
# The names that an error about X may use.
ABOUT_X = (
    r"\bX\b|[Ii]nput|feature|array-like|2D array|Reshape|convert|could not|sparse|"
    r"sample|sequence"
)
METHODS = {
    SETMLPClassifier: ("predict", "predict_proba", "predict_log_proba"),
    SETMLPRegressor: ("predict",),
    SETRBM: ("transform", "free_energy", "score_samples", "reconstruct", "gibbs"),
}


def _read_only(array):
    array.flags.writeable = False
    return array


def _wide(matrix):
    matrix.indices = matrix.indices.astype(np.int64)
    matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


def _unsorted(matrix):
    matrix.indices[:6], matrix.data[:6] = (
        matrix.indices[5::-1].copy(),
        matrix.data[5::-1].copy(),
    )
    matrix.has_sorted_indices = False
    return matrix


def X_cases():
    """Bad and odd X in all methods."""
    for Estimator in ESTIMATORS:
        for method in ("fit", "partial_fit", "score", *METHODS[Estimator]):
            bad = BAD_X if method == "fit" else BAD_X | OTHER_WIDTH
            for label, make_X in bad.items():
                yield _X_case(Estimator, method, label, make_X, "error")
            for label, make_X in ODD_X.items():
                yield _X_case(Estimator, method, label, make_X, "result")


def _X_case(Estimator, method, label, make_X, expects):
    def run():
        found = _use(Estimator, method, make_X())
        if expects == "result":
            assert_allclose(found, _use(Estimator, method, X), rtol=1e-6, atol=1e-9)

    return Case(f"{Estimator.__name__}.{method}, X: {label}", run, expects, ABOUT_X)


def _use(Estimator, method, data):
    """Return what a method gives, or the predictions after it."""
    if method == "fit":
        return outputs(fit(make(Estimator), "fit", data))
    model = fitted(Estimator)
    if method == "partial_fit":
        return outputs(fit(model, method, data))
    if method == "score":
        return model.score(data, Y[Estimator])
    return getattr(model, method)(data)


def outputs(model):
    """Return real outputs for X."""
    if isinstance(model, SETRBM):
        return model.transform(X)
    return getattr(model, "predict_proba", model.predict)(X)


# -- y and weights -------------------------------------------------------------

y3 = Y[SETMLPClassifier]
BAD_Y = {
    "number": lambda: 3,
    "text": lambda: "abc",
    "dict": lambda: {1: 2},
    "too short": lambda: y3[:-1],
    "too long": lambda: np.r_[y3, y3],
    "empty": lambda: y3[:0],
    "NaN": lambda: np.where(y3 == 1, np.nan, y3),
    "inf": lambda: np.where(y3 == 1, np.inf, y3),
    "objects": lambda: np.array([Thing()] * 40),
    "None inside": lambda: np.where(y3 == 1, None, y3),
    "three dimensions": lambda: X[:, :, None] > 0,
    "two columns of three classes": lambda: np.c_[y3, y3],
    "complex": lambda: y3 * 1j,
    "ragged": lambda: [[1], [1, 2]] * 20,
    "no columns": lambda: np.empty((40, 0)),
    "labels of -1 and 1": lambda: 2 * LABELS - 1,
    "labels of 0 and 2": lambda: 2 * LABELS,
    "sparse, index too large": lambda: _bad_labels(indices=put(3, 99)),
    "sparse, index negative": lambda: _bad_labels(indices=put(3, -2)),
    "sparse, rows descend": lambda: _bad_labels(indptr=put(3, 60)),
    "sparse, values of 3": lambda: csr_array(3 * LABELS),
    "sparse, half": lambda: csr_array(0.5 * LABELS),
    "sparse, NaN": lambda: csr_array(np.where(LABELS, np.nan, 0)),
    "sparse column": lambda: csr_array((y3 > 1).astype(int)[:, None]),
    "dates": lambda: y3.astype("datetime64[D]"),
    "mixed": lambda: [1, "a"] * 20,
}
ODD_Y = {
    "list": lambda: y3.tolist(),
    "int8": lambda: y3.astype(np.int8),
    "uint64": lambda: y3.astype(np.uint64),
    "float": lambda: y3.astype(float),
    "series": lambda: pd.Series(y3),
    "shuffled series": lambda: pd.Series(y3, index=np.arange(40)[::-1]),
    "read-only": lambda: _read_only(y3.copy()),
    "big-endian": lambda: y3.astype(">i4"),
    "strided": lambda: np.repeat(y3, 2)[::2],
    "column": lambda: y3[:, None],
}
ABOUT_Y = r"\by\b|`y`|y_val|label|target|class|inconsistent numbers|sparse"
# What a regressor learns, and a classifier does not, or the other way round.
VALID_NUMBERS = {
    "labels of -1 and 1",
    "labels of 0 and 2",
    "two columns of three classes",
    "inf.",
}


def _bad_labels(**changes):
    matrix = csr_array(LABELS)
    for name, change in changes.items():
        setattr(matrix, name, change(getattr(matrix, name).copy()))
    return matrix


def y_cases():
    """Bad and odd targets."""
    for Estimator in (SETMLPClassifier, SETMLPRegressor):
        for method, (label, make_y) in product(
            ("fit", "partial_fit", "y_val"), (BAD_Y | ODD_Y).items()
        ):
            is_odd = label in ODD_Y
            if Estimator is SETMLPRegressor and label in VALID_NUMBERS | {"dates"}:
                continue
            yield _y_case(Estimator, method, label, make_y, is_odd)


def _y_case(Estimator, method, label, make_y, is_odd):
    def run():
        if method == "y_val":
            fit(make(Estimator), y=y3, X_val=X, y_val=make_y())
            return
        found = outputs(fit(make(Estimator), method, y=make_y()))
        if is_odd:
            same = outputs(fit(make(Estimator), method, y=y3.copy()))
            assert_allclose(found, same, rtol=1e-6)

    expects = "result" if is_odd else "error"
    labels_of_any_type = {"None inside", "dates", "mixed"}
    if label in labels_of_any_type and Estimator is SETMLPClassifier:
        expects = "either"
    return Case(f"{Estimator.__name__}.{method}, y: {label}", run, expects, ABOUT_Y)


BAD_WEIGHTS = {
    "too short": lambda: np.ones(39),
    "two dimensions": lambda: np.ones((40, 2)),
    "negative": lambda: np.where(y3 == 1, -1.0, 1.0),
    "NaN": lambda: np.where(y3 == 1, np.nan, 1.0),
    "inf": lambda: np.where(y3 == 1, np.inf, 1.0),
    "all 0": lambda: np.zeros(40),
    "text": lambda: "balanced",
    "strings": lambda: np.full(40, "a"),
    "dict": lambda: {0: 1},
    "objects": lambda: np.array([Thing()] * 40),
    "complex": lambda: np.ones(40) * 1j,
    "sparse": lambda: csr_array(np.ones((40, 1))),
    "ragged": lambda: [[1], [1, 2]] * 20,
    "empty": lambda: np.empty(0),
    "None inside": lambda: [None] * 40,
}
ODD_WEIGHTS = {
    "None": lambda: None,
    "ones": lambda: np.ones(40),
    "list": lambda: [1] * 40,
    "huge": lambda: np.full(40, 1e308),
    "tiny": lambda: np.full(40, 1e-308),
    "scalar": lambda: 2.0,
    "float32": lambda: np.ones(40, np.float32),
    "bool": lambda: np.ones(40, bool),
}
ABOUT_WEIGHTS = r"[Ss]ample.?weights?|weight 0|\bweights?\b"


def weight_cases():
    """Bad and odd weights of samples."""
    for Estimator, (label, make_weights) in product(
        (SETMLPClassifier, SETMLPRegressor), (BAD_WEIGHTS | ODD_WEIGHTS).items()
    ):
        for method in ("fit", "partial_fit", "val", "score"):
            expects = "error" if label in BAD_WEIGHTS else "result"
            if method in ("score", "val"):  # scikit-learn's metrics decide
                is_open = label in {"negative", "scalar", "all 0", "huge", "tiny"}
                expects = "either" if is_open else expects
            yield _weight_case(Estimator, method, label, make_weights, expects)


def _weight_case(Estimator, method, label, make_weights, expects):
    def run():
        weights = make_weights()
        if method == "score":
            fitted(Estimator).score(X, Y[Estimator], sample_weight=weights)
            return
        if method == "val":
            fit(make(Estimator), X_val=X, y_val=Y[Estimator], sample_weight_val=weights)
            return
        found = outputs(fit(make(Estimator), method, sample_weight=weights))
        if expects == "result":
            assert_allclose(found, outputs(fit(make(Estimator), method)), rtol=1e-6)

    title = f"{Estimator.__name__}.{method}, weights: {label}"
    return Case(title, run, expects, ABOUT_WEIGHTS)


def validation_cases():
    """Validation sets and classes that do not fit the data."""
    for label, options in {
        "no y_val": {"X_val": X},
        "no X_val": {"y_val": y3},
        "weights alone": {"sample_weight_val": np.ones(40)},
        "fewer features": {"X_val": X[:, :3], "y_val": y3},
        "other length": {"X_val": X, "y_val": y3[:5]},
        "labels": {"X_val": X, "y_val": LABELS},
    }.items():
        for Estimator in (SETMLPClassifier, SETMLPRegressor):
            yield Case(
                f"{Estimator.__name__}.fit, validation: {label}",
                lambda E=Estimator, o=options: fit(make(E), **o),
                "error",
                r"X_val|y_val|X has|inconsistent|sample_weight_val",
            )
    classes = [
        None,
        [],
        [0, 1],
        [0, 1, 1.5, 2.5],
        "abc",
        3,
        [[0, 1], [1, 2]],
        [np.nan, 0, 1, 2],
        ["a", "b", "c"],
        {0, 1},
        [None, 0, 1, 2],
        [Thing()] * 3,
        np.empty(0),
    ]
    for value, y in product(classes, (y3, LABELS)):
        is_same = isinstance(value, list) and value == [0, 1, 1.5, 2.5]
        yield Case(
            f"partial_fit(classes={value!r:.40}), y of {y.ndim} dimensions",
            lambda v=value, y=y: fit(
                make(SETMLPClassifier), "partial_fit", y=y, classes=v
            ),
            "either" if is_same else "error",
            r"classes|labels|\by\b",
        )


# -- class weights, init -------------------------------------------------------


def class_weight_cases():
    """Bad weights of classes, and estimators that cannot be a first layer."""
    bad = [
        {0: -1},
        {0: np.nan},
        {0: np.inf},
        {0: "a"},
        {0: None},
        {0: [1]},
        {9: 1.0},
        {"a": 1},
        [{0: 1, 1: 2}],
        [1, 2, 3],
        [{}],
        {0: 0, 1: 0, 2: 0},
        {0: 1j},
        {None: 1},
        [{0: 1}, 3],
    ]
    for value, method, y in product(bad, ("fit", "partial_fit"), (y3, LABELS)):
        # scikit-learn takes dicts that name other classes, too.
        is_open = isinstance(value, dict) and not any(k in (0, 1, 2) for k in value)
        yield Case(
            f"class_weight={value!r}, {method}, y of {y.ndim} dimensions",
            lambda v=value, m=method, y=y: fit(
                make(SETMLPClassifier, class_weight=v), m, y=y
            ),
            "either" if is_open or value in ([{}],) else "error",
            r"class_weight|[Cc]lass weight|classes",
        )
    for label, init in {
        "other size": SETRBM(3),
        "no RBM": clone(SETMLPClassifier()),
        "bad RBM": SETRBM(-1),
        "other features": fit(SETRBM(7, n_iter=1), X=X[:, :3]),
    }.items():
        for Estimator, method in product(
            (SETMLPClassifier, SETMLPRegressor), ("fit", "partial_fit")
        ):
            yield Case(
                f"{Estimator.__name__}(init={label}).{method}",
                lambda E=Estimator, i=init, m=method: fit(make(E, init=i), m),
                "error",
                r"\binit\b|n_components|requires y",
            )


# -- what users write: rules, callbacks, transforms, scorers -------------------


class Rule(SET):
    """A rule one of whose methods returns something else."""

    def __init__(self, method, value):
        super().__init__()
        self.method = method
        self.value = value

    def fraction(self, context):
        """Return the fraction."""
        found = super().fraction(context)
        return self.value(found) if self.method == "fraction" else found

    def prune(self, weights, fraction, n_threads=1):
        """Return what is kept."""
        found = super().prune(weights, fraction, n_threads)
        return self.value(found) if self.method == "prune" else found

    def grow(self, layer, kept, n_new, rng):
        """Return new positions."""
        found = super().grow(layer, kept, n_new, rng)
        return self.value(found) if self.method == "grow" else found

    def evolve(self, layers, context):
        """Evolve the layers."""
        if self.method == "evolve":
            return self.value(layers)
        return super().evolve(layers, context)

    def n_withheld(self, n_samples):
        """Return how many samples are withheld."""
        if self.method == "n_withheld":
            return self.value(n_samples)
        return super().n_withheld(n_samples)


def change_layer(**changes):
    """Return a function that changes the arrays of each layer."""

    def change(layers):
        for layer in layers:
            found = layer.connections
            layer.replace(
                found._replace(**{k: f(getattr(found, k)) for k, f in changes.items()})
            )

    return change


BAD_RETURNS = {
    "fraction": [
        lambda v: None,
        lambda v: 1.0,
        lambda v: -0.1,
        lambda v: np.nan,
        lambda v: "a",
        lambda v: [0.3],
        lambda v: np.inf,
        lambda v: 1j,
    ],
    "prune": [
        lambda v: None,
        lambda v: v[:-1],
        lambda v: v.astype(float),
        lambda v: v * 0 + 7,
        lambda v: v.tolist(),
        lambda v: v.astype(int),
        lambda v: np.flatnonzero(v),
        lambda v: v[:, None],
        lambda v: 3,
        lambda v: np.r_[v, v],
        lambda v: "a",
    ],
    "grow": [
        lambda v: None,
        lambda v: v[::-1],
        lambda v: v - 1,
        lambda v: v + 10**9,
        lambda v: v.astype(float),
        lambda v: np.zeros(3, int),
        lambda v: v[:, None],
        lambda v: np.r_[v, v],
        lambda v: [-1],
        lambda v: np.array([2**63], np.uint64),
        lambda v: "a",
        lambda v: v * 1j,
    ],
    "n_withheld": [
        lambda n: -1,
        lambda n: n,
        lambda n: n + 5,
        lambda n: 0.5,
        lambda n: None,
        lambda n: "a",
        lambda n: np.nan,
        lambda n: [3],
    ],
    "evolve": [
        change_layer(weights=lambda w: w[:-1]),
        change_layer(weights=lambda w: None),
        change_layer(targets=lambda t: t + 1000),
        change_layer(targets=lambda t: t - 1000),
        change_layer(targets=lambda t: t[::-1].copy()),
        change_layer(indptr=lambda p: p[::-1].copy()),
        change_layer(indptr=lambda p: p + 1),
        change_layer(indptr=lambda p: p[:-1]),
        change_layer(weights=lambda w: w.astype(int)),
        change_layer(state=lambda s: s[:, :-1]),
        change_layer(weights=lambda w: w * np.nan),
    ],
}


def rule_cases():
    """Rules of users that return nonsense."""
    for Estimator, (method, values) in product(ESTIMATORS, BAD_RETURNS.items()):
        for number, value in enumerate(values):
            if method == "n_withheld" and Estimator is SETRBM:
                continue
            is_open = (method, number) == ("grow", 2)  # valid if the first is not 0

            def run(E=Estimator, method=method, value=value):
                epochs = "n_iter" if E is SETRBM else "max_iter"
                model = make(E, evolution=Rule(method, value), **{epochs: 8})
                fit(model.set_params(evolve_every=1, epsilon=1))

            title = f"{Estimator.__name__}, rule: {method} returns no. {number}"
            named = rf"{method}|connections|weights|layer|finite|indices|targets"
            yield Case(title, run, "either" if is_open else "error", named)
    for Estimator, rule in product(
        (SETMLPClassifier, SETMLPRegressor),
        [
            InputEvolution(-1),
            InputEvolution(0),
            InputEvolution(1.5),
            InputEvolution("a"),
            InputEvolution(np.nan),
            ImportancePruning("a"),
            ImportancePruning(2.0),
            ImportancePruning(np.nan),
            ImportancePruning(every=0),
            ImportancePruning(every="a"),
            ImportancePruning(start=None),
            SET(annealed="yes"),
            SET(annealed=None),
            RigL(annealed=np.array([1, 2])),
        ],
    ):
        yield Case(
            f"{Estimator.__name__}, {rule!r}",
            lambda E=Estimator, r=rule: fit(
                make(E, evolution=r, evolve_every=1, epsilon=1, max_iter=8)
            ),
            "error",
            "|".join(rule.get_params()) + "|" + type(rule).__name__,
        )


def function_cases():
    """Transforms and scorers that return nonsense."""
    transforms = [
        lambda X, g: None,
        lambda X, g: X[:-1],
        lambda X, g: X[:, :-1],
        lambda X, g: X * np.nan,
        lambda X, g: X.astype(str),
        lambda X, g: X + 1j,
        lambda X, g: X.tolist(),
        lambda X, g: csr_array(X),
        lambda X, g: 3,
        lambda X, g: X * np.inf,
        lambda X, g: X[..., None],
        lambda X: X,
    ]
    for Estimator, (number, value) in product(
        (SETMLPClassifier, SETMLPRegressor), enumerate(transforms)
    ):
        for method in ("fit", "partial_fit"):
            yield Case(
                f"{Estimator.__name__}.{method}, batch_transform no. {number}",
                lambda E=Estimator, v=value, m=method: fit(
                    make(E, batch_transform=v), m
                ),
                "error",
                r"batch_transform|<lambda>",
            )
    scores = ["a", None, [1.0], np.array([1.0, 2.0]), 1j, {}, Thing()]
    for Estimator, score in product((SETMLPClassifier, SETMLPRegressor), scores):
        yield Case(
            f"{Estimator.__name__}, a scorer that returns {score!r}",
            lambda E=Estimator, s=score: fit(
                make(E, scoring=lambda e, X, y: s, early_stopping=True)
            ),
            "error",
            r"scor(ing|er)",
        )
    for Estimator, value in product(ESTIMATORS, [None, 3, "a", [Thing()], Thing, {}]):
        yield Case(
            f"{Estimator.__name__}, callback {value!r}",
            lambda E=Estimator, v=value: fit(make(E).set_callbacks(v)),
            "error",
            r"[Cc]allback",
        )


# -- fitted attributes that have been changed ----------------------------------


def change_matrix(name, change):
    """Return a function that changes an array of the first weight matrix."""

    def run(model):
        W = model.components_ if isinstance(model, SETRBM) else model.coefs_[0]
        setattr(W, name, change(getattr(W, name).copy()))

    return run


def change_first(function):
    """Return a function that replaces the first weight matrix."""

    def run(model):
        if isinstance(model, SETRBM):
            model.components_ = function(model.components_)
        else:
            model.coefs_[0] = function(model.coefs_[0])

    return run


def change_bias(function):
    """Return a function that replaces the first bias."""

    def run(model):
        if isinstance(model, SETRBM):
            model.intercept_hidden_ = function(model.intercept_hidden_)
        else:
            model.intercepts_[0] = function(model.intercepts_[0])

    return run


TAMPERED = {
    "index too large": change_matrix("indices", put(3, 99)),
    "index negative": change_matrix("indices", put(3, -1)),
    "index huge": change_matrix("indices", put(3, 2**31 - 1)),
    "rows descend": change_matrix("indptr", put(2, 1000)),
    "rows negative": change_matrix("indptr", put(1, -3)),
    "first row": change_matrix("indptr", put(0, 1)),
    "last row": change_matrix("indptr", put(-1, 10**6)),
    "too few rows": change_matrix("indptr", lambda a: a[:-1]),
    "too few values": change_matrix("data", lambda a: a[:-1]),
    "too few indices": change_matrix("indices", lambda a: a[:-1]),
    "integers": change_matrix("data", lambda a: a.astype(int)),
    "complex": change_matrix("data", lambda a: a + 1j),
    "text": change_matrix("data", lambda a: a.astype(str)),
    "dense": change_first(lambda W: W.toarray()),
    "None": change_first(lambda W: None),
    "CSC": change_first(lambda W: W.tocsc()),
    "COO": change_first(lambda W: W.tocoo()),
    "more columns": change_first(
        lambda W: csr_array(np.ones((W.shape[0], W.shape[1] + 1)))
    ),
    "more rows": change_first(
        lambda W: csr_array(np.ones((W.shape[0] + 1, W.shape[1])))
    ),
    "empty": change_first(lambda W: csr_array((0, 0))),
    "longdouble": change_matrix("data", lambda a: a.astype(np.longdouble)),
    "bias too short": change_bias(lambda b: b[:-1]),
    "bias None": change_bias(lambda b: None),
    "bias of two dimensions": change_bias(lambda b: b[:, None]),
    "bias a list": change_bias(lambda b: b.tolist()),
    "bias text": change_bias(lambda b: "a"),
    "bias integers": change_bias(lambda b: b.astype(int)),
    "bias complex": change_bias(lambda b: b + 1j),
    "bias empty": change_bias(lambda b: b[:0]),
}
TIDY = {
    "unsorted": change_first(lambda W: _reversed_rows(W)),
    "two parts of each weight": change_first(lambda W: _doubled(W)),
    "64 bits": change_first(lambda W: _wide(W.copy())),
    "csr_matrix": change_first(csr_matrix),
    "read-only": change_first(lambda W: _locked(W)),
}
ABOUT_MODEL = r"weight|bias|coefs_|components_|intercept|model|connections|CSR|matrix"


def _reversed_rows(W):
    parts = [slice(a, b) for a, b in zip(W.indptr, W.indptr[1:], strict=False)]
    order = np.concatenate([np.arange(p.start, p.stop)[::-1] for p in parts])
    return csr_array((W.data[order], W.indices[order], W.indptr.copy()), shape=W.shape)


def _doubled(W):
    arrays = np.repeat(W.data, 2) / 2, np.repeat(W.indices, 2), 2 * W.indptr
    return csr_array(arrays, shape=W.shape)


def _locked(W):
    W = W.copy()
    for array in (W.data, W.indices, W.indptr):
        array.flags.writeable = False
    return W


def tampered_cases():
    """Models whose attributes have been changed, in all methods."""
    for Estimator in ESTIMATORS:
        methods = "partial_fit", *METHODS[Estimator], "degrees", "path_lengths"
        for method, (label, change) in product(methods, (TAMPERED | TIDY).items()):
            if method in ("degrees", "path_lengths") and label.startswith("bias"):
                continue
            yield _tampered_case(Estimator, method, label, change)


def _tampered_case(Estimator, method, label, change):
    is_open = label in (
        "integers",
        "longdouble",
        "CSC",
        "COO",
        "dense",
        "bias integers",
        "bias a list",
        "more columns",
        "more rows",
        "empty",
    )
    is_inspected = method in ("degrees", "path_lengths")

    def run():
        model = fitted(Estimator)
        change(model)
        found = _apply(model, method)
        if label in TIDY and method != "gibbs":
            assert_allclose(found, _apply(fitted(Estimator), method), rtol=1e-6)

    expects = "result" if label in TIDY else "error"
    if is_open and (
        is_inspected or label in ("integers", "bias integers", "bias a list")
    ):
        expects = "either"
    title = f"{Estimator.__name__}.{method}, attributes: {label}"
    return Case(title, run, expects, ABOUT_MODEL)


def _apply(model, method):
    if method in ("degrees", "path_lengths"):
        options = {"random_state": 0} if method == "path_lengths" else {}
        return numbers_in(getattr(inspection, method)(model, **options))
    if method == "partial_fit":
        return outputs(fit(model, method))
    return getattr(model, method)(X)


def numbers_in(value):
    """Return all numbers of lists and dicts, one after the other."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return np.concatenate([numbers_in(part) for part in value])
    return np.ravel(value)


# -- methods, inspection, checkpoints ------------------------------------------


def method_cases():
    """Parameters of methods, models that are not fitted, unknown columns."""
    options = {
        "sample": ("n_samples", "n_steps"),
        "log_partition": ("method", "n_chains", "n_temperatures", "random_state"),
    }
    bad = ["None", "-1", "0.5", "nan", "'x'", "[]", "object", "1j", "Decimal"]
    for method, names in options.items():
        for name, label in product(names, bad):
            is_open = name == "random_state" and label == "None"
            yield Case(
                f"SETRBM.{method}({name}={label})",
                lambda m=method, n=name, v=label: getattr(fitted(SETRBM), m)(
                    **{n: VALUES[v]}
                ),
                "either" if is_open else "error",
                rf"\b{name}\b",
            )
    for Estimator in ESTIMATORS:
        for method in (*METHODS[Estimator], "score"):
            extra = () if Estimator is SETRBM or method != "score" else (Y[Estimator],)
            yield Case(
                f"{Estimator.__name__}().{method}",
                lambda E=Estimator, m=method, e=extra: getattr(make(E), m)(X, *e),
                "error",
                "not fitted",
            )
            for label, table in {
                "other names": TABLE.rename(columns={"a": "z"}),
                "other order": TABLE[list("fedcba")],
                "fewer": TABLE[list("abc")],
            }.items():
                yield Case(
                    f"{Estimator.__name__}.{method}, columns: {label}",
                    lambda E=Estimator, m=method, t=table, e=extra: getattr(
                        fitted(E, "table"), m
                    )(t, *e),
                    "error",
                    "feature names",
                )


INSPECTED = {
    "degrees": inspection.degrees,
    "path_lengths": inspection.path_lengths,
    "clustering": inspection.clustering,
    "input_strength": inspection.input_strength,
    "idle_units": inspection.idle_units,
    "weight_matrices": inspection.weight_matrices,
    "surviving_connections": inspection.surviving_connections,
    "topology_distance": lambda m: inspection.topology_distance(m, m),
    "WeightDisplay": inspection.WeightDisplay.from_estimator,
    "TrainingDisplay": inspection.TrainingDisplay.from_estimator,
    "DegreeDisplay": inspection.DegreeDisplay.from_estimator,
    "InputStrengthDisplay": inspection.InputStrengthDisplay.from_estimator,
    "ComponentsDisplay": lambda m: inspection.ComponentsDisplay.from_estimator(
        m, (2, 3)
    ),
    "SparsityDisplay": inspection.SparsityDisplay.from_search,
}


def inspection_cases():
    """Functions of inspection with what they are not for."""
    yield from inspected_values()
    yield from inspection_options()
    yield from image_shapes()
    for degrees in ([], [0, 0], [-1, 2], [np.nan, 1], "a", [[1, 2]], None, [1.5, 2]):
        yield Case(
            f"inspection.fit_power_law({degrees!r})",
            lambda d=degrees: inspection.fit_power_law(d),
            "error",
            "degree|array",
        )


def inspected_values():
    """Functions of inspection, called with what is no fitted estimator."""
    for name, function in INSPECTED.items():
        for label in (
            "None",
            "3",
            "'x'",
            "[]",
            "object",
            "class",
            "DataFrame",
            "{}",
            "csr",
        ):
            yield Case(
                f"inspection.{name}({label})",
                lambda f=function, v=label: f(VALUES[v]),
                "error",
                "estimator|model|search|matri|fitted|perceptron|SET|instance",
            )
        for Estimator in ESTIMATORS:
            yield Case(
                f"inspection.{name}({Estimator.__name__}(), not fitted)",
                lambda f=function, E=Estimator: f(make(E)),
                "error",
                "fitted|search",
            )


def inspection_options():
    """Wrong options of the functions of inspection."""
    model = fitted(SETMLPClassifier)
    calls = {
        "path_lengths": ("n_sources", "random_state"),
        "clustering": ("n_samples", "random_state"),
    }
    for name, options in calls.items():
        for option, label in product(
            options, ["-1", "0.5", "nan", "'x'", "[]", "object", "1j"]
        ):
            yield Case(
                f"inspection.{name}({option}={label})",
                lambda n=name, o=option, v=label: getattr(inspection, n)(
                    model, **{o: VALUES[v]}
                ),
                "error",
                option,
            )
    for label, make_X in (BAD_X | OTHER_WIDTH).items():
        if label != "None":
            yield Case(
                f"inspection.idle_units(X: {label})",
                lambda f=make_X: inspection.idle_units(model, f()),
                "error",
                ABOUT_X,
            )


def image_shapes():
    """Wrong shapes of the images that displays draw."""
    for shape in [
        (2, 2),
        (3,),
        6,
        "a",
        None,
        (2.0, 3.0),
        (-2, -3),
        (2, 3, 1, 1),
        (0, 6),
    ]:
        for Display in (inspection.ComponentsDisplay, inspection.InputStrengthDisplay):
            is_default = shape is None and Display is inspection.InputStrengthDisplay
            yield Case(
                f"{Display.__name__}(image_shape={shape!r})",
                lambda D=Display, s=shape: D.from_estimator(
                    fitted(SETRBM), image_shape=s
                ),
                "result" if is_default else "error",
                "image_shape",
            )


def checkpoint_cases(n=250):
    """Files that have been damaged, or are something else."""
    for number in range(n):
        yield Case(
            f"checkpoint damaged, no. {number}",
            lambda n=number: _resume_damaged(n),
            "error",
            "heckpoint|resumes|changed",
        )
    for label, path in {
        "no folder": "/nonexistent/folder/file",
        "a folder": "/tmp",
        "empty": "",
        "None": None,
        "number": 3,
        "object": Thing(),
    }.items():
        yield Case(
            f"Checkpoint({label})",
            lambda p=path: fit(make(SETMLPClassifier).set_callbacks(Checkpoint(p))),
            "error",
            "heckpoint|path",
        )
    for label in ("None", "0", "-1", "0.5", "nan", "'x'", "[]"):
        yield Case(
            f"Checkpoint(every={label})",
            lambda v=label: fit(
                make(SETMLPClassifier).set_callbacks(
                    Checkpoint(Path(tempfile.gettempdir()) / "none", every=VALUES[v])
                )
            ),
            "error",
            "every",
        )


class _Stop(Exception):
    """Ends a fit that has saved something."""


def _resume_damaged(number):
    """Damage the file of a fit that was stopped, and fit again."""
    rng = np.random.default_rng(number)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        Estimator = ESTIMATORS[number % 3]
        model = make(Estimator, evolve_every=1)
        _stop_after_a_save(model, path)
        content = bytearray(path.read_bytes())
        kind = number % 4
        if kind == 0:
            content = content[: rng.integers(len(content))]
        elif kind == 1:
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        elif kind == 2:
            start = rng.integers(len(content))
            content[start : start + 50] = rng.bytes(50)
        else:
            content = bytearray(pickle.dumps({"x": 1})) + content
        path.write_bytes(content)
        fit(model.set_callbacks(Checkpoint(path)))


def _stop_after_a_save(model, path):
    """Fit until the first checkpoint is written."""

    class Path_(Checkpoint):
        """Stops the second epoch."""

        def on_fit_task_begin(self, estimator, context):
            """Raise once the file is there."""
            if path.exists():
                raise _Stop

    try:
        fit(model.set_callbacks(Path_(path)))
    except _Stop:
        return
    raise AssertionError("The fit was not stopped.")


# -- all -----------------------------------------------------------------------

KINDS = [
    X_cases,
    y_cases,
    weight_cases,
    validation_cases,
    class_weight_cases,
    rule_cases,
    function_cases,
    tampered_cases,
    method_cases,
    inspection_cases,
    checkpoint_cases,
]


def all_cases(n, seed=0):
    """Return n cases: parameters are drawn, if possible all others are there."""
    rng = np.random.default_rng(seed)
    others = [case for kind in KINDS for case in kind()]
    parameters = list(parameter_cases())
    if n < len(others):
        others = [others[i] for i in rng.permutation(len(others))[: n // 2]]
    drawn = rng.permutation(len(parameters))[: n - len(others)]
    return others + [parameters[i] for i in sorted(drawn)]


CLEAR = (TypeError, ValueError, NotImplementedError, AttributeError, RuntimeError)


def classify(case):
    """Run a case, and say what came of it."""
    try:
        with redirect_stdout(io.StringIO()):  # of `verbose`
            case.run()
    except AssertionError:
        return Outcome("wrong result", traceback.format_exc(limit=-2))
    except Exception as error:
        return _classify_error(case, error)
    if case.expects == "error":
        return Outcome("silent", "accepted, but it is not valid")
    return Outcome("valid result")


def _classify_error(case, error):
    text = f"{type(error).__name__}: {error}"
    if case.expects == "result":
        return Outcome("refused, but valid", text)
    if isinstance(error, CLEAR) and re.search(case.names, str(error)):
        return Outcome("clear error")
    return Outcome("unclear error", text)


__all__ = ["all_cases", "assert_array_equal", "classify"]
