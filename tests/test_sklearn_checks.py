"""scikit-learn's checks: those for everybody, and those it runs on itself."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_global_set_output_transform_polars,
    check_param_validation,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_set_output_transform_polars,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from sklearn_set import (
    SETRBM,
    HiddenFeatures,
    SETMLPClassifier,
    SETMLPRegressor,
    UnsupervisedFeatureSelector,
)

ESTIMATORS = [
    SETMLPClassifier(),
    SETMLPRegressor(),
    SETRBM(),
    UnsupervisedFeatureSelector(max_iter=5),
]


@parametrize_with_checks(
    [*ESTIMATORS, HiddenFeatures(SETMLPClassifier((5,), max_iter=2, random_state=0))]
)
def test_estimator(estimator, check):
    with warnings.catch_warnings():
        # The checks fit data of any range, to the end or not.
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        warnings.filterwarnings("ignore", message="SETRBM models features in")
        check(estimator)


def run(check, estimator):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        warnings.filterwarnings("ignore", message="SETRBM models features in")
        warnings.filterwarnings("ignore", message="X (has|does not have valid) feature")
        check(type(estimator).__name__, estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
@pytest.mark.parametrize(
    "check",
    [check_param_validation, check_dataframe_column_names_consistency],
    ids=lambda check: check.__name__,
)
def test_own_checks(check, estimator):
    run(check, estimator)


@pytest.mark.parametrize(
    "check",
    [
        check_get_feature_names_out_error,
        check_global_output_transform_pandas,
        check_global_set_output_transform_polars,
        check_set_output_transform,
        check_set_output_transform_pandas,
        check_set_output_transform_polars,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
    ],
    ids=lambda check: check.__name__,
)
@pytest.mark.parametrize("estimator", ESTIMATORS[2:], ids=str)
def test_own_transformer_checks(check, estimator):
    run(check, estimator)
