"""Compare methods that select features, and print a table in Markdown::

    python benchmarks/feature_selection.py --data FOLDER --json FILE
    python benchmarks/feature_selection.py --rules set rigl --others f-test forest \
        --sets additive-500 products-500 --folds 3

In each fold of a cross-validation all features are scaled, each method scores them on
the training part, and an RBF SVC and 7 nearest neighbours are fitted to the K strongest
features. Printed are their accuracies in percent, the seconds of a scoring, and for
simulated data how many of the 10 relevant features are among the 10 and the K strongest
(means over the folds); at the end, the mean rank of each method's accuracies.

The methods are the strength of the inputs of our default network, once for each
evolution rule that `--rules` names, and those in feature_scores.py. tables.py describes
the files that the folder may contain; simulations.py the simulated data.
"""

import argparse
import json
import time
import warnings
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import simulations
import tables
from feature_scores import NEEDS, OTHERS, methods
from scipy.stats import rankdata
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_set.evolution import RULES

K = (20, 50)
JUDGES = {"SVC": SVC(), "7-NN": KNeighborsClassifier(7)}
ACCURACIES = [f"{judge}, {k}" for judge in JUDGES for k in K]
COUNTS = [f"relevant in {k}" for k in (simulations.N_RELEVANT, *K)]

REAL = ("madelon", "COIL20", "MNIST", "Fashion-MNIST", "warpPIE10P", "PCMAC")
SIMULATED = {
    f"{kind.__name__}-{n_features}": partial(kind, n_samples, n_features)
    for kind in (simulations.additive, simulations.clusters, simulations.products)
    for n_samples, n_features in ((1000, 500), (2000, 5000), (2000, 20_000))
}


class Fold(NamedTuple):
    """The scaled training and test data of a fold."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def load(name, folder):
    """Return X, y and the relevant features, None if unknown; or None without data."""
    if name in SIMULATED:
        return SIMULATED[name]()
    data = tables.SETS[name](folder)
    return data and (*data, None)


def split(X, y, n_folds):
    """Iterate over the folds."""
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    for train, test in folds.split(X, y):
        scaler = StandardScaler().fit(X[train])
        X_train, X_test = scaler.transform(X[train]), scaler.transform(X[test])
        yield Fold(X_train, y[train], X_test, y[test])


def accuracies(fold, strongest):
    """Return the percentage that each judge classifies correctly with K features."""
    found = {}
    for name, judge in JUDGES.items():
        for k in K:
            judge.fit(fold.X_train[:, strongest[:k]], fold.y_train)
            score = judge.score(fold.X_test[:, strongest[:k]], fold.y_test)
            found[f"{name}, {k}"] = 100 * score
    return found


def counts(strongest, relevant):
    """Return how many relevant features are among the strongest."""
    n_first = (simulations.N_RELEVANT, *K)
    return {
        name: int(np.isin(strongest[:n], relevant).sum())
        for name, n in zip(COUNTS, n_first, strict=True)
    }


def measure_fold(score, fold, relevant, seed):
    """Return all numbers of one method in one fold."""
    start = time.perf_counter()
    scores = score(fold.X_train, fold.y_train, seed)
    seconds = time.perf_counter() - start
    strongest = np.argsort(-scores, kind="stable")
    found = accuracies(fold, strongest) | {"seconds": seconds}
    return found if relevant is None else found | counts(strongest, relevant)


def measure(score, data, n_folds):
    """Return each number of one method as a list over the folds."""
    X, y, relevant = data
    folds = [
        measure_fold(score, fold, relevant, seed)
        for seed, fold in enumerate(split(X, y, n_folds))
    ]
    return {name: [fold[name] for fold in folds] for name in folds[0]}


def row(set_name, method, result):
    """Return a row of the table in Markdown."""
    cells = [f"{np.mean(result[name]):.2f}" for name in ACCURACIES]
    cells += [
        f"{np.mean(result[name]):.1f}" if name in result else "" for name in COUNTS
    ]
    cells.append(f"{np.mean(result['seconds']):.3g}")
    return "| " + " | ".join([set_name, method, *cells]) + " |"


def mean_ranks(table):
    """Return the mean rank of each method over sets, judges and numbers of features.

    1 is the best; equal accuracies share the mean of their ranks.
    """
    names = list(next(iter(table.values())))
    ranks = [
        rankdata([-np.mean(results[method][accuracy]) for method in names])
        for results in table.values()
        for accuracy in ACCURACIES
    ]
    return dict(zip(names, np.mean(ranks, axis=0), strict=True))


def store(path, arguments, table):
    """Write the results so far."""
    if path:
        with open(path, "w") as file:
            json.dump({"arguments": vars(arguments), "results": table}, file, indent=1)


def available(names):
    """Return the methods whose packages are installed; say which are not."""
    missing = {name for name in names if name in NEEDS and not find_spec(NEEDS[name])}
    for name in sorted(missing):
        print(f"{name} is left out (to include it: pip install {NEEDS[name]})")
    return [name for name in names if name not in missing]


def parse():
    """Return the arguments of the command line."""
    sets = [*REAL, *SIMULATED]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].rstrip(":"))
    parser.add_argument("--data", help="folder with the files that tables.py names")
    parser.add_argument("--sets", nargs="+", choices=sets, default=sets)
    parser.add_argument("--rules", nargs="*", choices=RULES, default=list(RULES))
    parser.add_argument("--others", nargs="*", choices=OTHERS, default=list(OTHERS))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--json", help="where to store the results, fold by fold")
    return parser.parse_args()


def main():
    """Measure all methods on all data; print a row for each, and the mean ranks."""
    arguments = parse()
    warnings.simplefilter("ignore", ConvergenceWarning)
    scores = methods(arguments.rules, available(arguments.others))
    header = ["data", "method", *ACCURACIES, *COUNTS, "seconds"]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|", flush=True)
    table = {}
    for name in arguments.sets:
        data = load(name, arguments.data)
        if data is None:
            print(f"{name} is left out: its file is not in the folder.")
            continue
        results = {}
        for method, score in scores.items():
            results[method] = measure(score, data, arguments.folds)
            print(row(name, method, results[method]), flush=True)
        table[name] = results
        store(arguments.json, arguments, table)
    if table:
        print("\n| method | mean rank |\n|---|---|")
        for method, rank in mean_ranks(table).items():
            print(f"| {method} | {rank:.2f} |")


if __name__ == "__main__":
    main()
