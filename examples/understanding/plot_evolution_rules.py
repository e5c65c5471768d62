"""
Evolution rules: SET, CHT, RigL and a fixed topology
====================================================

At intervals the weakest connections are dropped and new ones are added. SET adds them
at random positions, CHT where many short paths lead. RigL adds them where the gradient
of the loss is largest, and drops fewer as training progresses. A fixed topology keeps
the initial connections. The choice matters if there are few connections.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train, X_val = scaler.transform(X_train), scaler.transform(X_val)

# %%
# A validation set that is passed to ``fit`` is scored after each epoch; the scores are
# in ``validation_scores_``. For each rule four networks are trained, which differ in
# their initial connections and weights, for the same number of epochs.

N_EPOCHS, N_SEEDS = 50, 4


def fit_network(evolution, epsilon, seed):
    """Return a fitted network, with the validation score of each epoch."""
    return SETMLPClassifier(
        hidden_layer_sizes=(200,),
        epsilon=epsilon,
        evolution=evolution,
        max_iter=N_EPOCHS,
        random_state=seed,
    ).fit(X_train, y_train, X_val=X_val, y_val=y_val)


# %%
# The lines are the mean of the four networks, the bands one standard deviation on
# either side of it.

names = {"set": "SET", "cht": "CHT", "rigl": "RigL", "fixed": "fixed topology"}
epochs = np.arange(1, N_EPOCHS + 1)
fig, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharey=True, layout="constrained")
for ax, epsilon in zip(axes, (1, 5), strict=True):
    for rule, name in names.items():
        networks = [fit_network(rule, epsilon, seed) for seed in range(N_SEEDS)]
        curves = [network.validation_scores_ for network in networks]
        mean, std = np.mean(curves, axis=0), np.std(curves, axis=0)
        ax.plot(epochs, mean, label=name)
        ax.fill_between(epochs, mean - std, mean + std, alpha=0.2)
        n = networks[0].n_connections_
        print(f"{n:5,} connections, {name:14} {mean[-1]:.3f} +- {std[-1]:.3f}")
    ax.set(xlabel="epoch", title=f"epsilon = {epsilon}: {n:,} connections")
axes[0].set(ylabel="validation accuracy", ylim=(0.4, 1))
axes[1].legend(loc="lower right")
plt.show()

# %%
# With the fewest connections RigL leads: the gradient shows useful positions, which SET
# finds only at random and the fixed network not at all. CHT is between the two. With
# more connections all four are within a point. This is the ranking on one small data
# set.
