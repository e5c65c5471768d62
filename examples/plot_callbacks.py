"""
Monitoring a fit with scikit-learn's callbacks
==============================================

The estimators support scikit-learn's callbacks. Each epoch is a task, at the end of
which a callback gets the present network. ``ProgressBar`` shows the progress of a fit;
``ScoringMonitor`` scores the network after each epoch, by any of scikit-learn's
scores.
"""

import matplotlib.pyplot as plt
import rich
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# The progress bar is set on the pipeline, which passes it on to its steps. In a
# terminal it is animated; for this page, a setting of rich, the package that draws it,
# makes it print once at the end. The monitor is set on the network, as it scores its
# epochs.

rich.reconfigure(force_terminal=False, width=88)
monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
network = SETMLPClassifier(epsilon=5, max_iter=30, random_state=0)
network.set_callbacks(monitor)
model = make_pipeline(StandardScaler(), network).set_callbacks(ProgressBar())
model.fit(X_train, y_train)

# %%
# The log has a row for each task that was scored; here we need the epochs. The monitor
# uses the data that the network gets: the scaled training data.

rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
accuracy = [row["accuracy"] for row in rows]
log_loss = [-row["neg_log_loss"] for row in rows]
for i in (0, 4, 9, len(rows) - 1):
    print(
        f"epoch {i + 1:2}: accuracy {accuracy[i]:.3f}, log-loss {log_loss[i]:.3f}, "
        f"loss_curve_ {network.loss_curve_[i]:.3f}"
    )
print(f"accuracy on the test data: {model.score(X_test, y_test):.3f}")

# %%
# ``loss_curve_`` is what the network minimises: the log-loss under dropout, plus the
# penalty on the weights, averaged over the batches of an epoch. The monitor scores the
# network without dropout and penalty. Both continue to fall to the end, with the
# learning rate.

fig, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
epochs = range(1, len(rows) + 1)
axes[0].plot(epochs, network.loss_curve_, label="loss_curve_, with dropout and penalty")
axes[0].plot(epochs, log_loss, label="log-loss, by the monitor")
axes[0].set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
axes[0].legend()
axes[1].plot(epochs, accuracy, color="C1")
axes[1].set(xlabel="epoch", ylabel="training accuracy, by the monitor")

plt.show()
