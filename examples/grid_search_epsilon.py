"""How sparse may a network be? Grid search over epsilon, two processes at a time."""

import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_set import SETMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

pipeline = make_pipeline(
    MinMaxScaler(),
    SETMLPClassifier((500,), batch_size=32, max_iter=30, random_state=0),
)
grid = {"setmlpclassifier__epsilon": [1, 2, 5, 10, 20]}
search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2, refit=True)
with warnings.catch_warnings():
    # 30 epochs each are enough to compare.
    warnings.simplefilter("ignore", ConvergenceWarning)
    search.fit(X_train, y_train)

results = search.cv_results_
print("epsilon  accuracy (3-fold)  seconds")
for epsilon, mean, std, seconds in zip(
    results["param_setmlpclassifier__epsilon"],
    results["mean_test_score"],
    results["std_test_score"],
    results["mean_fit_time"],
    strict=True,
):
    print(f"{epsilon:7}  {mean:.3f} +- {std:.3f}     {seconds:7.2f}")

best = search.best_estimator_[-1]
print(
    f"\nbest: epsilon={best.epsilon}, {best.n_connections_:,} links "
    f"({best.density_:.1%} of dense), test accuracy {search.score(X_test, y_test):.3f}"
)
