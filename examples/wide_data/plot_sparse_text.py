"""
Sparse text stays sparse
========================

A text contains few of all words, and most of a matrix of word counts is zero. The
networks accept such a matrix and never make it dense: the time of the first layer is
proportional to the non-zeros, its memory to the connections. This example classifies
texts of two kinds, and compares with a dense network and a linear model.

The script downloads the texts "Dexter" from OpenML. The output on this page is that of
"PCMAC" of
`scikit-feature <https://jundongl.github.io/scikit-feature/datasets.html>`_: messages of
two newsgroups, about PCs and Macs.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.base import clone
from sklearn.datasets import fetch_openml
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from sklearn_set import SETMLPClassifier

# sphinx_gallery_thumbnail_path = 'recorded/plot_sparse_text_1.png'

X, y = fetch_openml("Dexter", version=1, return_X_y=True, as_frame=False)
X = csr_array(X, dtype=np.float32)
n_bytes = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
print(f"{X.shape[0]:,} texts, {X.shape[1]:,} words, {X.nnz / X.shape[0]:.0f} in a text")
print(f"sparse: {n_bytes / 1e6:.1f} MB, dense: {4e-6 * X.shape[0] * X.shape[1]:.1f} MB")

# %%
# Models
# ------
# All models get the same sparse matrix, from a transformer that weights the words and
# keeps the matrix sparse. As its values are small, the network's weights must be large:
# `alpha`, which keeps them small, is less than by default. Whether evolution helps
# depends on the texts and on the number of epochs; try a fixed topology, too.

warnings.simplefilter("ignore", ConvergenceWarning)  # of MLPClassifier
evolving = SETMLPClassifier(evolution="set", alpha=0.01, max_iter=20, random_state=0)
models = {
    "SET, evolving": evolving,
    "SET, fixed topology": clone(evolving).set_params(evolution="fixed"),
    "MLPClassifier": MLPClassifier((50,), batch_size=32, max_iter=20, random_state=0),
    "LogisticRegression": LogisticRegression(),
}
folds = StratifiedKFold(3, shuffle=True, random_state=0)
results = {
    name: cross_validate(
        make_pipeline(TfidfTransformer(), model), X, y, cv=folds, return_estimator=True
    )
    for name, model in models.items()
}

# %%
# Results
# -------
# The first hidden layer of the sparse networks has a thousand units, twenty times as
# many as that of the dense network.


def count_weights(model):
    """Count the weights of a fitted model, without intercepts."""
    coefs = model.coefs_ if hasattr(model, "coefs_") else [model.coef_]
    return sum(coef.nnz if issparse(coef) else coef.size for coef in coefs)


n_weights = {
    name: count_weights(result["estimator"][0][-1]) for name, result in results.items()
}
print(f"{'':20} accuracy   seconds to fit    weights")
for name, result in results.items():
    print(
        f"{name:20} {result['test_score'].mean():8.3f}   "
        f"{result['fit_time'].mean():14.2f}   {n_weights[name]:8,}"
    )

# %%
# A linear model is fitted almost instantly; a network is worth its time only if it is
# more accurate. The error bars show the standard deviation over the folds.

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for name, result in results.items():
    accuracy, error = result["test_score"].mean(), result["test_score"].std()
    for ax, x in zip(axes, (result["fit_time"].mean(), n_weights[name]), strict=True):
        ax.errorbar(x, accuracy, error, marker="o", capsize=3, label=name)
axes[0].set(xscale="log", xlabel="seconds to fit", ylabel="accuracy (3-fold)")
axes[1].set(xscale="log", xlabel="weights")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()
