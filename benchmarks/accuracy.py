"""Cross-validated accuracy of default settings, printed as a table::

    python benchmarks/accuracy.py --data FOLDER [--seeds N] [--json FILE]
    python benchmarks/accuracy.py --data FOLDER --models forest boosting logistic

5-fold accuracy in percent, after a StandardScaler, and in brackets the seconds of a
fit: of the default SETMLPClassifier, of the same with a fixed random topology, and of
the default MLPClassifier; or of the other models in classifiers.py. tables.py describes
the files that the folder may contain; without it only the data of scikit-learn are
used.

Text is measured twice: standardised as all data, and after the mean once more as sparse
tf-idf, the usual features. Models that take no sparse X get those as a dense array.
"""

import argparse
import json
import warnings

import numpy as np
import tables
from classifiers import CLASSIFIERS, NETWORKS, available
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags


def preprocessing(X, model):
    """Return the transformers before a model: scaling, or tf-idf if X is sparse."""
    if not isinstance(X, csr_array):
        return [StandardScaler()]
    if get_tags(model).input_tags.sparse:
        return [TfidfTransformer()]
    return [TfidfTransformer(), FunctionTransformer(csr_array.toarray)]


def measure(classifier, X, y, seeds):
    """Return mean accuracy, its standard error over seeds, fit seconds and density."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    means, seconds = [], []
    for seed in range(seeds):
        model = classifier(random_state=seed)
        result = cross_validate(
            make_pipeline(*preprocessing(X, model), model),
            X, y, cv=folds, return_estimator=True, error_score="raise",
        )  # fmt: skip
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
    cells = [
        f"{result['accuracy']:.2f} ({result['seconds']:.3g})"
        for result in results.values()
    ]
    if "SETMLPClassifier" in results:
        cells.append(f"{results['SETMLPClassifier']['density']:.1%}")
    return "| " + " | ".join([name, *cells]) + " |"


def means(table):
    """Return the mean of each model's numbers over the sets, if they are known."""
    return {
        model: {
            key: np.mean([results[model][key] for results in table.values()])
            for key in ("accuracy", "seconds", "density")
            if first[key] is not None
        }
        for model, first in next(iter(table.values())).items()
    }


def measure_sets(sets, models, arguments):
    """Measure the models on the sets that there are; print a row for each."""
    table = {}
    for name in sets:
        data = tables.ALL[name](arguments.data)
        if data is None:
            print(f"{name} is left out: its file is not in the folder.")
            continue
        table[name] = {
            key: measure(CLASSIFIERS[key], *data, arguments.seeds) for key in models
        }
        print(row(name, table[name]), flush=True)
    return table


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].rstrip(":"))
    parser.add_argument("--data", help="folder with the files that tables.py names")
    parser.add_argument("--seeds", type=int, default=3, help="random states to average")
    parser.add_argument("--sets", nargs="+", choices=tables.ALL, default=tables.ALL)
    parser.add_argument("--models", nargs="+", choices=CLASSIFIERS, default=NETWORKS)
    parser.add_argument("--json", help="where to store the results")
    return parser.parse_args()


def main():
    """Measure all models on all data; print a table and store all results."""
    arguments = parse()
    warnings.simplefilter("ignore", ConvergenceWarning)
    models = available(arguments.models)
    weights = ["weights"] if "SETMLPClassifier" in models else []
    header = ["data", *models, *weights]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    sets = [name for name in arguments.sets if name in tables.SETS]
    table = measure_sets(sets, models, arguments)
    if table:
        print(row("mean", means(table)), flush=True)
    as_text = [name for name in arguments.sets if name in tables.TEXT]
    table |= measure_sets(as_text, models, arguments)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(table, file, indent=1)


if __name__ == "__main__":
    main()
