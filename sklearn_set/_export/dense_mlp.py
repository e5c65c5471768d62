"""scikit-learn's dense perceptrons with the function of a fitted sparse one."""

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

# The activations that scikit-learn's perceptrons have.
ACTIVATIONS = {"identity", "logistic", "relu", "tanh"}


def dense_classifier(model):
    """Return the MLPClassifier of a fitted SETMLPClassifier."""
    check_is_fitted(model)
    if model.classes_.size == 1:
        raise ValueError(
            f"The model has one class, {model.classes_[0]!r}: MLPClassifier has no "
            "probabilities of one class. Fit it to at least two."
        )
    mlp = _dense_mlp(MLPClassifier, model)
    mlp.classes_ = model.classes_
    is_multilabel = model.n_outputs_ > 1 and model.out_activation_ == "logistic"
    labels = np.eye(model.n_outputs_, dtype=int) if is_multilabel else model.classes_
    mlp._label_binarizer = LabelBinarizer().fit(labels)
    return mlp


def dense_regressor(model):
    """Return the MLPRegressor of a fitted SETMLPRegressor."""
    check_is_fitted(model)
    # The output activation belongs to it; losses that it does not have have none.
    loss = "poisson" if model.out_activation_ == "exp" else "squared_error"
    return _dense_mlp(MLPRegressor, model, loss=loss)


def _dense_mlp(kind, model, **parameters):
    """Return a perceptron of a kind with the attributes that both kinds share."""
    mlp = kind(
        hidden_layer_sizes=tuple(coef.shape[1] for coef in model.coefs_[:-1]),
        activation=_activation(model, kind.__name__),
        **parameters,
    )
    mlp.coefs_ = [coef.toarray() for coef in model.coefs_]
    mlp.intercepts_ = [intercept.copy() for intercept in model.intercepts_]
    for name in (
        "n_features_in_", "feature_names_in_", "n_layers_", "n_outputs_", "n_iter_",
        "t_", "loss_", "out_activation_",
    ):  # fmt: skip
        if hasattr(model, name):
            setattr(mlp, name, getattr(model, name))
    mlp.loss_curve_ = list(model.loss_curve_)
    # From here `partial_fit` of the dense perceptron continues.
    mlp.best_loss_ = np.inf if model.best_loss_ is None else model.best_loss_
    mlp.validation_scores_ = mlp.best_validation_score_ = None
    mlp._no_improvement_count = 0
    return mlp


def _activation(model, kind):
    """Return the activation of all hidden layers, if scikit-learn has it."""
    names = set(model.activations_)
    if not names:  # no hidden layer
        return "relu"
    if len(names) > 1 or not names <= ACTIVATIONS:
        raise ValueError(
            f"{kind} supports one of the activations {sorted(ACTIVATIONS)} for all "
            f"hidden layers; the model has activations {model.activations_}. Export "
            "it to ONNX (sklearn_set.onnx), or fit it with one of these."
        )
    return names.pop()
