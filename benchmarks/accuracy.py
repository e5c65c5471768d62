"""Cross-validated accuracy of the defaults, printed as a table::

    python benchmarks/accuracy.py --data FOLDER [--seeds N] [--json FILE]

5-fold accuracy behind a StandardScaler of the default SETMLPClassifier, of the same
with its first random topology, and of the default MLPClassifier. What the folder may
hold is described in tables.py; without it scikit-learn's own data are used.
"""

import argparse
import json
import warnings

import numpy as np
import tables
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier

MODELS = {
    "SETMLPClassifier": SETMLPClassifier(),
    "fixed topology": SETMLPClassifier(evolution="fixed"),
    "MLPClassifier": MLPClassifier(),
}


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
        "density": getattr(result["estimator"][-1][-1], "density_", 1.0),
    }


def row(name, results):
    """Return a row of the table in Markdown."""
    cells = [f"{own['accuracy']:.2f}" for own in results.values()]
    share = f"{results['SETMLPClassifier']['density']:.1%}"
    return "| " + " | ".join([name, *cells, share]) + " |"


def means(table):
    """Average the accuracies over the sets."""
    return {
        model: {
            "accuracy": np.mean([own[model]["accuracy"] for own in table.values()]),
            "density": np.mean([own[model]["density"] for own in table.values()]),
        }
        for model in MODELS
    }


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a folder with the files that tables.py names")
    parser.add_argument("--seeds", type=int, default=3, help="random states to average")
    parser.add_argument("--sets", nargs="+", choices=tables.SETS, default=tables.SETS)
    parser.add_argument("--json", help="a file for all figures")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    table = {}
    print("| data |", " | ".join(MODELS), "| weights |\n|---|---|---|---|---|")
    for name in arguments.sets:
        data = tables.SETS[name](arguments.data)
        if data is None:
            print(f"{name} is left out: its file is not in the folder.")
            continue
        table[name] = {
            key: measure(model, *data, arguments.seeds) for key, model in MODELS.items()
        }
        print(row(name, table[name]), flush=True)
    print(row("mean", means(table)))
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(table, file, indent=1)


if __name__ == "__main__":
    main()
