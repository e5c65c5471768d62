"""The classifiers of the accuracy table, with their default settings."""

import logging

from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, LinearSVC

from sklearn_set import SETMLPClassifier


def fixed(**settings):
    """Return our default network with a fixed random topology."""
    return SETMLPClassifier(evolution="fixed", **settings)


def logistic(**settings):
    """Return a logistic regression with enough iterations to converge."""
    return LogisticRegression(max_iter=1000, **settings)


def real_mlp(**settings):
    """Return RealMLP with the simpler of its tuned defaults (RealMLP-TD-S).

    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default" (2024),
    arXiv:2407.04491. It scales the features itself, and does so here, too.
    """
    import torch
    from pytabkit import RealMLP_TD_S_Classifier

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    n_threads = torch.get_num_threads()  # by default it ignores OMP_NUM_THREADS
    return RealMLP_TD_S_Classifier(device="cpu", n_threads=n_threads, **settings)


# name: function of `random_state` that returns the classifier, or raises ImportError
NETWORKS = {
    "SETMLPClassifier": SETMLPClassifier,
    "fixed": fixed,
    "MLPClassifier": MLPClassifier,
}
OTHERS = {
    "logistic": logistic,
    "linear-svm": LinearSVC,
    "svm": SVC,
    "forest": RandomForestClassifier,
    "extra-trees": ExtraTreesClassifier,
    "boosting": HistGradientBoostingClassifier,
    "real-mlp": real_mlp,
}
CLASSIFIERS = NETWORKS | OTHERS


def available(names, say=print):
    """Return the names of the classifiers that can be built; say which cannot."""
    names = list(names)
    for name in names.copy():
        try:
            CLASSIFIERS[name](random_state=0)
        except ImportError as error:
            say(f"{name} is left out: {error} (to include it: pip install pytabkit)")
            names.remove(name)
    return names
