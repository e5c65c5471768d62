"""
Learning from a stream
======================

``partial_fit`` learns from data that arrive in pieces. Here the digits arrive ten at a
time. Each piece is first predicted and then learned: every prediction is a test
(prequential evaluation). A linear classifier, scikit-learn's ``SGDClassifier``, gets
the same pieces.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.utils import gen_batches, shuffle

from sklearn_set import SETMLPClassifier

PIECE, WINDOW = 10, 200
X, y = load_digits(return_X_y=True)
X, y = shuffle(X / 16, y, random_state=0)  # the pixels are 0 to 16


def test_then_train(model):
    """Return which digits were predicted correctly before they were learned."""
    first, *others = gen_batches(len(y), PIECE, min_batch_size=PIECE)
    model.partial_fit(X[first], y[first], classes=np.unique(y))
    correct = []
    for piece in others:
        correct.append(model.predict(X[piece]) == y[piece])
        model.partial_fit(X[piece], y[piece])
    return np.concatenate(correct)


# %%
# With batches smaller than a piece, each piece gives several steps; `alpha` is smaller,
# too, as the penalty is divided by the batch size. The network evolves before each call
# but the first (``evolve_every=1``; by default after 100 steps, which here are 50
# pieces). The learning rate is constant: the default schedule ends after `max_iter`
# calls, and a stream does not.


def network(epsilon, zeta):
    """Return an untrained network for small pieces."""
    return SETMLPClassifier(
        (300,),
        epsilon=epsilon,
        zeta=zeta,
        batch_size=5,
        alpha=0.01,
        learning_rate="constant",
        evolution="set",
        evolve_every=1,
        random_state=0,
    )


linear = test_then_train(SGDClassifier(loss="log_loss", random_state=0))
correct = {
    (epsilon, zeta): test_then_train(network(epsilon, zeta))
    for epsilon in (2, 20)
    for zeta in (0, 0.05, 0.3)
}

# %%
# The accuracy on all digits except the first piece, and on the last 500.

print("                         all  last 500")
print(f"SGDClassifier          {linear.mean():.3f}     {linear[-500:].mean():.3f}")
for (epsilon, zeta), hits in correct.items():
    name = f"epsilon={epsilon}, zeta={zeta}"
    print(f"{name:22} {hits.mean():.3f}     {hits[-500:].mean():.3f}")

# %%
# The running accuracy; each point is the accuracy on the last 200 digits.


def plot_running(ax, hits, **style):
    """Draw the moving average of the correct predictions."""
    running = np.convolve(hits, np.full(WINDOW, 1 / WINDOW), mode="valid")
    ax.plot(np.arange(WINDOW, hits.size + 1), running, **style)


fig, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharey=True, layout="constrained")
for ax, epsilon in zip(axes, (2, 20), strict=True):
    for zeta in (0, 0.05, 0.3):
        plot_running(ax, correct[epsilon, zeta], label=f"network, zeta={zeta}")
    plot_running(ax, linear, label="SGDClassifier", color="black", linestyle=":")
    ax.set(title=f"epsilon = {epsilon}", xlabel="digits seen")
axes[0].set(ylabel=f"accuracy on the last {WINDOW} digits")
axes[1].legend(loc="lower right")
plt.show()

# %%
# With few connections (`epsilon` 2) a little evolution helps, but the default `zeta` of
# 0.3 costs much accuracy: connections are dropped before they can become useful. The
# linear model is better there. With the default `epsilon` of 20 the network is as good
# as the linear model, and a little better at the end; evolution adds nothing in such a
# short stream.
