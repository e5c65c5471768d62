"""Methods that score features: the larger the score, the sooner a feature is selected.

Each is a function of X (scaled, float32), y and a seed, and returns an array of
n_features scores.
"""

from functools import partial

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import f_classif, mutual_info_classif
from sklearn.svm import LinearSVC

from sklearn_set import SETMLPClassifier

# Recursive elimination drops this fraction of the features in each step, down to as
# many as the weights of one model rank.
DROPPED = 0.1
RANKED_AT_ONCE = 10


def strength(rule, X, y, seed):
    """Score by the strength of the inputs of a default network with this rule."""
    network = SETMLPClassifier(evolution=rule, random_state=seed)
    return network.fit(X, y).feature_importances_


def lasso_net(X, y, seed):
    """Score by the penalty at which LassoNet drops a feature.

    I. Lemhadri, F. Ruan, L. Abraham and R. Tibshirani, "LassoNet: a neural network with
    feature sparsity", Journal of Machine Learning Research 22 (2021).
    """
    from lassonet import LassoNetClassifier

    model = LassoNetClassifier(random_state=seed, torch_seed=seed, verbose=0)
    model.path(X, y)
    return model.feature_importances_.numpy()


def mutual_information(X, y, seed):
    """Score by the mutual information of each feature and the class."""
    return mutual_info_classif(X, y, random_state=seed)


def f_test(X, y, seed):
    """Score by the F statistic of each feature; constant features come last."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(f_classif(X, y)[0], nan=-1.0)


def forest(X, y, seed):
    """Score by the impurity-based importances of a forest."""
    model = RandomForestClassifier(n_estimators=500, random_state=seed)
    return model.fit(X, y).feature_importances_


def elimination(X, y, seed):
    """Score by recursive elimination with a linear SVC, 10 % of the features a step.

    `RFE` with a fractional step removes that fraction of *all* features in each step,
    which would leave the last tenth unranked.
    """
    left, weakest_first = np.arange(X.shape[1]), []
    while left.size:
        model = LinearSVC(random_state=seed).fit(X[:, left], y)
        order = left[np.argsort(np.square(model.coef_).sum(axis=0))]
        few = left.size <= RANKED_AT_ONCE
        n_dropped = left.size if few else max(1, int(DROPPED * left.size))
        weakest_first.append(order[:n_dropped])
        left = order[n_dropped:]
    return np.argsort(np.concatenate(weakest_first))  # the rank of each feature


# name: function of X, y and a seed
OTHERS = {
    "lasso-net": lasso_net,
    "mutual-information": mutual_information,
    "f-test": f_test,
    "forest": forest,
    "rfe": elimination,
}
# optional packages
NEEDS = {"lasso-net": "lassonet"}


def methods(rules, others):
    """Return functions by name; ours are named after their evolution rules.

    Parameters
    ----------
    rules : iterable of str
        Names in `sklearn_set.evolution.RULES`.
    others : iterable of str
        Names in `OTHERS`.
    """
    ours = {f"ours, {rule}": partial(strength, rule) for rule in rules}
    return ours | {name: OTHERS[name] for name in others}
