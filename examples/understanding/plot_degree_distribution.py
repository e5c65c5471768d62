"""
How the degrees of the units change
===================================

A layer starts as a random graph. The number of connections of a unit, its degree, then
has a binomial distribution. Evolution moves connections to the units that use them, and
the distribution becomes much broader. The authors of SET found that it tends to a power
law; this example tests that.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import binom
from sklearn.datasets import load_digits
from sklearn.preprocessing import minmax_scale

from sklearn_set import SETMLPClassifier
from sklearn_set.inspection import DegreeDisplay, degrees

X, y = load_digits(return_X_y=True)
X = minmax_scale(X)

# %%
# A network does not evolve after its last epoch: with a single epoch, it keeps its
# initial connections. The same `random_state` gives the second network the same ones.

settings = {
    "hidden_layer_sizes": (1000, 1000),
    "epsilon": 5,
    "evolution": "set",
    "random_state": 0,
}
before = SETMLPClassifier(max_iter=1, **settings).fit(X, y)
after = SETMLPClassifier(max_iter=100, **settings).fit(X, y)

# %%
# The incoming connections of the units of the second hidden layer, with the binomial
# distribution of a random graph (dashed). For the network that has evolved, a power law
# is fitted to the degrees from `x_min` on, which the fit chooses.

networks = {"before": before, "after 100 epochs": after}
fig, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharey=True, layout="constrained")
displays = [
    DegreeDisplay.from_estimator(
        network, layer=1, side="in", power_law=network is after, ax=ax
    )
    for ax, network in zip(axes, networks.values(), strict=True)
]
for ax, name in zip(axes, networks, strict=True):
    ax.set(title=name, ylim=(5e-4, 2))
    ax.legend(loc="upper left")
plt.show()

# %%
# The number of connections and the mean degree stay the same. The standard deviation
# changes, and so does the fraction of units with more than twice the mean, shown with
# its expectation for the binomial distribution.

for name, network in networks.items():
    degree = degrees(network)[1].in_degree
    coef = network.coefs_[1]
    many = 2 * degree.mean()
    expected = binom.sf(many, coef.shape[0], coef.nnz / np.prod(coef.shape))
    print(
        f"{name}: mean {degree.mean():.1f}, standard deviation {degree.std():.1f}, "
        f"largest {degree.max()}\n"
        f"  above twice the mean {(degree > many).mean():.1%}, binomial {expected:.1%}"
    )

# %%
# The p-value is the probability that degrees drawn from the fitted law are at least as
# far from it as the network's are. A p-value below 0.1 rejects the law. If it is not
# rejected, look at the number of units first: with few units, any law is hard to
# reject.

fit = displays[1].fit
verdict = "rejected" if fit.p_value < 0.1 else "not rejected"
print(
    f"power law with exponent {fit.exponent:.2f} for the {fit.n_units} units of degree "
    f"{fit.x_min} or more: p = {fit.p_value:.2f}, {verdict}"
)

# %%
# The degrees after evolution are far from those of a random graph, with a long tail;
# but a broad distribution alone is not a power law.
