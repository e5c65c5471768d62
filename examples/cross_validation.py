"""Sparse against dense by cross-validation, on data that come with scikit-learn."""

import warnings

from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier

MODELS = {
    "SET, evolving": SETMLPClassifier(random_state=0),
    "SET, fixed topology": SETMLPClassifier(zeta=0, random_state=0),
    "MLPClassifier": MLPClassifier(random_state=0),
}
DATA = {
    "digits": load_digits,
    "breast cancer": load_breast_cancer,
    "wine": load_wine,
}

warnings.simplefilter("ignore", ConvergenceWarning)
print(f"{'5-fold accuracy':20}", *(f"{name:>14}" for name in DATA))
for name, model in MODELS.items():
    scores = [
        cross_val_score(
            make_pipeline(StandardScaler(), model), *load(return_X_y=True), cv=5
        )
        for load in DATA.values()
    ]
    print(f"{name:20}", *(f"{score.mean():14.3f}" for score in scores))
