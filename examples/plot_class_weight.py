"""
A rare class
============

Is a digit an eight? Only 20 eights are kept in the training data; a network that
overlooks them makes hardly any errors. ``class_weight="balanced"`` gives both classes
the same total weight. The test data keep all their eights, and show what this changes
and what it does not.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    average_precision_score,
    balanced_accuracy_score,
    precision_score,
    recall_score,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier

X, y = load_digits(return_X_y=True)
y = np.where(y == 8, "eight", "other")
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)
surplus = np.flatnonzero(y_train == "eight")[20:]
X_train, y_train = np.delete(X_train, surplus, axis=0), np.delete(y_train, surplus)
print(f"training: {(y_train == 'eight').sum()} eights of {len(y_train)}")
print(f"test:     {(y_test == 'eight').sum()} eights of {len(y_test)}")

# %%
# The two networks differ in nothing else. The average precision summarises all
# thresholds of the probability; the other scores are those of ``predict``, whose
# threshold is 0.5.

models = {
    f"class_weight={class_weight!r}": make_pipeline(
        StandardScaler(),
        SETMLPClassifier(class_weight=class_weight, max_iter=50, random_state=0),
    ).fit(X_train, y_train)
    for class_weight in (None, "balanced")
}

print(f"{'':23} balanced accuracy  recall  precision  average precision")
points = {}
for name, model in models.items():
    predicted = model.predict(X_test)
    probability = model.predict_proba(X_test)[:, 0]  # of "eight", the first class
    balanced = balanced_accuracy_score(y_test, predicted)
    recall = recall_score(y_test, predicted, pos_label="eight")
    precision = precision_score(y_test, predicted, pos_label="eight")
    average = average_precision_score(y_test, probability, pos_label="eight")
    points[name] = recall, precision
    print(f"{name:23} {balanced:17.3f} {recall:7.3f} {precision:10.3f} {average:18.3f}")

# %%
# The balanced network overlooks fewer eights, and mistakes a few more of the other
# digits for an eight. The precision-recall curves, over all thresholds, are much closer
# to each other than the two points of ``predict`` on them: the class weights mostly
# move the network along the curve, and add little to what it can learn from 20
# examples. Precision would be lower if eights were as rare in the test data.

fig, axes = plt.subplots(1, 3, figsize=(13, 4.8), layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=False):
    ConfusionMatrixDisplay.from_estimator(
        model, X_test, y_test, ax=ax, cmap="Blues", colorbar=False
    )
    ax.set(title=name)
    PrecisionRecallDisplay.from_estimator(
        model, X_test, y_test, pos_label="eight", ax=axes[2], name=name
    )
    axes[2].plot(*points[name], "o", color=axes[2].lines[-1].get_color())
axes[2].set(title="all thresholds (points: predict)")
axes[2].legend(loc="lower left")

plt.show()
