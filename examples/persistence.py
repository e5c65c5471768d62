"""Save a sparse model, load it by memory map, and go on training it."""

import tempfile
import warnings
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_set import SETMLPClassifier

warnings.simplefilter("ignore", ConvergenceWarning)
X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

model = SETMLPClassifier((1000, 1000), epsilon=10, batch_size=32, random_state=0)
model.set_params(max_iter=5).fit(X_train, y_train)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.joblib"
    joblib.dump(model, path)
    size = path.stat().st_size
    print(f"{model.n_connections_:,} links, {size:,} bytes on disk")

    mapped = joblib.load(path, mmap_mode="r")
    same = np.array_equal(mapped.predict_proba(X_test), model.predict_proba(X_test))
    print(
        f"loaded by memory map: accuracy {mapped.score(X_test, y_test):.3f}, ", end=""
    )
    print("the same predictions" if same else "other predictions")

    for _ in range(10):
        mapped.partial_fit(X_train, y_train)
    print(f"after 10 more epochs: accuracy {mapped.score(X_test, y_test):.3f}")
