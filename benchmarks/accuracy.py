"""Cross-validated accuracy of the defaults, printed as a table::

    python benchmarks/accuracy.py --data FOLDER [--seeds N] [--json FILE]
    python benchmarks/accuracy.py --data FOLDER --models forest boosting logistic

5-fold accuracy, after a StandardScaler, of the default SETMLPClassifier, of the same
with a fixed random topology, and of the default MLPClassifier; or of other common
models with scikit-learn's defaults. tables.py describes the files that the folder may
contain; without it only the data of scikit-learn are used.
"""

import argparse
import json
import warnings

import numpy as np
import tables
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier

NETWORKS = {
    "SETMLPClassifier": SETMLPClassifier(),
    "fixed": SETMLPClassifier(evolution="fixed"),
    "MLPClassifier": MLPClassifier(),
}
OTHERS = {
    "logistic": LogisticRegression(max_iter=1000),
    "forest": RandomForestClassifier(),
    "boosting": HistGradientBoostingClassifier(),
}
MODELS = NETWORKS | OTHERS


def measure(model, X, y, seeds):
    """Return mean accuracy, its standard error over seeds, fit seconds and density."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    means, seconds = [], []
    for seed in range(seeds):
        pipeline = make_pipeline(StandardScaler(), model.set_params(random_state=seed))
        result = cross_validate(
            pipeline, X, y, cv=folds, return_estimator=True, error_score="raise"
        )
        means.append(100 * result["test_score"].mean())
        seconds.append(result["fit_time"].mean())
    return {
        "accuracy": np.mean(means),
        "error": np.std(means) / max(1, seeds - 1) ** 0.5,
        "seconds": np.mean(seconds),
        "density": getattr(result["estimator"][-1][-1], "density_", None),
    }


def row(name, results):
    """Return a row of the table in Markdown."""
    cells = [f"{result['accuracy']:.2f}" for result in results.values()]
    if "SETMLPClassifier" in results:
        cells.append(f"{results['SETMLPClassifier']['density']:.1%}")
    return "| " + " | ".join([name, *cells]) + " |"


def means(table):
    """Return the mean accuracy, and the mean density if it is known, over the sets."""
    return {
        model: {
            key: np.mean([results[model][key] for results in table.values()])
            for key in ("accuracy", "density")
            if first[key] is not None
        }
        for model, first in next(iter(table.values())).items()
    }


def main():
    """Measure all models on all data; print a table and store all results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].rstrip(":"))
    parser.add_argument("--data", help="folder with the files that tables.py names")
    parser.add_argument("--seeds", type=int, default=3, help="random states to average")
    parser.add_argument("--sets", nargs="+", choices=tables.SETS, default=tables.SETS)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=NETWORKS)
    parser.add_argument("--json", help="where to store the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    table = {}
    weights = ["weights"] if "SETMLPClassifier" in arguments.models else []
    header = ["data", *arguments.models, *weights]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for name in arguments.sets:
        data = tables.SETS[name](arguments.data)
        if data is None:
            print(f"{name} is left out: its file is not in the folder.")
            continue
        table[name] = {
            key: measure(MODELS[key], *data, arguments.seeds)
            for key in arguments.models
        }
        print(row(name, table[name]), flush=True)
    print(row("mean", means(table)))
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(table, file, indent=1)


if __name__ == "__main__":
    main()
